"""Questions for the tests of approvals."""

from datetime import timedelta
from itertools import count
from typing import Any

from shared.actors import PLATFORM, Actor, Role
from shared.approvals.models.approvals import Consumer
from shared.approvals.models.questions import ApprovalRequest, Question
from shared.approvals.rules import binding, decisions, requests
from shared.examples import AGENT as AGENT  # noqa: PLC0414 - known from here
from shared.inputs import whole
from tests.conftest import CALLBACKS, NOON

CALLBACK = CALLBACKS + "locations/local/workflows/w/executions/e/callbacks/c"
ID = "11111111-1111-4111-8111-111111111111"


def minutes(count):
    return NOON + timedelta(minutes=count)


EXAMPLE: dict[str, Any] = {
    "type": "execution",
    "gate": "stage-6",
    "approval_class": "agent.deploy:HC:JOB-HC-001",
    "subject_kind": "pipeline_stage",
    "subject": {
        "typ": "stage/v1",
        "agent_id": AGENT,
        "stage": 6,
        "spec_hash": "0" * 64,
        "gate_results_hash": "1" * 64,
        "chain_version": 1,
    },
    "title": "Deploy the healthcare content agent",
    "summary": "All checks of stages 1 to 5 passed; a rollback plan was tested.",
    "action_description": "The agent goes live with its certified manifest.",
    "rationale": "Certified, reviewed and cleared for its industry.",
    "alternatives": ["Wait for the next review"],
    "risks": ["Content of low quality in the first week"],
    "evidence_refs": [
        {"kind": kind, "ref": f"evidence/{kind}", "sha256": "2" * 64}
        for kind in (
            "agent_blueprint_certified",
            "architecture_review_summary",
            "ethics_clearance",
            "deployment_plan_with_rollback",
        )
    ],
    "evidence_facts": {"alignment_score": 92},
    "rollback_plan_ref": "plans/rollback-1",
    "risk": "medium",
    "blast_radius": "medium",
    "urgency": "days",
    "reversibility": "reversible",
    "governor_scope": "platform",
    "agent_id": AGENT,
}
"""A question about an agent that there is not."""

_OTHERS = count(1)


def request(**changes):
    return whole(ApprovalRequest.model_validate(EXAMPLE | changes))


def others():
    """Return the subject of the example, of the same shape and about something else each time."""
    return EXAMPLE["subject"] | {"gate_results_hash": f"{next(_OTHERS):064x}"}


def another(**changes):
    """Return a question that nobody has asked before."""
    return request(**{"subject": others()} | changes)


def person(*roles, id="", tenant=PLATFORM, signed_in=0.0):
    return Actor(
        id=id or roles[0].value,
        tenant=tenant,
        roles=frozenset(roles),
        auth_time=minutes(signed_in),
    )


GOVERNOR = person(Role.GOVERNOR)
GUARDIAN = Actor(id="vision_guardian", tenant=PLATFORM, roles=frozenset({Role.VISION_GUARDIAN}))
SERVICE = Actor(id="service:workflows", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))


def approval(*, tenant=PLATFORM, **changes):
    place = ID if tenant == PLATFORM else f"{tenant}.{ID}"
    return requests.ask(request(**changes), id=place, tenant=tenant, by=SERVICE, at=NOON)


def constitutional():
    return approval(type="constitutional", gate="change")


WHY = "The rollback plan was never tested."
RUN = Consumer(run_id="r1", step_id="s1")


def approve(before, by=GOVERNOR, at=1, digest=None, comment=None):
    digest = digest or before.action_digest
    return decisions.approve(before, by=by, at=minutes(at), expected_digest=digest, comment=comment)


def reject(before, by=GOVERNOR, at=1, reason=WHY):
    return decisions.reject(before, by=by, at=minutes(at), reason=reason)


def send_back(before, by=GOVERNOR, at=1):
    return decisions.request_changes(before, by=by, at=minutes(at), changes=["Add a test."])


def veto(before, by=GOVERNOR, at=1, explanation=WHY):
    return decisions.veto(before, by=by, at=minutes(at), category="safety", explanation=explanation)


def needed(asked, **otherwise):
    """Return the question that an approval was asked as, or another."""
    said = {name: getattr(asked, name) for name in Question.model_fields}
    return ApprovalRequest(**said | otherwise)


def consume(before, by=RUN, at=1, **otherwise):
    return binding.consume(before, by=by, question=needed(before, **otherwise), at=minutes(at))


DECIDE = [approve, reject, send_back, veto]


def rule(refused):
    return refused.value.violations[0].rule
