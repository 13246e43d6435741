"""Evidence that was missing is added to the open question (ruling 79): what was agreed without it is asked again."""

from collections.abc import Sequence
from datetime import datetime

from shared.actors import Actor
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.parts import Addition
from shared.approvals.models.questions import MAX_EVIDENCE, EvidenceRef
from shared.approvals.rules import checks
from shared.approvals.rules.cards import bound
from shared.approvals.rules.transitions import changed
from shared.errors import Conflict


def added(
    before: Approval, *, by: Actor, at: datetime, evidence: Sequence[EvidenceRef]
) -> Approval:
    """
    Return the approval with evidence that it lacked, and a card of its own; with none that is new, as it is.

    The deadline stays as it was, a rest for evidence is over, and votes that were given are asked again.

    Raises:
        Refusal: Somebody else's question, it is decided, or there is more than anybody reads.
    """
    checks.asked_by(before, by)
    shown = {one.sha256 for one in before.evidence_refs}
    new = tuple(one for one in evidence if one.sha256 not in shown)
    if not new:
        return before
    checks.undecided(before, at)
    if len(before.evidence_refs) + len(new) > MAX_EVIDENCE:
        raise Conflict(
            f"an approval holds at most {MAX_EVIDENCE} pieces of evidence; ask again with all that counts",
            rule="evidence_limit",
        )
    addition = Addition(
        by=by.id, at=at, kinds=tuple(one.kind for one in new), votes=before.decisions
    )
    first = before.current_step == 1
    return bound(
        changed(
            before,
            evidence_refs=(*before.evidence_refs, *new),
            evidence_added=(*before.evidence_added, addition),
            decisions=(),
            current_step=1,
            status=before.status if first else ApprovalStatus.PENDING,
            deferred_until=min(before.deferred_until, at) if before.deferred_until else None,
            window_from=min(before.window_from, at),
        )
    )
