"""A veto of what waits for an approval, or was approved."""

from collections.abc import Sequence

from shared.approvals.events.vetoes import ApprovalVetoed, VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Attachment, VetoCategory
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import decisions
from shared.operation import Call
from shared.store import Transaction


def veto(
    call: Call,
    txn: Transaction,
    approval_id: str,
    *,
    category: VetoCategory,
    explanation: str,
    attachments: Sequence[Attachment] = (),
    run_id: str | None = None,
    step_id: str | None = None,
) -> Veto:
    """
    Keep an approval vetoed, with the record of it; the same veto again is the one on record.

    Raises:
        Refusal: Who asks is not its Governor, it is too late, or there is nothing to object to.
    """
    before = txn.get(Approval, approval_id)
    after = decisions.veto(
        before, by=call.actor, at=call.now, category=category, explanation=explanation
    )
    if after is before:
        return txn.all(Veto, approval_id=before.id)[0]
    because = decisions.because(after)
    after = txn.save(after, ApprovalVetoed.of(after), because=because)
    record = decisions.record_veto(
        before, after, id=call.new_id(), attachments=attachments, run_id=run_id, step_id=step_id
    )
    return txn.create(record, VetoRecorded.of(record), because=because)
