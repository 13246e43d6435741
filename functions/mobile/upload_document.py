from shared.actors import PLATFORM, PUBLIC
from shared.approvals.models.parts import MAX_DOCUMENT_BYTES
from shared.files import Content, Files
from shared.identity.models import VerificationKey
from shared.mobile.rules import uploads
from shared.mobile.rules.uploads import Address, Uploaded
from shared.operation import Call, operation
from shared.ports import SignatureCheck


@operation(
    "PUT",
    "/v1/uploads/{address}",
    scopes=PUBLIC,
    status=201,
    audited=False,
    tenant=PLATFORM,
    max_bytes=MAX_DOCUMENT_BYTES,
    versioned=False,
    in_freeze=True,
)
def upload_document(
    call: Call, address: Address, document: Content, files: Files, check: SignatureCheck
) -> Uploaded:
    """
    Upload a document to the address it was announced for.

    The signed address is the permission, for exactly the announced document and a quarter of an hour. Uploading
    it again changes nothing.
    """
    given = uploads.signed(address)
    with call.transaction() as txn:
        key = txn.get_or_none(VerificationKey, given.kid)
    public = str(key.jwk["x"]) if key else None
    ticket = uploads.opened(given, public, verify=check, at=call.now)
    uploads.check(ticket, document)
    files.keep(f"{ticket.veto_id}/{ticket.sha256}", document)
    return Uploaded(sha256=ticket.sha256, size=ticket.size)
