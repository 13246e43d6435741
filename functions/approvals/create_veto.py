from typing import Annotated

from pydantic import ConfigDict, Field

from shared.approvals import rules
from shared.approvals.events import ApprovalVetoed, VetoRecorded
from shared.approvals.models import Approval, Veto, VetoCategory
from shared.entity import Id, Text, Value
from shared.identity import Scope
from shared.operation import Call, operation


class Objection(Value):
    """What is objected to, on which ground, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "approval_id": "5f0c9a52-8a5e-4a0e-9d5b-0b6f5a3c1d2e",
                    "category": "safety",
                    "explanation": "The agent quotes a dose that no source supports.",
                }
            ]
        }
    )

    approval_id: Id
    category: VetoCategory
    explanation: Annotated[Text, Field(min_length=10)]


@operation("POST", "/v1/vetoes", scopes={Scope.VETO_EXECUTE}, status=201)
def create_veto(call: Call, objection: Objection) -> Veto:
    """
    Veto what waits for an approval, or what was approved in the last 24 hours and is not used yet.

    The approval and the veto are changed in one commit, each with its entry. The same veto again is
    answered with the one on record.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, objection.approval_id)
        after = rules.veto(
            before,
            by=call.actor,
            at=call.now,
            category=objection.category,
            explanation=objection.explanation,
        )
        if after is before:
            return txn.find(Veto, approval_id=before.id).items[0]
        after = txn.save(after, ApprovalVetoed.of(after), because=rules.because(after))
        veto = rules.record_veto(before, after, id=call.new_id())
        return txn.create(veto, VetoRecorded.of(veto), because=rules.because(after))
