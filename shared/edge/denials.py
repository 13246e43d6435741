"""Keep a refusal in evidence: an event on the stream of whoever was refused."""

import secrets
import time
from collections.abc import Callable
from uuid import uuid4

from shared.documents import Contended
from shared.edge.auth import Forged
from shared.edge.ports import Ports
from shared.entity import Event
from shared.errors import ConstitutionalAlignment, Refusal, StoreUnavailable
from shared.identities.models import AuthFailed, PolicyDenied, Principal, ValidationFailed
from shared.identities.rules import principal
from shared.operation import Call

ATTEMPTS = 8
STREAMS_OF_STRANGERS = 16
"""Strangers share sixteen streams, so that no single document is hot."""


def record(ports: Ports, make: Callable[[], Call], refusal: Refusal) -> None:
    """
    Append the event of a refusal that is evidence; others are only logged.

    Raises:
        StoreUnavailable: It cannot be kept.
    """
    call = make()
    event = _event(call, refusal)
    if event is None:
        return
    known = not isinstance(refusal, Forged)
    stranger = f"anonymous-{secrets.randbelow(STREAMS_OF_STRANGERS)}"
    id = call.actor.id if known else stranger
    for attempt in range(ATTEMPTS):
        try:
            with call.transaction() as txn:
                found = txn.peek(Principal, id)
                if found:
                    txn.save(found, event)
                else:
                    txn.create(principal(id, call.tenant, call.now), event)
            ports.documents.commit(txn.writes)
        except Contended:
            call = make()
            time.sleep(0.002 * 2**attempt)
        else:
            return
    raise StoreUnavailable("the refusal could not be recorded; try again", retry_after_s=1)


def _event(call: Call, refusal: Refusal) -> Event | None:
    if isinstance(refusal, Forged):
        rules = [violation.rule for violation in refusal.violations]
        return AuthFailed(operation=call.operation, reason=rules[0] if rules else "token_invalid")
    if call.actor.id == "anonymous":
        return None
    if refusal.status == 403:
        reasons = tuple(v.rule for v in refusal.violations) or (refusal.code,)
        return PolicyDenied(decision_id=str(uuid4()), action=call.operation, reasons=reasons)
    if isinstance(refusal, ConstitutionalAlignment):
        codes = tuple(violation.rule for violation in refusal.violations)[:20]
        return ValidationFailed(operation=call.operation, rules=codes)
    return None
