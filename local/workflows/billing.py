"""
Count the steps of an execution as Google bills them.

Each call, each variable assigned and each condition evaluated is one billable step, and a retried call one
more each time; calls inside expressions are not steps, but those of subworkflows. Waits for a callback and
requests that leave Google Cloud are external, all others internal (cloud.google.com/workflows/pricing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from local.workflows.values import Value

_INSIDE = (".googleapis.com", ".cloudfunctions.net", ".run.app", ".appspot.com", ".cloud.goog")
_HERE = {"127.0.0.1", "localhost", "platform.localhost"}
"""Where this machine answers in the place of functions."""


@dataclass
class Steps:
    """How many steps are billed."""

    internal: int = 0
    external: int = 0

    def call(self, name: str, arguments: Mapping[str, Value]) -> None:
        """Count the call of a function or of a subworkflow."""
        waits = name == "events.await_callback"
        leaves = name.startswith("http.") and not _inside(str(arguments.get("url", "")))
        if waits or leaves:
            self.external += 1
        else:
            self.internal += 1


def _inside(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # It is no address, and leads nowhere.
        return False
    return host.endswith(_INSIDE) or host in _HERE
