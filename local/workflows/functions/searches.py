"""How long the searches of one call may take."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from local.workflows.errors import limit
from local.workflows.functions.registry import Context

STEPS_MAX = 1 << 28
"""A thousand instructions for the longest string: what one search costs the most takes about 7 ns a step."""
_ALL_S = 2.0
# Python's share in each match is about 5 µs.
_EACH_S = 20e-6


def timely(context: Context, matches: Iterable[Any]) -> Iterator[Any]:
    """
    Yield the matches, each of which RE2 may have looked for up to the end of the text.

    Beyond two seconds of the CPU, and 20 µs a match, the execution ends. What is replayed went well before.

    Raises:
        Fatal: ResourceLimitError.
    """
    until = time.thread_time() + _ALL_S
    for match in matches:
        yield match
        until += _EACH_S
        if time.thread_time() > until and not context.replaying:
            raise limit("a regular expression is searched for too long in so long a text")
