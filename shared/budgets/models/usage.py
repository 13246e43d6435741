"""What agents used: one event for each, never changed, and what they come to by day and month."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, StrictBool

from shared.budgets.models.budgets import Count, MicroUsd
from shared.entity import Code, Entity, Hex64, Id, Record, Timestamp, Value
from shared.examples import AGENT
from shared.facts import Withheld
from shared.handling import After, Handling, Nobody, PersonalData, Stays, WithAccount
from shared.projections import View
from shared.queries import Page, Paging
from shared.secrets import SecretRef

EventType = Literal[
    "skill_execution", "budget_precheck", "publish_action", "model_call", "integration_call"
]
Bucket = Literal["day", "month"]
Key = Annotated[Code, Field(max_length=100)]


class Metering(Value):
    """What proves the figures of a call of a model: whoever measured them signed them just now."""

    issued_at: Timestamp
    """When they were signed; it holds for 300 seconds."""
    signature: Annotated[Hex64, Withheld]
    """
    The HMAC-SHA256, in hex, with the tenant's metering key, over the canonical JSON (RFC 8785) of `typ`
    (`metering/v1`), `tenant`, `correlation_id`, `model`, `cache_hit`, `tokens_in`, `tokens_out`, `cost_usd` (with six
    decimals, as a text) and `issued_at`.
    """


class Measured(Value):
    """What was used, or what something may use at the most."""

    event_type: EventType
    """What was done; a `budget_precheck` is asked before, and holds what it names."""
    agent_id: Id
    """Which agent did it."""
    run_id: Key | None = None
    """The run that it was a step of; null where it was none."""
    trial_id: Id | None = None
    """The trial that the agent works in; null where it is in none."""
    project_id: Id | None = None
    """The project that it is for; null where it is for none."""
    skill_key: Key | None = None
    """The skill that was at work; null where none was."""
    purpose: Key | None = None
    """What it was for, as a code; null where nobody says."""
    action: Key | None = None
    """What was done outside, as a code; null where nothing was."""
    model: Key | None = None
    """The language model; null where none was asked."""
    cache_hit: StrictBool = False
    """Whether the answer was there already."""
    tokens_in: Count = 0
    """How many tokens went to the model."""
    tokens_out: Count = 0
    """How many came back."""
    cost_micro_usd: MicroUsd = 0
    """What it cost, in millionths of a US dollar; of a `budget_precheck`, at the dearest that it can become."""
    sandbox: StrictBool = False
    """Whether it was tried in a sandbox."""
    reservation_id: Key | None = None
    """What was held for it before: it is settled by this. Of a `budget_precheck`, what to call what it holds."""


class UsageReport(Measured):
    """What a service of the platform measured."""

    begins: StrictBool = True
    """Of a `budget_precheck`: whether it begins new work, which waits for a person above 85 percent of a budget."""
    hold_s: Annotated[int, Field(ge=60, le=900)] = 300
    """Of a `budget_precheck`: after how many seconds what it holds goes back by itself."""
    outcome_unknown: StrictBool = False
    """Whether the answer was lost, so that nobody knows if it was done: what was held stays held, and somebody finds out."""
    metering: Metering | None = None
    """What proves the figures; needed of a `model_call`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "event_type": "budget_precheck",
                    "agent_id": AGENT,
                    "model": "standard",
                    "tokens_in": 2_000,
                    "tokens_out": 1_000,
                    "cost_micro_usd": 40_000,
                    "reservation_id": "run-1.step-1",
                    "begins": True,
                    "hold_s": 300,
                }
            ]
        }
    )


class UsageEvent(Entity, Measured):
    """One use, as it was measured; nothing changes it."""

    collection: ClassVar[str] = "usage_events"
    handling: ClassVar = Handling(
        kept=After(2555, since="created_at"),
        export="tenant",
        erasure=Stays("it says what was used by which agent, and nothing of any person"),
    )
    personal: ClassVar = PersonalData(nobody="run_id skill_key purpose action model reservation_id")

    uncovered_micro_usd: int = 0
    """How much of its cost no budget had left when it was told, in millionths of a US dollar."""


class UsageTaken(Value):
    """What became of a report."""

    outcome: Literal["held", "waiting", "recorded", "unknown"]
    """
    Whether it is recorded, or what it may use is held; `waiting`: nothing is held yet, as a part of the platform's
    budget is on its way: send it again in a second, with another `Idempotency-Key`. `unknown`: it stays held until somebody reports what it cost, for a day at most.
    """
    reservation_id: Key | None = None
    """What is held, or was settled; null where it is neither."""
    held_until: Timestamp | None = None
    """When what is held goes back by itself; null where nothing is held."""
    event: UsageEvent | None = None
    """The event as it is kept; null where nothing was used yet."""


class UsageBucket(View):
    """One shard of what an agent used by one kind of act, in a day or a month."""

    collection: ClassVar[str] = "usage_buckets"
    projection: ClassVar[str] = "budgets.usage"
    handling: ClassVar = Handling(
        kept=WithAccount(), export=Nobody("a sum of what is exported"), erasure="deleted"
    )
    personal: ClassVar = PersonalData(nobody="start")

    bucket: Bucket
    """Of which time it is."""
    start: Annotated[str, Field(max_length=10)]
    """Its first day."""
    agent_id: Id
    """Whose use."""
    event_type: EventType
    """Of which kind."""
    events: int = 0
    """How many there were."""
    cache_hits: int = 0
    """How many of them were answered from a cache."""
    tokens_in: int = 0
    """How many tokens went to models."""
    tokens_out: int = 0
    """How many came back."""
    cost_micro_usd: int = 0
    """What they cost, in millionths of a US dollar."""


class UsageTotal(Value):
    """What was used in a day or a month, by one agent and one kind of act."""

    start: Annotated[str, Field(examples=["2026-01-01"])]
    """The first day of it, in UTC."""
    agent_id: Id
    """Whose use."""
    event_type: EventType
    """Of which kind."""
    events: int
    """How many there were."""
    cache_hits: int
    """How many of them were answered from a cache."""
    tokens_in: int
    """How many tokens went to models."""
    tokens_out: int
    """How many came back."""
    cost_micro_usd: int
    """What they cost, in millionths of a US dollar."""


class Usage(Page[UsageEvent]):
    """Events, the newest first, or where `bucket` is named what they come to."""

    totals: tuple[UsageTotal, ...] = ()
    """What they come to, where `bucket` is named; then there are no items."""


class UsageQuery(Paging):
    """Which use."""

    agent_id: Id | None = None
    """Only of this agent."""
    event_type: EventType | None = None
    """Only of this kind."""
    correlation_id: Id | None = None
    """Only of this story; not with `bucket`."""
    since: Timestamp | None = None
    """Only from then on."""
    until: Timestamp | None = None
    """Only until then."""
    bucket: Bucket | None = None
    """What it comes to by day or by month, and not each event; of the last 31 days or 12 months where `since` is not said."""


class MeteringKey(Record):
    """Where the key of a tenant's metering is; its id is `metering`."""

    collection: ClassVar[str] = "metering_keys"
    handling: ClassVar = Handling(
        kept=WithAccount(), export=Nobody("it names a secret"), erasure="deleted"
    )

    reference: SecretRef
