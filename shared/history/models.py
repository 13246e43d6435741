"""
Rules over history, the acts that they are about, and plans of acts.

A rule says of one act what must have been, or must not have been, before. What is not known counts against whoever acts:
a fact that is missing is as bad as the worst it could be. Why so: docs/decisions/0041-history.md.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from shared.entity import Code, Record, Timestamp, Value
from shared.handling import AtExpiry, Handling, Nobody, PersonalData
from shared.judged import Pattern as Text
from shared.records import dataclass

Fact = StrictStr | StrictInt | StrictBool | None
"""A fact about an act; null where it is not known yet."""

Told = Annotated[Mapping[Code, Code | StrictInt | StrictBool | None], Field(max_length=20)]
"""Facts as rules and plans write them down: their texts are codes."""

Names = Annotated[tuple[Code, ...], Field(max_length=10)]
Seconds = Annotated[int, Field(ge=1, le=366 * 86400)]
Across = Literal["run", "agent", "tenant"]
Severity = Literal["low", "medium", "high", "critical"]
State = Literal["in_flight", "done", "failed"]

MOST_SEEN = 200
"""How many acts one rule remembers of one run, payee or tenant; more are not counted but refused."""


class Act(Value):
    """Something that is done, or is to be done."""

    personal: ClassVar = PersonalData(ids="id run agent", texts="facts")

    id: Code
    """What names it: the same act has the same id, however often it is asked for."""
    name: Code
    """What it is, as ``payment.send``."""
    run: Code
    """In which run."""
    agent: Code = ""
    """By which agent."""
    facts: Mapping[str, Fact] = {}
    """What is known of it: whole numbers, codes, and whether something is so."""
    at: Timestamp | None = None
    """When it ended, or is to begin; null in a plan that does not say."""
    state: State = "done"
    """How far it is; one that failed is known not to have happened."""


class Pattern(Value):
    """Which acts are meant."""

    name: Annotated[str, Text(r"^[A-Za-z0-9_][A-Za-z0-9_.:/#+-]{0,99}\*?$")]
    """Their name, or the beginning of it and ``*``."""
    where: Told = {}
    """Facts that they have."""
    unless: Told = {}
    """Facts by which they are not meant: only who is known to have all of them is left out."""

    def __str__(self) -> str:
        """Say it in words."""
        having = [f"{name} {value}" for name, value in self.where.items()]
        other = [f"not {name} {value}" for name, value in self.unless.items()]
        told = ", ".join([*having, *other])
        return f"{self.name} ({told})" if told else self.name


def _by_kind(schema: dict[str, Any]) -> None:
    """Say that a rule says its kind: which members it has is told by that alone."""
    schema["required"].append("kind")


class _Rule(Value):
    model_config = ConfigDict(json_schema_extra=_by_kind)

    id: Code
    """The rule's code, as reasons name it."""
    act: Pattern
    """Which acts it is about."""
    across: Across = "run"
    """Whose acts count: those of the same run, of the same agent in all its runs, or of the whole tenant."""
    within_s: Seconds | None = None
    """How long ago counts, in seconds, both ends included; null for as long as it is remembered."""
    severity: Severity = "high"
    """How serious it is that it is broken."""


class NeverAfter(_Rule):
    """Never this act after another, which began already."""

    kind: Literal["never_after"] = "never_after"
    """Which kind it is."""
    after: Pattern
    """What must not have been before."""
    same: Names = ()
    """The facts that both have in common, where only those count that do."""


class OnlyAfter(_Rule):
    """Only this act after another, which ended well."""

    kind: Literal["only_after"] = "only_after"
    """Which kind it is."""
    after: Pattern
    """What must have been before."""
    same: Names = ()
    """The facts that both have in common."""
    directly: bool = False
    """Whether nothing else may have been between."""


class OnlyWhile(_Rule):
    """Only this act while something stands: another opened it, and none has closed it since."""

    kind: Literal["only_while"] = "only_while"
    """Which kind it is."""
    opened: Pattern
    """What opens it."""
    closed: Pattern
    """What closes it."""
    same: Names = ()
    """The facts that all three have in common."""


class AtMost(_Rule):
    """So many of these acts at the most, for each of the facts that are named."""

    kind: Literal["at_most"] = "at_most"
    """Which kind it is."""
    times: Annotated[int, Field(ge=0)]
    """How many at the most."""
    per: Names = ()
    """The facts by which they are counted apart."""


class Total(_Rule):
    """So much in all at the most, for each of the facts that are named."""

    kind: Literal["total"] = "total"
    """Which kind it is."""
    of: Code
    """The fact that is added up: a whole number from 0 on."""
    limit: Annotated[int, Field(ge=0)]
    """How much at the most."""
    per: Names = ()
    """The facts by which it is counted apart."""


class Followed(_Rule):
    """This act must be followed by another before the run ends."""

    kind: Literal["followed"] = "followed"
    """Which kind it is."""
    by: Pattern
    """What must follow."""
    same: Names = ()
    """The facts that both have in common."""

    @model_validator(mode="after")
    def _in_a_run(self) -> "Followed":
        if self.across != "run" or self.within_s is not None:
            raise ValueError("what must follow follows in the same run, before that ends")
        return self


Rule = Annotated[
    NeverAfter | OnlyAfter | OnlyWhile | AtMost | Total | Followed, Field(discriminator="kind")
]


class Broken(Value):
    """A rule that an act breaks."""

    rule: Code
    """The rule's code."""
    message: str
    """What is wrong, in words."""
    severity: Severity
    """How serious it is."""
    certain: bool = True
    """Whether it is broken whatever is not known yet; what may be broken is no less refused at run time."""


class Seen(Value):
    """What a rule remembers of an act."""

    personal: ClassVar = PersonalData(ids="act", texts="key")

    act: Code
    what: Literal["act", "before", "closed", "other"]
    key: str | None = None
    """The facts that it has in common with others, in one text; null where they are not known."""
    amount: int = 1
    at: Timestamp | None = None
    """When it ended; null while it is in flight, when it counts whatever its age."""
    sure: bool = True
    """Whether the act is known to be one that is meant."""
    done: bool = True


class Page(Record):
    """What one rule remembers, of one run, agent or tenant, and of one of the facts it counts by."""

    collection: ClassVar[str] = "history_pages"
    handling: ClassVar = Handling(
        kept=AtExpiry(),
        export=Nobody("it repeats what the acts say of themselves"),
        erasure="deleted",
    )
    personal: ClassVar = PersonalData(nobody="seen")

    rule: Code
    seen: Annotated[tuple[Seen, ...], Field(max_length=MOST_SEEN)] = ()
    kept_until: Timestamp


@dataclass(frozen=True)
class PlanStep:
    """One act of a plan."""

    id: str
    name: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """What the plan says of it; null for what is known only when it runs."""
    after_s: int | None = None
    """How long after the start it happens; null where the plan does not say."""


@dataclass(frozen=True)
class PlanChoice:
    """One of several ways, of which one may be nothing."""

    ways: tuple[tuple["Part", ...], ...]


@dataclass(frozen=True)
class PlanBeside:
    """Ways that go on at once, in whatever order."""

    ways: tuple[tuple["Part", ...], ...]


@dataclass(frozen=True)
class PlanAgain:
    """The same over and over, also not at all."""

    body: tuple["Part", ...]
    times: int | None = None
    """How often at the most; null where nobody knows."""


Part = PlanStep | PlanChoice | PlanBeside | PlanAgain


class PlanPart(Value):
    """A part of a plan as it is written down: those that it is made of are named by their ids."""

    id: Code
    """What names it in the plan."""
    kind: Literal["step", "choice", "beside", "again"] = "step"
    """A step, one of several ways, several ways at once, or one way over and over."""
    name: Code | None = None
    """What a step does, as `payment.send`."""
    facts: Told = {}
    """What is known of a step; null for what is known only when it runs."""
    after_s: Annotated[int, Field(ge=0)] | None = None
    """How long after the start a step happens; null where the plan does not say."""
    ways: Annotated[
        tuple[Annotated[tuple[Code, ...], Field(max_length=200)], ...], Field(max_length=50)
    ] = ()
    """The ways, each the ids of its parts in their order."""
    times: Annotated[int, Field(ge=0, le=1_000)] | None = None
    """How often it is done over at the most; null where nobody knows."""


class OnAPath(Value):
    """A rule that a plan breaks, with a way that leads there."""

    broken: Broken
    """What it breaks."""
    step: Code
    """The step that does."""
    path: tuple[Code, ...]
    """The steps from the start on, the one that breaks the rule last."""
