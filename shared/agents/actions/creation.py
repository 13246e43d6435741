"""Read and keep together what one run of the pipeline is about: the run, its agent and the manifest."""

from dataclasses import replace
from datetime import datetime

from shared.agents.events.lifecycle import AuthorConcerned
from shared.agents.models.agents import Agent
from shared.agents.models.creation import Story
from shared.agents.models.parts import CERTIFICATION
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import lifecycle, pipeline
from shared.entity import Because, Event
from shared.manifests import rules as manifests
from shared.manifests.models.manifests import Certificate, Manifest, ManifestSnapshot
from shared.operation import Call
from shared.store import Transaction


def read(txn: Transaction, workflow_id: str, *, at: datetime) -> Story:
    """
    Read a story; a stage whose time ran out while everything was frozen has it anew.

    Raises:
        NotFound: There is no such run.
    """
    run = txn.get(PipelineRun, workflow_id)
    if pipeline.late(run, at):
        from shared.policy.models.standing import STANDING, PolicyStanding

        standing = txn.get_or_none(PolicyStanding, STANDING)
        if standing and standing.frozen_at and not standing.frozen:
            run = pipeline.timed_anew(run, standing.frozen_at)
    return Story(run, txn.get(Agent, run.agent_id), txn.get_or_none(Manifest, run.agent_id))


def of(txn: Transaction, agent: Agent) -> Story:
    """Read the story of an agent that was read already."""
    return Story(
        txn.get(PipelineRun, agent.workflow_id), agent, txn.get_or_none(Manifest, agent.id)
    )


def keep(
    txn: Transaction,
    call: Call,
    before: Story,
    after: Story,
    event: Event,
    *,
    because: Because | None = None,
) -> Story:
    """Keep the new state of a run, and what it makes of the agent and of the manifest."""
    run = txn.save(after.run, event, because=because)
    if not lifecycle.moved(before.run, run):
        return replace(after, run=run)
    mirror = lifecycle.mirrored(after.agent, run)
    by = lifecycle.decided_by(call.actor)
    agent = txn.save(mirror, lifecycle.told(before.agent, mirror, run, by=by))
    if lifecycle.concerns_author(before.run, run, by=call.actor):
        txn.schedule(AuthorConcerned(workflow_id=run.id), at=call.now, about=agent)
    return Story(run, agent, _certified(txn, call, before.run, run, after.manifest))


def _certified(
    txn: Transaction, call: Call, before: PipelineRun, run: PipelineRun, manifest: Manifest | None
) -> Manifest | None:
    """Certify the manifest where the run has just passed the certification."""
    newly = before.passed(CERTIFICATION) is None and run.passed(CERTIFICATION) is not None
    if not newly or manifest is None:
        return manifest
    from shared.manifests.events import ManifestCertified

    certificate = Certificate(
        certification_id=run.evidence[0].ref,
        certified_by="genesis",
        certified_at=call.now,
        constitution_version=manifest.constitution_version,
        manifest_hash=manifest.manifest_hash,
    )
    txn.save(
        ManifestSnapshot(
            id=manifest.manifest_hash,
            agent_id=manifest.id,
            content=manifest.content,
            certification=certificate,
        )
    )
    event = ManifestCertified(
        agent_id=manifest.id,
        workflow_id=run.id,
        certification_id=certificate.certification_id,
        manifest_hash=manifest.manifest_hash,
    )
    return txn.save(manifests.certified(manifest, certificate), event)
