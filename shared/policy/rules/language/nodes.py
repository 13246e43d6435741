"""
What a policy is made of, as it was written: every part with the line and the column where it begins.

Where a part stands makes no difference to what it is: two parts are equal, and have one digest, wherever they stand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, field
from typing import Any, ClassVar, Literal

from shared.records import dataclass

Level = Literal["low", "medium", "high", "critical"]
Mask = Literal["remove", "hash", "last4", "token", "text"]
Sort = Literal["artifact", "communication", "execution", "financial", "constitutional"]
Expected = Literal["allow", "deny", "require_approval", "allow_with_obligations"]

EACH = "*"
"""The step of a path that goes into every item of a list."""


@dataclass(frozen=True)
class Node:
    """A part of a policy, and where it begins: lines and columns count from 1."""

    kind: ClassVar[str]
    _: KW_ONLY
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Text(Node):
    """A text in quotes."""

    kind: ClassVar[str] = "text"
    value: str


@dataclass(frozen=True)
class Number(Node):
    """A whole number."""

    kind: ClassVar[str] = "number"
    value: int


@dataclass(frozen=True)
class Constant(Node):
    """True, false or null."""

    kind: ClassVar[str] = "constant"
    value: bool | None


@dataclass(frozen=True)
class Listed(Node):
    """A list of operands."""

    kind: ClassVar[str] = "list"
    items: tuple["Operand", ...]


@dataclass(frozen=True)
class Function(Node):
    """A function of operands."""

    kind: ClassVar[str] = "call"
    function: str
    arguments: tuple["Operand", ...]


@dataclass(frozen=True)
class Path(Node):
    """A way into the document that is decided on: a step is a member, a place in a list, or each of its items."""

    kind: ClassVar[str] = "path"
    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        """Write it as the language does."""
        rest = (f".{one}" if _is_member(one) else f"[{one}]" for one in self.steps[1:])
        return f"{self.steps[0]}{''.join(rest)}"


@dataclass(frozen=True)
class Compare(Node):
    """Two operands and what is asked of them."""

    kind: ClassVar[str] = "compare"
    left: "Operand"
    operator: str
    right: "Operand"


@dataclass(frozen=True)
class Not(Node):
    """The opposite of a condition."""

    kind: ClassVar[str] = "not"
    of: "Expression"


@dataclass(frozen=True)
class And(Node):
    """All of several conditions."""

    kind: ClassVar[str] = "and"
    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Or(Node):
    """At least one of several conditions."""

    kind: ClassVar[str] = "or"
    parts: tuple["Expression", ...]


Operand = Text | Number | Constant | Listed | Function | Path
Expression = Operand | Compare | Not | And | Or


@dataclass(frozen=True)
class Allow(Node):
    """The effect of a rule that lets something happen, as far as this policy goes."""

    kind: ClassVar[str] = "allow"


@dataclass(frozen=True)
class Deny(Node):
    """The effect of a rule that refuses."""

    kind: ClassVar[str] = "deny"
    message: str
    severity: Level = "medium"


@dataclass(frozen=True)
class Require(Node):
    """The effect of a rule that has people asked first."""

    kind: ClassVar[str] = "require"
    approval: Sort
    chain: str | None = None
    window: str | None = None
    """How long they have, as it is written: ``240m``."""


@dataclass(frozen=True)
class Oblige(Node):
    """The effect of a rule that lets something happen in a certain way alone."""

    kind: ClassVar[str] = "oblige"
    obligation: str
    fields: tuple[str, ...] = ()
    limit: int | None = None
    per: str | None = None


@dataclass(frozen=True)
class Alert(Node):
    """The effect of a rule that has people told."""

    kind: ClassVar[str] = "alert"
    level: Level
    message: str


@dataclass(frozen=True)
class Note(Node):
    """The effect of a rule that says something beside the decision."""

    kind: ClassVar[str] = "note"
    message: str


Effect = Allow | Deny | Require | Oblige | Alert | Note

PRIORITY = 100
"""The priority of a rule that names none."""


@dataclass(frozen=True)
class Rule(Node):
    """A condition and what follows from it."""

    kind: ClassVar[str] = "rule"
    name: str
    when: Expression
    effects: tuple[Effect, ...]
    priority: int = PRIORITY

    @property
    def denies(self) -> bool:
        """Whether it can refuse."""
        return any(isinstance(one, Deny) for one in self.effects)


@dataclass(frozen=True)
class Redact(Node):
    """What is hidden of an answer on its way out."""

    kind: ClassVar[str] = "redact"
    name: str
    mask: Mask
    text: str | None = None
    """What stands in its place, where the mask is a text."""
    path: Path | None = None
    pattern: str | None = None
    when: Expression | None = None


@dataclass(frozen=True)
class Flow(Node):
    """Which data may not go where, unless something was done to it."""

    kind: ClassVar[str] = "flow"
    name: str
    label: str
    sink: str
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class History(Node):
    """A rule over what was done before, as `shared/history/models.py` has it; its name is the rule's code."""

    kind: ClassVar[str] = "history"
    name: str
    says: Mapping[str, Any]


@dataclass(frozen=True)
class Test(Node):
    """A document, and what must be decided about it."""

    kind: ClassVar[str] = "test"
    name: str
    given: Mapping[str, Any]
    expect: Expected
    by: str | None = None


Item = Rule | Redact | Flow | History | Test


@dataclass(frozen=True)
class Policy(Node):
    """A policy, whole."""

    kind: ClassVar[str] = "policy"
    name: str
    version: str
    items: tuple[Item, ...]
    about: str | None = None
    bundle: str = "tenant"
    applies: Expression | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Its rules, as they stand."""
        return tuple(one for one in self.items if isinstance(one, Rule))

    @property
    def redactions(self) -> tuple[Redact, ...]:
        """What it hides."""
        return tuple(one for one in self.items if isinstance(one, Redact))

    @property
    def histories(self) -> tuple[History, ...]:
        """Its rules over what was done before."""
        return tuple(one for one in self.items if isinstance(one, History))

    @property
    def tests(self) -> tuple[Test, ...]:
        """What it says must be decided."""
        return tuple(one for one in self.items if isinstance(one, Test))


def inside(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything inside of it."""
    yield expression
    match expression:
        case Compare(left=left, right=right):
            parts: tuple[Expression, ...] = (left, right)
        case Not(of=of):
            parts = (of,)
        case And(parts=parts) | Or(parts=parts) | Listed(items=parts) | Function(arguments=parts):
            pass
        case _:
            parts = ()
    for part in parts:
        yield from inside(part)


def seconds(duration: str) -> int:
    """Return how many seconds a time is that is written such as ``240m``."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[duration[-1]]


def _is_member(step: str | int) -> bool:
    return isinstance(step, str) and step != EACH
