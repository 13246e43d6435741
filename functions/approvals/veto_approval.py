from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions import objecting
from shared.approvals.models.objections import Grounds
from shared.approvals.models.vetoes import Veto
from shared.entity import Id
from shared.operation import Call, operation


class Objecting(Grounds):
    """On which ground somebody objects, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "category": "safety",
                    "explanation": "The agent quotes a dose that no source supports.",
                }
            ]
        }
    )


@operation(
    "POST",
    "/v1/approvals/{approval_id}/veto",
    scopes={Scope.VETO_EXECUTE},
    status=201,
    in_freeze=True,
)
def veto_approval(call: Call, approval_id: Id, objection: Objecting) -> Veto:
    """
    Veto what waits for this approval, or was approved in the last 24 hours.

    What was not used yet never happens. Of what was, an agent's release is taken back within five minutes; where nothing is
    by then, its Governor is told. They may veto in whichever account it was asked. The same veto again is answered with the
    one on record.
    """
    with call.transaction() as txn:
        return objecting.veto(
            call,
            txn,
            approval_id,
            category=objection.category,
            explanation=objection.explanation,
            attachments=objection.attachments,
        )
