"""Feature flags, as they are set and kept."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.entity import Code, Entity, Text, Timestamp, Value
from shared.examples import NEXT_WEEK
from shared.handling import Blanked, ForEver, Handling, Nobody, PersonalData

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
    handling: ClassVar = Handling(
        kept=ForEver("one document a flag, written over"),
        export=Nobody("the platform's own"),
        erasure=Blanked("how the platform was set is evidence"),
    )
    personal: ClassVar = PersonalData(ids="enabled_for_customer_ids owner", texts="description")

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
