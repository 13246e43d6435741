"""What the Governor sees at one glance, kept by reactions: its cost does not grow with what it counts."""

from collections.abc import Iterable
from typing import Literal

from shared.agents.models.agents import Agent
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.mobile.models.dashboard import (
    AgentCard,
    DashboardTotals,
    OpenApproval,
    RecentVeto,
    RecentVetoes,
    SeedRates,
    ServiceHealth,
    SystemHealth,
)
from shared.precedents.rules.figures import Metrics

RECENT = 10
RECENT_VETOES = "recent"


def of_agent(agent: Agent, before: AgentCard | None) -> AgentCard:
    """Return the card of an agent, as it is now."""
    in_service = agent.status == "deployed"
    return AgentCard(
        id=agent.id,
        name=agent.name,
        industry=agent.industry_code,
        status=agent.status,
        availability="available" if in_service else "unavailable",
        health=agent.health_status,
        version=agent.deployed_version,
        taken_back=agent.taken_back,
        pending_items=before.pending_items if before else 0,
        created_at=agent.created_at,
    )


def moved(totals: DashboardTotals, before: AgentCard | None, after: AgentCard) -> DashboardTotals:
    """Return the counts after an agent's card changed."""
    was, now = _marks(before), _marks(after)
    return totals.model_copy(
        update={name: getattr(totals, name) + now[name] - was[name] for name in now}
    )


def _marks(card: AgentCard | None) -> dict[str, int]:
    active = card is not None and card.status == "deployed"
    return {
        "active_agents": int(active),
        "unwell_agents": int(
            active and card is not None and card.health in {"degraded", "unhealthy", "critical"}
        ),
        "suspended_agents": int(card is not None and card.status == "suspended"),
    }


def opened(approval: Approval) -> OpenApproval:
    """Return the note that an approval is counted."""
    return OpenApproval(
        id=approval.id, agent_id=approval.agent_id, requested_at=approval.requested_at
    )


def pending(totals: DashboardTotals, more: int) -> DashboardTotals:
    """Return the counts with one pending approval more or less."""
    return totals.model_copy(update={"pending_approvals": totals.pending_approvals + more})


def waiting(card: AgentCard, more: int) -> AgentCard:
    """Return an agent's card with one pending item more or less."""
    return card.model_copy(update={"pending_items": card.pending_items + more})


def remembered(recent: RecentVetoes, veto: Veto) -> RecentVetoes:
    """Return the last vetoes with one more."""
    new = RecentVeto(
        veto_id=veto.id,
        approval_id=veto.approval_id,
        category=veto.category,
        effect=veto.effect,
        decided_at=veto.decided_at,
    )
    others = (one for one in recent.vetoes if one.veto_id != veto.id)
    newest = sorted((new, *others), key=lambda one: (one.decided_at, one.veto_id), reverse=True)
    return recent.model_copy(update={"vetoes": tuple(newest[:RECENT])})


def health(shards: Iterable[DashboardTotals]) -> SystemHealth:
    """Return how the platform is: the store has just answered, so what is left are the agents."""
    unwell = any(one.unwell_agents or one.suspended_agents for one in shards)
    agents: Literal["healthy", "degraded"] = "degraded" if unwell else "healthy"
    services = (
        ServiceHealth(name="store", status="healthy"),
        ServiceHealth(name="agents", status=agents),
    )
    return SystemHealth(status=agents, services=services)


def rates(metrics: Metrics) -> SeedRates:
    """Return what of the seeds' figures belongs on the first screen."""
    return SeedRates(match_rate_bp=metrics.match_rate_bp, veto_rate_bp=metrics.veto_rate_bp)
