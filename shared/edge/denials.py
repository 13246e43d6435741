"""Keep a refusal in evidence: an event on the stream of whoever was refused."""

import secrets
from collections.abc import Callable
from uuid import uuid4

from shared.edge.auth import InvalidToken
from shared.edge.contention import settled
from shared.edge.ports import Ports
from shared.edge.rates import LimitReached
from shared.entity import Event
from shared.errors import ConstitutionalAlignment, Refusal
from shared.identity.models import Principal
from shared.identity.rules.principals import principal
from shared.operation import Call

STREAMS_OF_STRANGERS = 16
"""Strangers share sixteen streams, so that no single document is hot."""


def record(ports: Ports, make: Callable[[], Call], refusal: Refusal) -> None:
    """
    Append the event of a refusal that is evidence; others are only logged.

    What somebody who signed in is refused is always one entry; what strangers are, only up to a bound.

    Raises:
        StoreUnavailable: It cannot be kept.
    """
    if isinstance(refusal, LimitReached):
        event = _crossed(ports, make(), refusal)
    else:
        event = _event(ports, make(), refusal)
    if event is None:
        return
    stranger = f"anonymous-{secrets.randbelow(STREAMS_OF_STRANGERS)}"

    def attempt(_: int) -> None:
        call = make()
        id = call.actor.id if call.actor.roles else stranger
        with call.transaction() as txn:
            found = txn.get_or_none(Principal, id)
            if found:
                txn.save(found, event)
            else:
                txn.create(principal(id, call.tenant, call.now), event)
        ports.documents.commit(txn.writes)

    settled(attempt)


def _event(ports: Ports, call: Call, refusal: Refusal) -> Event | None:
    # Most processes never refuse, or nothing that is evidence.
    if isinstance(refusal, InvalidToken):
        reason = refusal.violations[0].rule if refusal.violations else "token_invalid"
        counted = ports.strangers.turned_away(reason, call.now)
        if counted is None:
            return None
        from shared.identity.events import AuthFailed

        return AuthFailed(operation=call.operation, reason=reason, counted=counted)
    if call.actor.id == "anonymous":
        return None
    if refusal.status == 403:
        from shared.identity.events import PolicyDenied

        reasons = tuple(v.rule for v in refusal.violations) or (refusal.code,)
        return PolicyDenied(decision_id=str(uuid4()), action=call.operation, reasons=reasons)
    if isinstance(refusal, ConstitutionalAlignment):
        from shared.identity.events import ValidationFailed

        codes = tuple(violation.rule for violation in refusal.violations)[:20]
        return ValidationFailed(operation=call.operation, rules=codes)
    return None


def _crossed(ports: Ports, call: Call, refusal: LimitReached) -> Event | None:
    """Return the event of the first refusal in a window; those of strangers are as few as all of theirs."""
    if not refusal.first:
        return None
    counted = 0 if call.actor.roles else ports.strangers.turned_away("rate_limit", call.now)
    if counted is None:
        return None
    from shared.identity.events import LimitCrossed

    return LimitCrossed(operation=call.operation, limited=refusal.name, counted=counted)
