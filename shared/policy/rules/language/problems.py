"""What is wrong with a policy, with its place, in words."""

from collections.abc import Iterable
from dataclasses import field

from shared.records import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or that somebody should look at."""

    line: int
    column: int
    rule: str
    """Its code, for programs."""
    message: str
    warning: bool = field(default=False)
    """Whether it hinders nothing."""

    def __str__(self) -> str:
        """Say it as compilers do."""
        return f"line {self.line}, column {self.column}: {self.message}"


class Unreadable(Exception):
    """A text that is no policy, and everything that was found wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, by their places."""
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, one.column)))

    def __str__(self) -> str:
        """Say all of it."""
        return "; ".join(map(str, self.problems))
