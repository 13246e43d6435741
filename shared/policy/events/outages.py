"""That nothing could change for a time, as it is announced."""

from typing import Annotated, Self

from pydantic import Field

from shared.entity import Code, Event, Timestamp
from shared.policy.models.outages import Outage


class EnforcementLapsed(
    Event,
    action="policy.enforcement_lapsed",
    category="policy_decision",
    outcome="failure",
    severity="critical",
    topic="policy-events",
    retention="constitutional",
):
    """Nothing could change for a time, as what happens was not governed; it is over."""

    rule: Code
    began_at: Timestamp
    ended_at: Timestamp
    processes: Annotated[int, Field(ge=1)]

    @classmethod
    def of(cls, outage: Outage) -> Self:
        """Tell of an outage."""
        return cls(
            rule=outage.rule,
            began_at=outage.began_at,
            ended_at=outage.ended_at,
            processes=outage.processes,
        )
