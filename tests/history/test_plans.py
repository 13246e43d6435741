"""Plans, held to the same rules: what the compiler finds is what the gate would refuse, on some way, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.history.models import (
    Act,
    AtMost,
    Followed,
    NeverAfter,
    OnlyAfter,
    OnlyWhile,
    Pattern,
    PlanAgain,
    PlanBeside,
    PlanChoice,
    PlanPart,
    PlanStep,
    Total,
)
from shared.history.rules.acts import judge_act, judge_end
from shared.history.rules.plans import START, built, judge_plan
from tests.conftest import examples
from tests.history.test_rules import PAYEE, RECEIPT, UNTRUSTED


def step(id, name, after_s=None, /, **facts):
    return PlanStep(id=id, name=name, facts=facts, after_s=after_s)


def pay(id, minor=200_000, payee="acme"):
    return step(id, "payment.send", currency="INR", payee=payee, amount_minor=minor)


READ = step("read", "mail.read", trust="untrusted")


def told(rules, plan):
    return {
        (found.broken.rule, found.step, found.broken.certain) for found in judge_plan(rules, plan)
    }


def test_a_plan_is_told_the_way_on_which_it_breaks_a_rule():
    maybe = PlanChoice(ways=((READ,), (step("trusted", "mail.read", trust="trusted"),), ()))
    (found,) = judge_plan([UNTRUSTED], [step("plan", "plan.make"), maybe, pay("pay")])
    assert (found.step, found.path) == ("pay", ("plan", "read", "pay"))
    assert found.broken.certain
    assert judge_plan([UNTRUSTED], [pay("pay"), maybe]) == ()


def test_the_dearest_way_counts():
    ways = PlanChoice(ways=((pay("one", 100_000),), (pay("two", 300_000),)))
    assert told([PAYEE], [ways, pay("last")]) == set()
    (found,) = judge_plan([PAYEE], [ways, pay("last", 200_001)])
    assert found.path == ("two", "last")


def test_forty_choices_are_followed_though_their_ways_are_a_million_millions():
    ways = [
        PlanChoice(ways=((pay(f"a{n}", 2**n % 997),), (pay(f"b{n}", 1),), ())) for n in range(40)
    ]
    most = sum(max(2**n % 997, 1) for n in range(40))
    assert told([PAYEE], [*ways, pay("last", 500_000 - most)]) == set()
    assert told([PAYEE], [*ways, pay("last", 500_001 - most)]) == {
        ("5000-inr-a-payee", "last", True)
    }


def test_what_is_not_known_before_it_runs_is_told_as_such():
    unknown = pay("unknown", None)
    assert told([PAYEE], [unknown]) == {("5000-inr-a-payee", "unknown", False)}
    assert told([PAYEE], [pay("one"), pay("two", 400_000, payee=None)]) == {
        ("5000-inr-a-payee", "two", False)
    }
    sealed = step("read", "mail.read", trust=None)
    assert told([UNTRUSTED], [sealed, pay("pay")]) == {("no-pay-after-untrusted", "pay", False)}


def test_a_loop_is_followed_until_it_breaks_a_rule_or_brings_nothing_new():
    assert told([PAYEE], [PlanAgain(body=(pay("pay", 1_000),), times=500)]) == set()
    assert told([PAYEE], [PlanAgain(body=(pay("pay", 1_000),), times=501)]) == {
        ("5000-inr-a-payee", "pay", True)
    }
    assert told([PAYEE], [PlanAgain(body=(pay("pay", 100_000),))])
    assert told([UNTRUSTED], [PlanAgain(body=(pay("pay"), READ))])
    assert told([UNTRUSTED], [PlanAgain(body=(READ,))]) == set()
    with pytest.raises(Invalid, match="how often"):
        judge_plan([PAYEE], [PlanAgain(body=(pay("pay", 1),))])


def test_what_goes_on_beside_may_come_before_and_permits_nothing():
    assert told([UNTRUSTED], [PlanBeside(ways=((pay("pay"),), (READ,)))])
    assert told([PAYEE], [PlanBeside(ways=((pay("a", 300_000),), (pay("b", 300_000),)))])
    needs = OnlyAfter(id="x", act=Pattern(name="b"), after=Pattern(name="a"))
    both = PlanBeside(ways=((step("a", "a"),), (step("b", "b"),)))
    assert told([needs], [both]) == {("x", "b", True)}
    assert told([needs], [both, step("c", "b")]) == {("x", "b", True)}


def test_what_somebody_else_may_close_does_not_stand():
    opened, closed = Pattern(name="open"), Pattern(name="close")
    rule = OnlyWhile(id="w", act=Pattern(name="use"), opened=opened, closed=closed)
    uses = (step("o", "open"), step("u", "use"))
    assert told([rule], [PlanBeside(ways=(uses, (step("x", "other"),)))]) == set()
    assert told([rule], [PlanBeside(ways=(uses, (step("c", "close"),)))]) == {("w", "u", True)}
    directly = OnlyAfter(id="d", act=Pattern(name="use"), after=opened, directly=True)
    assert told([directly], uses) == set()
    assert told([directly], [PlanBeside(ways=(uses, (step("x", "other"),)))]) == {("d", "u", True)}


def test_what_one_way_leaves_out_permits_nothing():
    needs = OnlyAfter(id="x", act=Pattern(name="b"), after=Pattern(name="a"))
    assert told([needs], [PlanChoice(ways=((step("a", "a"),), ())), step("b", "b")])
    assert (
        told([needs], [PlanChoice(ways=((step("a", "a"),), (step("c", "a"),))), step("b", "b")])
        == set()
    )


def test_what_must_follow_follows_on_every_way():
    sends = step("receipt", "receipt.send", payee="acme")
    assert told([RECEIPT], [pay("pay"), sends]) == set()
    (found,) = judge_plan([RECEIPT], [pay("pay"), PlanChoice(ways=((sends,), ()))])
    assert (found.step, found.broken.rule) == ("pay", "receipt")
    assert told([RECEIPT], [PlanBeside(ways=((pay("pay"),), (sends,)))])
    assert told([RECEIPT], [PlanAgain(body=(pay("pay"), sends))]) == set()
    assert told([RECEIPT], [PlanAgain(body=(sends, pay("pay")))])


def test_too_many_ways_are_refused_and_not_left_out(monkeypatch):
    opened, closed = Pattern(name="open"), Pattern(name="close")
    rule = OnlyWhile(id="w", act=Pattern(name="use"), opened=opened, closed=closed, same=("of",))
    monkeypatch.setattr("shared.history.rules.plans.MOST_WAYS", 30)
    ways = [PlanChoice(ways=((step(f"o{n}", "open", of=n),), ())) for n in range(5)]
    with pytest.raises(Invalid, match="more than 30 ways"):
        judge_plan([rule], ways)


def test_a_plan_that_takes_too_long_to_follow_is_refused(monkeypatch):
    monkeypatch.setattr("shared.history.rules.plans.MOST_STEPS", 500)
    plan = (pay("pay", 0),)
    for _ in range(3):
        plan = (PlanAgain(body=plan, times=1_000),)
    assert told([PAYEE], plan) == set()
    plan = (pay("pay", 1),)
    for _ in range(3):
        plan = (PlanAgain(body=plan, times=1_000),)
    with pytest.raises(Invalid, match="500 steps"):
        judge_plan([PAYEE], plan)


def test_a_plan_as_it_is_written_down_is_built_of_its_parts():
    part = PlanPart
    parts = [
        part(id="ways", kind="choice", ways=(("a", "over"), ())),
        part(id="a", name="x", facts={"n": 1}, after_s=3),
        part(id="over", kind="again", ways=(("b",),), times=2),
        part(id="b", name="y"),
        part(id="both", kind="beside", ways=(("c",),)),
        part(id="c", name="z"),
    ]
    assert built(parts, ["ways", "both"]) == (
        PlanChoice(((PlanStep("a", "x", {"n": 1}, 3), PlanAgain((PlanStep("b", "y"),), 2)), ())),
        PlanBeside(((PlanStep("c", "z"),),)),
    )


@pytest.mark.parametrize(
    ("parts", "plan", "said"),
    [
        ([], ["a"], "no part"),
        ([{"name": "x"}], ["a", "a"], "twice"),
        ([{"name": "x"}], [], "in no place"),
        ([{"name": "x"}, {"name": "y"}], ["a"], "same id"),
        ([{}], ["a"], "it has a name"),
        ([{"kind": "choice"}], ["a"], "it has ways"),
        ([{"kind": "choice", "ways": [["a"]]}], ["a"], "twice"),
        ([{"kind": "again", "ways": [[], []]}], ["a"], "done over"),
    ],
)
def test_a_plan_that_is_not_well_made_is_refused(parts, plan, said):
    with pytest.raises(Invalid, match=said):
        built([PlanPart.model_validate({"id": "a", **one}) for one in parts], plan)


def test_a_plan_that_is_too_deep_is_refused():
    parts = [PlanPart(id=f"p{n}", kind="choice", ways=((f"p{n + 1}",),)) for n in range(12)]
    with pytest.raises(Invalid, match="10 levels"):
        built(parts, ["p0"])


# --- the same verdicts ---------------------------------------------------------------------------

NAMES = ("act", "first", "last", "other")


def meant(name):
    mostly = [{}, {}, {}, {"k": 1}]
    return st.builds(
        Pattern, name=st.just(name), where=st.sampled_from(mostly), unless=st.sampled_from(mostly)
    )


SAME = st.sampled_from([(), (), ("k",)])
WITHIN = st.sampled_from([None, None, 10, 30])
COMMON = {"id": st.just("r"), "act": meant("act")}
FIRST, LAST = meant("first"), meant("last")
KINDS = {
    "never": st.builds(NeverAfter, **COMMON, after=FIRST, same=SAME, within_s=WITHIN),
    "only": st.builds(OnlyAfter, **COMMON, after=FIRST, same=SAME, within_s=WITHIN),
    "directly": st.builds(
        OnlyAfter, **COMMON, after=FIRST, same=SAME, within_s=WITHIN, directly=st.just(True)
    ),
    "while": st.builds(OnlyWhile, **COMMON, opened=FIRST, closed=LAST, same=SAME, within_s=WITHIN),
    "at most": st.builds(AtMost, **COMMON, times=st.integers(0, 2), per=SAME, within_s=WITHIN),
    "total": st.builds(
        Total, **COMMON, of=st.just("n"), limit=st.integers(0, 6), per=SAME, within_s=WITHIN
    ),
    "followed": st.builds(Followed, **COMMON, by=LAST, same=SAME),
}
FACTS = st.fixed_dictionaries(
    {"n": st.sampled_from([0, 1, 1, 3, 3, None])},
    optional={"k": st.sampled_from([1, 1, 2, "1", None])},
)
STEPS = st.builds(PlanStep, id=st.just("?"), name=st.sampled_from(NAMES), facts=FACTS)


def named(parts, prefix=""):
    """Give each step of a plan an id of its own."""
    found = []
    for n, part in enumerate(parts):
        id = f"{prefix}{n}"
        if isinstance(part, PlanStep):
            found.append(replace(part, id=id))
        elif isinstance(part, PlanAgain):
            found.append(replace(part, body=named(part.body, f"{id}.")))
        else:
            ways = tuple(named(way, f"{id}.{w}.") for w, way in enumerate(part.ways))
            found.append(replace(part, ways=ways))
    return tuple(found)


def some(parts, most=3):
    return st.lists(parts, max_size=most).map(tuple)


def plans(*, beside):
    kinds = [
        st.builds(PlanChoice, ways=st.lists(some(STEPS, 2), min_size=1, max_size=3).map(tuple)),
        st.builds(PlanAgain, body=some(STEPS, 2), times=st.integers(0, 2)),
    ]
    if beside:
        kinds.append(
            st.builds(PlanBeside, ways=st.lists(some(STEPS, 2), min_size=2, max_size=2).map(tuple))
        )
    return some(st.one_of(STEPS, *kinds), 4).map(named)


def ways(parts):
    """Return every way through a plan: the steps in their order."""
    whole = [()]
    for part in parts:
        if isinstance(part, PlanStep):
            more = [(part,)]
        elif isinstance(part, PlanChoice):
            more = [way for one in part.ways for way in ways(one)]
        elif isinstance(part, PlanAgain):
            once = ways(part.body)
            more = [
                sum(several, ())
                for n in range(part.times + 1)
                for several in product(once, repeat=n)
            ]
        else:
            first, second = part.ways
            more = [order for a in ways(first) for b in ways(second) for order in shuffled(a, b)]
        whole = [(*way, *rest) for way in whole for rest in more]
    return whole


def shuffled(one, other):
    if not one or not other:
        return [(*one, *other)]
    return [(one[0], *rest) for rest in shuffled(one[1:], other)] + [
        (other[0], *rest) for rest in shuffled(one, other[1:])
    ]


def happens(rule, way):
    """Let a way happen at the gate, which lets nothing through that breaks the rule; return what it refused."""
    trace, refused = [], {}
    for n, one in enumerate(way):
        at = START + timedelta(seconds=one.after_s) if one.after_s is not None else None
        act = Act(id=f"{n}", name=one.name, run="r", facts=one.facts, at=at)
        found = judge_act([rule], trace, act)
        if found:
            refused[one.id] = refused.get(one.id, False) or found[0].certain
        else:
            trace.append(act)
    return refused, trace


each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
@settings(max_examples=examples(40))
@given(st.data())
def test_of_a_plan_without_choices_the_compiler_and_the_gate_say_the_same(kind, data):
    rule, steps = data.draw(KINDS[kind]), data.draw(st.lists(STEPS, max_size=7))
    pauses = data.draw(st.lists(st.integers(0, 20), min_size=7, max_size=7))
    at = [sum(pauses[: n + 1]) for n in range(len(steps))]
    plan = [replace(one, id=f"s{n}", after_s=at[n]) for n, one in enumerate(steps)]
    refused, trace = happens(rule, plan)
    found = judge_plan([rule], plan)
    assert {
        one.step: one.broken.certain
        for one in found
        if one.broken.rule == "r" and one.path[-1] == one.step and one.step in refused
    } == refused
    # What is told beyond that is owed at the end.
    assert bool(judge_end([rule], trace, "r")) == bool(
        [one for one in found if isinstance(rule, Followed)]
    )
    assert isinstance(rule, Followed) or {one.step for one in found} == refused.keys()


@each_kind
@settings(max_examples=examples(40))
@given(st.data())
def test_what_is_found_in_a_plan_is_refused_on_some_way_and_of_what_is_not_nothing_is(kind, data):
    rule, plan = data.draw(KINDS[kind]), data.draw(plans(beside=False))
    at_the_gate = [happens(rule, way) for way in ways(plan)]
    refused = set().union(*(way for way, _ in at_the_gate))
    found = judge_plan([rule], plan)
    if isinstance(rule, Followed):
        owed = any(judge_end([rule], trace, "r") for _, trace in at_the_gate)
        assert bool(found) == owed
        return
    assert {one.step for one in found} <= refused
    assert bool(found) == bool(refused)


@each_kind
@settings(max_examples=examples(40))
@given(st.data())
def test_no_order_of_what_goes_on_at_once_is_refused_in_a_plan_that_is_sound(kind, data):
    rule, plan = data.draw(KINDS[kind]), data.draw(plans(beside=True))
    if judge_plan([rule], plan):
        return
    for way in ways(plan):
        refused, trace = happens(rule, way)
        assert not refused
        assert not judge_end([rule], trace, "r")
