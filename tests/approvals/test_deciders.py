"""Who decides follows from the scope's table, and never from the words of whoever asks."""

import pytest

from functions.approvals.approve_approval import approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import create_veto
from functions.approvals.escalate_approval import escalate_approval
from functions.approvals.reject_approval import reject_approval
from functions.identity.get_me import get_me
from functions.identity.restore_role import restore_role
from functions.identity.withdraw_role import withdraw_role
from tests.approvals.questions import EXAMPLE, WHY, others

KEPT = {"roles": ["governor"]}
OURS = {"roles": ["customer_admin"]}
ACME = {"X-Tenant-ID": "acme"}


def ask(world, *, tenant="", status=201, steps=(), **changes):
    own = {"chain": {"name": "mine", "steps": [*steps]}} if steps else {}
    body = EXAMPLE | {"subject": others(), "gate": "step"} | own | changes
    headers = ACME if tenant else {}
    answer = world.call(create_approval, "/v1/approvals", body, as_="service", headers=headers)
    # What is asked already is nothing new.
    said = 201 if answer.status_code == 200 else answer.status_code
    assert said == status, answer.data
    return answer.json


def engaged(world, **asked):
    return ask(world, tenant="acme", governor_scope="engagement", **asked)


def say(world, function, approval, as_, **body):
    verb = function.declared.path.rpartition("/")[2]
    return world.call(function, f"/v1/approvals/{approval['id']}/{verb}", body, as_=as_)


def approve(world, approval, as_):
    return say(world, approve_approval, approval, as_, expected_digest=approval["action_digest"])


# --- a chain that a request brings ---------------------------------------------------------------

DANGEROUS = {"approval_class": "user.grant_role:PL:x", "risk": "high"}
MONEY = {"type": "financial"}
LAW = {"type": "constitutional"}
GUARDED = {"roles": ["vision_guardian"]}


@pytest.mark.parametrize(
    ("steps", "changes"),
    [
        *(
            ([KEPT | {"escalate_to": [[role]]}], {})
            for role in ("genesis", "systems_architect", "vision_guardian", "customer_admin")
        ),
        ([KEPT | {"escalate_to": [[], ["vision_guardian"]]}], {}),
        ([KEPT | {"escalate_to": [[], ["genesis"]]}], DANGEROUS),
        ([KEPT | {"escalate_to": [["deputy_governor"]]}], MONEY),
        ([KEPT | {"escalate_to": [["deputy_governor"]]}], {"gate": "stage-6"}),
        ([KEPT, GUARDED | {"escalate_to": [["governor"]]}], LAW),
        ([KEPT, {"roles": ["deputy_governor"]}], MONEY),
        ([KEPT, {"roles": ["customer_admin"]}], {}),
        ([KEPT, {"roles": ["genesis"], "timeout_min": 43_200}, KEPT | {"timeout_min": 5}], {}),
    ],
)
def test_a_chain_adds_nobody_whom_the_table_does_not(world, steps, changes):
    refused = ask(world, status=422, steps=steps, **changes)
    assert refused["violations"][0]["rule"] == "chain"
    assert "step" in refused["detail"]


@pytest.mark.parametrize(
    "step",
    [
        OURS | {"escalate_to": [["genesis"]]},
        OURS | {"escalate_to": [["governor"]]},
        OURS | {"escalate_to": [["deputy_governor"], ["deputy_governor"]]},
    ],
)
def test_nor_for_a_customers_question(world, step):
    assert engaged(world, status=422, steps=[step])["violations"][0]["rule"] == "chain"


def test_a_customer_has_no_seat_in_a_question_of_the_platforms(world):
    ask(world, tenant="acme", status=422, steps=[KEPT | {"escalate_to": [["customer_admin"]]}])
    for account in ("governor", "customer_admin@acme", "deputy_governor"):
        world.call(get_me, "/v1/me", as_=account)
    named = {"principals": ["customer_admin.acme"]}
    assert "nobody" in ask(world, tenant="acme", status=422, steps=[KEPT, named])["detail"]
    assert engaged(world, steps=[OURS, KEPT])
    ask(world, steps=[KEPT, {"principals": ["deputy_governor.platform"]}])
    ask(world, steps=[KEPT, {"principals": ["deputy_governor.platform"]}], status=422, **MONEY)


def test_a_chain_may_make_it_stricter(world):
    strict = [KEPT | {"escalate_to": [[], ["deputy_governor"]]}, {"roles": ["genesis"]}]
    asked = ask(world, steps=strict)
    assert say(world, escalate_approval, asked, "service", reason=WHY).status_code == 200
    for account in ("deputy_governor", "genesis", "vision_guardian"):
        assert approve(world, asked, account).status_code == 403
    half = approve(world, asked, "governor").json
    assert (half["status"], half["current_step"]) == ("pending", 2)
    assert approve(world, half, "genesis").json["status"] == "approved"


# --- whom a service says it asks for -------------------------------------------------------------


def veto(world, approval, as_="governor"):
    body = {"approval_id": approval["id"], "category": "safety", "explanation": WHY}
    return world.call(create_veto, "/v1/vetoes", body, as_=as_)


def no(world, approval, as_="governor"):
    return say(world, reject_approval, approval, as_, reason=WHY)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("answer", [approve, no, veto])
def test_a_service_cannot_take_a_question_from_the_governor_by_naming_him(world, at_once, answer):
    for account in ("governor", "deputy_governor"):
        world.call(get_me, "/v1/me", as_=account)
    his = {"on_behalf_of": "governor.platform"}
    asked = ask(world, **(his if at_once else {}))
    joined = ask(world, subject=asked["subject"], **his)
    assert joined["id"] == asked["id"]
    assert "governor.platform" in {joined["requested_by"], *joined["also_asked_by"]}
    assert answer(world, asked, "governor").status_code < 300


def test_he_may_object_to_what_his_deputy_approved_in_his_name(world):
    for account in ("governor", "deputy_governor"):
        world.call(get_me, "/v1/me", as_=account)
    asked = ask(world)
    ask(world, subject=asked["subject"], on_behalf_of="governor.platform")
    say(world, escalate_approval, asked, "service", reason=WHY)
    assert approve(world, asked, "deputy_governor").json["status"] == "approved"
    assert veto(world, asked).status_code == 201


@pytest.mark.parametrize("answer", [approve, no])
def test_nor_by_his_name_in_what_is_asked(world, answer):
    ours = ask(world, subject=others() | {"note": "governor.platform", "user": "governor.platform"})
    theirs = engaged(world, subject=others() | {"note": "customer_admin.acme"})
    assert answer(world, ours, "governor").status_code == 200
    assert answer(world, theirs, "customer_admin@acme").status_code == 200


def test_nobody_decides_what_becomes_of_themselves_and_objects_to_it_all_the_same(world):
    named = others() | {"User-ID": "governor.platform"}
    asked = ask(world, subject=named, approval_class="user.grant_role:PL:x")
    for answer in (approve, no):
        refused = answer(world, asked, "governor")
        assert (refused.status_code, refused.json["code"]) == (403, "self_approval")
    assert veto(world, asked).status_code == 201


def test_the_only_governors_own_money_is_asked_of_nobody(world):
    world.call(get_me, "/v1/me", as_="governor")
    assert "nobody" in ask(world, status=422, on_behalf_of="governor.platform", **MONEY)["detail"]


@pytest.mark.parametrize("verb", ["send_mail", "sends", "mail.send", "publishing"])
def test_what_is_sent_for_a_customer_is_no_artifact_however_it_is_spelt(world, verb):
    named = {"type": "artifact", "approval_class": f"{verb}:HC:x"}
    assert engaged(world, status=422, **named)["violations"][0]["rule"] == "approval_type"


# --- whom the roster knows to be nobody ----------------------------------------------------------


def roles(world, function, verb, role="governor", id="governor.platform", as_="admin"):
    path = f"/v1/admin/users/{id}/roles/{verb}"
    body = {"role": role, "reason": "It is their last day here today."}
    assert world.call(function, path, body, as_=as_).status_code == 200


def test_without_the_last_governor_nothing_is_asked_that_needs_him(world):
    for account in ("governor", "admin"):
        world.call(get_me, "/v1/me", as_=account)
    roles(world, withdraw_role, "withdraw")
    for kind in ({"gate": "stage-6"}, MONEY):
        refused = ask(world, status=422, **kind)
        assert refused["violations"][0]["rule"] == "nobody_can_answer"
    roles(world, restore_role, "restore")
    ask(world, **MONEY)


def test_a_role_that_somebody_never_had_is_no_loss(world):
    for account in ("viewer", "admin"):
        world.call(get_me, "/v1/me", as_=account)
    roles(world, withdraw_role, "withdraw", id="viewer.platform")
    ask(world, **MONEY)


def test_whoever_holds_it_too_still_answers(world):
    for account in ("governor", "customer_admin@acme"):
        world.call(get_me, "/v1/me", as_=account)
    lost = ("customer_admin", "other.acme", "customer_admin@acme")
    roles(world, withdraw_role, "withdraw", *lost)
    engaged(world)
