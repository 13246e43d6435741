"""What can go wrong: in a source, in a running workflow, and in the runtime itself."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

TAGS = frozenset(
    {
        *("AuthError", "ConnectionError", "ConnectionFailedError", "ExecutionError", "HttpError"),
        *("IndexError", "KeyError", "LookupError", "MemoryLimitExceededError", "OperationError"),
        *("ParallelNestingError", "RecursionError", "ResourceLimitError"),
        *("ResponseSizeLimitExceededError", "ResponseTypeError", "ResultSizeLimitExceededError"),
        *("SystemError", "TimeoutError", "TypeError", "UnhandledBranchError", "ValueError"),
        "ZeroDivisionError",
    }
)
"""What kinds of error the language itself raises; a workflow may raise anything."""


class StrangerError(PermissionError):
    """Say that nobody knows who asks; any other PermissionError says that somebody may not."""


@dataclass(frozen=True)
class Position:
    """A place in a source, both counted from 1, and how many bytes what stands there has."""

    line: int
    column: int
    length: int = field(default=0, compare=False)


NOWHERE = Position(1, 1)
"""Where something is that stands in no source."""


@dataclass(frozen=True)
class Problem:
    """One sentence about one place in a source."""

    file: str
    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.position.line}:{self.position.column}: {self.message}"


class LoadError(Exception):
    """Refuse a source, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class EngineError(Exception):
    """Stop the engine, or an execution in it; no workflow can handle it."""


class UnavailableError(EngineError):
    """Say that the journal cannot be written at the moment; nothing was changed."""


class LockedError(Exception):
    """Say that another process owns the data folder."""


class DroppedError(EngineError):
    """Leave an execution that was cancelled while it ran."""


class NewerError(EngineError):
    """Say that an execution needs another release: one that knows what it began under."""


class DivergenceError(EngineError):
    """Say that a replay did something else than the journal recorded."""


@dataclass(frozen=True)
class Element:
    """One line of a stack trace."""

    step: str
    routine: str
    position: Position


@dataclass(eq=False)
class Failure(Exception):
    """
    Carry an error of the language; *value* is what `except` binds.

    Elements are added as the error leaves each routine, innermost first; *frame* remembers
    the last one, because only the innermost step of a routine is reported.
    """

    value: Any
    trace: list[Element] = field(default_factory=list)
    frame: object = None
    place: Position = NOWHERE
    placed: object = None

    @property
    def message(self) -> str:
        """Return the sentence to show first; of what has none, all there is, as the service does."""
        if isinstance(self.value, dict) and isinstance(self.value.get("message"), str):
            return str(self.value["message"])
        return f"RuntimeError: {as_json(self.value)}"

    def __str__(self) -> str:
        return self.message

    def alone(self) -> "Failure":
        """Let go of the Python frames it came through, which hold all that was computed in them."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self

    def stands(self, position: Position, frame: object) -> None:
        """Note where in *frame* it happened, unless something more exact was noted."""
        if self.placed is not frame:
            self.placed, self.place = frame, position

    def passes(self, step: str, routine: str, frame: object) -> None:
        """Note that the error left *step*, unless a deeper step of the same frame was noted."""
        if self.frame is not frame:
            self.frame = frame
            self.trace.append(Element(step, routine, self.place))


class Raised(Failure):
    """Carry an error that `try` can handle."""


class Fatal(Failure):
    """Carry an error that nothing in the workflow can handle, such as a passed limit."""


def as_json(value: Any) -> str:
    """Write an error, which may hold what JSON has no word for: bytes as base64, a function by its name."""
    try:
        return _dumped(value)
    except ValueError:
        return _dumped(json.loads(_dumped(value, allow_nan=True), parse_constant=str))


def _dumped(value: Any, *, allow_nan: bool = False) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), default=_foreign, allow_nan=allow_nan
    )


def _foreign(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value.name)


# A key that is not there has a second tag, in captures of the service's log.
_BESIDE = {"KeyError": ("LookupError",)}


def raised(tag: str, message: str, **more: Any) -> Raised:
    """Make the error map that the language documents for *tag*."""
    return Raised({"message": message, "tags": [tag, *_BESIDE.get(tag, ())], **more})


def limit(message: str, tag: str = "ResourceLimitError") -> Fatal:
    """Make the error of a passed limit."""
    return Fatal({"message": message, "tags": [tag]})
