"""The gate of rules over history: what is in flight counts, whoever else acts at the same moment; on both stores."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.actors import Role
from shared.documents import Query
from shared.edge.contention import settled
from shared.errors import StoreUnavailable
from shared.history.actions.gate import begin, finish
from shared.history.models import Act, Page, Pattern, Total
from shared.history.rules.acts import judge_act
from tests.conftest import NOON
from tests.history.test_rules import PAYEE, UNTRUSTED, WRITE, act, pay

AT_ONCE = 50


@pytest.fixture
def gate(call_as):
    """Begin and finish acts, each in a commit of its own that runs again where somebody else was faster."""

    class Gate:
        def begin(self, rules, act, at_s=0):
            def attempt(_):
                with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
                    return begin(txn, rules, act, at=NOON + timedelta(seconds=at_s))

            return [one.rule for one in settled(attempt)]

        def finish(self, rules, act, ended="done", at_s=0):
            def attempt(_):
                with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
                    finish(txn, rules, act, ended, at=NOON + timedelta(seconds=at_s))

            settled(attempt)

        def insist(self, rules, act):
            """Ask again, as a client does, until there is an answer."""
            while True:
                try:
                    return self.begin(rules, act)
                except StoreUnavailable:
                    continue

    return Gate()


def pages(documents):
    return documents.find("acme", Query(Page.collection))


def test_what_is_in_flight_counts(gate):
    assert gate.begin([PAYEE], pay(0, 300_000, id="one")) == []
    assert gate.begin([PAYEE], pay(0, 300_000, id="two")) == ["5000-inr-a-payee"]
    gate.finish([PAYEE], pay(0, 300_000, id="one"), "failed")
    assert gate.begin([PAYEE], pay(0, 300_000, id="two")) == []
    # It counts from when it ended, and until then whatever its age.
    assert gate.begin([PAYEE], pay(0, 300_000, id="three"), at_s=90_000) == ["5000-inr-a-payee"]
    gate.finish([PAYEE], pay(0, 300_000, id="two"), at_s=90_000)
    assert gate.begin([PAYEE], pay(0, 300_000, id="three"), at_s=93_600) == ["5000-inr-a-payee"]
    assert gate.begin([PAYEE], pay(0, 300_000, id="three"), at_s=93_601) == []


def test_the_same_act_is_not_counted_twice_and_ends_once(gate, documents):
    for _ in range(3):
        assert gate.begin([PAYEE], pay(0, 300_000, id="one")) == []
    gate.finish([PAYEE], pay(0, 300_000, id="one"))
    gate.finish([PAYEE], pay(0, 300_000, id="one"), "failed")
    (page,) = pages(documents)
    assert [(one["amount"], one["done"]) for one in page.data["seen"]] == [(300_000, True)]


def test_what_is_refused_leaves_nothing_behind(gate, documents):
    read = act("mail.read", trust="untrusted", id="read")
    assert gate.begin([UNTRUSTED, PAYEE], read) == []
    before = pages(documents)
    assert gate.begin([PAYEE, UNTRUSTED], pay(id="pay")) == ["no-pay-after-untrusted"]
    assert pages(documents) == before


@pytest.mark.parametrize("limit", [5, 12])
def test_fifty_payments_at_once_take_no_more_than_the_limit_and_no_less(gate, limit):
    rule = PAYEE.model_copy(update={"limit": limit * 100})
    acts = [pay(0, 100, id=f"p{n}", run=f"r{n}") for n in range(AT_ONCE)]
    with ThreadPoolExecutor(16) as pool:
        refused = list(pool.map(lambda one: gate.insist([rule], one), acts))
    assert sum(one == [] for one in refused) == limit


def test_a_payment_and_a_reading_at_once_are_one_after_the_other(gate):
    """In no run were both begun with the reading first: whoever is second sees the first."""
    for n in range(12):
        read = act("mail.read", trust="untrusted", id="read", run=f"r{n}")
        paying = pay(id="pay", run=f"r{n}")
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda one: gate.insist([UNTRUSTED], one), (read, paying))
        assert first == []
        # Had the reading been first, asking again says so; had the payment been, it was begun already.
        again = gate.insist([UNTRUSTED], pay(id="other", run=f"r{n}"))
        assert again == ["no-pay-after-untrusted"]
        assert second in ([], ["no-pay-after-untrusted"])


def test_unrelated_payees_and_runs_share_no_page(gate, documents):
    for n in range(3):
        gate.begin([PAYEE, WRITE], pay(0, 100, id=f"p{n}", payee=f"payee-{n}"))
    assert len(pages(documents)) == 3


def test_a_page_that_is_full_lets_nothing_more_through(gate, monkeypatch):
    monkeypatch.setattr("shared.history.actions.gate.MOST_SEEN", 5)
    rule = Total(id="full", act=Pattern(name="x"), of="n", limit=10**9)
    many = [Act(id=f"x{n}", name="x", run="r", facts={"n": 1}) for n in range(6)]
    for one in many[:-1]:
        assert gate.begin([rule], one) == []
    assert gate.begin([rule], many[-1]) == ["full"]


def test_the_gate_and_the_trace_say_the_same(gate):
    rules, trace = [UNTRUSTED, PAYEE, WRITE], []
    told = [
        *(pay(n, 150_000, id=f"p{n}") for n in range(5)),
        act("Read", 6, user="ann", document="d"),
        act("Write", 7, user="ann", document="d"),
        act("Write", 8, user="bob", document="d"),
        act("mail.read", 9, trust="x"),
        pay(10, 1, id="last"),
    ]
    for n, one in enumerate(told):
        expected = [broken.rule for broken in judge_act(rules, trace, one)]
        assert gate.begin(rules, one, at_s=n) == expected
        if not expected:
            trace.append(one)
            gate.finish(rules, one, at_s=n)
