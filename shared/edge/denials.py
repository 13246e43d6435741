"""Keep a refusal in evidence: an event on the stream of whoever was refused."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
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

if TYPE_CHECKING:
    from shared.deciding import Decision

MOST_REASONS = 100
"""How many rules the event of one refusal names: the decision that it carries has them all."""

STREAMS_OF_STRANGERS = 16
"""Strangers share sixteen streams, so that no single document is hot."""


def record(
    ports: Ports, make: Callable[[], Call], refusal: Refusal, decision: "Decision | None"
) -> str | None:
    """
    Append the event of a refusal that is evidence, and return the id of a denial's; others are only logged.

    What somebody who signed in is refused is always one entry; what strangers are, only up to a bound.

    Args:
        ports: The process.

        make: Makes the call that enters it.

        refusal: How whoever asked is told.

        decision: The decision of the rules that it follows from, if it does: the entry carries it.

    Raises:
        StoreUnavailable: It cannot be kept.
    """
    decision_id = decision.decision_id if decision else str(uuid4())
    if isinstance(refusal, LimitReached):
        event = _crossed(ports, make(), refusal)
    else:
        event = _event(ports, make(), refusal, decision, decision_id)
    if event is None:
        return None
    stranger = f"anonymous-{secrets.randbelow(STREAMS_OF_STRANGERS)}"

    def attempt(_: int) -> None:
        call = make()
        id = call.actor.id if call.actor.roles else stranger
        with call.transaction() as txn:
            txn.attest(decision_id, _policy(decision))
            found = txn.get_or_none(Principal, id)
            if found:
                txn.save(found, event)
            else:
                txn.create(principal(id, call.tenant, call.now), event)
        ports.documents.commit(txn.writes)

    settled(attempt)
    return decision_id if event.traits.action == "policy.denied" else None


def _policy(decision: "Decision | None") -> dict[str, Any] | None:
    if decision is None:
        return None
    from shared.edge.decision_point import Decided

    return Decided(decision).policy


def _event(
    ports: Ports, call: Call, refusal: Refusal, decision: "Decision | None", id: str
) -> Event | None:
    # Most processes never refuse, or nothing that is evidence.
    if isinstance(refusal, InvalidToken):
        reason = refusal.violations[0].rule if refusal.violations else "token_invalid"
        counted = ports.strangers.turned_away(reason, call.now)
        if counted is None:
            return None
        from shared.identity.events import AuthFailed

        return AuthFailed(operation=call.operation, reason=reason, counted=counted)
    if not call.actor.roles and (
        decision is None or ports.strangers.turned_away("policy_denied", call.now) is None
    ):
        return None
    if refusal.status == 403 or decision:
        from shared.identity.events import PolicyDenied

        rules = [one.rule for one in (decision.reasons if decision else refusal.violations)]
        agent = decision.input["agent"] if decision else None
        return PolicyDenied(
            decision_id=id,
            action=decision.input["action"]["name"] if decision else call.operation,
            reasons=tuple(dict.fromkeys(rules))[:MOST_REASONS] or (refusal.code,),
            said="" if decision else refusal.detail,
            agent_id=agent["id"] if agent else None,
        )
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
