from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from shared.actors import Scope
from shared.agents.actions import vetoes
from shared.approvals.events.vetoes import ApprovalVetoed, VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Attachment, Member, VetoCategory
from shared.approvals.models.vetoes import ONE_OF_BOTH, Veto
from shared.approvals.rules import decisions
from shared.entity import Because, Id, Text, Value
from shared.examples import APPROVAL
from shared.operation import Call, operation


class Objection(Value):
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
    category: VetoCategory
    """On which ground you object."""
    explanation: Annotated[Text, Field(min_length=10)]
    """Why, in your words; everybody who was involved reads it."""
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=5)] = ()
    """Documents that go with it, announced here and uploaded afterwards."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.approval_id is None) == (self.run_id is None):
            raise ValueError("name either an approval_id or a run_id")
        return self


@operation("POST", "/v1/vetoes", scopes={Scope.VETO_EXECUTE}, status=201, in_freeze=True)
def create_veto(call: Call, objection: Objection) -> Veto:
    """
    Veto what waits for an approval, what was approved in the last 24 hours, or a run.

    What was not used yet never happens; what was is undone within five minutes. The approval and the
    veto are changed in one commit. The same veto again is answered with the one on record.
    """
    given = objection.model_dump(exclude={"approval_id", "run_id", "step_id", "attachments"})
    attached = objection.attachments
    with call.transaction() as txn:
        hit = vetoes.target(txn, objection.run_id) if objection.run_id else None
        approval_id = hit.approval_id if hit else objection.approval_id
        if hit is not None and hit.run is not None and approval_id is None:
            veto, new = vetoes.of_run(txn, call, hit.run, **given, attachments=attached)
            because = Because(rationale=veto.explanation, authority="governor")
            return txn.create(veto, VetoRecorded.of(veto), because=because) if new else veto
        before = txn.get(Approval, approval_id or "")
        after = decisions.veto(before, by=call.actor, at=call.now, **given)
        if after is before:
            return txn.all(Veto, approval_id=before.id)[0]
        after = txn.save(after, ApprovalVetoed.of(after), because=decisions.because(after))
        about = {"run_id": hit.run_id if hit else None, "step_id": objection.step_id}
        veto = decisions.record_veto(before, after, id=call.new_id(), attachments=attached, **about)
        return txn.create(veto, VetoRecorded.of(veto), because=decisions.because(after))
