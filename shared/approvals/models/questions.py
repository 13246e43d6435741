"""What is asked: the act a question is about, what speaks for it, and who is to decide."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt

from shared.approvals.models.parts import (
    Chain,
    Fact,
    Member,
    Person,
    WindowMin,
)
from shared.entity import (
    Hex64,
    Id,
    Name,
    Opaque,
    Shown,
    ShownLine,
    Text,
    Value,
)
from shared.examples import AGENT
from shared.handling import PersonalData
from shared.judged import Pattern

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


Subject = Annotated[
    Mapping[Member, StrictBool | StrictInt | Annotated[Shown, Field(max_length=2000)] | None],
    Field(
        min_length=2,
        max_length=32,
        examples=[{"typ": "stage/v1", "stage": 6, "spec_hash": "0" * 64}],
    ),
]


ShortText = Annotated[Text, Field(max_length=200)]


Aside = Annotated[Text, Field(max_length=120)]


Comment = Annotated[Text, Field(max_length=2000)]


Facts = Annotated[Mapping[Member, Fact], Field(max_length=50)]


MAX_EVIDENCE = 20


class EvidenceRef(Value):
    """A piece of evidence: what it is, where it is, and its digest."""

    personal: ClassVar = PersonalData(texts="ref")

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    """What it is, such as `ethics_clearance`."""
    ref: Name
    """Where it is."""
    sha256: Hex64
    """The SHA-256 over the evidence itself: its bytes, or its canonical JSON (RFC 8785) where it is JSON."""


class Question(Value):
    """What is asked: the members that a request and the approval made of it have in common."""

    personal: ClassVar = PersonalData(
        texts="subject title summary action_description rationale alternatives risks evidence_facts",
        nobody="approval_class rollback_plan_ref",
    )

    type: ApprovalType
    """What kind of permission it is; a stronger kind is asked of more people."""
    gate: Gate
    """Where in the work it is asked."""
    approval_class: Annotated[
        ShownLine,
        Pattern(r"^[a-z][a-z0-9_.]{0,60}(:[^:\s]{1,100}){2}$"),
        Field(max_length=255, examples=["agent.deploy:HC:JOB-HC-001"]),
    ]
    """The class that precedents are found by: ``verb:INDUSTRY:object``."""

    subject_kind: SubjectKind
    """What the subject is."""
    subject: Subject
    """What exactly happens on yes; its `typ` says of which kind it is. At most 4 KiB."""

    title: ShortText
    """The question in one line."""
    summary: Comment
    """What the approver needs to know, in a few sentences."""
    action_description: Annotated[Text, Field(max_length=300)]
    """What happens on yes, in words."""
    rationale: ShortText
    """Why it is asked."""
    alternatives: Annotated[tuple[Aside, ...], Field(max_length=3)] = ()
    """What could be done instead."""
    risks: Annotated[tuple[Aside, ...], Field(max_length=5)] = ()
    """What can go wrong."""
    evidence_refs: Annotated[tuple[EvidenceRef, ...], Field(max_length=MAX_EVIDENCE)] = ()
    """What the question rests on; some gates ask for certain kinds."""
    evidence_facts: Facts = Field(default_factory=dict)
    """Facts that conditions of precedents and chains are compared with, by name."""
    rollback_plan_ref: Name | None = None
    """Where the plan to take it back is; null where there is none."""
    risk: Risk
    """How risky it is."""
    blast_radius: Literal["low", "medium", "high"]
    """How many are hit if it goes wrong."""
    urgency: Literal["immediate", "hours", "days", "routine"]
    """How soon an answer is needed."""
    reversibility: Literal["reversible", "delayed", "irreversible"]
    """Whether it can be taken back."""
    governor_scope: Literal["platform", "engagement"]
    """Whose Governor decides: the platform's, or the customer's own."""

    agent_id: Id | None = None
    """The agent it is about; null where it is about none."""
    workflow_id: Id | None = None
    """The run it is part of; null where it is part of none."""

    @property
    def deed(self) -> str:
        """What is done on yes: the verb of its class."""
        return self.approval_class.partition(":")[0]


class ApprovalRequest(Question):
    """A question as a service puts it."""

    on_behalf_of: Person | None = None
    """The person the service says it asks for; without one it asks for itself. It takes nothing from who decides."""

    window_min: WindowMin | None = None
    """How many minutes there are to answer; without it, as its type and gate, or of a customer's agent its act, say."""
    chain: Chain | None = None
    """Who must agree, where the usual chain is not enough; whoever that names stays in it."""

    callback_url: Opaque | None = None
    """Where the workflow is woken when it is answered."""

    supersedes: Id | None = None
    """The approval that was sent back with changes, whose successor this is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "communication",
                    "gate": "step",
                    "approval_class": "publish:HC:blog",
                    "subject_kind": "action",
                    "subject": {
                        "typ": "action/v1",
                        "agent_id": AGENT,
                        "tool": "blog",
                        "channel": "clinic-news",
                        "content_sha256": "1" * 64,
                        "chain_version": 1,
                    },
                    "title": "Publish the article on hay fever",
                    "summary": "Every claim in it was checked, and it names nobody.",
                    "action_description": "The article appears in the clinic's public blog.",
                    "rationale": "It is planned for this week.",
                    "alternatives": ["Publish it next week"],
                    "risks": ["A reader takes it for advice"],
                    "evidence_refs": [
                        {"kind": "fact_check", "ref": "evidence/fact_check", "sha256": "2" * 64}
                    ],
                    "evidence_facts": {"fact_check": "passed"},
                    "risk": "medium",
                    "blast_radius": "medium",
                    "urgency": "hours",
                    "reversibility": "reversible",
                    "governor_scope": "platform",
                    "agent_id": AGENT,
                }
            ]
        }
    )
