"""What it takes to publish policy bundles, to agree to them, and to have decisions beside them."""

from types import SimpleNamespace

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.policy.carry_policy_approval import carry_policy_approval
from functions.policy.judge_policy_bundle import judge_policy_bundle
from functions.policy.list_policy_bundles import BundleQuery, list_policy_bundles
from functions.policy.publish_policy_bundle import publish_policy_bundle
from functions.policy.record_denial import record_denial
from functions.policy.ship_policy_bundles import ship_policy_bundles
from shared.actors import PLATFORM, Role
from shared.approvals.models.approvals import Approval
from shared.canonical import digest
from shared.deciding import Decision, found, merge
from shared.documents import Key
from shared.edge.decision_point import Decided
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.identity.rules.principals import principal
from shared.policy.models.standing import STANDING, PolicyStanding
from tests.conftest import NOON, FakeEnforcing
from tests.ruled import engine, rego


@pytest.fixture
def enforcing(reacting):
    there = FakeEnforcing()
    ship_policy_bundles(reacting(), there)
    return there


@pytest.fixture
def publish(call_as, enforcing):
    def publish(body, at=1, role=Role.ADMIN, **more):
        return publish_policy_bundle(call_as(role, at=at, **more), body, enforcing)

    return publish


@pytest.fixture
def listed(call_as):
    def listed(**query):
        page = list_policy_bundles(call_as(Role.GOVERNOR, at=9), BundleQuery(**query))
        return {one.id: one for one in page.items}

    return listed


@pytest.fixture
def standing(documents):
    def found():
        place = Key(PLATFORM, PolicyStanding.collection, STANDING)
        return PolicyStanding.from_stored(documents.get(place).data)

    return found


@pytest.fixture
def judge(reacting, enforcing, listed):
    def judge(one, at=2):
        call = reacting(f"policy_bundles/{one.id}", at=at)
        judge_policy_bundle(call, SimpleNamespace(), enforcing)
        return listed()[one.id]

    return judge


@pytest.fixture
def approval(call_as):
    def found(one):
        with call_as(Role.SERVICE).transaction() as txn:
            return txn.get(Approval, one.asking.approval_id)

    return found


@pytest.fixture
def agree(call_as, reacting, approval):
    def agree(one, *roles, at=3, id=None, carry=True):
        asked = approval(one)
        for role in roles or (Role.GOVERNOR,):
            call = call_as(role, id=id or f"{role}.decides", at=at)
            approve_approval(call, asked.id, Agreement(expected_digest=asked.action_digest))
        if carry:
            carry_policy_approval(reacting(f"approvals/{asked.id}", at=at), SimpleNamespace())

    return agree


@pytest.fixture
def denied(call_as, reacting, documents):
    """Have somebody of a tenant be asked about a sample of the trial's tests, and keep what was decided."""

    def denied(sample="a message to a customer", tenant="clinic", id=None, subject=()):
        call = call_as(Role.CUSTOMER_USER, tenant=tenant, id=id or f"person@{tenant}")
        said = rego().samples["trial"][sample]
        said = {**said, "subject": {**said["subject"], "roles": ["admin"], **dict(subject)}}
        merged = merge(found(engine(), said))
        decision = Decision(
            decision_id=call.new_id().rpartition(".")[2],
            verdict=merged.verdict,
            reasons=merged.reasons,
            matched=merged.matched,
            bundle=engine().digest,
            engine=engine().version,
            input=said,
            input_digest=digest(said),
            evaluated_at=NOON,
            pep="agents",
        )
        event = PolicyDenied(
            decision_id=decision.decision_id,
            action=said["action"]["name"],
            reasons=[one.rule for one in merged.reasons] or ["CON-01"],
        )
        with call.transaction() as txn:
            txn.attest(decision.decision_id, Decided(decision).policy)
            txn.create(principal(call.actor.id, call.tenant, call.now), event)
        place = Key(tenant, Entry.collection, decision.decision_id)
        entry = Entry.from_stored(documents.get(place).data)
        record_denial(reacting(entry.entity, tenant=tenant, causation_id=entry.id), event)

    return denied
