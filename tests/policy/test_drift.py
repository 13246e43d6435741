"""What policies do is compared with the hour before, and people are told once while it differs."""

from datetime import timedelta
from uuid import uuid4

import pytest

from functions.policy.acknowledge_drift import acknowledge_drift
from functions.policy.get_policy_drift import get_policy_drift
from functions.policy.tell_drift import tell_drift
from shared.actors import Role
from shared.documents import Query
from shared.edge import decision_point
from shared.errors import Conflict, NotFound
from shared.evidence import Entry
from shared.mobile.rules.subjects import subjects
from shared.notifications.actions.shown import Record
from shared.notifications.models import Notification
from shared.notifications.rules import claims
from shared.policy.actions import drifting, recorded
from shared.policy.events.drift import DriftDetected
from shared.policy.events.policies import PoliciesChanged
from shared.policy.models.policies import Active
from shared.policy.rules import policies as rules_of_policies
from shared.policy.rules.drift import drifts
from tests.conftest import NOON
from tests.kernel.things import Thing, ThingMade
from tests.policy.language.policies import rules
from tests.policy.test_whatif import LIMIT, decided

ID = "acme.00000000-0000-4000-8000-000000000001"
POLICY = rules(LIMIT.format(10))
UNTIL = NOON + timedelta(minutes=60)
LATER = timedelta(seconds=40)
"""How long after the hour a look comes by a tenant."""


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


def test_other_acts_than_before_are_no_other_rules():
    """A rule of a bundle that is put to nothing in five minutes has not stopped to match; one that is, and does not, has."""

    def put(at, asked, *matched):
        return decided(1, at=at).model_copy(update={"asked": asked, "matched": matched})

    usual = [put(n, ("rbac", "agent_budget"), "agent_budget/BUD-01") for n in range(20)]
    others = [put(25 + n / 4, ("rbac",)) for n in range(8)]
    assert found([*usual, *others]) == {}
    silent = [put(25 + n / 4, ("rbac", "agent_budget")) for n in range(8)]
    assert [*found([*usual, *silent])] == [("coverage_gap", "hit_rate:agent_budget/BUD-01")]


@pytest.mark.parametrize(
    ("usual_us", "now_us", "told"),
    [
        (5_000, 6_300, 2_600),
        (5_000, 6_200, None),
        (1_000, 4_900, None),
        (1_000, 5_100, 41_000),
        (9_000, 600, None),
        (9_000, None, None),
        (None, 9_000, None),
    ],
)
def test_deciding_that_takes_a_quarter_longer_than_before_and_than_is_promised_is_told(
    usual_us, now_us, told
):
    def took(at, us):
        return decided(1, at=at).model_copy(update={"took_us": us})

    past = [took(n, usual_us) for n in range(20)]
    # The first of a process waits for its engine; it is one of many.
    now = [took(25, 150_000), *(took(25 + n / 2, now_us) for n in range(1, 8))]
    seen = found([*past, *now])
    drifts = {kind: seen[kind, metric].drift_bp for kind, metric in seen}
    assert drifts == ({"performance_drift": told} if told else {})


# --- found by itself ---------------------------------------------------------------------------------


@pytest.fixture
def happened(call_as):
    """Have acts been done in acme: at minutes after noon, each with its decision in evidence."""

    def happened(*minutes, amount=1):
        for n, minute in enumerate(minutes):
            one = decided(amount, POLICY, at=minute, who=f"u{n % 3}.acme")
            call = call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=minute)
            with call.transaction() as txn:
                id = str(uuid4())
                allow = one.verdict == "allow"
                said = {"bundle": one.bundle, "decision_id": id, "allow": allow}
                txn.attest(id, said | {"decision": one.to_stored() | {"decision_id": id}})
                make_things_in(txn, call)

    return happened


def make_things_in(txn, call):
    thing = Thing(
        id=call.new_id(),
        tenant_id=call.tenant,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id="genesis",
        size=1,
    )
    txn.create(thing, ThingMade(size=1))


@pytest.fixture
def looked(reacting, documents):
    """Look as the schedule does, let what was found be told, and return all notices."""

    def looked(at):
        with reacting().within("acme", "a look") as txn:
            until = NOON + timedelta(minutes=at)
            drifting.look(txn, until, at=until + LATER)
        for one in documents.find("acme", Query(Entry.collection)):
            entry = Entry.from_stored(one.data)
            if entry.action == DriftDetected.traits.action:
                call = reacting(entry.entity, tenant="acme", at=at)
                tell_drift(call, DriftDetected.from_stored(entry.data, 1))
        notices = documents.find("acme", Query(Notification.collection))
        return [Notification.from_stored(one.data) for one in notices]

    return looked


@pytest.fixture
def policies(call_as):
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        policy = Active(policy_id=ID, name="tried", version="1.0.0", policy_hash="0" * 64)
        kept = rules_of_policies.in_force(None, (), tenant="acme", at=NOON)
        kept = kept.model_copy(update={"active": (policy,)})
        txn.create(kept, PoliciesChanged(active=("0" * 64,)))


def test_what_is_decided_outside_of_operations_is_decided_too(
    policies, happened, looked, call_as, signer, documents
):
    """Whoever lets runs work asks about each act: those answers are kept by themselves, and six of a hundred are no news."""

    happened(*range(0, 50, 3))
    happened(*[55 + n / 10 for n in range(6)], amount=99)
    asked = [decided(1, POLICY, at=55 + n / 25) for n in range(100)]
    documents.commit([decision_point.kept(one, "acme", signer) for one in asked])
    looked(60)
    assert kept(call_as) == {}
    report = get_policy_drift(call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=60))
    assert (report.decisions, report.complete) == (123, True)
    with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
        latest, more = recorded.latest(txn, 122)
    times = [one.evaluated_at for one in latest]
    assert (len(times), more, times) == (122, True, sorted(times, reverse=True))


def kept(call_as):
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        return {one.metric: one for one in drifting.lasting(txn)}


def test_a_difference_is_kept_told_once_and_over_when_it_is(
    policies, happened, looked, call_as, documents
):
    happened(*range(0, 50, 3))
    assert looked(55) == []
    happened(*[55 + n / 10 for n in range(6)], amount=99)
    told = looked(60)
    assert {one.title for one in told} == {
        "Policies: compliance degradation",
        "Policies: unexpected behavior",
    }
    assert {one.audience for one in told} == {"customer_admin"}
    assert {one.claim for one in told} == {"differs"}
    assert not any(over(call_as, one) for one in told)
    [allowed] = [one for one in told if "allow_rate" in one.body]
    assert "100 % in the hour before, now 0 %" in allowed.body
    assert looked(61) == told, "an hour later it is not told again"
    report = get_policy_drift(call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=61))
    assert {one.metric for one in report.alerts} == {"allow_rate", "hit_rate:tried/high"}
    assert looked(180) == told
    assert kept(call_as) == {}
    assert all(over(call_as, one) for one in told), "what is over is told as over"
    happened(*range(180, 230, 3))
    happened(*[235 + n / 10 for n in range(6)], amount=99)
    assert looked(240) == told, "on one day it is told once, and announced each time"
    assert len(kept(call_as)) == 2
    detected = [
        one
        for one in documents.find("acme", Query(Entry.collection))
        if one.data["action"] == "policy.drift_detected"
    ]
    assert len(detected) == 4


def test_somebody_says_that_they_look_at_a_difference_until_it_is_over(
    policies, happened, looked, call_as
):
    happened(*range(0, 50, 3))
    happened(*[55 + n / 10 for n in range(6)], amount=99)
    told = looked(60)
    alert = kept(call_as)["allow_rate"]

    def acknowledge(by="first.acme", at=62):
        return acknowledge_drift(
            call_as(Role.CUSTOMER_ADMIN, id=by, tenant="acme", at=at), alert.id
        )

    said = acknowledge()
    assert (said.status, said.acknowledged_by) == ("acknowledged", "first.acme")
    assert acknowledge(at=63) == said, "to say it again changes nothing"
    with pytest.raises(Conflict, match=r"first\.acme looks at this already"):
        acknowledge(by="second.acme")
    assert looked(65) == told
    report = get_policy_drift(call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=65))
    shown = {one.metric: one.status for one in report.alerts}
    assert shown == {"allow_rate": "acknowledged", "hit_rate:tried/high": "open"}
    with pytest.raises(NotFound):
        acknowledge_drift(call_as(Role.CUSTOMER_ADMIN, tenant="beta"), alert.id)
    looked(180)
    with pytest.raises(Conflict, match="did not find this any more"):
        acknowledge(at=181)
    happened(*range(180, 230, 3))
    happened(*[235 + n / 10 for n in range(6)], amount=99)
    looked(240)
    again = kept(call_as)["allow_rate"]
    assert (again.status, again.acknowledged_by, again.acknowledged_at) == ("open", None, None)


def over(call_as, told):
    """Whether a notice is shown as over."""
    with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
        return claims.seen(told, Record(txn, subjects).told(told), NOON).over


def test_where_no_policies_are_in_force_nobody_looks(happened, looked, call_as):
    happened(*range(0, 50, 3))
    happened(*[55 + n / 10 for n in range(6)], amount=99)
    assert looked(60) == []
    assert kept(call_as) == {}
