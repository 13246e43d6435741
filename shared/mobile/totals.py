"""What the Governor sees at one glance, kept by reactions: its cost does not grow with what it counts."""

import zlib
from collections.abc import Iterable
from typing import ClassVar, Literal

from shared.agents.models import Agent
from shared.agents.parts import AgentStatus, Health
from shared.approvals.models import Approval, Veto
from shared.approvals.parts import VetoCategory
from shared.entity import Id, Record, Timestamp, Value
from shared.precedents.counting import Metrics

SHARDS = 4
"""Agents and approvals are counted in so many documents, so that none is hot."""

RECENT = 10
CACHE_TTL_S = 300
RECENT_VETOES = "recent"


# --- what is kept --------------------------------------------------------------------------------


class DashboardTotals(Record):
    """One shard of the counts of a tenant."""

    collection: ClassVar[str] = "dashboard_totals"

    active_agents: int = 0
    unwell_agents: int = 0
    suspended_agents: int = 0
    pending_approvals: int = 0


class AgentCard(Record):
    """One agent as a list shows it; its id is the agent's."""

    collection: ClassVar[str] = "agent_cards"

    name: str
    """What people call it."""
    industry: str
    """The code of its industry."""
    status: AgentStatus
    """How far it is."""
    availability: Literal["available", "busy", "unavailable"]
    """Whether it takes work."""
    health: Health | None
    """How it is, by the last looks at it; null before the first."""
    version: str | None
    """The version that is in service; null where none is."""
    taken_back: bool = False
    """Whether its release was taken back, so that it is certified or suspended and nothing of it serves."""
    pending_items: int = 0
    """How many of its questions wait for a person."""
    created_at: Timestamp
    """When it was made."""


class OpenApproval(Record):
    """An approval that is counted as pending; its id is the approval's."""

    collection: ClassVar[str] = "open_approvals"

    agent_id: Id | None
    requested_at: Timestamp


class RecentVeto(Value):
    """One veto, as a dashboard shows it."""

    veto_id: Id
    """By which the objection is opened."""
    approval_id: Id | None
    """What was objected to; null where it was a run."""
    category: VetoCategory
    """On which ground."""
    effect: str
    """What became of what it hit."""
    decided_at: Timestamp
    """When it was decided."""


class RecentVetoes(Record):
    """The last vetoes of a tenant, the newest first."""

    collection: ClassVar[str] = "recent_vetoes"

    vetoes: tuple[RecentVeto, ...] = ()


# --- what is shown -------------------------------------------------------------------------------


class ServiceHealth(Value):
    """How one part of the platform is."""

    name: str
    """Which part."""
    status: Literal["healthy", "degraded"]
    """How it is."""


class SystemHealth(Value):
    """How the platform is, and its parts."""

    status: Literal["healthy", "degraded"]
    """The worst of its parts."""
    services: tuple[ServiceHealth, ...]
    """Its parts."""


class Budget(Value):
    """How much of the platform's budget is spent."""

    platform_pct: int
    """How much of the month's budget is spent, in percent."""
    level: str
    """How serious that is."""


class SeedRates(Value):
    """How often a seed answered, and how often the Governor objected, in basis points."""

    match_rate_bp: int | None
    """The share of requests that a seed answered; null where there were none."""
    veto_rate_bp: int | None
    """The share of approvals that were objected to; null where there were none."""


class Dashboard(Value):
    """Everything on the first screen; what is not known is absent."""

    active_agents_count: int
    """How many agents are in service."""
    pending_approvals_count: int
    """How many questions wait for a person."""
    oldest_pending_at: Timestamp | None
    """Since when the oldest of them waits; null where none does."""
    recent_vetoes: tuple[RecentVeto, ...]
    """The last ten vetoes, the newest first."""
    system_health: SystemHealth
    """How the platform is."""
    budget: Budget | None
    """How much of the budget is spent; null until there are budgets."""
    seeds: SeedRates
    """How often precedents answered, and how often they were objected to."""
    unread_notifications: int
    """How many of your notices are unread."""
    as_of: Timestamp
    """When this was read."""
    cache_ttl_s: int = CACHE_TTL_S
    """For how many seconds an app may show it without asking again."""


def shard(id: str) -> str:
    """Return the id of the shard that a thing is counted in."""
    return f"shard-{zlib.crc32(id.encode()) % SHARDS}"


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
