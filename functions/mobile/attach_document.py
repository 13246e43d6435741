from shared.actors import Scope
from shared.approvals.models.vetoes import Veto
from shared.entity import Id
from shared.mobile.events import VetoDocumented
from shared.mobile.rules import uploads
from shared.mobile.rules.uploads import Announced, UploadAddress
from shared.operation import Call, operation
from shared.ports import Tickets


@operation(
    "POST",
    "/v1/mobile/vetoes/{veto_id}/attachments",
    scopes={Scope.VETO_EXECUTE},
    status=201,
    in_freeze=True,
)
def attach_document(call: Call, veto_id: Id, given: Announced, tickets: Tickets) -> UploadAddress:
    """
    Announce a document that goes with a veto, and get the address to upload it to.

    The address is signed for exactly this document and holds for a quarter of an hour; asking again
    gives a new one.
    """
    with call.transaction() as txn:
        before = txn.get(Veto, veto_id)
        after = uploads.documented(before, given, by=call.actor)
        if after is not before:
            event = VetoDocumented(
                sha256=given.sha256, content_type=given.content_type, size=given.size
            )
            txn.save(after, event)
    return uploads.address(after, given, tickets=tickets, at=call.now)
