"""What people published is evaluated beside a process, and ended where it does not end; the rest is as it was."""

import signal
import subprocess
from dataclasses import replace

import pytest

from shared.edge.bundles import shipped
from shared.edge.opa import MAX_MS, OpaEngine
from shared.errors import EnforcementUnavailable
from tests.edge.test_judging import LARGE
from tests.ruled import engine, rego

NAMES = ["rbac", "trial", "integration"]
SAMPLE = rego().samples["trial"]["a message to a customer"]
NUMBERS = ", ".join(map(str, range(2_000)))
BURNS = f"""
numbers := [{NUMBERS}]

deny contains shape.because("TRL-02", "low", "never") if {{
	input.args.burns
	some a in numbers
	some b in numbers
	some c in numbers
	a + b + c == -1
}}
"""
FAILS = """
deny contains shape.because("TRL-02", "low", "never") if {
	input.args.fails
	1 / 0 == 1
}
"""


def edited(more, path="trial/trial.rego"):
    rules = shipped()
    return replace(rules, modules={**rules.modules, path: f"{rules.modules[path]}\n{more}\n"})


@pytest.fixture
def published():
    """Return an engine of rules of which one bundle was published."""
    made = []

    def published(more):
        rules = edited(more)
        made.append(OpaEngine(rules, rules.alike(shipped())))
        return made[-1]

    yield published
    for one in made:
        one.close()


def process(engine):
    return engine._beside._process._running.process


def with_args(**more):
    return {**SAMPLE, "args": {**SAMPLE["args"], **more}}


def rule_of(finding):
    return [one.rule for one in finding.reasons]


def test_what_is_as_a_release_brought_it_is_known_and_with_other_data_or_shapes_nothing_is():
    known = shipped().names
    assert edited("x := 1").alike(shipped()) == known - {"trial"}
    assert edited("x := 1", "shape/shape.rego").alike(shipped()) == frozenset()
    assert replace(shipped(), data={"limits": {}}).alike(shipped()) == frozenset()


def test_it_finds_beside_what_it_would_find_here_and_says_as_little_of_what_fails(published):
    one, here = published(FAILS), OpaEngine(edited(FAILS))
    for document in (SAMPLE, {}, with_args(fails=True)):
        found = one.evaluate(NAMES, document)
        assert found == here.evaluate(NAMES, document)
        assert list(found) == NAMES
    assert rule_of(found["trial"]) == ["PDP_ERROR"]
    here.close()


def test_who_asks_nothing_that_was_published_starts_no_process(published):
    one = published("x := 1")
    assert one.evaluate(["rbac"], SAMPLE) == engine().evaluate(["rbac"], SAMPLE)
    assert one._beside._process is None


def test_while_it_is_asked_beside_what_a_release_brought_answers(published):
    one = published("x := 1")
    with one._beside._lock:
        assert one.evaluate(["rbac"], SAMPLE) == engine().evaluate(["rbac"], SAMPLE)


@pytest.fixture
def meanwhile(monkeypatch):
    """Do something before what a release brought is asked, while the other rules have begun."""

    def meanwhile(one, do):
        decide = one._here.decide

        def first(asked, document):
            assert one._beside._process._begun == {**document, "bundles": ["trial"]}
            do()
            return decide(asked, document)

        monkeypatch.setattr(one._here, "decide", first)

    return meanwhile


def busy():
    raise EnforcementUnavailable("too many wait", rule="engine_busy")


def test_rules_of_people_are_at_work_while_those_of_a_release_are_asked(published, meanwhile):
    one = published("x := 1")
    before = one.evaluate(NAMES, SAMPLE)
    done = []
    meanwhile(one, lambda: done.append(1))
    assert one.evaluate(NAMES, SAMPLE) == before
    assert done == [1]


def test_a_process_that_is_ended_at_its_work_costs_no_denial(published, meanwhile):
    one = published("x := 1")
    before = one.evaluate(NAMES, SAMPLE)
    meanwhile(one, lambda: process(one).kill())
    for _ in range(3):
        assert one.evaluate(NAMES, SAMPLE) == before
    assert one.held == {}


def test_an_answer_that_nobody_came_for_is_none_to_the_next_question(published, meanwhile):
    one = published("x := 1")
    one.evaluate(NAMES, SAMPLE)
    meanwhile(one, busy)
    with pytest.raises(EnforcementUnavailable):
        one.evaluate(NAMES, with_args(receiver="internal"))
    assert rule_of(one.evaluate(["trial"], SAMPLE)["trial"]) == ["TRL-10"]


def test_what_cannot_be_asked_is_denied(published):
    one = published("x := 1")
    one.evaluate(NAMES, SAMPLE)
    for strange in (float("nan"), object()):
        found = one.evaluate(NAMES, with_args(strange=strange))
        assert {name for name, each in found.items() if each.denies} == {*NAMES}
    assert rule_of(one.evaluate(["trial"], SAMPLE)["trial"]) == ["TRL-10"]


@pytest.mark.parametrize(("rules", "more"), [(BURNS, {"burns": True}), (LARGE, {})])
def test_a_bundle_that_takes_too_much_is_ended_and_asked_no_more(published, rules, more):
    one = published(rules)
    found = one.evaluate(NAMES, with_args(**more))
    assert rule_of(found["trial"]) == ["PDP_ERROR"]
    assert "did not end" in found["trial"].reasons[0].message
    assert found["rbac"] == engine().evaluate(["rbac"], SAMPLE)["rbac"]
    assert one.held == {"trial": found["trial"].reasons[0].message}
    assert one._beside._process._running is None
    assert one.evaluate(["trial"], SAMPLE)["trial"] == found["trial"]
    assert one._beside._process._running is None, "nothing was asked again"


def test_of_several_that_are_asked_at_once_only_the_one_that_does_not_end_is_held():
    rules = edited(
        LARGE.replace(" if count(text_30) == -1", " if { input.args.burns; count(text_30) == -1 }")
    )
    one = OpaEngine(rules, ())
    assert rule_of(one.evaluate(["trial"], SAMPLE)["trial"]) == ["TRL-10"]
    found = one.evaluate(NAMES, with_args(burns=True))
    assert set(one.held) == {"trial"}
    assert found["rbac"] == engine().evaluate(["rbac"], SAMPLE)["rbac"]
    one.close()


def test_an_answer_that_is_too_long_does_not_come_to_whoever_asks(published):
    doubled = [f'x{n + 1} := concat("", [x{n}, x{n}])' for n in range(17)]
    one = published("\n".join(['x0 := "text"', *doubled, "allowed contains x17"]))
    found = one.evaluate(["trial"], {**SAMPLE, "subject": {**SAMPLE["subject"], "trial": None}})
    assert rule_of(found["trial"]) == ["PDP_ERROR"]
    assert "(OverflowError)" in found["trial"].reasons[0].message
    assert one.held == {}


class Ending:
    """A process that ends with each of some codes in turn as it is asked, and answers where that is none."""

    def __init__(self, *codes):
        self.codes, self.begun = list(codes), 0
        self.popen = subprocess.Popen

    def __call__(self, *args, **how):
        self.begun += 1
        return self.popen(*args, **how)

    def end(self, running, said):
        if "bundles" in said and self.codes and (code := self.codes.pop(0)):
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
            running.process.returncode = code
        return self.told(running, said)


@pytest.fixture
def ending(monkeypatch):
    def ending(one, *codes):
        script = Ending(*codes)
        script.told = one._beside._process._told
        monkeypatch.setattr(one._beside._process, "_told", script.end)
        # What begins early may have answered before it is ended.
        monkeypatch.setattr(one._beside._process, "begin", lambda _: None)
        monkeypatch.setattr(subprocess, "Popen", script)
        return script

    return ending


def test_a_process_that_somebody_else_ended_costs_no_denial(published, ending):
    one = published("x := 1")
    before = one.evaluate(["trial"], SAMPLE)
    script = ending(one, -signal.SIGKILL, None, -signal.SIGABRT)
    for begun in (1, 2):
        assert one.evaluate(["trial"], SAMPLE) == before
        assert (script.begun, one.held) == (begun, {})


def test_rules_that_end_each_process_that_is_begun_for_them_are_held(published, ending):
    one = published("x := 1")
    one.evaluate(["trial"], SAMPLE)
    script = ending(one, -signal.SIGABRT, -signal.SIGXCPU)
    found = one.evaluate(["trial"], SAMPLE)["trial"]
    assert (rule_of(found), script.begun) == (["PDP_ERROR"], 1)
    assert "took too much time" in one.held["trial"]


def test_rules_whose_process_is_ended_again_and_again_are_held(published, ending):
    one = published("x := 1")
    one.evaluate(["trial"], SAMPLE)
    ending(one, *[-signal.SIGKILL] * 4)
    for held in ([], [], ["trial"]):
        assert rule_of(one.evaluate(["trial"], SAMPLE)["trial"]) == ["PDP_ERROR"]
        assert [*one.held] == held


class Paced:
    """Stands for the process beside: each bundle takes so many ms."""

    def __init__(self, **ms):
        self.ms, self.asked = ms, []

    def answer(self, question):
        names = question["bundles"]
        self.asked.append(names)
        return {name: {"allow": True} for name in names}, sum(self.ms[name] for name in names)

    def begin(self, question):
        """Begin nothing before it is asked."""

    def close(self):
        """End nothing."""


def test_of_several_that_are_asked_at_once_only_the_one_that_is_slow_denies_and_is_held_in_the_end():
    one = OpaEngine(shipped(), ())
    paced = one._beside._process = Paced(rbac=1, trial=MAX_MS, integration=MAX_MS + 1)
    for held in ([], [], ["integration"]):
        found = one.evaluate(NAMES, SAMPLE)
        assert {name for name, each in found.items() if each.denies} == {"integration"}
        assert [*one.held] == held
    assert f"{MAX_MS + 1}" in found["integration"].reasons[0].message
    asked = len(paced.asked)
    assert one.evaluate(["integration"], SAMPLE)["integration"] == found["integration"]
    assert len(paced.asked) == asked, "it is asked no more"


def test_what_does_not_compile_beside_decides_nothing(published):
    for _ in range(2):
        with pytest.raises(EnforcementUnavailable) as refused:
            published("x := nobody_knows(1)").evaluate(NAMES, SAMPLE)
        assert refused.value.violations[0].rule == "bundle_refused"


def test_an_engine_that_is_let_go_of_leaves_no_process(published):
    one = OpaEngine(edited("x := 1"), ())
    one.evaluate(["trial"], SAMPLE)
    left = process(one)
    del one
    assert left.returncode == -signal.SIGKILL
