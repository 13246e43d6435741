"""What can be seen from where in a source, before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from local.workflows.program import (
    Assign,
    Block,
    Body,
    Call,
    Except,
    For,
    Nested,
    Parallel,
    Switch,
    Try,
)


@dataclass(eq=False)
class Visible:
    """What is visible in a block; *shared* is set at the border of a parallel step."""

    names: set[str]
    parent: Visible | None = None
    shared: frozenset[str] | None = None
    steps: set[str] = field(default_factory=set)
    in_loop: bool = False
    loop_names: frozenset[str] = frozenset()

    def sees(self, name: str) -> bool:
        """Tell whether *name* can be read here."""
        return name in self.names or (self.parent is not None and self.parent.sees(name))

    def seen(self) -> set[str]:
        """Return what can be read here."""
        return self.names | (self.parent.seen() if self.parent is not None else set())

    def writable(self, name: str) -> bool:
        """Tell whether an assignment here may reach the variable."""
        if name in self.names or self.parent is None:
            return True
        if self.shared is not None and name not in self.shared and self.parent.sees(name):
            return False
        return self.parent.writable(name)

    def loops_over(self, name: str) -> bool:
        """Tell whether *name* is the variable of an enclosing loop."""
        return name in self.loop_names or (self.parent is not None and self.parent.loops_over(name))

    @property
    def in_parallel(self) -> bool:
        """Tell whether a branch is around it."""
        return self.shared is not None or (self.parent is not None and self.parent.in_parallel)


def _assigned(body: Body | None) -> Iterator[str]:
    """Yield the variables a body creates in the scope it stands in."""
    match body:
        case Assign():
            yield from (target.name for target, _ in body.assignments)
        case Call(result=result) if result is not None:
            yield result.name
        case Switch():
            for case in body.cases:
                yield from _assigned(case.body)
        case Nested():
            yield from created(body.block)
        case Try():
            yield from _assigned(body.body)
        case _:
            pass


def created(block: Block | Except) -> Iterator[str]:
    """Yield the variables that a block, or a handler, creates in its scope."""
    if isinstance(block, Except):
        yield from _assigned(block.body)
        return
    for step in block.steps:
        yield from _assigned(step.body)


def blocks(body: Body | None) -> Iterator[Block]:
    """Yield the blocks that stand right in a body."""
    match body:
        case Switch():
            for case in body.cases:
                yield from blocks(case.body)
        case For():
            yield body.block
        case Nested():
            yield body.block
        case Try():
            yield from blocks(body.body)
            if body.handler is not None:
                yield from blocks(body.handler.body)
        case Parallel():
            yield from (branch.block for branch in body.branches)
            if body.loop is not None:
                yield body.loop.block
        case _:
            pass
