from shared.agents.models.agents import Agent
from shared.agents.rules import lifecycle
from shared.entity import Because
from shared.manifests import rules as manifests
from shared.manifests.events import ManifestSuspended
from shared.manifests.models.manifests import Manifest
from shared.reaction import ReactionCall, reaction
from shared.violations.events import ViolationOpened


@reaction(on=ViolationOpened)
def stop_violator(call: ReactionCall, event: ViolationOpened) -> None:
    """
    Suspend an agent that broke a rule critically, and what it may do with it.

    It is the platform's automatic response; only an approval brings the agent back. One that is not in
    service has nothing to stop.
    """
    if event.severity != "critical" or event.agent_id is None:
        return
    with call.transaction() as txn:
        before = txn.get_or_none(Agent, event.agent_id)
        manifest = txn.get_or_none(Manifest, event.agent_id)
        if before is None or before.status != "deployed":
            return
        after = lifecycle.suspended(before, reason=f"{event.code}: a critical violation")
        if manifest is not None and manifest.status == "deployed":
            suspended = ManifestSuspended(hash=manifest.manifest_hash, reason=event.code)
            txn.save(manifests.suspended(manifest), suspended)
        by = lifecycle.decided_by(call.actor)
        told = lifecycle.changed(before, after, by=by, reason=event.code)
        told = told.model_copy(update={"violation_id": call.subject_id})
        because = Because(
            rationale="a critical violation was opened",
            authority="automatic_response",
            rule_refs=(event.code,),
        )
        txn.save(after, told, because=because)
