"""
What the language makes of what Python raises.

The bodies of functions, the operators, the binding of arguments, policies and the writing of values are Python, and
a workflow's data can make Python raise what the language does not know. Whoever calls them on behalf of a workflow
turns that into an error that the workflow can handle. It is the net: what a page documents, a function says by itself.
"""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from local.workflows.errors import EngineError, Failure, limit, raised

_P = ParamSpec("_P")
_T = TypeVar("_T")
_log = logging.getLogger("workflows")

# The first that fits; a sentence repeats nothing of what Python says, which may be anything.
_KNOWN: tuple[tuple[type[Exception], str, str], ...] = (
    (RecursionError, "RecursionError", "the values are nested too deeply"),
    (ZeroDivisionError, "ZeroDivisionError", "division by zero"),
    (OverflowError, "ValueError", "a number is too large"),
    (UnicodeError, "ValueError", "a string is not text in UTF-8"),
    (ValueError, "ValueError", "a value is not one that can be taken"),
    (TypeError, "TypeError", "a value has a type that cannot be taken"),
    (AttributeError, "TypeError", "a value has a type that cannot be taken"),
    (IndexError, "IndexError", "there is no such element"),
    (KeyError, "KeyError", "there is no such key"),
    (LookupError, "ValueError", "there is nothing of that name"),
)


def translated(error: Exception, what: str) -> Exception:
    """Return what the workflow gets for an error in *what*; one that is the language's or the engine's stays."""
    if isinstance(error, Failure | EngineError):
        return error
    if isinstance(error, MemoryError):
        return limit(f"{what}: the result takes more memory than there is")
    for kind, tag, sentence in _KNOWN:
        if isinstance(error, kind):
            return raised(tag, f"{what}: {sentence}")
    _log.error("%s met what nobody foresaw", what, exc_info=error)
    return raised("SystemError", f"{what}: it cannot be done with these values")


def within(what: str, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do something on behalf of a workflow."""
    try:
        return act(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - it is the boundary
        raise translated(error, what) from None
