"""What a mandate lets be paid: what is not in it is not agreed to."""

from datetime import datetime, timedelta
from hashlib import sha256

from shared.actors import Actor
from shared.budgets.events.mandates import MandateGiven, MandateRevoked
from shared.budgets.models.mandates import Mandate, MandateTerms, SeenMandate
from shared.budgets.rules.limits import governed_by, own_id
from shared.errors import ApprovalMismatch, ApprovalRequired, Expired, Invalid
from shared.records import dataclass
from shared.shares import LIFE, Limit

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Draw:
    """A payment that is to be made under a mandate."""

    mandate_id: str
    payee: str
    currency: str
    minor: int


def given(terms: MandateTerms, *, id: str, tenant: str, by: Actor, at: datetime) -> Mandate:
    """
    Return the mandate that somebody gives.

    Raises:
        Invalid: Its terms contradict themselves, or it is for an agent of another tenant.
    """
    wrong = (
        (terms.least_minor > terms.most_minor, "least_minor is at most most_minor"),
        (terms.most_minor > terms.total_minor, "most_minor is at most total_minor"),
        (
            not at < terms.valid_until <= at + LONGEST,
            "valid_until lies after now and within a year",
        ),
    )
    for broken, said in wrong:
        if broken:
            raise Invalid(said, rule="mandate_terms")
    return Mandate(
        **dict(terms) | {"agent_id": own_id(tenant, terms.agent_id)},
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id=governed_by(tenant),
        given_by=by.id,
    )


def told(mandate: Mandate) -> MandateGiven:
    """Tell of a new mandate."""
    return MandateGiven(
        agent_id=mandate.agent_id,
        payee_hash=sha256(mandate.payee.encode()).hexdigest(),
        currency=mandate.currency,
        most_minor=mandate.most_minor,
        total_minor=mandate.total_minor,
        times=mandate.times,
        valid_until=mandate.valid_until,
    )


def revoked(
    before: Mandate, *, by: Actor, reason: str, at: datetime
) -> tuple[Mandate, MandateRevoked] | None:
    """Return a mandate as it is taken back, and what tells of it; None where it was before."""
    if before.status == "revoked":
        return None
    said = {"status": "revoked", "revoked_at": at, "revoked_by": by.id, "revoked_because": reason}
    return before.model_copy(update=said), MandateRevoked(by=by.id, reason=reason)


def permits(mandate: Mandate, draw: Draw, *, agent_id: str, at: datetime) -> None:
    """
    Make sure that a payment is what was agreed to; how much is left of it, its limits say.

    Raises:
        ApprovalRequired: It was taken back.
        Expired: Its time is over.
        ApprovalMismatch: It is another payment.
    """
    if mandate.status == "revoked":
        raise ApprovalRequired(
            "this consent was taken back; ask for another one", rule="mandate_revoked"
        )
    if at >= mandate.valid_until:
        raise Expired("the time of this consent is over; ask for another one", rule="mandate_over")
    other = (
        ("agent_id", mandate.agent_id != agent_id),
        ("payee", mandate.payee != draw.payee),
        ("currency", mandate.currency != draw.currency),
        ("amount", not mandate.least_minor <= draw.minor <= mandate.most_minor),
    )
    differs = [name for name, wrong in other if wrong]
    if differs:
        raise ApprovalMismatch(
            f"this consent is for another payment: its {', '.join(differs)} differs; pay what it"
            " says, or ask for another one",
            rule="mandate_mismatch",
        )


def limits(mandate: Mandate) -> tuple[Limit, Limit]:
    """Return how much, and how often, may be paid under it: once and for all."""
    return (
        Limit(f"mandate:{mandate.id}.minor", mandate.total_minor, LIFE),
        Limit(f"mandate:{mandate.id}.times", mandate.times, LIFE),
    )


def seen(mandate: Mandate, *, minor: tuple[int, int], times: tuple[int, int]) -> SeenMandate:
    """Return a mandate as it is shown, with what was paid and what is under way."""
    return SeenMandate(
        **dict(mandate),
        spent_minor=minor[0],
        reserved_minor=minor[1],
        spent_times=times[0],
        reserved_times=times[1],
    )
