"""What the platform does by itself where it is not governed, or its evidence does not get out."""

from datetime import timedelta

import pytest

from functions.policy.set_freeze import set_freeze
from functions.policy.ship_policy_bundles import ship_policy_bundles
from functions.policy.watch_enforcement import watch_enforcement
from shared.actors import PLATFORM, Role
from shared.documents import Key, Query
from shared.enforcing import Enforcement
from shared.observability import Backlog
from shared.policy.models.standing import Freezing
from shared.violations.models import OpenedViolation
from tests.conftest import NOON, FakeEnforcing, FakeRelay

REASON = "An incident is looked into before anything else happens."


@pytest.fixture
def enforcing(reacting):
    found = FakeEnforcing()
    ship_policy_bundles(reacting(), found)
    return found


@pytest.fixture
def watch(reacting, enforcing):
    def watched(at=0.0, waited=None):
        now = NOON + timedelta(minutes=at)
        oldest_at = now - timedelta(minutes=waited) if waited is not None else None
        backlog = Backlog(unpublished=1, oldest_at=oldest_at, overdue=0)
        watch_enforcement(reacting(at=at), enforcing, FakeRelay(backlog))

    return watched


@pytest.fixture
def violations(documents):
    def found():
        there = documents.find(PLATFORM, Query(OpenedViolation.collection))
        return [OpenedViolation.from_stored(one.data) for one in there]

    return found


def off(rule, says="a bundle is gone; restore it"):
    return Enforcement(level="off", rule=rule, says=says, since=NOON)


def test_rules_that_do_not_hold_are_a_critical_violation_once_a_day(enforcing, watch, violations):
    watch()
    assert violations() == []
    enforcing.now = off("bundle_missing")
    watch(1)
    watch(2)
    (one,) = violations()
    assert (one.severity, one.finding.automatic_response) == ("critical", "blocked")
    assert "a bundle is gone; restore it" in one.finding.description
    enforcing.now = off("canary_allowed")
    watch(3)
    assert len(violations()) == 2
    watch(3 + 24 * 60)
    assert len(violations()) == 3


def test_nothing_is_entered_without_a_key(enforcing, watch, violations):
    enforcing.now = off("key_missing")
    watch()
    assert violations() == []


def test_evidence_that_does_not_get_out_freezes_everything_until_it_does(watch, standing):
    watch(0, waited=30)
    assert not standing().frozen
    watch(1, waited=31)
    assert (standing().frozen, standing().frozen_by) == (True, "service:tests")
    assert "has waited for 31 minutes" in standing().freeze_reason
    watch(2, waited=3)
    assert standing().frozen
    watch(3)
    assert not standing().frozen


def test_what_people_froze_goes_on_by_people_alone(watch, standing, call_as, enforcing):
    set_freeze(call_as(Role.GOVERNOR), Freezing(on=True, reason=REASON))
    watch(1, waited=31)
    watch(2)
    assert (standing().frozen, standing().frozen_by) == (True, "governor")


def test_what_froze_by_itself_is_lifted_by_people_too(watch, standing, call_as):
    watch(1, waited=31)
    freeze = set_freeze(call_as(Role.VISION_GUARDIAN, at=2), Freezing(on=False, reason=REASON))
    assert (freeze.on, freeze.by) == (False, "vision_guardian")
    assert not standing().frozen


def test_the_rules_of_a_release_are_kept_whole(enforcing, standing, documents):
    place = Key(PLATFORM, "policy_sets", standing().bundle)
    assert documents.get(place).data["modules"] == dict(enforcing.offered().modules)
    assert enforcing.offered().digest == standing().bundle


def test_all_that_stands_verifies(watch, enforcing, breaks):
    enforcing.now = off("bundle_missing")
    watch(1, waited=31)
    watch(2)
    assert breaks() == []
