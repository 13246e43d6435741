from typing import Self

from pydantic import ConfigDict, model_validator

from shared.actors import Scope, tenant_in
from shared.agents.actions import vetoes
from shared.approvals.actions import objecting
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.objections import Grounds
from shared.approvals.models.parts import Member
from shared.approvals.models.vetoes import ONE_OF_BOTH, Veto
from shared.entity import Because, Id
from shared.errors import NotFound
from shared.examples import APPROVAL
from shared.operation import Call, operation


class Objection(Grounds):
    """What is objected to, on which ground, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "approval_id": APPROVAL,
                    "category": "safety",
                    "explanation": "The agent quotes a dose that no source supports.",
                }
            ],
            "oneOf": ONE_OF_BOTH,
        }
    )

    approval_id: Id | None = None
    """The approval that is objected to; name it, or the run."""
    run_id: Id | None = None
    """A workflow, or the release of an agent, whatever approved it."""

    step_id: Member | None = None
    """The step of the run that is objected to; without one, the whole run."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.approval_id is None) == (self.run_id is None):
            raise ValueError("name either an approval_id or a run_id")
        return self


@operation("POST", "/v1/vetoes", scopes={Scope.VETO_EXECUTE}, status=201, in_freeze=True)
def create_veto(call: Call, objection: Objection) -> Veto:
    """
    Veto what waits for an approval, what was approved in the last 24 hours, or a run.

    What was not used yet never happens. Of what was, an agent's release is taken back within five minutes; where
    nothing is by then, its Governor is told. The approval and the veto are changed in one commit. The same veto again
    is answered with the one on record. An approval in a customer's account, which the platform's Governor decides, is
    vetoed at its own address.
    """
    given = objection.model_dump(include={"category", "explanation"})
    given |= {"attachments": objection.attachments}
    with call.transaction() as txn:
        hit = vetoes.target(txn, objection.run_id) if objection.run_id else None
        approval_id = hit.approval_id if hit else objection.approval_id
        if hit is not None and hit.run is not None and approval_id is None:
            veto, new = vetoes.of_run(txn, call, hit.run, **given)
            because = Because(rationale=veto.explanation, authority="governor")
            return txn.create(veto, VetoRecorded.of(veto), because=because) if new else veto
        if (owner := tenant_in(approval_id or "")) != call.tenant:
            raise NotFound(
                f"there is no approval {approval_id} in this account; one in another ({owner}) is vetoed at its own"
                " address (POST /v1/approvals/{approval_id}/veto)"
            )
        run_id = hit.run_id if hit else None
        return objecting.veto(
            call, txn, approval_id or "", **given, run_id=run_id, step_id=objection.step_id
        )
