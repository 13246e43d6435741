"""Documents that go with a veto: a signed address to upload each to, for a quarter of an hour."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ConfigDict

from shared.approvals.models import Veto
from shared.approvals.parts import Attachment
from shared.canonical import canonical
from shared.entity import Event, Id, Timestamp, Value, written
from shared.errors import Conflict, Forbidden
from shared.evidence import Signer
from shared.identity import Actor

LIFE = timedelta(minutes=15)
MAX_ATTACHMENTS = 5
TYP = "upload/v1"


class Announced(Attachment):
    """A document that somebody is about to upload."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "quote.pdf",
                    "content_type": "application/pdf",
                    "size": 182_044,
                    "sha256": "3" * 64,
                }
            ]
        }
    )


class UploadAddress(Value):
    """Where to put a document, and until when: the address is the permission."""

    veto_id: Id
    name: str
    method: str = "PUT"
    upload_url: str
    expires_at: Timestamp


class VetoDocumented(Event, action="veto.documented", category="governance_decision"):
    """A document was announced to go with a veto; its digest says which."""

    sha256: str
    content_type: str
    size: int


def documented(before: Veto, given: Attachment, *, by: Actor) -> Veto:
    """
    Return the veto with one document more; with the same one again, as it is.

    Raises:
        Forbidden: It is somebody else's veto.
        Conflict: It has as many as it may have.
    """
    if before.issued_by != by.id:
        raise Forbidden("only whoever vetoed adds documents to it", rule="not_governor")
    if any(one.sha256 == given.sha256 for one in before.attachments):
        return before
    if len(before.attachments) >= MAX_ATTACHMENTS:
        raise Conflict(
            f"a veto has at most {MAX_ATTACHMENTS} documents", rule="too_many_attachments"
        )
    new = Attachment(**given.model_dump())
    return before.model_copy(update={"attachments": (*before.attachments, new)})


def address(veto: Veto, given: Attachment, *, signer: Signer, at: datetime) -> UploadAddress:
    """Return the signed address for a document: exactly this one, and not for long."""
    ends = at + LIFE
    ticket = canonical(
        {
            "typ": TYP,
            "veto_id": veto.id,
            "sha256": given.sha256,
            "content_type": given.content_type,
            "size": given.size,
            "expires_at": written(ends),
        }
    )
    kid, signature = signer.sign(ticket)
    return UploadAddress(
        veto_id=veto.id,
        name=given.name,
        upload_url=f"/v1/uploads/{_joined((ticket, kid.encode()))}.{signature}",
        expires_at=ends,
    )


def _joined(parts: Sequence[bytes]) -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
