from shared.agents.events.releases import HealthStatusChanged
from shared.agents.models.agents import Agent
from shared.reaction import ReactionCall, reaction
from shared.violations.actions import opening
from shared.violations.models import Finding
from shared.violations.rules import lifecycle


@reaction(on=HealthStatusChanged)
def record_health(call: ReactionCall, event: HealthStatusChanged) -> None:
    """Open a violation where an agent in service is in a critical state."""
    if event.status != "critical":
        return
    with call.transaction() as txn:
        agent = txn.get(Agent, call.subject_id)
        if agent.status != "deployed":
            # A release that does not prove well is taken back; nothing of it is in service.
            return
        finding = Finding(
            type="constitutional",
            code="HEALTH-CRITICAL",
            severity="critical",
            description=f"The health of an agent in service is critical: {event.check_type}.",
            actor_id=agent.id,
            agent_id=agent.id,
            entity_id=call.subject,
            evidence_refs=(f"events/{call.causation_id}",),
            automatic_response="suspended",
        )
        occasion = call.causation_id or ""
        by = call.actor.id
        new = lifecycle.opened(finding, tenant=call.tenant, occasion=occasion, by=by, at=call.now)
        opening.open_violation(txn, new)
