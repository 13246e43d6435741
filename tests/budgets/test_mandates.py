"""Mandates: one consent is never exceeded, whoever pays under it, and ends at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from pydantic import ValidationError

from functions.budgets.create_mandate import create_mandate
from functions.budgets.get_mandate import get_mandate
from functions.budgets.revoke_mandate import revoke_mandate
from shared.actors import Role
from shared.budgets.models.mandates import Mandate, NewMandate, Revocation
from shared.budgets.rules.mandates import Draw
from shared.edge.contention import settled
from shared.errors import (
    ApprovalMismatch,
    ApprovalRequired,
    BudgetExceeded,
    Expired,
    Invalid,
    Refusal,
)
from tests.budgets.conftest import AGENT_ID
from tests.conftest import NOON

PAYEE = "upi:clinic-supplies@bank"
REVOCATION = Revocation(reason="We buy elsewhere now.")


@pytest.fixture
def give(call_as):
    def give(**more):
        terms = {
            "agent_id": AGENT_ID,
            "payee": PAYEE,
            "currency": "INR",
            "least_minor": 100,
            "most_minor": 400,
            "total_minor": 1_000,
            "times": 4,
            "valid_until": NOON + timedelta(days=7),
            "purpose": "Gloves",
        }
        call = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
        return create_mandate(call, NewMandate(**(terms | more))).result

    return give


@pytest.fixture
def pay(hold):
    def pay(id, mandate, minor, *, payee=PAYEE, currency="INR", **more):
        draw = Draw(mandate.id, payee, currency, minor)
        return hold(id, 100, draw=draw, **more)

    return pay


@pytest.fixture
def seen(call_as):
    def seen(mandate):
        found = get_mandate(call_as(Role.CUSTOMER_USER, tenant="acme"), mandate.id)
        return (
            found.spent_minor,
            found.reserved_minor,
            found.spent_times,
            found.reserved_times,
        )

    return seen


def test_what_is_under_way_counts(give, pay, settle, seen):
    mandate = give()
    pay("one", mandate, 400)
    pay("two", mandate, 400)
    assert seen(mandate) == (0, 800, 0, 2)
    with pytest.raises(BudgetExceeded, match="covers 200 minor units more"):
        pay("three", mandate, 300)
    settle("one", minor=250)
    assert seen(mandate) == (250, 400, 1, 1)
    assert pay("three", mandate, 300).status == "held"


def test_it_is_for_so_many_payments(give, pay):
    mandate = give(times=1)
    pay("one", mandate, 100)
    with pytest.raises(BudgetExceeded, match="covers 0 times more"):
        pay("two", mandate, 100)


def test_a_payment_that_was_given_back_is_none(give, pay, seen, call_as):
    from shared.budgets.actions import spending

    mandate = give(times=1)
    pay("one", mandate, 100)
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        spending.release(txn, "one", at=NOON)
    assert seen(mandate) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "currency", ["XXX", "XTS", "XAU", "USN", "XAD", "HRK", "ABC", "inr", "INR ", "", None]
)
def test_nothing_is_paid_in_what_is_no_currency(give, currency):
    with pytest.raises(ValidationError) as refused:
        give(currency=currency)
    assert [one["loc"] for one in refused.value.errors()] == [("currency",)]


@pytest.mark.parametrize(
    "payee", ["upi:", ":clinic@bank", "clinic", "UPI:a@b", "upi: a@b", "upi::a"]
)
def test_nothing_is_paid_to_what_is_no_address(payee):
    [example] = NewMandate.model_config["json_schema_extra"]["examples"]
    assert NewMandate.model_validate_json(json.dumps(example)).payee == PAYEE
    with pytest.raises(ValidationError) as refused:
        NewMandate.model_validate_json(json.dumps({**example, "payee": payee}))
    assert [one["loc"] for one in refused.value.errors()] == [("payee",)]


def test_what_was_agreed_in_a_currency_that_is_gone_is_still_read(give):
    stored = give().to_stored()
    assert Mandate.from_stored({**stored, "currency": "HRK"}).currency == "HRK"


@pytest.mark.parametrize(
    ("minor", "more", "said"),
    [
        (100, {"payee": "upi:somebody-else@bank"}, "payee"),
        (100, {"currency": "USD"}, "currency"),
        (99, {}, "amount"),
        (401, {}, "amount"),
        (100, {"agent_id": "acme.66666666-6666-4666-8666-666666666666"}, "agent_id"),
    ],
)
def test_another_payment_is_not_agreed_to(give, pay, seen, minor, more, said):
    mandate = give()
    with pytest.raises(ApprovalMismatch, match=said):
        pay("one", mandate, minor, **more)
    assert seen(mandate) == (0, 0, 0, 0)


def test_it_ends_at_once(give, pay, call_as):
    mandate = give()
    pay("one", mandate, 100)
    revoke = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
    assert revoke_mandate(revoke, mandate.id, REVOCATION).status == "revoked"
    with pytest.raises(ApprovalRequired, match="taken back"):
        pay("two", mandate, 100)


def test_what_begins_while_it_is_taken_back_does_not_begin(give, pay, call_as, documents):
    mandate = give()
    pay("zero", mandate, 100)
    commit = documents.commit

    def first(writes):
        del documents.commit
        call = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
        revoke_mandate(call, mandate.id, REVOCATION)
        commit(writes)

    documents.commit = first
    with pytest.raises(ApprovalRequired, match="taken back"):
        settled(lambda _: pay("one", mandate, 100))


def test_its_time_ends(give, pay):
    mandate = give(valid_until=NOON + timedelta(minutes=5))
    with pytest.raises(Expired):
        pay("one", mandate, 100, at=5)


def test_no_agent_of_another_tenant_pays(give):
    with pytest.raises(Invalid, match="of this tenant"):
        give(agent_id="globex.44444444-4444-4444-8444-444444444444")
    assert give(agent_id=AGENT_ID.removeprefix("acme.")).agent_id == AGENT_ID


def test_terms_that_contradict_themselves_are_no_consent(give):
    for terms in (
        {"least_minor": 500},
        {"total_minor": 300},
        {"valid_until": NOON},
        {"valid_until": NOON + timedelta(days=400)},
    ):
        with pytest.raises(Invalid):
            give(**terms)


def test_four_payments_at_once_of_the_last_rupee_are_one(give, pay, seen):
    mandate = give(total_minor=100, most_minor=100, times=10)
    pay("warm", give(), 100)
    start = Barrier(4)

    def one(n):
        start.wait()
        try:
            return settled(lambda _: pay(f"pay-{n}", mandate, 100))
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(4) as pool:
        came = [*pool.map(one, range(4))]
    assert [isinstance(one, BudgetExceeded) for one in came].count(True) == 3, came
    assert seen(mandate) == (0, 100, 0, 1)
