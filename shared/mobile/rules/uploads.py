"""Documents that go with a veto: a signed address to upload each to, for a quarter of an hour."""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationError

from shared.actors import Actor
from shared.approvals.models.parts import Attachment
from shared.approvals.models.vetoes import Veto
from shared.entity import Id, Timestamp, Value
from shared.errors import BadRequest, Conflict, Expired, Forbidden, Invalid
from shared.files import Content
from shared.judged import Masked, Pattern
from shared.ports import SignatureCheck, Signed, Tickets

LIFE = timedelta(minutes=15)
MAX_ATTACHMENTS = 5
MAX_ADDRESS = 2048
"""How many characters an address has at the most."""

Address = Annotated[
    str,
    Masked(),
    Pattern(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"),
    Field(max_length=MAX_ADDRESS, examples=["eyJhIjoxfQ.MDEyMw.c2lnbmVk"]),
]
"""The last part of an upload's address: what it is for, the key that signed it, and the signature."""


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
    """The veto that the document goes with."""
    name: str
    """The file's name."""
    method: str = "PUT"
    """The HTTP method to send it with."""
    upload_url: str
    """Where to send it; whoever has the address may."""
    expires_at: Timestamp
    """Until when it can be sent."""


class Ticket(Value):
    """What an address was signed for."""

    typ: Literal["upload/v1"] = "upload/v1"
    veto_id: Id
    sha256: str
    content_type: str
    size: int
    expires_at: Timestamp


class Uploaded(Value):
    """A document that is kept."""

    sha256: str
    """The SHA-256 over the bytes that arrived."""
    size: int
    """How many bytes arrived."""


def documented(before: Veto, given: Attachment, *, by: Actor) -> Veto:
    """
    Return the veto with one document more; with the same one again, as it is.

    Raises:
        Forbidden: It is somebody else's veto.
        Conflict: It has as many as it may have.
    """
    if before.issued_by != by.id:
        raise Forbidden("only whoever vetoed adds documents to it; tell them", rule="not_governor")
    if any(one.sha256 == given.sha256 for one in before.attachments):
        return before
    if len(before.attachments) >= MAX_ATTACHMENTS:
        raise Conflict(
            f"a veto has at most {MAX_ATTACHMENTS} documents", rule="too_many_attachments"
        )
    new = Attachment(**given.model_dump())
    return before.model_copy(update={"attachments": (*before.attachments, new)})


def address(veto: Veto, given: Attachment, *, tickets: Tickets, at: datetime) -> UploadAddress:
    """Return the signed address for a document: exactly this one, and not for long."""
    ends = at + LIFE
    ticket = Ticket(
        veto_id=veto.id,
        sha256=given.sha256,
        content_type=given.content_type,
        size=given.size,
        expires_at=ends,
    )
    proved = tickets.signed(ticket.to_stored())
    return UploadAddress(
        veto_id=veto.id,
        name=given.name,
        upload_url=f"/v1/uploads/{_joined((proved.message, proved.kid.encode()))}.{proved.signature}",
        expires_at=ends,
    )


def signed(address: str) -> Signed:
    """
    Read the last part of an upload's address.

    Raises:
        BadRequest: It is none.
    """
    try:
        said, named, signature = address[:MAX_ADDRESS].split(".")
        message, kid = _decoded(said), _decoded(named).decode()
    except ValueError as error:
        raise BadRequest(
            "this is no address of ours; ask for one", rule="upload_address"
        ) from error
    if not re.fullmatch(r"[0-9a-f]{16}", kid):
        raise BadRequest("this is no address of ours; ask for one", rule="upload_address")
    return Signed(message, kid, signature)


def opened(
    given: Signed, public_key: str | None, *, verify: SignatureCheck, at: datetime
) -> Ticket:
    """
    Return what an address was signed for.

    Args:
        given: The address.

        public_key: The key that it names, if there is one.

        verify: How a signature is checked.

        at: The time.

    Raises:
        Forbidden: It was not signed by us, or for something else.
        Expired: Its time is over.
    """
    if public_key is None or not verify(public_key, given.message, given.signature):
        raise Forbidden(
            "this address was not signed by us; announce the document, and take the address that is answered",
            rule="upload_address",
        )
    try:
        ticket = Ticket.model_validate_json(given.message)
    except ValidationError as error:
        raise Forbidden(
            "this address is for something else; announce the document, and take the address that is answered",
            rule="upload_address",
        ) from error
    if at > ticket.expires_at:
        raise Expired("this address was good for a quarter of an hour; ask for a new one")
    return ticket


def check(ticket: Ticket, content: Content) -> None:
    """
    Let only the announced document through.

    Raises:
        Invalid: It is another one.
    """
    alike = content.media_type == ticket.content_type and len(content.data) == ticket.size
    if not alike or hashlib.sha256(content.data).hexdigest() != ticket.sha256:
        raise Invalid(
            "this is not the document that was announced; send that one, or announce this one",
            rule="other_document",
        )


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)


def _joined(parts: Sequence[bytes]) -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
