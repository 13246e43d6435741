"""A loaded program: routines, steps and what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from local.workflows.errors import NOWHERE, Position, Problem
from local.workflows.expressions import Node

if TYPE_CHECKING:
    from local.workflows.functions.registry import Function

END, BREAK, CONTINUE = "end", "break", "continue"


@dataclass(eq=False)
class Block:
    """
    Steps in order; *names* are the variables they create, unless the scope is the parent's.

    *index* tells where a step of a name is, or the step among whose nested ones it is: names are those of
    the whole routine.
    """

    steps: Sequence[Step]
    own_scope: bool = False
    names: frozenset[str] = frozenset()
    index: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[str, int] = {}
        for at, step in enumerate(self.steps):
            if isinstance(step.body, Nested):
                found |= dict.fromkeys(step.body.block.index, at)
            found[step.name] = at
        self.index = found


@dataclass(frozen=True)
class Jump:
    """Where it goes next, which is a step, or end, break or continue; and where that is said."""

    target: str
    position: Position = NOWHERE


@dataclass(eq=False)
class Step:
    """A named step, or a nameless case of a switch."""

    name: str
    position: Position
    body: Body | None
    next: Jump | None

    @cached_property
    def kind(self) -> str:
        """Return the type of its entry."""
        return "GOTO" if self.body is None else self.body.kind


@dataclass(eq=False)
class Target:
    """Where an assignment goes."""

    name: str
    path: Sequence[Node]
    position: Position


@dataclass(eq=False, kw_only=True)
class _Body:
    """What a step, a case or a try does; *position* is that of its keyword."""

    position: Position = NOWHERE


@dataclass(eq=False)
class Assign(_Body):
    """Assign in order."""

    assignments: Sequence[tuple[Target, Node]]
    kind = "STEP_ASSIGN"

    @cached_property
    def plain(self) -> bool:
        """Tell whether it sets variables as wholes and cannot wait meanwhile, as nearly all do."""
        return not any(target.path or node.suspends for target, node in self.assignments)


@dataclass(eq=False)
class Call(_Body):
    """
    Call a function or a subworkflow by name.

    *positional* are the arguments of a source that lists them; the checks name them.
    """

    name: str
    arguments: Mapping[str, Node]
    result: Target | None
    positional: Sequence[Node] = ()
    function: Function | None = None

    @property
    def kind(self) -> str:
        """Return the type of the step entry."""
        if self.function is None:
            return "SUBWORKFLOW_CALL"
        return "CONNECTOR_CALL" if self.name.startswith("googleapis.") else "STD_LIB_CALL"


@dataclass(eq=False)
class Case:
    """A condition of a switch and what follows from it."""

    condition: Node
    body: Body | None
    next: Jump | None
    position: Position


@dataclass(eq=False)
class Switch(_Body):
    """Take the first case whose condition holds."""

    cases: Sequence[Case]
    kind = "SWITCH"


@dataclass(eq=False)
class For(_Body):
    """Repeat for each element, or for each number of a range with both ends."""

    value: str
    index: str | None
    items: Node | None
    range: Node | None
    block: Block
    kind = "FOR"


@dataclass(eq=False)
class Nested(_Body):
    """Steps within a step."""

    block: Block
    kind = "STEPS"


@dataclass(eq=False)
class Return(_Body):
    """End the routine with a value."""

    value: Node
    kind = "RETURN"


@dataclass(eq=False)
class Raise(_Body):
    """Raise an error."""

    error: Node
    kind = "RAISE"


@dataclass(eq=False)
class Except:
    """Handle an error, in a scope of its own; *names* are the variables it creates there."""

    name: str | None
    body: Body | None
    next: Jump | None
    names: frozenset[str] = frozenset()


@dataclass(eq=False)
class Try(_Body):
    """Try, then retry, then handle."""

    body: Body
    next: Jump | None
    retry: Node | None
    handler: Except | None
    kind = "TRY_RETRY_EXCEPT"


@dataclass(eq=False)
class Branch:
    """One branch of a parallel step."""

    name: str
    block: Block


@dataclass(eq=False)
class Parallel(_Body):
    """Run branches, or the iterations of a loop, at the same time."""

    shared: Sequence[str]
    limit: Node | None
    branches: Sequence[Branch]
    loop: For | None

    @property
    def kind(self) -> str:
        """Return the type of the step entry."""
        return "PARALLEL_BRANCH" if self.loop is None else "PARALLEL_FOR"


Body = Assign | Call | Switch | For | Nested | Return | Raise | Try | Parallel


@dataclass(eq=False)
class Routine:
    """`main` or a subworkflow."""

    name: str
    position: Position
    parameters: Mapping[str, Node | None]
    block: Block


@dataclass(eq=False)
class Program:
    """A whole source, checked."""

    routines: Mapping[str, Routine]
    warnings: Sequence[Problem] = ()
