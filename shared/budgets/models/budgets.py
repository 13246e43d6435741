"""What may be spent in a scope, in a window, and how far it was."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.entity import ActorId, Code, Entity, Id, Text, Timestamp, Value
from shared.handling import Blanked, Handling, PersonalData, WithAccount

Measure = Literal["micro_usd", "tokens", "calls"]
MEASURES: tuple[Measure, ...] = ("micro_usd", "tokens", "calls")
"""In what a budget is: millionths of a US dollar, tokens of language models, calls."""

ScopeKind = Literal["agent", "trial", "customer", "project", "platform", "cloud"]
WindowName = Literal["day", "month", "life"]
Level = Literal["normal", "warn", "approval", "blocked"]
MarkAction = Literal["warn", "notify", "approve", "block"]

MAX_MICRO_USD = 1_000_000_000_000
"""A million US dollars."""

MAX_COUNT = 1_000_000_000_000

MicroUsd = Annotated[int, Field(ge=0, le=MAX_MICRO_USD)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]


class Amounts(Value):
    """So much of each measure at most; null where nothing limits it."""

    limit_micro_usd: MicroUsd | None = None
    """How much money at most in one window, in millionths of a US dollar; null where money is not limited here."""
    limit_tokens: Count | None = None
    """How many tokens of language models at most in one window; null where they are not limited here."""
    limit_calls: Count | None = None
    """How many calls at most in one window; null where they are not limited here."""

    def of(self, measure: Measure) -> int | None:
        """Return the limit in a measure."""
        match measure:
            case "micro_usd":
                return self.limit_micro_usd
            case "tokens":
                return self.limit_tokens
            case "calls":
                return self.limit_calls


class BudgetSetting(Amounts):
    """What a budget is to be from now on: all three limits, as they stand here."""

    personal: ClassVar = PersonalData(texts="reason")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "limit_micro_usd": 800_000,
                    "limit_tokens": None,
                    "limit_calls": None,
                    "reason": "It needs no more than 0.80 USD a day.",
                }
            ]
        }
    )

    reason: Annotated[Text, Field(min_length=10, max_length=500)]
    """Why it is set so, in your words."""


class Threshold(Value):
    """A part of a budget at which something follows."""

    percent: int
    """At how much of the limit, in percent."""
    action: MarkAction
    """What follows: people are told (`notify`), it is shown (`warn`), new work waits for an approval, or all stops."""
    fired_at: Timestamp | None = None
    """When it was reached in this window; null before."""


class Fired(Value):
    """A threshold that was reached in the window that `fired_in` names."""

    measure: Measure
    """In what: millionths of a US dollar, tokens or calls."""
    percent: int
    """At how much of the limit, in percent."""
    at: Timestamp
    """When it was reached."""


class Raising(Amounts):
    """What somebody asked to be allowed to spend, and which approval decides it."""

    personal: ClassVar = PersonalData(ids="asked_by")

    approval_id: Id
    """The question that was put for it."""
    governor_scope: Literal["platform", "engagement"]
    """Whose Governor decides: the platform's, or the customer's own."""
    asked_by: ActorId
    """Who asked."""
    raised_micro_usd: int = 0
    """How much more money a month it is, in millionths of a US dollar."""


class Budget(Entity, Amounts):
    """What may be spent in a scope; its id is the scope."""

    collection: ClassVar[str] = "budgets"
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"fired", "fired_in"}
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export="tenant",
        erasure=Blanked("what was spent of it is evidence of money"),
    )
    personal: ClassVar = PersonalData(ids="id")

    scope_kind: ScopeKind
    """Of what it is."""
    window: WindowName
    """In which time it may be spent: a day or a month of UTC, after which all is there again, or once and for all."""
    fired_in: Code | None = None
    """The window in which the thresholds of `fired` were reached; null before the first."""
    fired: tuple[Fired, ...] = ()
    """Which thresholds were reached in that window."""
    raising: Raising | None = None
    """What was asked for and is not decided, or was not granted; null where nothing was."""
    raised_in: Code | None = None
    """The month in which the customer's own Governor last granted more; null before."""
    raised_micro_usd: int = 0
    """How much more money a month their own Governor granted in that month, in millionths of a US dollar."""
    agreed_in: Code | None = None
    """The last window in which new work was approved above 85 percent; null before the first."""
    asked_in: Code | None = None
    """The last window in which that approval was asked for; null before the first."""
    going_on_id: Id | None = None
    """That approval; null before the first."""


class SeenBudget(Budget):
    """A budget as it is now: with what was taken of it in this window."""

    spent_micro_usd: int = 0
    """How much money was spent in this window, in millionths of a US dollar."""
    reserved_micro_usd: int = 0
    """How much more is held for what is under way, at the dearest that it can become."""
    spent_tokens: int = 0
    """How many tokens were spent in this window."""
    reserved_tokens: int = 0
    """How many more are held for what is under way."""
    spent_calls: int = 0
    """How many calls were made in this window."""
    reserved_calls: int = 0
    """How many more are held for what is under way."""
    utilisation_bp: int = 0
    """How much of the scarcest limit is spent or held, in basis points; 10,000 is all of it."""
    level: Level = "normal"
    """What that means for new work."""
    thresholds: tuple[Threshold, ...] = ()
    """At which parts of it something follows, and what."""
    resets_at: Timestamp | None = None
    """When all of it is there again; null where it never is."""
