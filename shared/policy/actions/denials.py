"""A denial, as lists show it."""

from shared.actors import PLATFORM
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.policy.actions.attestations import attestation
from shared.policy.models.denials import PolicyDenial
from shared.reaction import ReactionCall
from shared.store import Transaction


def recorded(txn: Transaction, event: PolicyDenied, call: ReactionCall) -> PolicyDenial:
    """Return the line of a denial, from the entry that tells of it."""
    entry = txn.get(Entry, call.causation_id or "")
    shown = attestation(txn, entry.id, whole=False)
    reasons = shown.decision.reasons if shown.decision else ()
    own = call.tenant == PLATFORM
    return PolicyDenial(
        id=event.decision_id,
        created_at=entry.ts,
        decision_id=event.decision_id if own else f"{call.tenant}.{event.decision_id}",
        correlation_id=entry.correlation_id,
        customer_id=None if own else call.tenant,
        agent_id=event.agent_id,
        actor_id=entry.actor.id,
        action=event.action,
        rule=event.reasons[0] if event.reasons else "no_rule",
        reason=reasons[0].message if reasons else shown.explanation[0],
        details=tuple(f"{one.policy}/{one.rule}: {one.message}" for one in reasons)[:100],
    )
