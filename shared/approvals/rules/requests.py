"""The rules of asking: what must be shown, who must agree, and how long there is time."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from shared.actors import PLATFORM, Actor
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acts, chains, windows
from shared.approvals.rules.cards import bound
from shared.canonical import canonical, digest
from shared.entity import ZERO_HASH
from shared.errors import Invalid, Violation

MAX_SUBJECT_BYTES = 4 * 1024
NOT_SHOWN = {"on_behalf_of", "window_min", "chain", "callback_url", "supersedes"}
"""What is about how to ask, and no part of the question."""

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


def ask(
    request: ApprovalRequest,
    *,
    id: str,
    tenant: str,
    by: Actor,
    at: datetime,
    makers: Collection[str] = (),
) -> Approval:
    """
    Return the approval that puts *request* to its Governor.

    Args:
        request: The question.

        id: What to call the approval.

        tenant: Whose it is.

        by: Who puts it.

        at: Now.

        makers: Who made what it is about, or had agreed to it.

    Raises:
        Invalid: The Governor would not have what they need to decide, so they are not asked.
    """
    _check_subject(request)
    _check_evidence(request)
    windows.check_type(request)
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
    chain = chains.chain(request)
    steps = chains.steps(request, chain)
    window_min = steps[0].timeout_min or windows.window_min(request)
    ends = at + timedelta(minutes=window_min)
    action_digest = digest(dict(request.subject))
    question = {name: member for name, member in request if name not in NOT_SHOWN}
    asked = Approval(
        **question,
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor"
        if request.governor_scope == "platform"
        else f"engagement_governor:{tenant}",
        action_digest=action_digest,
        **acts.act(request).found_by,
        card_hash=ZERO_HASH,
        card_members=tuple(question),
        supersedes=request.supersedes,
        chain=chain.name,
        chain_version=chain.version,
        steps=steps,
        requested_by=request.on_behalf_of or by.id,
        asked_through=by.id,
        concerned=tuple(sorted({*by.hands, *makers})),
        requested_at=at,
        expires_at=ends,
        window_min=window_min,
        window_from=at,
        group_key=group_key(request),
    )
    return bound(asked)


def group_key(request: ApprovalRequest) -> str | None:
    """
    Return what identical requests share: class, type, agent, and the shape of the subject.

    What is constitutional is always looked at by itself.
    """
    if request.type == "constitutional":
        return None
    shape = {name: type(value).__name__ for name, value in request.subject.items()}
    alike = (request.approval_class, request.type, request.gate, request.agent_id)
    return digest({"typ": "approval-group/v1", "alike": list(alike), "shape": shape})


def _check_subject(request: ApprovalRequest) -> None:
    expected = TYP_OF_SUBJECT[request.subject_kind]
    if request.subject.get("typ") != expected:
        raise Invalid(
            f"a subject of kind {request.subject_kind} has the typ {expected}", rule="subject_typ"
        )
    if len(canonical(dict(request.subject))) > MAX_SUBJECT_BYTES:
        raise Invalid(
            "a subject is at most 4 KiB; name a long text by its digest", rule="subject_too_large"
        )


def _check_evidence(request: ApprovalRequest) -> None:
    """Refuse what is incomplete, naming every piece that is missing."""
    needed = EVIDENCE_AT_GATE.get(request.gate, ()) + EVIDENCE_OF_CLASS.get(request.deed, ())
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
