"""An approval is a question put to a Governor before something happens; a veto is the objection to it."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.actors import Role
from shared.approvals.models.about import whom
from shared.approvals.models.parts import (
    NOES,
    Addition,
    Cancellation,
    Decision,
    Deferral,
    Delegation,
    Escalation,
    Step,
    Unsaid,
    Unused,
)
from shared.approvals.models.questions import Question
from shared.entity import (
    Asked,
    Entity,
    Hex64,
    Id,
    Timestamp,
    Value,
)
from shared.errors import Violation
from shared.handling import After, Blanked, Handling, PersonalData
from shared.principles import breach


class ApprovalStatus(StrEnum):
    """What became of the question; the first three are open, and only two of the others lead on."""

    PENDING = "pending"
    DELEGATED = "delegated"
    ESCALATED = "escalated"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    VETOED = "vetoed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CONSUMED = "consumed"


REQUESTS, DECISIONS = "approval-requests", "approval-decisions"
"""The topics of what is asked, and of what became of it."""

OPEN = (ApprovalStatus.PENDING, ApprovalStatus.DELEGATED, ApprovalStatus.ESCALATED)
"""The states in which a question waits for an answer."""


class Consumer(Value):
    """The one step that an approval was used up by."""

    run_id: str
    """The run that used it."""
    step_id: str
    """The step of that run."""
    iteration: int = 0
    """Which repetition of the step, from 0."""


class Approval(Entity, Question):
    """A question, its evidence, and what was decided."""

    collection: ClassVar[str] = "approvals"
    handling: ClassVar = Handling(
        kept=After(2555, since="updated_at"),
        export="tenant",
        erasure=Blanked("what was decided, when and by which id is evidence"),
    )
    personal: ClassVar = PersonalData(
        ids="requested_by concerned asked_through also_asked_by withdrawn_by decided_by"
    )

    action_digest: Hex64
    """What is approved: the digest of the subject."""

    act_family: Hex64 | None = None
    """The class of the act in the form that every spelling shares; none in what an earlier release asked."""

    act_place: Hex64 | None = None
    """Where a no to the act is found, whatever its class: by its target, else its tool, else all that it says."""

    act_tool: Hex64 | None = None
    """The same by its tool alone; none where it names none."""

    beside: bool = False
    """Whether another question was open that asks for the same act in other words: a no to one is a no to both."""

    card_hash: Hex64
    """What the approver was shown: the digest of the card."""

    earlier_cards: tuple[Hex64, ...] = ()
    """The digests of the cards before: a veto signed over one of them still counts."""
    card_members: tuple[str, ...]
    """What of the question the card shows, so that it is the same whichever release renders it."""

    chain: str
    """The name of the chain of people who must agree."""
    chain_version: int
    """The version of that chain."""
    steps: tuple[Step, ...]
    """The links of the chain, in order."""
    current_step: int = 1
    """Whose turn it is: the number of a link, from 1."""
    status: ApprovalStatus = ApprovalStatus.PENDING
    """What became of it."""
    decision_version: int = 0
    """Raised by each change; a timer set before a change has no effect after it."""

    refused: bool = False
    """Whether a no was said to it that stands: not withdrawn, and its successor not asked for."""

    refused_with: Id | None = None
    """The approval whose no it was closed or vetoed by, as it asks for the same act; null elsewhere."""

    refusal_withdrawn: Unsaid | None = None
    """Why that no was taken back; null where it stands, or none was said."""
    supersedes: Id | None = None
    """The approval that was sent back, and whose successor this is."""
    superseded_by: Id | None = None
    """Its own successor, where it was sent back and asked again."""
    requested_by: str
    """Who asked, as the service that put it says."""
    concerned: Annotated[tuple[str, ...], Field(max_length=200)] = ()
    """Whom it concerns, as the platform knows it: who put the question, who made the agent, and whoever controls
    one of these. None of them decides it."""
    asked_through: str | None = None
    """The service that put the question."""

    also_asked_by: tuple[str, ...] = ()
    """Who asked the same while it was open, and has this answer as theirs."""

    withdrawn_by: tuple[str, ...] = ()
    """Who of them no longer asks, while others do."""

    requested_at: Timestamp
    """When it was asked."""
    expires_at: Timestamp
    """Until when it can be answered."""
    window_min: int
    """How many minutes there are to answer."""
    window_from: Timestamp
    """When the window began that ends with `expires_at`; a deferral moves both."""

    decided_at: Timestamp | None = None
    """When it was decided; null while it is open."""
    decided_by: str | None = None
    """Who decided it; null while it is open."""
    decided_via: (
        Literal["governor", "deputy", "precedent_seed", "vision_guardian_override"] | None
    ) = None
    """In what capacity it was decided; null while it is open."""
    decisions: tuple[Decision, ...] = ()
    """What everybody said, the oldest first."""
    delegations: tuple[Delegation, ...] = ()
    """Who answered for whom."""
    escalations: tuple[Escalation, ...] = ()
    """Who was asked besides, and why."""
    deferrals: tuple[Deferral, ...] = ()
    """When it rested, and for what."""
    deferred_until: Timestamp | None = None
    """Until when it rests; null where it does not."""
    defer_count: int = 0
    """How often it rested; three times at most."""
    unreviewed: bool = False
    """Whether it is about a thing that nobody looked at in time."""

    evidence_added: tuple[Addition, ...] = ()
    """What came to its evidence since it was asked, the latest last."""

    group_key: Hex64 | None = None
    """What identical requests share: one card shows them all, each with its own decision."""

    held_back: bool = False
    """Whether it waits until the approvers have answered what they have."""
    held_because: str | None = None
    """Why it was held back, in words."""
    grouped: bool = False
    """Whether it came onto a card that was shown already, so that nobody was told of it by itself."""

    seed_id: Asked | None = None
    """The number of the precedent that approved it; null where people decided."""
    held_until: Timestamp | None = None
    """Until when what was approved waits before it happens; null where it does not wait."""
    veto_until: Timestamp | None = None
    """Until when a Governor may object; null while it is open."""
    confirmed_at: Timestamp | None = None
    """When a Governor confirmed what a precedent approved; null where none did."""
    vetoed_at: Timestamp | None = None
    """When the objection of a Governor reached us; null where none did."""
    consumed_at: Timestamp | None = None
    """When it was used; null while it is unused."""
    consumed_by: Consumer | None = None
    """The one step that used it; null while it is unused."""
    cancellation: Cancellation | None = None
    """Why it was withdrawn, and by whom; null where it was not."""
    unused: Unused | None = None
    """Why nothing came of the yes, where it was closed before anything began; null where it was not."""

    @property
    def open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.status in OPEN

    @property
    def waits(self) -> bool:
        """Whether something must still come of it: an answer, or what was approved."""
        return self.open or self.status is ApprovalStatus.APPROVED

    @property
    def owner(self) -> str:
        """Who sees to it that what is approved begins: whoever asked, or for a service whoever approved."""
        asked = self.requested_by
        people = [d.approver_id for d in self.decisions if d.verb == "approve"]
        return asked if ":" not in asked else (people or [str(self.governor)])[-1]

    @property
    def step(self) -> Step:
        """The link of the chain whose turn it is."""
        return self.steps[self.current_step - 1]

    @property
    def governor(self) -> Role:
        """The role of the one Governor of its scope."""
        return Role.GOVERNOR if self.governor_scope == "platform" else Role.CUSTOMER_ADMIN

    @property
    def level(self) -> int:
        """How far the present step was escalated."""
        return max((e.level for e in self.escalations if e.step_no == self.current_step), default=0)

    @property
    def askers(self) -> frozenset[str]:
        """Everybody whose question it is."""
        return frozenset({self.requested_by, *self.also_asked_by})

    @property
    def answers(self) -> tuple[Decision, ...]:
        """What anybody said to it, also what had to be asked again when evidence came."""
        asked_again = (vote for addition in self.evidence_added for vote in addition.votes)
        return (*asked_again, *self.decisions)

    @property
    def no(self) -> Decision | None:
        """The no that was said to it, if one was."""
        return next((one for one in reversed(self.decisions) if one.verb in NOES), None)

    @property
    def parties(self) -> frozenset[str]:
        """
        Everybody who decides nothing about it: who put it, whom it concerns, and whom it is about.

        Whom others say they ask for is none of them: a name on somebody else's word takes no right away.
        """
        agent = {self.agent_id} if self.agent_id else set()
        own = {self.asked_through or self.requested_by, *self.concerned}
        return frozenset(own | agent) | whom(self.deed, self.subject)

    @property
    def last(self) -> Decision:
        """The latest decision of at least one."""
        return self.decisions[-1]

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this approval breaks the constitution."""
        governor, status = self.governance_agent_id, self.status
        people = {said.approver_id for said in self.decisions if said.verb != "veto"}
        people |= {self.decided_by} if self.vetoed_at is None and self.decided_by else set()
        agreed = [d.approver_id for d in self.decisions if d.verb == "approve"]
        granted = status in {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}
        complete = self.seed_id or all(step.satisfied(self.decisions) for step in self.steps)
        found = (
            (
                governor in {self.id, self.agent_id},
                "L0-01",
                "governance_agent_id",
                "is the entity itself",
            ),
            (
                bool(people & self.parties),
                "L0-01",
                "decided_by",
                "names whom it concerns",
            ),
            (len(set(agreed)) < len(agreed), "L0-01", "decisions", "hold two votes of one person"),
            (granted and not complete, "L0-03", "status", "lacks an approval of the chain"),
            (
                not self._use_fits,
                "L0-03",
                "consumed_by",
                "does not fit the status",
            ),
            (
                self.open and self.decided_by is not None,
                "L0-07",
                "status",
                "is behind the decision",
            ),
            (self.updated_at < self.created_at, "L1-ENT-09", "updated_at", "precedes created_at"),
        )
        own = (
            breach(code, f"{field} {problem}", field)
            for broken, code, field, problem in found
            if broken
        )
        return (*super().violations(), *own)

    @property
    def _use_fits(self) -> bool:
        """Whether it is used exactly where its status says so; a veto may hit what was used."""
        if self.consumed_by is None:
            return self.status is not ApprovalStatus.CONSUMED
        return self.status in {ApprovalStatus.CONSUMED, ApprovalStatus.VETOED}
