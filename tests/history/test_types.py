"""What an act says in another type than a rule compares with, or not at all, gets round no rule of any kind."""

from datetime import timedelta
from itertools import product

import pytest

from shared.actors import Role
from shared.history.actions import gate
from shared.history.models import (
    AtMost,
    Followed,
    NeverAfter,
    OnlyAfter,
    OnlyWhile,
    Pattern,
    PlanStep,
    Total,
)
from shared.history.rules.acts import judge_act, judge_end
from shared.history.rules.plans import judge_plan
from shared.policy.rules.language.histories import act_of
from tests.conftest import NOON

OTHER = {"null": None, "true": True, "false": False, "1": 1, "0": 0, "text": "1", "list": ["a"]}
LEFT_OUT = object()
SAID = {"missing": LEFT_OUT} | OTHER


def act(name, n=0, /, **facts):
    args = {fact: value for fact, value in facts.items() if value is not LEFT_OUT}
    said = act_of({"action": {"tool": name}, "args": args}, id=f"{name}-{n}", run="r")
    return said.model_copy(update={"at": NOON + timedelta(seconds=n)})


def one(name, **where):
    return Pattern(name=name, where=where)


def refused(rule, *acts):
    *before, last = acts
    steps = [PlanStep(each.id, each.name, each.facts) for each in acts]
    broken = judge_act([rule], before, last)
    # Who judges the plan finds it too.
    assert bool(broken) <= bool(judge_plan([rule], steps))
    return bool(broken)


NEVER = NeverAfter(id="n", act=one("pay", is_=True), after=one("read", is_=True))
AFTER = OnlyAfter(id="o", act=one("pay", is_=True), after=one("read", is_=True))
WHILE = OnlyWhile(
    id="w", act=one("pay", is_=True), opened=one("open", is_=True), closed=one("shut", is_=True)
)
MOST = AtMost(id="m", act=one("pay", is_=True), times=1)
SUM = Total(id="t", act=one("pay", is_=True), of="n", limit=5)
FOLLOWED = Followed(id="f", act=one("pay", is_=True), by=one("file", is_=True))


def typed(rule, value):
    """Return a rule that asks for one value wherever it asked for true."""
    update = {
        name: pattern.model_copy(update={"where": {"is_": value}})
        for name, pattern in rule
        if isinstance(pattern, Pattern)
    }
    return rule.model_copy(update=update)


TYPES = [
    (wanted, value)
    for wanted, value in product([True, 3, "INR"], SAID.values())
    if type(wanted) is not type(value)
]


@pytest.mark.parametrize(("wanted", "said"), TYPES)
def test_what_is_said_in_another_type_is_the_worst_that_it_could_be(wanted, said):
    """Of each kind of rule: the act that it is about, and what it looks for before."""
    right = {"is_": wanted}
    never, after, during = typed(NEVER, wanted), typed(AFTER, wanted), typed(WHILE, wanted)
    most, total, followed = typed(MOST, wanted), typed(SUM, wanted), typed(FOLLOWED, wanted)
    assert refused(never, act("read", **right), act("pay", 1, is_=said))
    assert refused(never, act("read", is_=said), act("pay", 1, **right))
    assert refused(after, act("pay", is_=said))
    assert refused(after, act("read", is_=said), act("pay", 1, **right))
    assert refused(during, act("pay", is_=said))
    assert refused(during, act("open", is_=said), act("pay", 1, **right))
    assert refused(during, act("open", **right), act("shut", 1, is_=said), act("pay", 2, **right))
    assert refused(most, act("pay", **right), act("pay", 1, is_=said))
    assert refused(most, act("pay", is_=said), act("pay", 1, **right))
    assert refused(total, act("pay", n=3, **right), act("pay", 1, n=3, is_=said))
    assert refused(total, act("pay", n=3, is_=said), act("pay", 1, n=3, **right))
    assert judge_end([followed], [act("pay", is_=said)], "r")
    assert judge_end([followed], [act("pay", **right), act("file", 1, is_=said)], "r")


@pytest.mark.parametrize(("wanted", "said"), TYPES)
def test_who_may_be_left_out_is_not(wanted, said):
    mail = Pattern(name="read", unless={"is_": wanted})
    assert refused(
        NeverAfter(id="n", act=one("pay"), after=mail), act("read", is_=said), act("pay")
    )
    assert refused(OnlyAfter(id="o", act=one("pay"), after=mail), act("read", is_=said), act("pay"))


def test_what_is_another_in_the_same_type_is_another():
    assert not refused(NEVER, act("read", is_=False), act("pay", 1, is_=True))
    three, inr = typed(MOST, 3), typed(MOST, "INR")
    assert not refused(three, act("pay", is_=3), act("pay", 1, is_=4))
    assert not refused(inr, act("pay", is_="INR"), act("pay", 1, is_="USD"))
    assert refused(inr, act("pay", is_="INR"), act("pay", 1, is_="inr"))


def test_what_is_to_be_null_is_anything_but_what_is_said():
    null = typed(MOST, None)
    assert refused(null, act("pay"), act("pay", 1, is_=None))
    assert not refused(null, act("pay"), act("pay", 1, is_="x"))


def test_what_may_follow_as_well_as_owe_owes():
    again = Followed(id="f", act=one("pay"), by=one("pay", last=True))
    assert judge_end([again], [act("pay", last=1)], "r")
    assert not judge_end([again], [act("pay", last=True)], "r")


# --- what acts have in common --------------------------------------------------------------------

WHO = [value for value in SAID.values() if not isinstance(value, str)]


@pytest.mark.parametrize("who", WHO)
def test_nobody_is_another_by_saying_who_in_another_type(who):
    same = ("who",)
    never, after, during = (
        rule.model_copy(update={"same": same, "act": one("pay")}) for rule in (NEVER, AFTER, WHILE)
    )
    yes = {"is_": True}
    for here, there in ((who, "1"), ("1", who)):
        assert refused(never, act("read", who=here, **yes), act("pay", 1, who=there))
        assert refused(after, act("read", who=here, **yes), act("pay", 1, who=there))
        opened = act("open", who=there, **yes)
        assert refused(during, opened, act("shut", 1, who=here, **yes), act("pay", 2, who=there))
        owed = FOLLOWED.model_copy(update={"same": same})
        paid = act("pay", who=here, **yes)
        assert judge_end([owed], [paid, act("file", 1, who=there, **yes)], "r")


def test_what_has_a_number_in_common_has_it():
    after = AFTER.model_copy(update={"same": ("invoice",)})
    read = act("read", is_=True, invoice=17)
    assert not refused(after, read, act("pay", 1, is_=True, invoice=17))
    assert refused(after, read, act("pay", 1, is_=True, invoice=18))
    never = NEVER.model_copy(update={"same": ("invoice",)})
    assert refused(never, read, act("pay", 1, is_=True, invoice=17))
    assert not refused(never, read, act("pay", 1, is_=True, invoice=18))


PER = [
    AtMost(id="m", act=one("pay"), times=5, per=("payee",), across="tenant"),
    Total(id="t", act=one("pay"), of="n", limit=500, per=("payee",), across="tenant"),
]


@pytest.mark.parametrize("rule", PER)
@pytest.mark.parametrize("payee", WHO)
def test_who_does_not_say_in_words_whom_to_pay_is_told_to(rule, payee, call_as):
    """It could be counted on no page, so the first is refused too: before anything runs, and when it does."""

    def begun(what):
        with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
            return gate.begin(txn, [rule], what, at=NOON)

    said = act("pay", payee=payee, n=1)
    (told,) = judge_act([rule], [], said)
    assert told.message.endswith("; send payee as a text")
    (found,) = judge_plan([rule], [PlanStep("one", said.name, said.facts)])
    # What the plan leaves open may still be said when it runs.
    assert found.broken.certain == (said.facts.get("payee") is not None)
    assert [one.rule for one in begun(said)] == [rule.id]
    assert begun(act("pay", 1, payee="1", n=1)) == ()


def test_of_several_facts_only_those_that_are_missing_are_named():
    rule = AtMost(id="m", act=one("pay"), times=5, per=("payee", "bank", "desk"))
    (told,) = judge_act([rule], [], act("pay", payee="acme", bank=1))
    assert told.message.endswith("; send bank, desk as a text")
