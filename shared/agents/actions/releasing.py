"""Stage 7: make a release of what was approved, and of nothing else."""

from typing import Literal

from shared.agents.events.releases import AgentReleaseStarted, ReleaseCreated
from shared.agents.models.agents import Agent
from shared.agents.models.creation import Story
from shared.agents.models.parts import APPROVAL, ARCHITECTURE, DEPLOYMENT, ETHICS, STAGES
from shared.agents.models.releases import Release
from shared.agents.rules import lifecycle, questions
from shared.agents.rules.pipeline import PROOF
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, Consumer
from shared.approvals.rules import binding
from shared.errors import ApprovalRequired, Conflict
from shared.evidence import ApprovalRef
from shared.manifests import rules as manifests
from shared.manifests.events import ManifestPublished
from shared.manifests.models.manifests import Manifest, Reviewed
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction

_KINDS: dict[str, Literal["architecture", "ethics"]] = {
    PROOF[ARCHITECTURE]: "architecture",
    PROOF[ETHICS]: "ethics",
}


@dataclass(frozen=True)
class Leased:
    """A release, the manifest bound to it, and the approval that it used up."""

    release: Release
    manifest: Manifest
    approval: Approval


def read_approval(txn: Transaction, story: Story) -> Approval:
    """
    Read the approval that the run rests on.

    Raises:
        ApprovalRequired: It has none.
    """
    if story.run.approval_id is None or story.run.passed(APPROVAL) is None:
        raise ApprovalRequired("the Governor has not approved this release", rule="stage_conflict")
    return txn.get(Approval, story.run.approval_id)


def leased(story: Story, approval: Approval, call: Call, *, job_role: str) -> Leased:
    """
    Return the release of what was approved, with the approval used up by it.

    Raises:
        Conflict: It is not this stage's turn.
        ApprovalMismatch: Something else was approved.
    """
    run, manifest = story.run, story.submitted
    record = run.stages[-1]
    if run.over or record.stage != DEPLOYMENT or not record.open:
        raise Conflict(f"the workflow is not at {STAGES[DEPLOYMENT]}", rule="stage_conflict")
    used = binding.consume(
        approval,
        by=Consumer(run_id=run.id, step_id="stage-7"),
        question=questions.question(story, APPROVAL, job_role=job_role),
        at=call.now,
    )
    release = Release(
        # One run makes one release, and whoever names either means both.
        id=run.id,
        tenant_id=call.tenant,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id=run.governance_agent_id,
        agent_id=run.agent_id,
        workflow_id=run.id,
        release_version=manifest.manifest_version,
        manifest_hash=manifest.manifest_hash,
        approval_id=approval.id,
    )
    reviews = [
        Reviewed(kind=_KINDS[e.kind], ref=e.ref, at=call.now)
        for e in run.evidence
        if e.kind in _KINDS
    ]
    reviews.append(Reviewed(kind="governor", ref=approval.id, at=call.now))
    bound = manifests.deployed(
        manifest,
        manifest_hash=run.manifest_hash or "",
        approvals=tuple(reviews),
        release_id=release.id,
        by=call.actor.id,
        at=call.now,
    )
    return Leased(release=release, manifest=bound, approval=used)


def keep(txn: Transaction, agent: Agent, leased: Leased) -> Release:
    """Keep a release, and in the same commit all that it is made under: approval, manifest, agent."""
    approval, manifest, release = leased.approval, leased.manifest, leased.release
    under = ApprovalRef(approval_id=approval.id, action_digest=approval.action_digest)
    txn.save(approval, ApprovalConsumed.of(approval))
    published = ManifestPublished(
        from_hash=None,
        to_hash=manifest.manifest_hash,
        semver=manifest.manifest_version,
        diff_class="evolution",
    )
    txn.save(manifest, published, approval=under)
    started = AgentReleaseStarted(
        release_id=release.id,
        version=release.release_version,
        manifest_hash=release.manifest_hash,
        workflow_id=release.workflow_id,
    )
    txn.save(lifecycle.releasing(agent, release), started, approval=under)
    created = ReleaseCreated(
        agent_id=agent.id,
        workflow_id=release.workflow_id,
        approval_id=approval.id,
        version=release.release_version,
        manifest_hash=release.manifest_hash,
    )
    return txn.create(release, created, approval=under)
