"""What happens to mandates, as it is announced."""

from typing import Annotated

from shared.entity import ActorId, Code, Event, Hex64, Timestamp
from shared.judged import Masked


class MandateGiven(
    Event, action="mandate.given", category="approval_granted", retention="financial"
):
    """Somebody agreed to payments."""

    agent_id: Code
    payee_hash: Hex64
    """The SHA-256 of whom they go to."""
    currency: Code
    most_minor: int
    total_minor: int
    times: int
    valid_until: Timestamp


class MandateRevoked(
    Event,
    action="mandate.revoked",
    category="approval_denied",
    retention="financial",
    publish_first=True,
):
    """A consent was taken back: no payment begins under it any more."""

    by: ActorId
    reason: Annotated[str, Masked(kept=500)]
