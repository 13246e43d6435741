"""What follows from a decision: how whoever asked is told, and how its obligations are met."""

import hashlib
from typing import Any

import pytest

from shared.actors import Scope
from shared.canonical import canonical
from shared.deciding import ApprovalNeeded, Finding, denial
from shared.operation import Call
from tests.conftest import trusting
from tests.kernel.test_deciding import make, ruled, stored
from tests.kernel.things import entries, list_things, problem
from tests.says import obliged
from tests.worlds import declared


@declared("POST", "/v1/end", scopes={Scope.GENESIS_WRITE}, in_freeze=True)
def end_harm(call: Call) -> dict[str, str]:
    """End harm."""
    return {}


@declared("POST", "/v1/carry-on", scopes={Scope.AGENTS_RUN})
def carry_on(call: Call) -> dict[str, str]:
    """Carry on with what a service carries."""
    return {}


def test_a_freeze_stops_everything_but_what_says_that_it_goes_on(world):
    ruled(world, frozen=True)
    told = problem(make(world), 403, "policy_denied", "frozen")
    assert "Governor" in told["detail"]
    assert world.call(end_harm, "/v1/end", as_="admin").status_code == 200
    assert world.call(list_things, "/v1/things", as_="admin").status_code == 200


def test_a_service_is_told_in_a_freeze_to_come_again_and_not_denied(world):
    ruled(world, frozen=True)
    answer = world.call(carry_on, "/v1/carry-on", as_="service")
    problem(answer, 503, "enforcement_unavailable", "frozen")
    assert answer.headers["Retry-After"] == "900"
    assert entries(world, action="policy.denied") == []


@pytest.mark.parametrize(
    ("rules", "status", "code"),
    [
        (["trial_expired"], 409, "no_active_trial"),
        (["trial_not_running"], 409, "no_active_trial"),
        (["trial_daily_cap"], 429, "rate_limited"),
        (["budget_exceeded"], 429, "budget_exceeded"),
        (["budget_exceeded", "INT-05"], 403, "policy_denied"),
        (["DAT-01", "INT-05"], 404, "not_found"),
    ],
)
def test_a_rule_is_answered_as_its_table_says_and_entered_as_a_denial(world, rules, status, code):
    reasons = [denial("trial", rule, f"because of {rule}").reasons[0] for rule in rules]
    ruled(world, Finding(allow=False, reasons=tuple(reasons)))
    answer = make(world)
    told = problem(answer, status, code)
    if status == 429:
        # The world stands still at noon, and a new day begins at midnight.
        assert answer.headers["Retry-After"] == str(12 * 3600)
    if status == 404:
        assert b"INT-05" not in answer.data
        assert "violations" not in told
    [entry] = entries(world, action="policy.denied")
    assert entry.data["reasons"] == rules


def test_what_needs_an_approval_says_which(world):
    needed = ApprovalNeeded(type="financial", chain="finance-two-step", within_s=3600)
    ruled(world, Finding(allow=True, approval=needed))
    told = problem(make(world), 403, "approval_required")
    assert (told["approval_type"], told["chain"]) == ("financial", "finance-two-step")
    [entry] = entries(world)
    assert entry.policy.decision["verdict"] == "require_approval"
    assert not entry.policy.allow
    assert not stored(world, "things")


def test_an_obligation_that_nobody_can_meet_denies(world):
    ruled(world, obliged("use_synthetic_data", dataset="a"))
    told = problem(make(world), 403, "policy_denied", "obligation_unknown")
    assert "use_synthetic_data" in told["detail"]


def test_what_needs_a_key_is_not_done_without_one(world):
    ruled(world, obliged("require_idempotency_key", window_h=24))
    problem(make(world), 400, "bad_request", "idempotency_key_missing")
    assert not stored(world, "things")
    assert make(world, headers={"Idempotency-Key": "a"}).status_code == 201


def test_what_needs_a_fresh_sign_in_is_not_done_with_an_old_one(world):
    ruled(world, obliged("step_up_auth", max_age_s=300))
    problem(make(world, signed_in_min_ago=6), 401, "unauthenticated", "step_up_required")
    assert make(world, signed_in_min_ago=4).status_code == 201


ROUTES: list[Any] = []


@declared("POST", "/v1/person", scopes={Scope.GENESIS_WRITE})
def tell_person(call: Call) -> dict[str, object]:
    """Tell of a person."""
    ROUTES.append(call.route)
    people = [{"email": "ada@example.com", "phone": "+49 151 234 5678"}]
    return {"name": "Ada Lovelace", "contacts": people, "address": "Baker Street", "size": 1}


def test_what_is_to_be_masked_is_not_sent(world):
    ruled(world, obliged("mask_fields", fields=["email", "phone", "name", "address"]))
    assert world.call(tell_person, "/v1/person", as_="admin").json == {
        "name": "A.L.",
        "contacts": [{"email": "a***@example.com", "phone": "*****5678"}],
        "address": "[REDACTED]",
        "size": 1,
    }


def test_what_is_to_be_signed_says_by_whom(world):
    ruled(world, obliged("sign_payload"))
    answer = make(world)
    said = dict(part.split("=", 1) for part in answer.headers["X-Payload-Signature"].split(", "))
    digest_of_it = hashlib.sha256(answer.data).hexdigest()
    statement = {"typ": "payload/v1", "sha256": digest_of_it}
    statement["decision_id"] = answer.headers["X-Decision-ID"]
    assert said["sha256"] == digest_of_it
    assert trusting(world.ports.signer)(said["kid"], canonical(statement), said["sig"])


def test_where_calls_go_instead_is_told_to_the_operation(world):
    ruled(world, obliged("sandbox_route", route_id="sendgrid", target="mock://sendgrid"))
    ROUTES.clear()
    world.call(tell_person, "/v1/person", as_="admin")
    ruled(world)
    world.call(tell_person, "/v1/person", as_="admin")
    assert ROUTES == [{"route_id": "sendgrid", "target": "mock://sendgrid"}, None]


def test_what_is_to_be_redacted_is_not_sent(world):
    ruled(world, obliged("redact", path="output.contacts[*].email", mask="remove"))
    told = world.call(tell_person, "/v1/person", as_="admin").json
    assert told["contacts"] == [{"phone": "+49 151 234 5678"}]
    assert told["name"] == "Ada Lovelace"


def test_a_request_that_is_refused_for_something_else_takes_nothing_of_a_rate(world):
    limit, key = (
        obliged("rate_limit", limit=1, per_s=60, key="late"),
        obliged("require_idempotency_key", window_h=24),
    )
    both = Finding(allow=True, obligations=(*limit.obligations, *key.obligations))
    ruled(world, both)
    for _ in range(3):
        problem(make(world), 400, "bad_request", "idempotency_key_missing")
    assert make(world, headers={"Idempotency-Key": "a"}).status_code == 201
    problem(make(world, headers={"Idempotency-Key": "b"}), 429, "rate_limited")


def test_what_a_rule_lets_be_done_so_often_is_done_no_more_often(world):
    ruled(world, obliged("rate_limit", limit=2, per_s=60, key="late"))
    assert [make(world).status_code for _ in range(3)] == [201, 201, 429]
    assert len(stored(world, "things")) == 2
    ruled(world, obliged("rate_limit", limit=2, per_s=60, key="another"))
    assert make(world).status_code == 201
    ruled(world, obliged("rate_limit", limit=0, per_s=60, key="never"))
    problem(make(world), 429, "rate_limited")
