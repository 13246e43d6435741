"""Whoever was denied asks why, and reads it in words; whoever looks after the platform finds every denial."""

import pytest

from functions.agents.create_agent import create_agent
from functions.policy.get_attestation import get_attestation
from functions.policy.list_policy_denials import DenialQuery, list_policy_denials
from functions.policy.record_denial import record_denial
from shared.actors import PLATFORM, Role
from shared.deciding import ApprovalNeeded, Finding, Obligation, Reason, denial
from shared.documents import Query
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.policy.rules.explaining import refused
from tests.kernel.test_deciding import make, ruled
from tests.kernel.things import thing

__all__ = ["thing"]

ANOTHER = "00000000-0000-4000-8000-00000000000a"
WHY = "a trial makes ten things a day; subscribe, or wait until midnight"


@pytest.fixture
def explained(world):
    """Return what is shown of a decision, and to whom: ``explained(id, as_="viewer")``."""

    def asked(id, as_="viewer"):
        answer = world.call(get_attestation, f"/v1/policy/attestations/{id}", as_=as_)
        return answer.status_code, answer.json

    return asked


@pytest.fixture
def entered(world, reacting, documents):
    """Let the denials of the world come into the list, as their events do."""

    def put():
        for one in documents.find(None, Query(Entry.collection)):
            if one.data["action"] == "policy.denied":
                entry = Entry.from_stored(one.data)
                call = reacting(entry.entity, tenant=entry.tenant, causation_id=entry.id)
                record_denial(call, PolicyDenied.from_stored(entry.data, 1))

    return put


def test_who_was_denied_reads_why_and_what_would_make_it_pass(world, explained):
    ruled(world, denial("trial", "TRL-04", WHY, "high"))
    refused = make(world)
    id = refused.json["decision_id"]
    status, shown = explained(id)
    assert (status, shown["enforcement_result"]) == (200, "denied")
    first, second, *_ = shown["explanation"]
    assert first == "tests.make_thing was denied by one rule; all of them must let it pass."
    assert (
        second
        == "A trial makes ten things a day; subscribe, or wait until midnight. (trial/TRL-04)"
    )
    assert shown["evidence"]["action"] == "policy.denied"


def test_staff_see_what_the_rules_looked_at(world, explained):
    ruled(world, denial("trial", "TRL-04", WHY))
    id = make(world).json["decision_id"]
    decision = explained(id)[1]["decision"]
    assert decision["input"]["action"]["name"] == "tests.make_thing"
    assert decision["input_digest"]


def test_what_was_allowed_says_by_which_rules_and_under_which_obligations(world, explained):
    obligation = Obligation(
        type="sign_payload", parameters={"key_ref": "own"}, source_rule="DAT-04"
    )
    ruled(world, Finding(allow=True, matched=("rbac/RBAC-03",), obligations=(obligation,)))
    answer = make(world)
    shown = explained(answer.headers["X-Decision-ID"])[1]
    assert shown["enforcement_result"] == "executed"
    assert shown["explanation"] == [
        "tests.make_thing was allowed, as rbac/RBAC-03 let it pass.",
        "It was allowed under an obligation: sign_payload (key_ref own), by DAT-04.",
    ]


def test_what_needs_an_approval_says_which(world, explained):
    reason = Reason(
        policy="governor_role", rule="GOV-01", message="a Governor decides", severity="low"
    )
    needed = ApprovalNeeded(type="execution", within_s=3600)
    ruled(world, Finding(allow=True, reasons=(reason,), approval=needed))
    id = make(world).json["decision_id"]
    shown = explained(id)[1]
    assert shown["enforcement_result"] == "approval_pending"
    assert any(
        "an approval of the type execution within 3600 seconds" in s for s in shown["explanation"]
    )


def test_who_was_refused_before_the_rules_is_told_so(world, explained):
    refused = make_as(world, "viewer")
    assert refused.status_code == 403
    shown = explained(refused.headers["X-Decision-ID"])[1]
    assert shown["decision"] is None
    assert "before any rule was asked" in shown["explanation"][0]
    assert shown["explanation"][1:] == [
        "This takes the scope agents:write, which your roles do not hold; held by: admin, agent_orchestrator.",
        "Whoever asked holds no scope that it asks for; an admin gives a role that holds one.",
    ]


def test_who_is_no_governor_of_it_is_not_told_to_ask_for_a_scope():
    said = " ".join(refused("approvals.approve_approval", ("not_governor",)))
    assert "ask that Governor" in said
    assert "role" not in said


def make_as(world, who):
    """Ask for what nobody may who only looks, or is a customer."""
    return world.call(create_agent, "/v1/agents", {}, as_=who)


def test_nobody_sees_how_others_were_decided_about(world, explained):
    ruled(world, denial("trial", "TRL-04", WHY))
    id = make(world).json["decision_id"]
    assert explained(id, as_="customer_admin@acme")[0] == 404
    assert explained(f"platform.{id}", as_="customer_admin@acme")[0] == 404
    assert explained(f"globex.{id}", as_="customer_admin@acme")[0] == 404


def test_an_entry_that_is_no_decision_is_not_shown(world, explained, documents):
    ruled(world)
    make(world)
    for one in documents.find(None, Query(Entry.collection)):
        status, shown = explained(one.key.id)
        assert status == 404 or shown["decision_id"] == one.data["policy"]["decision_id"]
    assert explained("00000000-0000-4000-8000-00000000000f")[0] == 404


def test_denials_are_listed_for_staff_and_each_customers_own_for_them(
    world, entered, call_as, explained
):
    for who in ("viewer", "customer_user@acme", "customer_user@globex"):
        assert make_as(world, who).status_code == 403
    entered()
    everything = list_policy_denials(call_as(Role.ADMIN), DenialQuery()).items
    assert {one.customer_id for one in everything} == {None, "acme", "globex"}
    own = list_policy_denials(call_as(Role.CUSTOMER_ADMIN, own="acme"), DenialQuery()).items
    assert [(one.customer_id, one.details) for one in own] == [("acme", None)]
    other = DenialQuery(customer_id="globex")
    assert list_policy_denials(call_as(Role.CUSTOMER_ADMIN, own="acme"), other).items == ()
    assert [one.customer_id for one in list_policy_denials(call_as(Role.ADMIN), other).items] == [
        "globex"
    ]
    # Staff read another tenant's by the id that the list says.
    (line,) = own
    assert explained(line.decision_id, as_="viewer")[0] == 200
    assert explained(line.decision_id, as_="customer_admin@acme")[0] == 200
    assert explained(line.decision_id, as_="customer_admin@globex")[0] == 404


def test_denials_are_found_by_story_and_time(world, entered, call_as):
    ruled(world, denial("trial", "TRL-04", WHY))
    make(world)
    make(world)
    entered()
    found = list_policy_denials(call_as(Role.VIEWER), DenialQuery()).items
    assert len(found) == 2
    assert found[0].rule == "TRL-04"
    assert found[0].details == (f"trial/TRL-04: {WHY}",)
    for story, most in ((found[0].correlation_id, 1), (ANOTHER, 0)):
        which = DenialQuery(correlation_id=story)
        assert len(list_policy_denials(call_as(Role.VIEWER), which).items) == most
    later = DenialQuery.model_validate({"from": found[0].created_at})
    assert found[0] in list_policy_denials(call_as(Role.VIEWER), later).items
    assert PLATFORM not in {one.customer_id for one in found}


def test_a_denial_is_found_by_the_story_that_its_refusal_names(world, entered, listed):
    """Nobody named one, and whoever was refused has done something before, in another story."""
    ruled(world, denial("trial", "TRL-04", WHY))
    refusals = [make(world).json, make(world).json]
    entered()
    for told in refusals:
        (line,) = listed(f"correlation_id={told['correlation_id']}").json["items"]
        assert line["id"] == told["decision_id"]


def test_what_is_no_story_or_no_time_is_refused(world, listed):
    for query in ("correlation_id=abc", "from=yesterday", "since=2026-01-01T00:00:00.000Z"):
        assert listed(query).status_code in {400, 422}, query
    assert listed("from=2026-01-01T00:00:00.000Z&to=2026-01-02T00:00:00.000Z").status_code == 200


@pytest.fixture
def listed(world):
    return lambda query: world.call(
        list_policy_denials, f"/v1/policy-denials?{query}", as_="viewer"
    )
