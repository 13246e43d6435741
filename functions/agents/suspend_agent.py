from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.agents.models.agents import Agent
from shared.agents.rules import lifecycle, stopping
from shared.agents.rules.stopping import Trigger
from shared.entity import Because, Id, Text, Value
from shared.manifests import rules as manifests
from shared.manifests.events import ManifestSuspended
from shared.manifests.models.manifests import Manifest
from shared.operation import Call, operation


class Suspension(Value):
    """Why an agent is stopped."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "trigger": "GOVERNOR-OVERRIDE",
                    "reason": "A customer reports texts that nobody has checked.",
                }
            ]
        }
    )

    trigger: Trigger
    """What made it necessary to stop the agent."""
    reason: Annotated[Text, Field(min_length=10, max_length=2000)]
    """Why, in your words; it is kept as evidence."""


@operation(
    "POST",
    "/v1/agents/{agent_id}/suspend",
    scopes={Scope.AGENTS_DECIDE},
    tenant=PLATFORM,
    in_freeze=True,
)
def suspend_agent(call: Call, agent_id: Id, body: Suspension) -> Agent:
    """
    Stop an agent at once, on a trigger that the caller has the authority for.

    What the agent may do is suspended with it, so nothing of it runs on.
    """
    with call.transaction() as txn:
        before = txn.get(Agent, agent_id)
        manifest = txn.get(Manifest, agent_id)
        stopping.entitled(body.trigger, call.actor)
        after = lifecycle.suspended(before, reason=f"{body.trigger}: {body.reason}")
        if manifest.status == "deployed":
            suspended = ManifestSuspended(hash=manifest.manifest_hash, reason=body.trigger)
            txn.save(manifests.suspended(manifest), suspended)
        by = lifecycle.decided_by(call.actor)
        told = lifecycle.changed(before, after, by=by, reason=body.trigger)
        because = Because(
            rationale=body.reason, authority=call.actor.type, rule_refs=(body.trigger,)
        )
        return txn.save(after, told, because=because)
