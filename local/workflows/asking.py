"""What is asked of the two services, however it was sent, and which methods there are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from local.workflows.fields import camel
from local.workflows.statuses import Refused, invalid, unknown

_SYSTEM = frozenset(
    {
        *(".xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token"),
        *("prettyPrint", "quotaUser", "uploadType", "upload_protocol"),
    }
)
"""What every method takes in its query, with a `$` before it or without (the discovery documents' `parameters`)."""

_TOKEN = re.compile(r"([0-9]{1,15})-([0-9a-f]{8})")


class Asked(NamedTuple):
    """What whoever decides of rights knows of a request: the workflow, or an empty string for none, and what of it."""

    workflow: str
    executions: bool
    changes: bool


@dataclass(frozen=True)
class Ask:
    """A request: the names in its path, what else it asks with, and what it says; all names as in JSON."""

    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def word(self, key: str) -> str:
        """Return an argument, or an empty string."""
        return self.query.get(key, "")

    def number(self, key: str) -> int:
        """Return an argument that is a number, or 0."""
        text = self.word(key)
        if text and (not text.isdecimal() or len(text) > 9):
            raise invalid(f"{key} must be a number from 0", (key, "must be a number from 0"))
        return int(text or 0)

    def size(self, default: int, most: int) -> int:
        """Return how many are wanted on a page."""
        return min(self.number("pageSize") or default, most)

    def full(self, default: bool) -> bool:
        """Tell whether all of an execution is wanted."""
        view = self.word("view")
        if view not in {"", "EXECUTION_VIEW_UNSPECIFIED", "BASIC", "FULL", "0", "1", "2"}:
            raise invalid(f"there is no view '{view}'", ("view", "must be BASIC or FULL"))
        return default if view in {"", "EXECUTION_VIEW_UNSPECIFIED", "0"} else view in {"FULL", "2"}

    @property
    def _sign(self) -> str:
        """Return what a token is good for: the same list, asked for in the same way."""
        loose = {"pageSize", "pageToken", "skip"}
        same = sorted((k, v) for k, v in self.query.items() if k not in loose)
        return hashlib.sha256(repr((sorted(self.names.items()), same)).encode()).hexdigest()[:8]

    @property
    def token(self) -> str:
        """Return how many rows are before the page, as a list of this kind returned it."""
        text = self.word("pageToken")
        if not text:
            return ""
        found = _TOKEN.fullmatch(text)
        if found is None or found[2] != self._sign:
            sentence = "must be one that this list returned, asked for in the same way"
            raise invalid(f"pageToken {sentence}", ("page_token", sentence))
        return found[1]

    def paged(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Sign the token of the next page."""
        following = answer.get("nextPageToken")
        return answer | {"nextPageToken": f"{following}-{self._sign}"} if following else answer


Handler = Callable[[Ask], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """
    A method of a service, which is a request in HTTP and a call in gRPC.

    *of* is the name in the path with `<part>` for each part, *rest* what follows it; *key* is the field of the
    message that has the name, *body* the one that is the body (`*`: all that is not in the path); *takes* are the
    others, which are asked in a query, or in the body that is all of the message; *beside* is what comes in a query
    all the same.
    """

    service: str
    name: str
    verb: str
    of: str
    rest: str
    do: Handler
    key: str = "name"
    body: str = ""
    takes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def executions(self) -> bool:
        """Tell whether it is about executions, and not about a workflow alone."""
        return "executions" in self.of + self.rest or ":trigger" in self.rest

    @property
    def changes(self) -> bool:
        """Tell whether it changes anything."""
        return self.verb != "GET"

    def query(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what is asked in a query, and refuse what the method does not take; both ways of writing are taken."""
        asked, strange = {}, []
        for name, value in given.items():
            if name.removeprefix("$") in _SYSTEM:
                if name.endswith("alt") and not value.startswith("json"):
                    raise Refused("UNIMPLEMENTED", "answers are JSON here")
            elif camel(name) in self.takes and self.body != "*":
                asked[camel(name)] = value
            elif name not in self.beside:
                strange.append(name)
        if strange:
            raise unknown(strange, query=True)
        return asked

    def message(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a body, and refuse what the method does not take where the body is all of the message."""
        strange = [name for name in body if camel(name) not in {*self.takes, self.key}]
        if self.body == "*" and strange:
            raise unknown(strange)
        return body

    def named(self, name: str) -> dict[str, str]:
        """Return the parts of a name."""
        pattern = re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", self.of)
        found = re.fullmatch(pattern, name)
        if found is None:
            wanted = re.sub(r"<\w+>", "…", self.of)
            raise invalid(f"'{name}' is not {wanted}", (self.key, f"must be {wanted}"))
        return found.groupdict()
