"""What policies do is compared with the hour before, and people are told once while it differs."""

from datetime import timedelta

import pytest

from shared.policy.rules.drift import drifts
from tests.conftest import NOON
from tests.policy.language.policies import rules
from tests.policy.test_whatif import LIMIT, decided

POLICY = rules(LIMIT.format(10))
UNTIL = NOON + timedelta(minutes=60)


def past(*buckets, usual=1, each=5, **said):
    """Decisions of two hours: an amount in each five minutes, where nothing is said the usual one."""
    amounts = dict(buckets)
    return [
        decided(amounts.get(n, usual), POLICY, at=n * 5 + k * 0.5, **said)
        for n in range(-12, 12)
        for k in range(each)
    ]


def found(decisions):
    return {(one.drift_type, one.metric): one for one in drifts(decisions, until=UNTIL)}


def test_nothing_differs_where_everything_goes_on():
    assert found(past()) == {}
    assert found([]) == {}


def test_more_denials_than_before_are_a_degradation_of_their_size():
    seen = found(past((5, 99)))
    drift = seen["compliance_degradation", "allow_rate"]
    assert (drift.current_bp, drift.expected_bp, drift.severity) == (0, 10_000, "critical")
    assert drift.bucket_start == NOON + timedelta(minutes=25)
    assert ("policy_bypass", "denials:u.acme") in seen
    assert seen["unexpected_behavior", "hit_rate:tried/high"].drift_bp == 10_000


def test_a_rule_that_stops_to_match_is_a_gap():
    seen = found(past((11, 1), usual=99))
    assert seen["coverage_gap", "hit_rate:tried/high"].expected_bp == 10_000
    assert ("compliance_degradation", "allow_rate") not in seen


@pytest.mark.parametrize(("each", "told"), [(4, False), (5, True)])
def test_few_decisions_say_nothing(each, told):
    assert bool(found(past((5, 99), each=each))) is told


def test_rules_that_others_have_left_a_minute_ago_are_a_skew():
    def by(bundle, at):
        return decided(1, at=at).model_copy(update={"bundle": bundle})

    late = [by("old", 1), by("new", 2), by("old", 3.5)]
    assert [kind for kind, _ in found(late)] == ["version_skew"]
    assert found([by("old", 1), by("new", 2), by("old", 2.5)]) == {}
