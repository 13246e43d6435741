"""What a veto does to a run of the pipeline and to the release that it made."""

from shared.agents.actions import creation, rollback
from shared.agents.actions.rollback import Service
from shared.agents.events.workflows import WorkflowEnded
from shared.agents.models.agents import Agent
from shared.agents.models.creation import Story
from shared.agents.models.releases import Release
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import lifecycle, pipeline
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Attachment, VetoCategory
from shared.approvals.models.vetoes import Veto
from shared.entity import written
from shared.errors import AlreadyDecided, Conflict
from shared.manifests import rules as manifests
from shared.manifests.events import ManifestSuspended
from shared.manifests.models.manifests import Manifest
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction

RETURNS = frozenset({"agent.reactivate", "agent.return"})
"""What brings an agent back to service."""


@dataclass(frozen=True)
class Target:
    """What a veto of a run hits: the run, and the approval that it rests on, if it has one yet."""

    run_id: str
    approval_id: str | None
    run: PipelineRun | None = None


def target(txn: Transaction, id: str) -> Target:
    """
    Return what an id names: a run, or the release that one made.

    Raises:
        NotFound: There is neither.
    """
    run = txn.get_or_none(PipelineRun, id)
    if run is not None:
        return Target(run.id, run.approval_id, run)
    release = txn.get(Release, id)
    return Target(release.workflow_id, release.approval_id)


def of_run(
    txn: Transaction,
    call: Call,
    run: PipelineRun,
    *,
    category: VetoCategory,
    explanation: str,
    attachments: tuple[Attachment, ...],
) -> tuple[Veto, bool]:
    """
    Return the veto of a run that nobody approved yet, and whether it is a new one.

    Raises:
        Conflict: The run is over and nothing came of it.
        AlreadyDecided: Somebody else vetoed it, or with other words.
    """
    # Whoever vetoes it saves the run, which was read before.
    found = txn.loosely("the run is its guard").first(Veto, run_id=run.id)
    if found is not None:
        said = (category, explanation, call.actor.id)
        if (found.category, found.explanation, found.issued_by) == said:
            return found, False
        raise AlreadyDecided(
            "this run was vetoed already",
            decided="veto",
            decided_by=found.issued_by,
            decided_at=written(found.decided_at),
        )
    if run.over:
        raise Conflict("the run is over, and nothing came of it", rule="veto_window_closed")
    veto = Veto(
        id=call.new_id(),
        tenant_id=run.tenant_id,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id=run.governance_agent_id,
        correlation_id=run.correlation_id,
        run_id=run.id,
        category=category,
        explanation=explanation,
        attachments=attachments,
        issued_by=call.actor.id,
        decided_at=call.now,
        received_at=call.now,
        window_end=run.stages[-1].deadline_at or call.now,
        effect="cancelled",
    )
    return veto, True


def undo(txn: Transaction, call: Call, veto: Veto) -> Veto | None:
    """Undo what a veto hit, and return the veto as it goes on; None where it is none of ours, or was undone."""
    if veto.return_approval_id is not None:
        # Whether it returns is asked, and may have been granted since.
        return None
    approval = txn.get(Approval, veto.approval_id) if veto.approval_id else None
    if approval is not None and approval.deed in RETURNS:
        return _stopped_again(txn, call, approval, veto)
    workflow_id = approval.workflow_id if approval is not None else veto.run_id
    run = txn.get_or_none(PipelineRun, workflow_id) if workflow_id else None
    if run is None:
        return None
    before = creation.read(txn, run.id, at=call.now)
    if approval is None:
        _cancelled(txn, call, before)
        return veto
    service = rollback.read(txn, before.agent) if before.agent.release_id else None
    if service is not None and service.release.approval_id == approval.id:
        return _taken_back(txn, call, before, service, veto)
    if run.approval_id == approval.id and not run.over:
        _cancelled(txn, call, before)
    return veto


def _cancelled(txn: Transaction, call: Call, before: Story) -> None:
    """Keep a run ended that has put out nothing yet, and its agent rejected."""
    if not before.run.over:
        run = pipeline.ended(before.run, "cancelled", at=call.now)
        creation.keep(txn, call, before, before.at(run), _ended(run))


def _taken_back(txn: Transaction, call: Call, before: Story, service: Service, veto: Veto) -> Veto:
    """
    Keep a release taken back; an agent that has no other one is rejected.

    One that served for longer than there is to object is out of service, as after any roll-back.
    """
    if service.over:
        return veto
    agent = rollback.take_back(txn, call, service, "governor_override")
    if not before.run.over:
        run = pipeline.ended(before.run, "release_failed", at=call.now, status="rolled_back")
        txn.save(run, _ended(run))
    agent = agent.model_copy(update={"creation_stage": None})
    if service.before is not None or veto.late:
        agent = rollback.keep(txn, call, service, agent, "governor_override")
    else:
        agent = agent.model_copy(update={"status": "rejected", "suspended_reason": None})
        by = lifecycle.decided_by(call.actor)
        told = lifecycle.changed(service.agent, agent, by=by, reason="governor_override")
        agent = txn.save(agent, told)
    if not veto.by_itself:
        return veto
    from shared.agents.actions import returning

    return returning.ask(
        txn, call, veto, agent=agent, manifest=service.manifest, release=service.release
    )


def _ended(run: PipelineRun) -> WorkflowEnded:
    return WorkflowEnded(
        agent_id=run.agent_id,
        status=run.status,
        failure_code=run.failure_code or "cancelled",
        reason="the Governor vetoed it",
    )


def _stopped_again(txn: Transaction, call: Call, approval: Approval, veto: Veto) -> Veto | None:
    """Stop an agent again whose return to service was vetoed."""
    agent = txn.get_or_none(Agent, approval.agent_id or "")
    manifest = txn.get_or_none(Manifest, approval.agent_id or "")
    if agent is None or manifest is None:
        return None
    if approval.consumed_by is None or agent.status != "deployed":
        return veto
    release = txn.get(Release, agent.release_id or "")
    after = lifecycle.suspended(agent, reason="the Governor vetoed its return to service")
    if manifest.status == "deployed":
        reason = "GOVERNOR-OVERRIDE"
        told = ManifestSuspended(hash=manifest.manifest_hash, reason=reason)
        txn.save(manifests.suspended(manifest), told)
    by = lifecycle.decided_by(call.actor)
    agent = txn.save(after, lifecycle.changed(agent, after, by=by, reason="GOVERNOR-OVERRIDE"))
    if not veto.by_itself:
        return veto
    from shared.agents.actions import returning

    return returning.ask(txn, call, veto, agent=agent, manifest=manifest, release=release)
