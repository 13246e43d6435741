"""Documents that go with a veto: an address for exactly one of them, and not for long."""

import json

import pytest

from functions.mobile.attach_document import attach_document
from functions.mobile.create_seed_on_phone import create_seed_on_phone
from functions.mobile.veto_on_phone import veto_on_phone
from shared.actors import Role
from shared.approvals.models.vetoes import Veto
from shared.edge.keys import TicketSigner, decoded, verifier, verify_ed25519
from shared.errors import Conflict, Forbidden
from shared.learning.models import NewDraft
from shared.mobile.models.queue import SignedVeto
from shared.mobile.rules.uploads import MAX_ATTACHMENTS, Announced
from tests import answered
from tests.mobile.phone import OBJECTION, Phone, asked, stored


@pytest.fixture
def veto(call_as):
    phone, approval = Phone(call_as).register(), asked(call_as)
    body = phone.sign(approval, "veto", **OBJECTION)
    return veto_on_phone(phone.call(), approval.id, SignedVeto(**body), verify_ed25519)


def attach(call_as, veto, n=0, at=0, id="governor", **changes):
    given = {
        "name": f"{n}.pdf",
        "content_type": "application/pdf",
        "size": 9,
        "sha256": f"{n:064x}",
    }
    call, tickets = call_as(Role.GOVERNOR, id=id, at=at), TicketSigner(call_as.signer)
    return attach_document(
        call, veto.id, Announced.model_validate_json(json.dumps(given | changes)), tickets
    )


def test_the_address_is_signed_for_one_document_and_a_quarter_of_an_hour(call_as, veto, signer):
    address = attach(call_as, veto)
    ticket, kid, signature = address.upload_url.removeprefix("/v1/uploads/").split(".")
    verify = verifier({signer.jwk["kid"]: signer.jwk})
    assert verify(decoded(kid).decode(), decoded(ticket), signature)
    assert json.loads(decoded(ticket)) == {
        "typ": "upload/v1",
        "veto_id": veto.id,
        "sha256": "0" * 64,
        "content_type": "application/pdf",
        "size": 9,
        "expires_at": "2026-01-01T12:15:00.000Z",
    }


def test_the_veto_names_its_documents_each_once(call_as, veto):
    for at in range(2):
        attach(call_as, veto, at=at)
    attach(call_as, veto, n=1, at=2)
    named = stored(call_as, Veto, veto.id).attachments
    assert [one.name for one in named] == ["0.pdf", "1.pdf"]


def test_there_are_at_most_five(call_as, veto):
    for n in range(MAX_ATTACHMENTS):
        attach(call_as, veto, n=n, at=n)
    with pytest.raises(Conflict):
        attach(call_as, veto, n=9, at=9)


def test_somebody_elses_veto_is_not_theirs_to_document(call_as, veto):
    with pytest.raises(Forbidden):
        attach(call_as, veto, id="another")


@pytest.mark.parametrize(
    "changes",
    [{"size": 11 * 1024 * 1024}, {"content_type": "text/html"}, {"name": "../x"}, {"size": 0}],
)
def test_what_is_no_document_is_refused(call_as, veto, changes):
    with pytest.raises(ValueError, match="1 validation error"):
        attach(call_as, veto, **changes)


def test_the_wizard_writes_a_draft_like_any_other(call_as):
    (example,) = NewDraft.model_config["json_schema_extra"]["examples"]
    draft = answered.body(
        create_seed_on_phone(call_as(Role.GOVERNOR), NewDraft.model_validate(example))
    )
    assert draft.status == "draft"
