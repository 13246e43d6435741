from shared.actors import PLATFORM, Scope
from shared.agents.actions import creation, gathering
from shared.agents.events.workflows import MeWowSubmitted
from shared.agents.models.blueprint import Blueprint
from shared.agents.models.me_wow import Gap
from shared.agents.rules import submission
from shared.entity import Hex64, Id, Value
from shared.manifests.events import ManifestDraftSaved
from shared.operation import Call, operation


class Submitted(Value):
    """How complete what was submitted is."""

    workflow_id: Id
    """The run that the submission belongs to."""
    completeness: int
    """How much of the way of working is there, in percent; at 100 stage 3 opens."""
    gaps: tuple[Gap, ...]
    """What is still missing, section by section; empty when it is complete."""
    current_stage: int
    """The stage that the run stands at now."""
    manifest_hash: Hex64
    """The hash of the manifest as submitted; from here on every approval names it."""
    unchanged: bool
    """Whether it is to the letter what came back: what was to be different is as it was, and is seen as it was."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/me-wow",
    scopes={Scope.AGENTS_WRITE},
    tenant=PLATFORM,
)
def submit_me_wow(call: Call, workflow_id: Id, body: Blueprint) -> Submitted:
    """
    Submit an agent's way of working, its manifest and its test evidence.

    With gaps it stays with its author, who gets the list; without, the certification begins. Its checks may
    send the agent back a moment later: `GET /v1/agents/{agent_id}/pipeline` says which refused it, and why. What
    is under review cannot be submitted again.
    """
    with call.transaction() as txn:
        before = creation.read(txn, workflow_id, at=call.now)
        submission.authoring(before.run)
        agent, old = before.agent, before.manifest
        parts = gathering.gathered(
            txn, industry_id=agent.industry_id, job_role_id=agent.job_role_id, skills=agent.skills
        )
        who = {"asked_by": before.run.initiated_by, "by": call.actor.id}
        manifest = submission.drafted(agent, old, body.manifest, **who, at=call.now)
        run = submission.submitted(before.run, body, manifest, parts, at=call.now)
        saved = ManifestDraftSaved(
            agent_id=agent.id,
            workflow_id=run.id,
            from_hash=old.manifest_hash if old else None,
            to_hash=manifest.manifest_hash,
        )
        if old is None:
            txn.create(manifest, saved)
        else:
            txn.save(manifest, saved)
        event = MeWowSubmitted(
            agent_id=agent.id,
            me_wow_hash=body.me_wow.hash,
            manifest_hash=manifest.manifest_hash,
            completeness=run.completeness,
            gaps=len(run.gaps),
        )
        after = creation.keep(txn, call, before, before.at(run), event).run
    return Submitted(
        workflow_id=after.id,
        completeness=after.completeness,
        gaps=after.gaps,
        current_stage=after.current_stage,
        manifest_hash=manifest.manifest_hash,
        unchanged=submission.unchanged(before.run, after),
    )
