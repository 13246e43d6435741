"""How long the searches of one call may take, and which take so long that others must not wait for them."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from local.workflows.errors import limit
from local.workflows.functions.registry import Context
from local.workflows.values import Value

STEPS_MAX = 1 << 28
"""A thousand instructions for the longest string: what one search costs the most takes about 7 ns a step."""
_ALL_S = 2.0
SHORT = 1 << 22
"""Instructions for each character, from each character on: what all searches of a call cost at most, 30 ms of it."""
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


def long(compiled: Callable[[str], Any], source: Value, regexp: Value) -> bool:
    """Tell whether the searches of a call may take long."""
    return bool(compiled(regexp).programsize * len(source) * len(source) > SHORT)
