"""The parts of an approval: who is asked in which order, what they said, and who answers for whom."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Strict, StrictBool, StrictInt

from shared.entity import ActorId, Code, Exact, Hex64, ShownLine, Text, Timestamp, Value
from shared.identity import Role

VetoCategory = Literal["constitutional", "safety", "budget"]
Verb = Literal["approve", "reject", "request_changes", "veto"]
Via = Literal["governor", "deputy", "vision_guardian_override"]
Trigger = Literal["50", "80", "manual"]

Person = ActorId
Member = Annotated[Code, Field(max_length=100)]
Roles = Annotated[tuple[Role, ...], Field(max_length=5)]
WindowMin = Annotated[int, Field(ge=5, le=43_200)]
Fact = StrictBool | StrictInt | Annotated[ShownLine, Strict(), Field(max_length=500)]
"""A value as it was said: 1.0 is not true, and the text 1 is not the number."""

Reason = Annotated[Text, Field(min_length=10, max_length=2000)]


class When(Value):
    """A condition on a member or on a verified fact of the question."""

    fact: Member
    op: Literal["==", "!=", ">=", "<="]
    value: Fact


class Seats(Value):
    """Who is asked at one link of a chain, and how many of them must agree."""

    name: Annotated[ShownLine, Field(max_length=100)] = ""
    roles: Roles = ()
    principals: Annotated[tuple[Person, ...], Field(max_length=10)] = ()
    mode: Literal["any", "all", "quorum"] = "any"
    quorum: Annotated[int, Field(ge=1, le=10)] | None = None
    """How many different people must agree, where the mode is `quorum`."""

    timeout_min: WindowMin | None = None
    """How long there is time from when it is this link's turn; without it the approval's own window."""

    escalate_to: Annotated[tuple[Roles, ...], Field(max_length=2)] | None = None
    """Who is added at each level of escalation; without it, who the scope's table names."""


class ChainStep(Seats):
    """One link of a chain as it is written down; its condition may skip it."""

    when: When | None = None


class Chain(Value):
    """Who must agree to a kind of question, one after the other."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    version: Annotated[int, Field(ge=1)] = 1
    steps: Annotated[tuple[ChainStep, ...], Field(min_length=1, max_length=10)]


class Decision(Value):
    """What one person said, in their own words; kept for good."""

    step_no: int
    approver_id: str
    verb: Verb
    reason: str | None = None
    changes: tuple[str, ...] = ()
    category: VetoCategory | None = None
    at: Timestamp
    auth_time: Timestamp | None = None
    decision_version: int
    seat: str = ""
    """The role or the person in whose place it was said."""

    via: Via = "governor"
    opened_at: Timestamp | None = None
    """When they first opened the question; a yes to what was never opened has none."""

    def says_as(self, other: "Decision") -> bool:
        """Whether it is the same answer of the same person, given once more."""
        words = ("approver_id", "verb", "reason", "changes", "category")
        return all(getattr(self, word) == getattr(other, word) for word in words)


class Step(Seats):
    """One link of the chain of one approval."""

    step_no: int

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

    step_no: int
    from_id: str = Field(alias="from")
    to_id: str = Field(alias="to")
    at: Timestamp
    until: Timestamp
    reason: str
    taken_back_at: Timestamp | None = None

    def runs(self, at: datetime) -> bool:
        """Whether it holds at a time."""
        return self.taken_back_at is None and self.at <= at < self.until


class Escalation(Value):
    """Who else was asked, because nobody had answered or somebody wanted it so."""

    step_no: int
    level: Annotated[Literal[1, 2], Exact]
    to: tuple[Role, ...]
    at: Timestamp
    trigger: Trigger
    by: str
    reason: str | None = None
    answer_due_at: Timestamp


class Deferral(Value):
    """Until when a question rests, and for what."""

    approver_id: str
    at: Timestamp
    until: Timestamp
    missing_evidence: tuple[str, ...] = ()


class Cancellation(Value):
    """Why the question was withdrawn, and by whom."""

    by: str
    reason: str
    at: Timestamp


MAX_DOCUMENT_BYTES = 10 * 1024 * 1024


class Attachment(Value):
    """A document that goes with a veto: what it is, not what is in it."""

    name: Annotated[ShownLine, Field(max_length=255, pattern=r"^[^/\\]*[^/\\\s][^/\\]*$")]
    content_type: Literal["application/pdf", "image/png", "image/jpeg", "text/plain"]
    size: Annotated[int, Field(ge=1, le=MAX_DOCUMENT_BYTES)]
    sha256: Hex64
