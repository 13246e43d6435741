"""The rules of asking: what must be shown, who must agree, and how long there is time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.approvals.models import Approval, ApprovalRequest, Step
from shared.canonical import canonical, digest
from shared.entity import written
from shared.errors import Invalid, Violation
from shared.identity import PLATFORM, Actor, Role

MAX_SUBJECT_BYTES = 4 * 1024
CHAIN_VERSION = 1

WINDOW_MIN: Mapping[str, int] = {
    "communication": 60,
    "execution": 120,
    "financial": 240,
    "constitutional": 1_440,
    "artifact": 4_320,
}
"""How long there is time to answer, by type, in minutes."""

WINDOW_OF_GATE_MIN: Mapping[tuple[str, str], int] = {("execution", "stage-6"): 240}
"""Gates whose window differs from that of their type."""

EVIDENCE_AT_GATE: Mapping[str, tuple[str, ...]] = {
    "stage-6": (
        "agent_blueprint_certified",
        "architecture_review_summary",
        "ethics_clearance",
        "deployment_plan_with_rollback",
    ),
    "manifest": (
        "genesis_acknowledgment",
        "test_report",
        "deployment_plan_with_rollback",
        "manifest_diff",
    ),
}
"""What must be shown at a gate before anybody is asked."""

EVIDENCE_OF_CLASS: Mapping[str, tuple[str, ...]] = {
    "agent.reactivate": (
        "root_cause_report",
        "remediation_report",
        "test_report",
        "genesis_clearance",
    ),
}
"""What must be shown for a class of acts, by its verb."""

TYP_OF_SUBJECT: Mapping[str, str] = {
    "action": "action/v1",
    "plan": "plan-run/v1",
    "capsule_version": "capsule-approval/v1",
    "decision_set": "decision-set/v1",
    "manifest": "manifest-approval/v1",
    "pipeline_stage": "stage/v1",
    "seed": "seed/v1",
    "amount": "amount/v1",
    "change": "change/v1",
    "input": "input/v1",
}
"""How the subject of each kind names itself."""


def ask(request: ApprovalRequest, *, id: str, tenant: str, by: Actor, at: datetime) -> Approval:
    """
    Return the approval that puts *request* to its Governor.

    Raises:
        Invalid: The Governor would not have what they need to decide, so they are not asked.
    """
    _check_subject(request)
    _check_evidence(request)
    if request.blast_radius == "high" and request.rollback_plan_ref is None:
        raise Invalid(
            "a high blast radius needs a tested rollback plan; name it in rollback_plan_ref",
            rule="rollback_missing",
        )
    if request.governor_scope == "engagement" and tenant == PLATFORM:
        raise Invalid(
            "the platform has no engagement Governor; ask with governor_scope 'platform'",
            rule="governor_scope",
        )
    shown = request.model_copy(update={"on_behalf_of": request.on_behalf_of or by.id})
    ends = at + timedelta(minutes=window_min(request))
    action_digest = digest(dict(request.subject))
    question = request.model_dump(exclude={"on_behalf_of", "window_min", "callback_url"})
    return Approval(
        **question,
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor"
        if request.governor_scope == "platform"
        else f"engagement_governor:{tenant}",
        action_digest=action_digest,
        card_hash=digest(card(shown, action_digest=action_digest, expires_at=ends)),
        chain="constitutional" if request.type == "constitutional" else "default",
        chain_version=CHAIN_VERSION,
        steps=chain(request),
        requested_by=request.on_behalf_of or by.id,
        requested_at=at,
        expires_at=ends,
    )


def window_min(request: ApprovalRequest) -> int:
    """Return how many minutes there is time to answer."""
    usual = WINDOW_OF_GATE_MIN.get((request.type, request.gate), WINDOW_MIN[request.type])
    return request.window_min or usual


def chain(request: ApprovalRequest) -> tuple[Step, ...]:
    """Return who must agree, one after the other."""
    platform = request.governor_scope == "platform"
    approvers = [Role.GOVERNOR if platform else Role.CUSTOMER_ADMIN]
    if request.type == "constitutional":
        approvers.append(Role.VISION_GUARDIAN)
    return tuple(Step(step_no=no, approver=role) for no, role in enumerate(approvers, 1))


def card(request: ApprovalRequest, *, action_digest: str, expires_at: datetime) -> dict[str, Any]:
    """Render what the approver is shown; what they decide is bound to the digest of it."""
    question = request.model_dump(
        mode="json",
        exclude={"on_behalf_of", "window_min", "callback_url"},
    )
    return {
        "typ": "card/v1",
        **question,
        "requested_by": request.on_behalf_of,
        "expires_at": written(expires_at),
        "action_digest": action_digest,
    }


def _check_subject(request: ApprovalRequest) -> None:
    expected = TYP_OF_SUBJECT[request.subject_kind]
    if request.subject.get("typ") != expected:
        raise Invalid(
            f"a subject of kind {request.subject_kind} has the typ {expected}", rule="subject_typ"
        )
    if len(canonical(dict(request.subject))) > MAX_SUBJECT_BYTES:
        raise Invalid("a subject is at most 4 KiB", rule="subject_too_large")


def _check_evidence(request: ApprovalRequest) -> None:
    """Refuse what is incomplete, naming every piece that is missing."""
    verb = request.approval_class.partition(":")[0]
    needed = EVIDENCE_AT_GATE.get(request.gate, ()) + EVIDENCE_OF_CLASS.get(verb, ())
    given = {evidence.kind for evidence in request.evidence_refs}
    missing = [kind for kind in dict.fromkeys(needed) if kind not in given]
    if missing:
        raise Invalid(
            f"the Governor cannot decide without {', '.join(missing)}; add it to evidence_refs",
            violations=[
                Violation(
                    rule="missing_evidence", message=f"{kind} is missing", field="evidence_refs"
                )
                for kind in missing
            ],
        )
