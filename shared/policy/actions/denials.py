"""A denial, as lists show it."""

from shared.actors import PLATFORM
from shared.deciding import Decision
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.identity.models import Principal
from shared.identity.rules.principals import principal
from shared.operation import Call
from shared.policy.models.acts import ActingFor
from shared.policy.models.attestations import PolicyAttestation
from shared.policy.models.denials import PolicyDenial
from shared.reaction import ReactionCall
from shared.store import Transaction


def recorded(
    entry: Entry, shown: PolicyAttestation, event: PolicyDenied, call: ReactionCall
) -> PolicyDenial:
    """Return the line of a denial, from the entry that tells of it and how that is shown."""
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
        reason=reasons[0].message if reasons else event.said or shown.explanation[0],
        details=tuple(f"{one.policy}/{one.rule}: {one.message}" for one in reasons)[:100],
    )


def enter(txn: Transaction, decision: Decision, asked: ActingFor, call: Call) -> None:
    """Enter that somebody who asked for others was told no: on the stream of whoever asked, as a refusal is."""
    rules = dict.fromkeys(one.rule for one in decision.reasons)
    event = PolicyDenied(
        decision_id=decision.decision_id,
        action=decision.input["action"]["name"],
        reasons=tuple(rules)[:100] or ("approval_required",),
        agent_id=asked.agent_id,
        run_id=asked.run_id,
        step_id=asked.step_id,
    )
    found = txn.get_or_none(Principal, call.actor.id)
    if found:
        txn.save(found, event)
    else:
        txn.create(principal(call.actor.id, call.tenant, call.now), event)
