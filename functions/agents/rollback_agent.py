from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.agents.actions import rollback
from shared.agents.models.agents import Agent
from shared.agents.models.parts import RollbackScope, RollbackTrigger
from shared.agents.models.requests import Rollback
from shared.agents.models.runs import PipelineRun
from shared.entity import Because, Id, Text, Value
from shared.errors import Conflict
from shared.evidence import stream
from shared.manifests.models.parts import Semver
from shared.operation import Call, operation
from shared.platform.actions import incidents


class RollbackRequest(Value):
    """Why a release is taken back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "trigger": "incident",
                    "scope": "deployment",
                    "reason": "The agent publishes drafts that nobody has checked.",
                }
            ]
        }
    )

    trigger: RollbackTrigger
    """What made the rollback necessary."""
    scope: RollbackScope = "deployment"
    """How much is taken back: the release alone, what it was doing, or both."""
    target_version: Semver | None = None
    """The version to go back to; without one, that before the present one."""
    reason: Annotated[Text, Field(min_length=10, max_length=2000)]
    """Why, in your words; it is kept as evidence."""


@operation(
    "POST",
    "/v1/agents/{agent_id}/rollback",
    scopes={Scope.AGENTS_DECIDE, Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def rollback_agent(call: Call, agent_id: Id, body: RollbackRequest) -> Rollback:
    """
    Take an agent's release back and put the version before it in service again.

    A first release has none before it: then nothing is routed, and an agent that was in service is
    suspended. One that never came into service is put into the hands of whoever began its run. Taking back
    what was taken back already changes nothing.
    """
    with call.transaction() as txn:
        service = rollback.read(txn, txn.get(Agent, agent_id))
        if service.over:
            return rollback.result(service, service.agent)
        back = service.before.release_version if service.before else None
        if body.target_version not in {None, back}:
            raise Conflict(
                f"the only version to go back to is {back or 'none'}", rule="no_such_version"
            )
        run = txn.get(PipelineRun, service.release.workflow_id)
        incident = None if run.over else incidents.assignment(txn, stream(run))
        after = rollback.take_back(txn, call, service, body.trigger)
        because = Because(rationale=body.reason, authority=call.actor.type)
        agent = rollback.keep(txn, call, service, after, body.trigger, body.scope, because)
        if incident is not None:
            report = incidents.unserved(run.agent_id, "it did not prove well")
            incident.keep(report, call, owner=run.initiated_by)
        return rollback.result(service, agent)
