from pydantic import ConfigDict

from shared.agents import lifecycle, releasing, story
from shared.agents.models import Agent, AgentReleaseStarted
from shared.agents.releases import Release, ReleaseCreated
from shared.approvals.events import ApprovalConsumed
from shared.entity import Id, Value
from shared.errors import Conflict
from shared.evidence import ApprovalRef
from shared.identity import PLATFORM, Scope
from shared.manifests.events import ManifestPublished
from shared.operation import Call, operation


class ReleaseRequest(Value):
    """Which run of the pipeline asks for a release."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"workflow_id": "55555555-5555-4555-8555-555555555555"}]}
    )

    workflow_id: Id


@operation(
    "POST",
    "/v1/agents/{agent_id}/releases",
    scopes={Scope.AGENTS_RUN},
    status=201,
    tenant=PLATFORM,
)
def create_release(call: Call, agent_id: Id, body: ReleaseRequest) -> Release:
    """
    Create the release that the Governor approved, with no traffic yet.

    The approval is used up in the same commit, after its digest was compared with what is released:
    one approval makes one release.
    """
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        if agent.workflow_id != body.workflow_id:
            raise Conflict("another workflow makes this agent", rule="workflow_active")
        before = story.read(txn, body.workflow_id)
        if agent.release_id is not None:
            return txn.get(Release, agent.release_id)
        approval = releasing.read_approval(txn, before)
        leased = releasing.leased(before, approval, call)
        under = ApprovalRef(approval_id=approval.id, action_digest=approval.action_digest)
        txn.save(leased.approval, ApprovalConsumed.of(leased.approval))
        published = ManifestPublished(
            from_hash=None,
            to_hash=leased.manifest.manifest_hash,
            semver=leased.manifest.manifest_version,
            diff_class="evolution",
        )
        txn.save(leased.manifest, published, approval=under)
        started = AgentReleaseStarted(
            release_id=leased.release.id,
            version=leased.release.release_version,
            manifest_hash=leased.release.manifest_hash,
            workflow_id=body.workflow_id,
        )
        txn.save(lifecycle.releasing(agent, leased.release), started, approval=under)
        created = ReleaseCreated(
            agent_id=agent_id,
            workflow_id=body.workflow_id,
            approval_id=approval.id,
            version=leased.release.release_version,
            manifest_hash=leased.release.manifest_hash,
        )
        return txn.create(leased.release, created, approval=under)
