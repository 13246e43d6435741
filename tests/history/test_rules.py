"""
Rules over history, as they are documented elsewhere and asked for here.

Those named after cases of Dogwood are rewritten from the guide of that language, with which AWS's AgentCore writes its temporal
policies (dogwood-policy/dogwood, dogwood-docs/guide/04-temporal-expressions.md, at 2a0877f8, Apache-2.0): the case, its rule
in words, and traces that keep and break it.
"""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.history.models import (
    Act,
    AtMost,
    Followed,
    NeverAfter,
    OnlyAfter,
    OnlyWhile,
    Pattern,
    Rule,
    Total,
)
from shared.history.rules.acts import judge_act, judge_end
from tests.conftest import NOON

HOUR = 3600


def act(name, at_s=0, /, *, run="r", state="done", id=None, agent="a", **facts):
    at = NOON + timedelta(seconds=at_s)
    id = id or f"{name}@{at_s}{sorted(facts.items())}"
    return Act(id=id, name=name, run=run, agent=agent, facts=facts, at=at, state=state)


def one(name, **where):
    return Pattern(name=name, where=where)


def broken(rule, trace, then):
    return [found.rule for found in judge_act([rule], trace, then)]


def keeps(rule, *acts):
    return broken(rule, acts[:-1], acts[-1]) == []


# --- the two that were asked for -----------------------------------------------------------------

UNTRUSTED = NeverAfter(
    id="no-pay-after-untrusted",
    act=one("payment.*"),
    after=Pattern(name="mail.read", unless={"trust": "trusted"}),
)
PAYEE = Total(
    id="5000-inr-a-payee",
    act=one("payment.send", currency="INR"),
    of="amount_minor",
    limit=500_000,
    per=("payee",),
    within_s=HOUR,
    across="tenant",
)


def pay(at_s=0, minor=200_000, /, payee="acme", **more):
    return act("payment.send", at_s, currency="INR", payee=payee, amount_minor=minor, **more)


def test_no_payment_after_reading_untrusted_mail_in_the_same_run():
    read = act("mail.read", trust="untrusted")
    assert not keeps(UNTRUSTED, read, pay(1))
    assert not keeps(UNTRUSTED, read, pay(90 * 86400))
    assert keeps(UNTRUSTED, pay(1), read)
    assert keeps(UNTRUSTED, act("mail.read", trust="trusted"), pay(1))
    assert keeps(UNTRUSTED, act("mail.read", trust="untrusted", run="another"), pay(1))


@pytest.mark.parametrize("trust", [None, "", "TRUSTED", "trusted ", True, 1])
def test_what_is_not_known_to_be_trusted_is_not(trust):
    assert not keeps(UNTRUSTED, act("mail.read", trust=trust), pay(1))
    assert not keeps(UNTRUSTED, act("mail.read"), pay(1))


def test_what_is_still_being_read_was_read():
    assert not keeps(UNTRUSTED, act("mail.read", state="in_flight", trust="untrusted"), pay(1))
    assert keeps(UNTRUSTED, act("mail.read", state="failed", trust="untrusted"), pay(1))


def test_no_payee_has_more_than_the_limit_in_an_hour():
    assert keeps(PAYEE, pay(0), pay(1), pay(2, 100_000))
    assert not keeps(PAYEE, pay(0), pay(1), pay(2, 100_001))
    assert keeps(PAYEE, pay(0), pay(1), pay(2, 500_000, payee="globex"))
    # Both ends of the hour are in it.
    assert not keeps(PAYEE, pay(0, 500_000), pay(HOUR, 1))
    assert keeps(PAYEE, pay(0, 500_000), pay(HOUR + 1, 500_000))
    assert not keeps(PAYEE, pay(0, 500_000, run="another"), pay(1, 1))


def test_what_is_in_flight_counts_whatever_its_age_and_what_failed_does_not():
    assert not keeps(PAYEE, pay(0, 500_000, state="in_flight"), pay(10 * HOUR, 1))
    assert keeps(PAYEE, pay(0, 500_000, state="failed"), pay(1, 500_000))


@pytest.mark.parametrize(
    "payee",
    [
        *("ACME", " acme", "\uff41\uff43\uff4d\uff45", "acme\u00a0", None),
        *("acme\u200b", "ac\u00adme", "\u0430cme", "\u0430\u0441m\u0435", "ac-me", "acm\u00e9"),
    ],
)
def test_a_payee_under_another_spelling_is_the_same(payee):
    assert not keeps(PAYEE, pay(0, 400_000), pay(1, 200_000, payee=payee))


@pytest.mark.parametrize("name", ["Payment.Send", "payment_send", "PAYMENT/send", "payment-send"])
def test_a_tool_under_another_spelling_is_the_same_where_something_is_forbidden(name):
    spelled = act(name, 1, currency="INR", payee="acme", amount_minor=400_000)
    assert not keeps(PAYEE, pay(0, 200_000), spelled)
    assert not keeps(UNTRUSTED, act("Mail_Read"), spelled)
    assert keeps(UNTRUSTED, act("mail.read"), act("payments.list", 1))


@pytest.mark.parametrize("amount", [None, "1", True, -5])
def test_an_amount_that_is_none_is_refused(amount):
    assert not keeps(PAYEE, pay(0, amount))


def test_nobody_makes_room_by_paying_less_than_nothing():
    assert not keeps(PAYEE, pay(0, 500_000), pay(1, -400_000), pay(2, 300_000))


# --- AWS: three transfers of 2,000 at once under a limit of 5,000 an hour -----------------------


def test_the_third_of_three_transfers_at_once_is_refused_before_the_first_ends():
    """The example with which Dogwood was announced: stateless rules see three requests that are fine."""
    limit = Total(id="t", act=one("Transfer"), of="amount", limit=5_000, within_s=HOUR)
    flying = [act("Transfer", n, state="in_flight", amount=2_000) for n in range(3)]
    assert keeps(limit, *flying[:2])
    assert not keeps(limit, *flying)


# --- Dogwood's guide, case by case ---------------------------------------------------------------

WRITE = OnlyAfter(
    id="0004", act=one("Write"), after=one("Read"), same=("user", "document"), within_s=HOUR
)


def test_0004_write_after_read():
    read = act("Read", user="ann", document="d")
    assert keeps(WRITE, read, act("Write", HOUR, user="ann", document="d"))
    assert not keeps(WRITE, read, act("Write", HOUR + 1, user="ann", document="d"))
    assert not keeps(WRITE, read, act("Write", 1, user="bob", document="d"))
    assert not keeps(WRITE, read, act("Write", 1, user="ann", document="e"))
    assert not keeps(WRITE, act("Write", 1, user="ann", document="d"), read, act("Write", 2))


def test_0036_plain_heartbeat():
    rule = OnlyAfter(
        id="0036", act=one("Alert"), after=one("Heartbeat"), same=("server",), within_s=HOUR
    )
    assert keeps(rule, act("Heartbeat", server="s1"), act("Alert", 1, server="s1"))
    assert not keeps(rule, act("Heartbeat", server="s2"), act("Alert", 1, server="s1"))


def test_read_after_login_success():
    """A response is what ended: what is in flight permits nothing yet, nor does what went wrong."""
    rule = OnlyAfter(
        id="login", act=one("Read"), after=one("Login", result=True), same=("user",), within_s=HOUR
    )
    read = act("Read", 1, user="ann")
    assert keeps(rule, act("Login", user="ann", result=True), read)
    assert not keeps(rule, act("Login", user="ann", result=False), read)
    assert not keeps(rule, act("Login", user="ann", result=True, state="in_flight"), read)
    assert not keeps(rule, act("Login", user="ann", result="true"), read)
    assert not keeps(rule, act("Login", user="ann"), read)


@pytest.mark.parametrize("case", ["0243_kernel_previous_within", "0183_previous_at_tp0"])
def test_previous(case):
    rule = OnlyAfter(
        id=case, act=one("Read"), after=one("Login"), same=("user",), within_s=HOUR, directly=True
    )
    login, read = act("Login", user="ann"), act("Read", 2, user="ann")
    assert keeps(rule, login, read)
    assert not keeps(rule, login, act("Compute", 1, user="ann"), read)
    assert not keeps(rule, read)
    assert not keeps(rule, login, act("Read", HOUR + 1, user="ann"))


def test_0156_without_since_access_control():
    rule = OnlyWhile(
        id="0156",
        act=one("Access"),
        opened=one("Grant"),
        closed=one("Revoke"),
        same=("user", "resource"),
        within_s=HOUR,
    )
    facts = {"user": "ann", "resource": "d"}
    grant, revoke, access = (
        act(n, at, **facts) for n, at in (("Grant", 0), ("Revoke", 1), ("Access", 3))
    )
    assert keeps(rule, grant, access)
    assert not keeps(rule, grant, revoke, access)
    assert keeps(rule, grant, revoke, act("Grant", 2, **facts), access)
    assert keeps(rule, grant, act("Revoke", 1, user="bob", resource="d"), access)
    assert not keeps(rule, grant, act("Revoke", 1, state="in_flight", **facts), access)
    assert not keeps(rule, grant, act("Revoke", 1, user="ann"), access)
    assert not keeps(rule, grant, act("Access", HOUR + 1, **facts))
    assert not keeps(rule, access)


def test_0462_no_action_after_a_logout_until_the_next_login():
    rule = OnlyWhile(
        id="0462",
        act=one("Read"),
        opened=one("Login"),
        closed=one("Logout"),
        same=("user",),
        within_s=24 * HOUR,
    )
    told = [
        act(n, at, user="ann")
        for at, n in enumerate(("Login", "Read", "Logout", "Read", "Login", "Read"))
    ]
    assert [keeps(rule, *told[: n + 1]) for n in (1, 3, 5)] == [True, False, True]


def test_0059_count_threshold():
    """More than two logins to a server in an hour."""
    rule = AtMost(id="0059", act=one("Login"), times=2, per=("server",), within_s=HOUR)
    logins = [act("Login", n, user="ann", server="s1") for n in range(3)]
    assert keeps(rule, *logins[:2])
    assert not keeps(rule, *logins)
    assert keeps(rule, *logins[:2], act("Login", 2, user="ann", server="s2"))


def test_1117_equal_acts_at_different_times_are_several():
    rule = AtMost(id="1117", act=one("Transfer"), times=2, within_s=HOUR)
    assert not keeps(rule, *(act("Transfer", n, amount=5) for n in range(3)))


def test_0299_sum_resolved_filter():
    """The total of a user's transfers in the last hour stays under 1,000."""
    rule = Total(
        id="0299", act=one("Transfer"), of="amount", limit=1_000, per=("user",), within_s=HOUR
    )
    told = [act("Transfer", n * 60, user="ann", amount=500) for n in range(3)]
    assert keeps(rule, *told[:2])
    assert not keeps(rule, *told)
    assert keeps(rule, *told[:2], act("Transfer", 121, user="bob", amount=1_000))


def test_0301_sum_of_those_in_a_class_alone():
    rule = Total(id="0301", act=one("Transfer", size="large"), of="amount", limit=1_000)
    told = [
        act("Transfer", 0, amount=900, size="large"),
        act("Transfer", 1, amount=900, size="small"),
    ]
    assert keeps(rule, *told)
    assert not keeps(rule, *told, act("Transfer", 2, amount=101, size="large"))


# --- AgentCore's examples, as its guide names them -----------------------------------------------
# docs.aws.amazon.com/bedrock-agentcore/latest/devguide/example-policies-temporal.html


def test_a_payout_takes_an_approval_of_the_same_claim():
    rule = OnlyAfter(
        id="payout", act=one("disburse_payment"), after=one("approve_claim"), same=("claim_id",)
    )
    approved = act("approve_claim", claim_id="c1")
    assert keeps(rule, approved, act("disburse_payment", 1, claim_id="c1"))
    assert not keeps(rule, approved, act("disburse_payment", 1, claim_id="C1"))
    assert not keeps(rule, approved, act("disburse_payment", 1))


def test_a_permission_goes_stale():
    rule = OnlyAfter(
        id="stale", act=one("disburse_payment"), after=one("approve_claim"), within_s=900
    )
    assert keeps(rule, act("approve_claim"), act("disburse_payment", 900))
    assert not keeps(rule, act("approve_claim"), act("disburse_payment", 901))


def test_an_act_is_blocked_after_a_failure_of_another():
    """An attempt that went wrong is an act that ended, with what it came to as a fact."""
    rule = NeverAfter(
        id="failed", act=one("transfer"), after=one("verify", outcome="failed"), within_s=HOUR
    )
    assert not keeps(rule, act("verify", outcome="failed"), act("transfer", 1))
    assert keeps(rule, act("verify", outcome="passed"), act("transfer", 1))
    assert not keeps(rule, act("verify"), act("transfer", 1))


def test_a_session_is_a_run_and_no_other_ones_history():
    rule = OnlyAfter(id="own", act=one("transfer"), after=one("lookup"), same=("account",))
    looked = act("lookup", account="1", run="other")
    assert not keeps(rule, looked, act("transfer", 1, account="1"))


# --- what must follow ----------------------------------------------------------------------------

RECEIPT = Followed(id="receipt", act=one("payment.send"), by=one("receipt.send"), same=("payee",))


def test_what_must_follow_is_owed_until_it_does():
    ends = lambda *acts: [found.rule for found in judge_end([RECEIPT], acts, "r")]  # noqa: E731
    assert ends(pay(0)) == ["receipt"]
    assert ends(pay(0), act("receipt.send", 1, payee="acme")) == []
    assert ends(act("receipt.send", 0, payee="acme"), pay(1)) == ["receipt"]
    assert ends(pay(0), act("receipt.send", 1, payee="globex")) == ["receipt"]
    assert ends(pay(0), act("receipt.send", 1, payee="acme", state="in_flight")) == ["receipt"]
    assert ends(pay(0, run="another")) == []


def test_a_rule_says_itself_in_words_and_what_was_before():
    (found,) = judge_act([PAYEE], [pay(0, 400_000)], pay(1))
    assert found.message == (
        "at most 500000 amount_minor of payment.send (currency INR) for the same payee within 1 hour in all;"
        " 400000 were before, and this is 200000"
    )
    (found,) = judge_act([UNTRUSTED], [act("mail.read")], pay(1))
    assert found.message == "payment.* never after mail.read (not trust trusted) in a run"


def test_a_rule_is_read_as_it_is_written():
    adapter = TypeAdapter(Rule)
    for rule in (UNTRUSTED, PAYEE, WRITE, RECEIPT):
        assert adapter.validate_json(adapter.dump_json(rule)) == rule
    with pytest.raises(ValidationError):
        adapter.validate_python(RECEIPT.model_dump() | {"within_s": 60})
