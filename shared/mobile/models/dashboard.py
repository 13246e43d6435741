"""What the Governor sees at one glance, and the read models that it is taken from."""

from typing import ClassVar, Literal

from shared.agents.models.parts import AgentStatus, Health
from shared.approvals.models.parts import VetoCategory
from shared.entity import Id, Timestamp, Value
from shared.handling import Handling, Nobody, PersonalData, WithAccount
from shared.projections import View

CACHE_TTL_S = 300

DASHBOARD = "mobile.dashboard"
"""The projection of what the first screen counts, and of the cards of agents."""


class DashboardTotals(View):
    """One shard of the counts of a tenant."""

    collection: ClassVar[str] = "dashboard_totals"
    projection: ClassVar[str] = DASHBOARD
    handling: ClassVar = Handling(kept=WithAccount(), export=Nobody("a counter"), erasure="deleted")

    active_agents: int = 0
    unwell_agents: int = 0
    suspended_agents: int = 0
    pending_approvals: int = 0


class AgentCard(View):
    """One agent as a list shows it; its id is the agent's."""

    collection: ClassVar[str] = "agent_cards"
    projection: ClassVar[str] = DASHBOARD
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("a view: what it shows is exported itself"),
        erasure="deleted",
    )
    personal: ClassVar = PersonalData(texts="name")

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


class OpenApproval(View):
    """An approval that is counted as pending; its id is the approval's."""

    collection: ClassVar[str] = "open_approvals"
    projection: ClassVar[str] = DASHBOARD
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("a view: what it shows is exported itself"),
        erasure="deleted",
    )

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


class RecentVetoes(View):
    """The last vetoes of a tenant, the newest first."""

    collection: ClassVar[str] = "recent_vetoes"
    projection: ClassVar[str] = "mobile.recent_vetoes"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("a view: what it shows is exported itself"),
        erasure="deleted",
    )

    vetoes: tuple[RecentVeto, ...] = ()


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
