from shared.agents.actions.rollback import TAKEN_BACK
from shared.agents.events.lifecycle import AgentStateChanged
from shared.agents.events.releases import AgentRolledBack
from shared.agents.models.agents import Agent
from shared.notifications.actions.telling import tell
from shared.notifications.models import Claim
from shared.notifications.rules.notices import governor, notice, saying
from shared.reaction import ReactionCall, reaction

TOLD = {("deployed", "suspended"): "Suspended", ("suspended", "deployed"): "Back in service"}
"""The changes of state that the Governor is told of."""

CLAIMS: dict[str, Claim] = {
    "Suspended": "suspended",
    "Back in service": "in_service",
    "Rolled back": "taken_back",
}
"""What of it may be over when it is read."""


@reaction(on=(AgentStateChanged, AgentRolledBack))
def notify_agent(call: ReactionCall, event: AgentStateChanged | AgentRolledBack) -> None:
    """Tell the Governor that an agent was stopped, started again, or rolled back."""
    if isinstance(event, AgentRolledBack):
        what, why = "Rolled back", f"{event.trigger}: {event.outcome}"
    elif event.reason == TAKEN_BACK:
        # The roll-back itself is told.
        return
    else:
        what, why = TOLD.get((event.from_state, event.to_state), ""), event.reason
    if not what:
        return
    with call.transaction() as txn:
        agent = txn.get(Agent, call.subject_id)
        told = notice(
            "agent_status",
            tenant=call.tenant,
            audience=governor(call.tenant),
            subject=call.subject,
            title=f"{what}: {agent.name}",
            body=f"The reason: {why}.",
            at=call.now,
            occasion=call.causation_id or "",
        )
        restored = isinstance(event, AgentRolledBack) and event.restored_version is not None
        tell(txn, saying(None if restored else CLAIMS[what], told))
