from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.agents.actions import asking, creation, probing, releasing
from shared.agents.models.agents import Agent
from shared.agents.models.releases import Release
from shared.agents.rules import releases
from shared.answers import Created
from shared.entity import Id, Value
from shared.errors import Conflict
from shared.examples import WORKFLOW
from shared.operation import Call, operation


class ReleaseRequest(Value):
    """Which run of the pipeline asks for a release."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"workflow_id": WORKFLOW}]})

    workflow_id: Id
    """The agent's own `workflow_id`."""


class Deploying(Value):
    """A release, and how long to wait until its health is certain."""

    release: Release
    """The release, with no traffic until it has proved ready."""
    wait_s: int
    """
    Seconds until its health is certain: up to 15 minutes of proving ready, 15 of watching it under traffic, and
    two to spare.
    """


@operation(
    "POST",
    "/v1/agents/{agent_id}/releases",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def create_release(
    call: Call, agent_id: Id, body: ReleaseRequest
) -> Created[Deploying] | Deploying:
    """
    Create the release that the Governor approved, with no traffic yet, and begin to watch it.

    The approval is used up in the same commit, after its digest was compared with what is released:
    one approval makes one release. Asking again tells how long there is still to wait.
    """
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        if agent.workflow_id != body.workflow_id:
            raise Conflict(
                f"another workflow makes this agent; its workflow_id is {agent.workflow_id}",
                rule="workflow_active",
            )
        before = creation.of(txn, agent)
        if agent.release_id is not None:
            release = txn.get(Release, agent.release_id)
            watch = probing.latest(txn, release.id)
            return Deploying(release=release, wait_s=releases.remaining_s(watch, call.now))
        approval = releasing.read_approval(txn, before)
        role = asking.job_role(txn, before.run, agent)
        leased = releasing.leased(before, approval, call, job_role=role)
        release = releasing.keep(txn, agent, leased)
        watch = releases.watching(release, "readiness", call.now)
        probing.begin(txn, release, watch)
    begun = Deploying(release=release, wait_s=releases.remaining_s(watch, call.now))
    return Created(f"/v1/agents/{agent_id}/releases/{release.id}", begun)
