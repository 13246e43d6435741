from shared.actors import Scope
from shared.approvals.events.vetoes import ApprovalVetoed, VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import decisions
from shared.approvals.rules.checks import same_subject
from shared.entity import Id
from shared.mobile.actions import signing
from shared.mobile.models.queue import SignedVeto
from shared.operation import Call, operation
from shared.ports import SignatureCheck


@operation(
    "POST", "/v1/mobile/approvals/{approval_id}/veto", scopes={Scope.VETO_EXECUTE}, in_freeze=True
)
def veto_on_phone(
    call: Call, approval_id: Id, objection: SignedVeto, check: SignatureCheck
) -> Veto:
    """
    Veto a request, or what was approved, with the device's signature.

    The same veto again is answered with the one on record.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        note = signing.signed(call, txn, before, "veto", objection, check)
        same_subject(before, objection.expected_digest)
        after = decisions.veto(
            before,
            by=call.actor,
            at=call.now,
            category=objection.category,
            explanation=objection.explanation,
        )
        if after is before:
            return txn.all(Veto, approval_id=before.id)[0]
        txn.save(note)
        because = signing.because(after, note)
        after = txn.save(after, ApprovalVetoed.of(after), because=because)
        veto = decisions.record_veto(before, after, id=call.new_id())
        return txn.create(veto, VetoRecorded.of(veto), because=because)
