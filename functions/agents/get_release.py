from shared.actors import PLATFORM, Scope
from shared.agents.models.releases import Release
from shared.entity import Id
from shared.errors import NotFound
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/agents/{agent_id}/releases/{release_id}",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_release(call: Call, agent_id: Id, release_id: Id) -> Release:
    """Return one release of an agent: its traffic, and how the watches over it ended."""
    with call.transaction() as txn:
        release = txn.get(Release, release_id)
        if release.agent_id != agent_id:
            raise NotFound(
                f"there is no release {release_id} of this agent; its own is its release_id"
            )
        return release
