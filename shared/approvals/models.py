"""An approval is a question put to a Governor before something happens; a veto is the objection to it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.constitution import breach
from shared.entity import Entity, Hex64, Id, Text, Timestamp, Value
from shared.errors import Violation
from shared.identity import Role

ApprovalType = Literal["artifact", "communication", "execution", "financial", "constitutional"]
Gate = Literal[
    "step",
    "plan",
    "pre-codegen",
    "stage-3",
    "stage-4",
    "stage-5",
    "stage-6",
    "capsule",
    "manifest",
    "seed",
    "discount",
    "budget",
    "refund",
    "change",
    "input",
]
SubjectKind = Literal[
    "action",
    "plan",
    "capsule_version",
    "decision_set",
    "manifest",
    "pipeline_stage",
    "seed",
    "amount",
    "change",
    "input",
]
Risk = Literal["low", "medium", "high", "critical"]
VetoCategory = Literal["constitutional", "safety", "budget"]
Verb = Literal["approve", "reject", "request_changes", "veto"]

Member = Annotated[str, Field(min_length=1, max_length=100)]
Subject = Annotated[
    Mapping[Member, bool | int | Annotated[str, Field(max_length=2000)] | None],
    Field(
        min_length=2,
        max_length=32,
        examples=[{"typ": "stage/v1", "stage": 6, "spec_hash": "0" * 64}],
    ),
]
ShortText = Annotated[Text, Field(max_length=200)]
Aside = Annotated[Text, Field(max_length=120)]
Comment = Annotated[Text, Field(max_length=2000)]
Reason = Annotated[Text, Field(min_length=10, max_length=2000)]
Fact = bool | int | Annotated[str, Field(max_length=500)]
Facts = Annotated[Mapping[Member, Fact], Field(max_length=50)]


class ApprovalStatus(StrEnum):
    """What became of the question; all but the first are decided, and only two of those lead on."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    VETOED = "vetoed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CONSUMED = "consumed"


class EvidenceRef(Value):
    """A piece of evidence: what it is, where it is, and its digest."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    ref: Annotated[str, Field(min_length=1, max_length=255)]
    sha256: Hex64


class Question(Value):
    """What is asked: the members that a request and the approval made of it have in common."""

    type: ApprovalType
    gate: Gate
    approval_class: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_.]{0,60}(:[^:\s]{1,100}){2}$",
            max_length=255,
            examples=["agent.deploy:HC:JOB-HC-001"],
        ),
    ]
    """The class that precedents are found by: ``verb:INDUSTRY:object``."""

    subject_kind: SubjectKind
    subject: Subject
    """What exactly happens on yes; its `typ` says of which kind it is. At most 4 KiB."""

    title: ShortText
    summary: Comment
    action_description: Annotated[Text, Field(max_length=300)]
    rationale: ShortText
    alternatives: Annotated[tuple[Aside, ...], Field(max_length=3)] = ()
    risks: Annotated[tuple[Aside, ...], Field(max_length=5)] = ()
    evidence_refs: Annotated[tuple[EvidenceRef, ...], Field(max_length=20)] = ()
    evidence_facts: Facts = Field(default_factory=dict)
    rollback_plan_ref: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    risk: Risk
    blast_radius: Literal["low", "medium", "high"]
    urgency: Literal["immediate", "hours", "days", "routine"]
    reversibility: Literal["reversible", "delayed", "irreversible"]
    governor_scope: Literal["platform", "engagement"]
    """Whose Governor decides: the platform's, or the customer's own."""

    agent_id: Id | None = None
    workflow_id: Id | None = None


class ApprovalRequest(Question):
    """A question as a service puts it."""

    on_behalf_of: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """The person the service asks for; without one it asks for itself."""

    window_min: Annotated[int, Field(ge=5, le=43_200)] | None = None
    callback_url: Annotated[str, Field(max_length=2000)] | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "execution",
                    "gate": "stage-6",
                    "approval_class": "agent.deploy:HC:JOB-HC-001",
                    "subject_kind": "pipeline_stage",
                    "subject": {
                        "typ": "stage/v1",
                        "agent_id": "5f0c9a52-8a5e-4a0e-9d5b-0b6f5a3c1d2e",
                        "stage": 6,
                        "spec_hash": "0" * 64,
                        "gate_results_hash": "1" * 64,
                        "chain_version": 1,
                    },
                    "title": "Deploy the healthcare content agent",
                    "summary": "All checks of stages 1 to 5 passed; a rollback plan was tested.",
                    "action_description": "The agent goes live with its certified manifest.",
                    "rationale": "Certified, reviewed and cleared for its industry.",
                    "alternatives": ["Wait for the next review"],
                    "risks": ["Content of low quality in the first week"],
                    "evidence_refs": [
                        {"kind": kind, "ref": f"evidence/{kind}", "sha256": "2" * 64}
                        for kind in (
                            "agent_blueprint_certified",
                            "architecture_review_summary",
                            "ethics_clearance",
                            "deployment_plan_with_rollback",
                        )
                    ],
                    "evidence_facts": {"alignment_score": 92},
                    "rollback_plan_ref": "plans/rollback-1",
                    "risk": "medium",
                    "blast_radius": "medium",
                    "urgency": "days",
                    "reversibility": "reversible",
                    "governor_scope": "platform",
                    "agent_id": "5f0c9a52-8a5e-4a0e-9d5b-0b6f5a3c1d2e",
                }
            ]
        }
    )


class Step(Value):
    """One link of the chain: somebody of this role must agree."""

    step_no: int
    approver: Role


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

    def says_as(self, other: "Decision") -> bool:
        """Whether it is the same answer of the same person, given once more."""
        words = ("approver_id", "verb", "reason", "changes", "category")
        return all(getattr(self, word) == getattr(other, word) for word in words)


class Cancellation(Value):
    """Why the question was withdrawn, and by whom."""

    by: str
    reason: str
    at: Timestamp


class Consumer(Value):
    """The one step that an approval was used up by."""

    run_id: str
    step_id: str
    iteration: int = 0


class Approval(Entity, Question):
    """A question, its evidence, and what was decided."""

    collection: ClassVar[str] = "approvals"

    action_digest: Hex64
    """What is approved: the digest of the subject."""

    card_hash: Hex64
    """What the approver was shown: the digest of the card."""

    chain: str
    chain_version: int
    steps: tuple[Step, ...]
    current_step: int = 1
    status: ApprovalStatus = ApprovalStatus.PENDING
    decision_version: int = 0
    """Raised by each change; a timer set before a change has no effect after it."""

    requested_by: str
    requested_at: Timestamp
    expires_at: Timestamp
    decided_at: Timestamp | None = None
    decided_by: str | None = None
    decided_via: Literal["governor"] | None = None
    decisions: tuple[Decision, ...] = ()
    veto_until: Timestamp | None = None
    consumed_at: Timestamp | None = None
    consumed_by: Consumer | None = None
    cancellation: Cancellation | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.status is ApprovalStatus.PENDING

    @property
    def awaited(self) -> Role:
        """The role whose answer is due."""
        return self.steps[self.current_step - 1].approver

    @property
    def last(self) -> Decision:
        """The latest decision of at least one."""
        return self.decisions[-1]

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this approval breaks the constitution."""
        governor, status = self.governance_agent_id, self.status
        people = {decision.approver_id for decision in self.decisions} | {self.decided_by}
        agreed = [d.step_no for d in self.decisions if d.verb == "approve"]
        granted = status in {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}
        complete = agreed == [step.step_no for step in self.steps]
        found = (
            (not governor, "L0-01", "governance_agent_id", "missing"),
            (
                governor in {self.id, self.agent_id},
                "L0-01",
                "governance_agent_id",
                "is the entity itself",
            ),
            (
                bool((people - {None}) & {self.requested_by, self.agent_id}),
                "L0-01",
                "decided_by",
                "names who asked",
            ),
            (len(set(agreed)) < len(agreed), "L0-01", "decisions", "answers one step twice"),
            (granted and not complete, "L0-03", "status", "lacks an approval of the chain"),
            (
                (status is ApprovalStatus.CONSUMED) != (self.consumed_by is not None),
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
        return tuple(
            breach(code, f"{field} {problem}", field)
            for broken, code, field, problem in found
            if broken
        )


class Veto(Entity):
    """An objection of the Governor, and what became of what it hit."""

    collection: ClassVar[str] = "vetoes"

    approval_id: Id
    category: VetoCategory
    explanation: str
    issued_by: str
    decided_at: Timestamp
    received_at: Timestamp
    window_end: Timestamp
    offline: bool = False
    effect: Literal["never_sent"]
    effect_completed_at: Timestamp

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this veto breaks the constitution."""
        if self.governance_agent_id:
            return ()
        return (breach("L0-01", "governance_agent_id missing", "governance_agent_id"),)
