from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.questions import EvidenceAdded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import MAX_EVIDENCE, EvidenceRef
from shared.approvals.rules import evidence
from shared.entity import Id, Value
from shared.operation import Call, operation


class MoreEvidence(Value):
    """What was missing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "evidence_refs": [
                        {"kind": "test_report", "ref": "evidence/rollback", "sha256": "3" * 64}
                    ]
                }
            ]
        }
    )

    evidence_refs: Annotated[tuple[EvidenceRef, ...], Field(min_length=1, max_length=MAX_EVIDENCE)]
    """The pieces of evidence that are added; what is shown already adds nothing."""


@operation("POST", "/v1/approvals/{approval_id}/evidence", scopes={Scope.ACCOUNT}, in_freeze=True)
def add_evidence(call: Call, approval_id: Id, more: MoreEvidence) -> Approval:
    """
    Add missing evidence to an open question, as whoever asked it may, or the service that put it for them.

    The card has a new hash and the deadline stays; who agreed before is asked again, for they had not seen it.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = evidence.added(before, by=call.actor, at=call.now, evidence=more.evidence_refs)
        if after is not before:
            after = txn.save(after, EvidenceAdded.of(after))
            schedule_next(txn, after, at=call.now)
    return after
