"""Feature flags: what is shown to whom; never what is enforced."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.constitution import breach
from shared.entity import Code, Entity, Event, Text, Timestamp, Value
from shared.errors import Conflict, Invalid, VersionConflict, Violation
from shared.examples import NEXT_WEEK
from shared.identity import PLATFORM, Actor, Role
from shared.judged import Masked

ENFORCEMENT = (
    "auth",
    "polic",
    "approv",
    "audit",
    "budget",
    "trial",
    "sandbox",
    "mask",
    "veto",
    "enforce",
    "evidence",
)
"""How the names of what is enforced begin: no flag may switch it off."""

MAX_FLAGS = 100
MAX_LIFE = timedelta(days=180)
FULL_BP = 10_000

FlagKey = Annotated[str, Field(pattern=r"^[a-z0-9_.]{3,60}$", examples=["new_inbox"])]
Audience = Literal["all", "customer", "platform", "governor"]


class FlagSetting(Value):
    """What a flag says, and to whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "enabled": True,
                    "rollout_bp": 500,
                    "scope": "customer",
                    "environments": ["dev", "staging"],
                    "description": "The inbox with groups.",
                    "owner": "the inbox team",
                    "kind": "release",
                    "expires_at": NEXT_WEEK,
                    "reason": "try the new inbox with one customer in twenty",
                }
            ]
        }
    )

    enabled: bool
    """Whether it can be on at all."""
    rollout_bp: Annotated[int, Field(ge=0, le=FULL_BP)] = 0
    """For how large a share of customers it is on, in basis points; 10,000 is everybody."""
    enabled_for_customer_ids: Annotated[
        tuple[Annotated[Code, Field(max_length=60)], ...], Field(max_length=500)
    ] = ()
    """Customers that it is on for, whatever the share."""
    scope: Audience
    """For whom it counts."""
    environments: Annotated[
        tuple[Literal["local", "dev", "staging", "prod"], ...], Field(min_length=1, max_length=4)
    ]
    """Where it counts."""
    description: Annotated[Text, Field(max_length=500)]
    """What it switches."""
    owner: Annotated[Text, Field(max_length=100)]
    """Who answers for it."""
    kind: Literal["release", "experiment", "kill_switch"]
    """What it is for; all but a kill switch must expire."""
    expires_at: Timestamp | None = None
    """At most 180 days ahead; only a kill switch has none."""

    reason: Annotated[Text, Field(min_length=10, max_length=500)]
    """Why it is set so, in your words."""


class FeatureFlag(Entity):
    """One flag; its id is its key."""

    collection: ClassVar[str] = "feature_flags"
    guarded_by: ClassVar = ()

    key: str
    """Its key, which programs ask for."""
    enabled: bool
    """Whether it can be on at all."""
    rollout_bp: int
    """For how large a share of customers it is on, in basis points."""
    enabled_for_customer_ids: tuple[str, ...]
    """Customers that it is on for, whatever the share."""
    scope: Audience
    """For whom it counts."""
    environments: tuple[str, ...]
    """Where it counts."""
    description: str
    """What it switches."""
    owner: str
    """Who answers for it."""
    kind: Literal["release", "experiment", "kill_switch"]
    """What it is for."""
    expires_at: Timestamp | None
    """When it goes off for everybody; null where it never does."""

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this flag breaks the constitution."""
        if self.governance_agent_id:
            return ()
        return (breach("L0-01", "governance_agent_id missing", "governance_agent_id"),)


class FlagSet(Event, action="feature_flag.set", category="configuration_change"):
    """Somebody set a flag."""

    key: Code
    enabled: bool
    rollout_bp: int
    reason: Annotated[str, Masked(kept=4000)]


class FlagExpired(Event, action="feature_flag.expired", category="configuration_change"):
    """A flag is off for good: its time is over."""

    key: Code
    expires_at: Timestamp


def put(
    before: FeatureFlag | None,
    key: str,
    setting: FlagSetting,
    *,
    seen: AbstractSet[str] | None,
    at: datetime,
    count: int,
) -> FeatureFlag:
    """
    Return the flag as it is set.

    Args:
        before: The flag as it was, if there was one.

        key: Its name.

        setting: What it says now.

        seen: The versions of which the caller read one; the empty one where there was none.

        at: The time.

        count: How many flags there are.

    Raises:
        Invalid: It is named for what is enforced, or lives too long.
    """
    if key.startswith(ENFORCEMENT):
        raise Invalid(
            f"{key} is named for what is enforced, and no flag can switch that off; name it for"
            " what people see",
            rule="enforcement_flag",
        )
    if setting.kind != "kill_switch" and setting.expires_at is None:
        raise Invalid("say in expires_at when it ends, at most 180 days ahead", rule="flag_expiry")
    if setting.expires_at and not at < setting.expires_at <= at + MAX_LIFE:
        raise Invalid("expires_at lies after now and within 180 days", rule="flag_expiry")
    said = {name: value for name, value in setting if name != "reason"}
    if before is not None:
        return before.model_copy(update=said)
    if "" not in (seen or ()):
        raise VersionConflict("there is no such flag; send an empty If-Match to make it")
    if count >= MAX_FLAGS:
        raise Conflict(f"{MAX_FLAGS} flags are enough; use one that has expired", rule="too_many")
    return FeatureFlag(
        id=key,
        key=key,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        **said,
    )


def on(
    flag: FeatureFlag | None,
    *,
    customer: str | None,
    audiences: frozenset[str],
    environment: str,
    at: datetime,
) -> bool:
    """Say whether a flag is on: the first rule that fits decides, and without one it is off."""
    if flag is None or not flag.enabled or (flag.expires_at and flag.expires_at <= at):
        return False
    if environment not in flag.environments or flag.scope not in audiences:
        return False
    if customer in flag.enabled_for_customer_ids or flag.rollout_bp == FULL_BP:
        return True
    return customer is not None and bucket(flag.key, customer) < flag.rollout_bp


def bucket(key: str, customer: str) -> int:
    """Return in which of 10,000 parts a customer is; it differs from flag to flag, and never changes."""
    return int.from_bytes(sha256(f"{key}:{customer}".encode()).digest()[:4], "big") % FULL_BP


def evaluated(
    flags: Iterable[FeatureFlag], actor: Actor, *, environment: str, at: datetime
) -> Mapping[str, bool]:
    """Return every flag as the caller sees it."""
    of_the_platform = actor.of_the_platform
    audiences = {"all", "platform" if of_the_platform else "customer"}
    if actor.roles & {Role.GOVERNOR, Role.DEPUTY_GOVERNOR}:
        audiences.add("governor")
    customer = None if of_the_platform else actor.tenant
    return {
        flag.key: on(
            flag,
            customer=customer,
            audiences=frozenset(audiences),
            environment=environment,
            at=at,
        )
        for flag in flags
    }


def expired(before: FeatureFlag, *, at: datetime) -> FeatureFlag | None:
    """Return a flag whose time is over as it is switched off."""
    if not before.enabled or before.expires_at is None or before.expires_at > at:
        return None
    return before.model_copy(update={"enabled": False})
