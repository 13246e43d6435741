"""The parts of an approval: who is asked in which order, what they said, and who answers for whom."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt

from shared.actors import Role
from shared.entity import ActorId, Code, Hex64, ShownLine, Text, Timestamp, Value
from shared.handling import PersonalData
from shared.judged import Exact, Pattern

VetoCategory = Literal["constitutional", "safety", "budget"]
Verb = Literal["approve", "reject", "request_changes", "veto"]
NOES = frozenset[Verb]({"reject", "request_changes", "veto"})
"""The answers that are a no."""

Via = Literal["governor", "deputy", "vision_guardian_override"]
Trigger = Literal["50", "80", "manual"]

Person = ActorId
Member = Annotated[Code, Field(max_length=100)]
Roles = Annotated[tuple[Role, ...], Field(max_length=5)]
MAX_WINDOW_MIN = 43_200
WindowMin = Annotated[int, Field(ge=5, le=MAX_WINDOW_MIN)]
Fact = StrictBool | StrictInt | Annotated[ShownLine, Field(max_length=500)]
"""A value as it was said: 1.0 is not true, and the text 1 is not the number."""

Reason = Annotated[Text, Field(min_length=10, max_length=2000)]


class When(Value):
    """A condition on a member or on a verified fact of the question."""

    fact: Member
    """The name of a member or of a fact of the question."""
    op: Literal["==", "!=", ">=", "<="]
    """How it is compared."""
    value: Fact
    """What it is compared with; a value of another type is never equal."""


class Seats(Value):
    """Who is asked at one link of a chain, and how many of them must agree."""

    personal: ClassVar = PersonalData(ids="principals", nobody="name")

    name: Annotated[ShownLine, Field(max_length=100)] = ""
    """What people call this link."""
    roles: Roles = ()
    """Whoever holds one of these roles is asked: who decides such questions in this scope, or reviews them."""
    principals: Annotated[tuple[Person, ...], Field(max_length=10)] = ()
    """People who are asked by their id, and hold one of the roles that may be asked."""
    mode: Literal["any", "all", "quorum"] = "any"
    """Whether one of them is enough, all must agree, or a number of them."""
    quorum: Annotated[int, Field(ge=1, le=10)] | None = None
    """How many different people must agree, where the mode is `quorum`."""

    timeout_min: WindowMin | None = None
    """How long there is time from when it is this link's turn; without it the approval's own window."""

    escalate_to: Annotated[tuple[Roles, ...], Field(max_length=2)] | None = None
    """Who is added at each level of escalation, of those whom the scope's table names there or before; without it,
    all of them."""

    @property
    def many(self) -> bool:
        """Whether one yes is not enough here, whoever gives it."""
        return self.quorum is not None and self.quorum > 1


class ChainStep(Seats):
    """One link of a chain as it is written down; its condition may skip it."""

    when: When | None = None
    """The link is skipped where this does not hold; without it, it never is."""


class Chain(Value):
    """Who must agree to a kind of question, one after the other."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    """What the chain is called."""
    version: Annotated[int, Field(ge=1)] = 1
    """Its version; an approval stays with the one it began with."""
    steps: Annotated[tuple[ChainStep, ...], Field(min_length=1, max_length=10)]
    """Who must agree, one link after the other."""


class Decision(Value):
    """What one person said, in their own words; kept for good."""

    personal: ClassVar = PersonalData(ids="approver_id seat", texts="reason changes")

    step_no: int
    """The link of the chain at which it was said."""
    approver_id: str
    """Who said it."""
    verb: Verb
    """What they said."""
    reason: str | None = None
    """Why, in their words; null where they gave none."""
    changes: tuple[str, ...] = ()
    """What they want to be different."""
    category: VetoCategory | None = None
    """The ground of a veto; null for everything else."""
    at: Timestamp
    """When they said it."""
    auth_time: Timestamp | None = None
    """When they had signed in; null for one signed by a device."""
    decision_version: int
    """The approval's `decision_version` that they answered."""
    seat: str = ""
    """The role or the person in whose place it was said."""

    via: Via = "governor"
    """In what capacity they spoke."""
    opened_at: Timestamp | None = None
    """When they first opened the question as it was then; null where it is not among the hundred that they opened last."""

    def says_as(self, other: "Decision") -> bool:
        """Whether it is the same answer of the same person, given once more."""
        words = ("approver_id", "verb", "reason", "changes", "category")
        return all(getattr(self, word) == getattr(other, word) for word in words)


class Step(Seats):
    """One link of the chain of one approval."""

    step_no: int
    """Which link it is, from 1."""

    @property
    def seats(self) -> tuple[str, ...]:
        """Everybody who is asked here: roles first, then people."""
        return (*map(str, self.roles), *self.principals)

    def taken(self, decisions: Iterable[Decision]) -> dict[str, str]:
        """Return who agreed here, by person, and in whose place."""
        mine = (d for d in decisions if d.step_no == self.step_no and d.verb == "approve")
        return {decision.approver_id: decision.seat for decision in mine}

    def satisfied(self, decisions: Iterable[Decision]) -> bool:
        """Whether enough different people agreed."""
        votes = self.taken(decisions)
        if self.mode == "all":
            return set(self.seats) <= set(votes.values())
        return len(votes) >= (self.quorum or 1 if self.mode == "quorum" else 1)


class Delegation(Value):
    """Who answers for whom, and for which interval."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)
    personal: ClassVar = PersonalData(ids="from_id to_id", texts="reason")

    step_no: int
    """The link of the chain that it is for."""
    from_id: str = Field(alias="from")
    """Who hands over."""
    to_id: str = Field(alias="to")
    """Who answers instead."""
    at: Timestamp
    """When it was handed over."""
    until: Timestamp
    """Until when it holds."""
    reason: str
    """Why, in their words."""
    taken_back_at: Timestamp | None = None
    """When it was taken back; null while it holds."""

    def runs(self, at: datetime) -> bool:
        """Whether it holds at a time."""
        return self.taken_back_at is None and self.at <= at < self.until


class Escalation(Value):
    """Who else was asked, because nobody had answered or somebody wanted it so."""

    personal: ClassVar = PersonalData(ids="by", texts="reason")

    step_no: int
    """The link of the chain that it is for."""
    level: Annotated[Literal[1, 2], Exact]
    """How far up it went."""
    to: tuple[Role, ...]
    """Which roles are asked besides."""
    at: Timestamp
    """When they were asked."""
    trigger: Trigger
    """Whether 50 or 80 percent of the window had passed, or somebody wanted it."""
    by: str
    """Who wanted it, or the platform."""
    reason: str | None = None
    """Why, in their words; null where the time did it."""
    answer_due_at: Timestamp
    """Until when they are to answer."""


class Deferral(Value):
    """Until when a question rests, and for what."""

    personal: ClassVar = PersonalData(ids="approver_id", texts="missing_evidence")

    approver_id: str
    """Who let it rest."""
    at: Timestamp
    """When they did."""
    until: Timestamp
    """When it comes back."""
    missing_evidence: tuple[str, ...] = ()
    """What they need to see."""


class Cancellation(Value):
    """Why the question was withdrawn, and by whom."""

    personal: ClassVar = PersonalData(ids="by", texts="reason")

    by: str
    """Who withdrew it."""
    reason: str
    """Why, in their words."""
    at: Timestamp
    """When they did."""


class Addition(Value):
    """Evidence that came while the question was open, and what had been said without it."""

    personal: ClassVar = PersonalData(ids="by")

    by: str
    """Who added it."""
    at: Timestamp
    """When."""
    kinds: tuple[str, ...]
    """Of which kinds it is."""
    votes: tuple[Decision, ...] = ()
    """Who had agreed before, and is asked again."""


class Unsaid(Value):
    """Why a no was taken back, by whoever said it."""

    personal: ClassVar = PersonalData(ids="by", texts="reason")

    by: str
    """Who said it, and took it back."""
    reason: str
    """Why, in their words."""
    at: Timestamp
    """When."""


Why = Literal["not_started", "nobody_waits", "run_ended"]


class Unused(Value):
    """Why what was approved never began, and whose it was to begin it."""

    personal: ClassVar = PersonalData(ids="owner")

    why: Why
    """Its time ran out, what was to do it is gone, or the run that it was for ended."""
    owner: str
    """Who was to start it: a person wherever one asked or approved."""
    at: Timestamp
    """When it was closed as unused."""


MAX_DOCUMENT_BYTES = 10 * 1024 * 1024


class Attachment(Value):
    """A document that goes with a veto: what it is, not what is in it."""

    personal: ClassVar = PersonalData(texts="name")

    name: Annotated[ShownLine, Pattern(r"^[^/\\]*[^/\\\s][^/\\]*$"), Field(max_length=255)]
    """The file's name, without a folder."""
    content_type: Literal["application/pdf", "image/png", "image/jpeg", "text/plain"]
    """What kind of file it is."""
    size: Annotated[int, Field(ge=1, le=MAX_DOCUMENT_BYTES)]
    """How many bytes it has."""
    sha256: Hex64
    """The SHA-256 over the file's bytes."""
