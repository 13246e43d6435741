"""Take a release back: nothing is routed to it any more, and what it was allowed is no longer."""

from shared.agents.events.releases import AgentRolledBack, ReleaseRouted, ReleaseTakenBack
from shared.agents.models.agents import Agent
from shared.agents.models.parts import RollbackScope, RollbackTrigger
from shared.agents.models.releases import Release
from shared.agents.models.requests import Rollback
from shared.agents.rules import lifecycle, releases
from shared.entity import Because
from shared.errors import Conflict
from shared.manifests import rules as manifests
from shared.manifests.events import ManifestSuspended
from shared.manifests.models.manifests import Manifest
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction

TAKEN_BACK = "the release was taken back"
"""The reason of an agent's change of state by that."""


@dataclass(frozen=True)
class Service:
    """An agent, its release, the one before, and the manifest that the release is bound to."""

    agent: Agent
    release: Release
    manifest: Manifest
    before: Release | None

    @property
    def over(self) -> bool:
        """Whether the release was taken back already."""
        return self.release.state in {"failed", "rolled_back"}


def read(txn: Transaction, agent: Agent) -> Service:
    """
    Read what a rollback of an agent touches.

    Raises:
        Conflict: The agent was never released.
    """
    if agent.release_id is None:
        raise Conflict("there is no release to take back", rule="no_release")
    entry = lifecycle.previous(agent)
    return Service(
        agent=agent,
        release=txn.get(Release, agent.release_id),
        manifest=txn.get(Manifest, agent.id),
        before=txn.get(Release, entry.release_id) if entry else None,
    )


def take_back(txn: Transaction, call: Call, service: Service, trigger: RollbackTrigger) -> Agent:
    """Keep the release taken back and the one before in its place, and return the agent so."""
    restored = lifecycle.previous(service.agent) if service.before else None
    release = releases.taken_back(service.release, trigger, previous=restored is not None)
    agent_id = service.agent.id
    txn.save(release, ReleaseTakenBack(agent_id=agent_id, trigger=trigger, state=release.state))
    if service.before is not None:
        again = service.before.model_copy(update={"state": "live", "traffic_percent": 100})
        txn.save(again, ReleaseRouted(agent_id=agent_id, traffic_percent=100))
    if service.manifest.status == "deployed":
        suspended = ManifestSuspended(hash=service.manifest.manifest_hash, reason=trigger)
        txn.save(manifests.suspended(service.manifest), suspended)
    return lifecycle.taken_back(service.agent, restored=restored, at=call.now)


def keep(
    txn: Transaction,
    call: Call,
    service: Service,
    after: Agent,
    trigger: RollbackTrigger,
    scope: RollbackScope = "deployment",
    because: Because | None = None,
) -> Agent:
    """Keep an agent whose release was taken back, and tell that; also where it is out of service now."""
    told = AgentRolledBack(
        trigger=trigger,
        scope=scope,
        from_version=service.release.release_version,
        restored_version=after.deployed_version,
        outcome="rolled_back",
    )
    agent = txn.save(after, told, because=because)
    if agent.status == service.agent.status:
        return agent
    by = lifecycle.decided_by(call.actor)
    changed = lifecycle.changed(service.agent, agent, by=by, reason=TAKEN_BACK)
    return txn.save(agent, changed, because=because)


def result(service: Service, after: Agent) -> Rollback:
    """Say how a rollback went: what holds now, whether it was done just now or before."""
    back = after.deployed_version
    steps = ["routing stopped"]
    if service.manifest.status in {"deployed", "suspended"}:
        steps.append("manifest suspended")
    steps.append(f"version {back} in service again" if back else "nothing is routed")
    return Rollback(
        outcome="rolled_back",
        from_version=service.release.release_version,
        restored_version=back,
        steps=(*steps, "evidence kept with the release"),
        evidence_archive_ref=f"releases/{service.release.id}",
        duration_ms=0,
    )
