"""How an act was decided, looked up where it lies."""

from shared.deciding import Attestation, Decision
from shared.errors import NotFound
from shared.evidence import Entry
from shared.judged import STORED
from shared.policy.models.attestations import Enforced, Evidence, PolicyAttestation
from shared.policy.rules.explaining import explained, refused
from shared.store import Transaction

DENIED = "policy.denied"


def attestation(txn: Transaction, decision_id: str, *, whole: bool) -> PolicyAttestation:
    """
    Return how an act of the tenant was decided.

    Args:
        txn: The transaction, in the tenant of whoever was decided about.

        decision_id: The id of the decision there.

        whole: Whether what was looked at is shown too, which is for staff.

    Raises:
        NotFound: Nothing was decided by that id here.
    """
    entry = txn.get_or_none(Entry, decision_id)
    if entry is not None and (entry.policy or entry.action == DENIED):
        return entered(entry, whole=whole)
    kept = txn.get_or_none(Attestation, decision_id)
    if kept is None:
        raise NotFound(
            f"nothing was decided as {decision_id} here; take the id that `X-Decision-ID` or the refusal names,"
            " and put the tenant before it where it is another's: acme.<id>"
        )
    decision = Decision.model_validate(kept.decision, context=STORED)
    evidence = Evidence(
        stream="decisions", action=None, ts=kept.decided_at, kid=kept.kid, sig=kept.sig
    )
    return _shown(decision, "answered", evidence, whole=whole)


def entered(entry: Entry, *, whole: bool) -> PolicyAttestation:
    """Return how an act was decided of which an entry tells."""
    evidence = Evidence(
        stream=entry.entity, action=entry.action, ts=entry.ts, kid=entry.kid, sig=entry.sig
    )
    if entry.policy is None or entry.policy.decision is None:
        cited = entry.policy.decision_id if entry.policy else entry.id
        reasons = tuple(str(one) for one in entry.data.get("reasons", ()))
        action, told = entry.data.get("action", entry.operation), entry.data.get("said", "")
        said = refused(str(action), reasons, str(told))
        if entry.policy:
            said = (f"It was decided with the act that {cited} tells of; look that one up.",)
        return PolicyAttestation(
            decision_id=cited,
            enforcement_result="executed" if entry.policy else "denied",
            explanation=said,
            decision=None,
            evidence=evidence,
        )
    decision = Decision.model_validate(entry.policy.decision, context=STORED)
    return _shown(decision, "executed", evidence, whole=whole)


def _shown(
    decision: Decision, done: Enforced, evidence: Evidence, *, whole: bool
) -> PolicyAttestation:
    results: dict[str, Enforced] = {"deny": "denied", "require_approval": "approval_pending"}
    return PolicyAttestation(
        decision_id=decision.decision_id,
        enforcement_result=results.get(decision.verdict, done),
        explanation=explained(decision),
        decision=decision if whole else decision.model_copy(update={"input": {}}),
        evidence=evidence,
    )
