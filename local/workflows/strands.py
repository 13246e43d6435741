"""Lines of control, and what they ask the scheduler for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from local.workflows.functions import Context
from local.workflows.values import Value


class Operation(NamedTuple):
    """A wait for something outside, answered with a value or an error; *kept* is whether the value is used."""

    kind: str
    arguments: Value
    kept: bool = True


@dataclass(frozen=True)
class Fork:
    """A parallel step: what to run, answered with one error or None for each branch."""

    branches: Sequence[Callable[[Strand], Running]]
    limit: int | None


class Work(NamedTuple):
    """What takes long and reaches nothing outside, answered with its value or error; the whole execution waits."""

    compute: Callable[[], Value]


@dataclass(frozen=True)
class Pause:
    """A turn that is over while there is more to do."""


PAUSE = Pause()
Running = Generator[Operation | Fork | Work | Pause, Any, Value]


class Strand:
    """One line of control: the main one, or a branch of a parallel step."""

    def __init__(self, path: str, context: Callable[[Strand], Context], nesting: int = 0) -> None:
        self.path = path
        self.nesting = nesting
        self.operations = 0
        self.context = context(self)

    def next_operation(self) -> str:
        """Name the next operation; the names are the same in every replay."""
        self.operations += 1
        return f"{self.path}:{self.operations - 1}"
