"""Every denial, in one list over all tenants."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.entity import ActorId, Asked, Code, Printed, Record, Timestamp
from shared.handling import EVIDENCE_DAYS, After, Handling, Nobody, PersonalData, Stays


class PolicyDenial(Record):
    """Somebody was denied something; its id is the decision's."""

    collection: ClassVar[str] = "policy_denials"
    handling: ClassVar = Handling(
        kept=After(EVIDENCE_DAYS["standard"] or 0, since="created_at"),
        export=Nobody("a list of what the entries say, which are exported themselves"),
        erasure=Stays("people are in it by their ids alone, as in the entries that it lists"),
    )
    personal: ClassVar = PersonalData(ids="actor_id", texts="reason details")

    created_at: Timestamp
    """When it was."""
    decision_id: Code
    """By which the decision is read: `GET /v1/policy/attestations/{decision_id}`."""
    correlation_id: Asked
    """The story it is part of."""
    customer_id: Code | None
    """The customer whose caller was denied; null where it was the platform's own."""
    agent_id: Code | None
    """The agent it was about; null where it was none."""
    actor_id: ActorId
    """Who was denied."""
    action: Code
    """What they asked for."""
    rule: Code
    """The rule that denied it, the first of them."""
    reason: Printed
    """What it says, in words."""
    details: Annotated[tuple[Printed, ...], Field(max_length=100)] | None = None
    """Every reason, with its rule; null for customers."""

    def for_customers(self) -> "PolicyDenial":
        """Return it as customers are shown it."""
        return self.model_copy(update={"details": None})
