"""Calls of routines, and the variables they see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local.workflows.errors import raised
from local.workflows.program import Block, Except
from local.workflows.strands import Running, Strand
from local.workflows.values import Value

if TYPE_CHECKING:
    from local.workflows.interpreter import Machine


class Frame:
    """A call of a routine."""

    def __init__(self, machine: Machine, strand: Strand, routine: str, depth: int) -> None:
        self.machine = machine
        self.strand = strand
        self.context = strand.context
        self.routine = routine
        self.depth = depth
        self.entry: int | None = None
        self.step = ""

    def call(self, name: str, values: Sequence[Value]) -> Running:
        """Call a subworkflow from an expression."""
        routine = self.machine.program.routines[name]
        self.machine.billed.internal += 1
        named = dict(zip(routine.parameters, values, strict=False))
        return self.machine.call(routine, named, self.strand, self.depth + 1, self.entry)


class Scope:
    """The variables of a routine, a loop, a handler or a branch."""

    __slots__ = ("frame", "names", "parent", "values")

    def __init__(
        self, frame: Frame, names: frozenset[str], values: dict[str, Value], parent: Scope | None
    ) -> None:
        self.frame = frame
        self.names = names
        self.values = values
        self.parent = parent

    def get(self, name: str) -> Value:
        """Read a variable."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        raise raised("KeyError", f"the variable '{name}' has no value yet")

    def holds(self, name: str, value: Value) -> bool:
        """Tell whether a variable holds this very value."""
        scope: Scope | None = self
        while scope is not None and name not in scope.values:
            scope = scope.parent
        return scope is not None and scope.values[name] is value

    def set(self, name: str, value: Value) -> None:
        """Write a variable where it belongs."""
        scope = self
        while name not in scope.names and scope.parent is not None:
            scope = scope.parent
        scope.values[name] = value

    def inner(
        self, block: Block | Except, values: dict[str, Value], frame: Frame | None = None
    ) -> Scope:
        """Open the scope of a block or a handler."""
        return Scope(frame or self.frame, block.names, values, self)
