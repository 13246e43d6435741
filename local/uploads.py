"""Take the documents that go with vetoes, on one machine: the signed address is the permission."""

import hashlib
import json
from datetime import datetime
from typing import Any

import flask

from shared.documents import Key
from shared.edge.keys import decoded, keep_private, verifier
from shared.edge.ports import Ports
from shared.edge.problems import response
from shared.errors import Expired, Forbidden, Invalid, Refusal
from shared.identities.models import VerificationKey
from shared.identity import PLATFORM
from shared.mobile.uploads import TYP


def uploads(ports: Ports) -> flask.Blueprint:
    """Return the addresses that take documents, each exactly the one it was signed for."""
    blueprint = flask.Blueprint("uploads", __name__)

    @blueprint.put("/v1/uploads/<path:address>")
    def upload(address: str) -> Any:
        try:
            ticket = _ticket(ports, address)
            content = flask.request.stream.read(ticket["size"] + 1)
            _check(ticket, content)
        except Refusal as refusal:
            return response(refusal, path="/v1/uploads", correlation_id="")
        keep_private(ports.settings.data / "uploads" / ticket["sha256"], content)
        return {"sha256": ticket["sha256"], "size": len(content)}, 201

    return blueprint


def _ticket(ports: Ports, address: str) -> dict[str, Any]:
    """Return what an address was signed for."""
    try:
        said, kid, signature = address.split(".")
        message, key_id = decoded(said), decoded(kid).decode()
    except ValueError as error:
        raise Forbidden("this is no address of ours") from error
    key = ports.documents.get(Key(PLATFORM, VerificationKey.collection, key_id or "-"))
    verify = verifier({key_id: key.data["jwk"]} if key else {})
    if not verify(key_id, message, signature):
        raise Forbidden("this is no address of ours")
    ticket: dict[str, Any] = json.loads(message)
    if ticket.get("typ") != TYP:
        raise Forbidden("this is no address of ours")
    if ports.clock() > datetime.fromisoformat(ticket["expires_at"]):
        raise Expired("this address was good for a quarter of an hour; ask for a new one")
    return ticket


def _check(ticket: dict[str, Any], content: bytes) -> None:
    """Refuse everything but the document that was announced."""
    alike = flask.request.mimetype == ticket["content_type"] and len(content) == ticket["size"]
    if not alike or hashlib.sha256(content).hexdigest() != ticket["sha256"]:
        raise Invalid("this is not the document that was announced", rule="other_document")
