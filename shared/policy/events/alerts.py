"""What policies of tenants have somebody told, as it is announced."""

from typing import Self

from shared.entity import Code, Event
from shared.policy.models.alerts import AlertLevel, PolicyAlert


class PolicyAlerted(
    Event, action="policy.alerted", category="policy_decision", topic="policy-events"
):
    """A rule of a policy has somebody told of an act, the first time in an hour or on a day."""

    policy: Code
    rule: Code
    level: AlertLevel
    decision_id: Code
    act: Code

    @classmethod
    def of(cls, alert: PolicyAlert) -> Self:
        """Tell of an alert."""
        return cls(
            policy=alert.policy,
            rule=alert.rule,
            level=alert.level,
            decision_id=alert.decision_id,
            act=alert.act,
        )
