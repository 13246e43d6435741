"""What the Governor is asked of an agent: at stage 6, where a review ended in a concern, and before it comes back."""

from shared.agents.models.agents import Agent
from shared.agents.models.creation import Story
from shared.agents.models.parts import APPROVAL, ARCHITECTURE, CERTIFICATION, ETHICS, STAGES
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import lifecycle
from shared.agents.rules.pipeline import gate_results
from shared.approvals.models.approvals import Approval, Consumer
from shared.approvals.models.questions import ApprovalRequest, EvidenceRef, Gate
from shared.approvals.rules.wording import named, quoted
from shared.canonical import digest
from shared.manifests.models.manifests import Manifest

CHAIN_VERSION = 1
CONCERN_WINDOW_MIN = {True: 1440, False: 240}
"""How long the Governor has: a day where a review is blocked, else as long as at stage 6."""


def subject(run: PipelineRun, manifest: Manifest, stage: int) -> dict[str, str | int]:
    """Return what exactly is approved: this agent, this manifest, these results of its gates."""
    return {
        "typ": "stage/v1",
        "agent_id": run.agent_id,
        "stage": stage,
        "spec_hash": manifest.manifest_hash,
        "gate_results_hash": gate_results(run) if stage == APPROVAL else run.stages[-1].digest,
        "chain_version": CHAIN_VERSION,
    }


def asks(run: PipelineRun) -> bool:
    """Say whether the Governor must be asked for the run to go on."""
    record = run.stages[-1]
    return not run.over and (
        record.result == "escalated" or (record.stage == APPROVAL and record.open)
    )


def about(approval: Approval, run: PipelineRun) -> bool:
    """Say whether an approval is of a stage of a run: what merely names the run is about something else."""
    named = approval.subject.get("agent_id")
    return approval.subject_kind == "pipeline_stage" and named == run.agent_id


def question(story: Story, stage: int, *, job_role: str) -> ApprovalRequest:
    """Return what the Governor is asked about a stage, and so what an approval of it must have been asked as."""
    run, agent, manifest = story.run, story.agent, story.submitted
    if stage == APPROVAL:
        return _deployment(run, agent, manifest, job_role)
    return _concern(run, agent, manifest, job_role)


def reactivation(agent: Agent, manifest: Manifest, *, job_role: str) -> ApprovalRequest:
    """Return what the Governor is asked before a suspended agent comes back; what is shown for it is the asker's."""
    return ApprovalRequest(
        type="execution",
        gate="change",
        approval_class=f"agent.reactivate:{agent.industry_code}:{job_role}",
        subject_kind="change",
        subject=lifecycle.reactivation(agent),
        title=f"Reactivate the agent {named(agent.name)}"[:200],
        summary="Its cause is found and removed, and Genesis cleared it.",
        action_description="The agent goes back in service with the manifest that it had.",
        rationale="Found, removed, tested and cleared.",
        rollback_plan_ref=manifest.content.safety.rollback_plan_ref,
        risk="medium",
        blast_radius=manifest.content.safety.blast_radius,
        urgency="hours",
        reversibility="reversible",
        governor_scope="platform",
        agent_id=agent.id,
    )


def reactivated_by(agent: Agent) -> Consumer:
    """
    Name the one step that uses up the approval of a reactivation.

    The length of the agent's history tells this suspension from a later one with the same words, which
    needs an approval of its own.
    """
    return Consumer(run_id=agent.id, step_id=f"reactivation-{agent.audit.n if agent.audit else 0}")


def _deployment(
    run: PipelineRun, agent: Agent, manifest: Manifest, job_role: str
) -> ApprovalRequest:
    plan = run.deployment_plan
    evidence = [EvidenceRef(kind=e.kind, ref=e.ref, sha256=e.sha256) for e in run.evidence]
    if plan is not None:
        evidence.append(
            EvidenceRef(
                kind="deployment_plan_with_rollback",
                ref=plan.rollback_plan_ref,
                sha256=digest(plan.to_stored()),
            )
        )
    return ApprovalRequest(
        type="execution",
        gate="stage-6",
        approval_class=f"agent.deploy:{agent.industry_code}:{job_role}",
        subject_kind="pipeline_stage",
        subject=subject(run, manifest, APPROVAL),
        title=f"Deploy the agent {named(agent.name)}"[:200],
        summary=(
            "Genesis certified it, the Systems Architect and the Vision Guardian passed it."
            f" Alignment score: {run.alignment_score} of 100.\n\n{quoted('its author', agent.purpose)}"
        ),
        action_description="The agent goes live with exactly the manifest that was certified.",
        rationale="All reviews passed, and the rollback was tested.",
        alternatives=("Send it back with changes", "Reject it"),
        risks=(f"Blast radius: {manifest.content.safety.blast_radius}",),
        evidence_refs=tuple(evidence),
        evidence_facts=_facts(run, manifest),
        rollback_plan_ref=manifest.content.safety.rollback_plan_ref,
        risk="medium",
        blast_radius=manifest.content.safety.blast_radius,
        urgency="hours",
        reversibility="reversible",
        governor_scope="platform",
        agent_id=agent.id,
        workflow_id=run.id,
        on_behalf_of=run.initiated_by,
    )


def _facts(run: PipelineRun, manifest: Manifest) -> dict[str, bool | int | str]:
    """Return what was verified about the agent; a list of names is one text, as a precedent reads it."""
    content, plan = manifest.content, run.deployment_plan
    return {
        "alignment_score": run.alignment_score or 0,
        "completeness": run.completeness,
        "manifest_hash": manifest.manifest_hash,
        "data_classes": ",".join(sorted({str(one.classification) for one in content.data_access})),
        "integrations": ",".join(
            sorted({one.integration_id for one in content.capabilities.integrations})
        ),
        "rollback_planned": plan is not None and bool(plan.rollback),
    }


def _concern(run: PipelineRun, agent: Agent, manifest: Manifest, job_role: str) -> ApprovalRequest:
    record = run.stages[-1]
    name = STAGES[record.stage].replace("_", " ")
    blocked = run.status == "blocked"
    lacking = [f"{c.code}: {c.detail or 'no verdict'}" for c in record.checks if not c.passed]
    found = "\n".join(lacking)
    why = "Nobody judged it in time." if blocked else "The reviewer has concerns."
    return ApprovalRequest(
        type="execution",
        gate=_GATES[record.stage],
        approval_class=f"agent.revise:{agent.industry_code}:{job_role}",
        subject_kind="pipeline_stage",
        subject=subject(run, manifest, record.stage),
        title=f"{name.capitalize()} of {named(agent.name)}: revise or reject"[:200],
        summary=f"{why} Attempt {record.attempt}.\n\n{quoted('the review', found)}",
        action_description="The agent goes back to its author and passes every review again.",
        rationale="A concern is settled by a revision or by a rejection, never overruled.",
        alternatives=("Reject the agent",),
        evidence_refs=(
            EvidenceRef(
                kind="review_report", ref=f"{run.id}/stages/{record.stage}", sha256=record.digest
            ),
        ),
        evidence_facts={"alignment_score": run.alignment_score or 0},
        rollback_plan_ref=manifest.content.safety.rollback_plan_ref,
        risk="high",
        blast_radius=manifest.content.safety.blast_radius,
        urgency="immediate" if blocked else "hours",
        reversibility="reversible",
        governor_scope="platform",
        agent_id=agent.id,
        workflow_id=run.id,
        on_behalf_of=run.initiated_by,
        window_min=CONCERN_WINDOW_MIN[blocked],
    )


_GATES: dict[int, Gate] = {CERTIFICATION: "stage-3", ARCHITECTURE: "stage-4", ETHICS: "stage-5"}
