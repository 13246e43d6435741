"""Which decisions still support a draft."""

from collections.abc import Iterable

from shared.approvals.models.approvals import Approval
from shared.errors import Conflict
from shared.learning.models import SeedDraft
from shared.learning.rules.drafts import support
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.validation import MIN_SAMPLES
from shared.store import Transaction


def evidence_of(txn: Transaction, refs: Iterable[str]) -> tuple[Approval, ...]:
    """Return the decisions that are named, each once, as they stand now."""
    return tuple(txn.get(Approval, id) for id in dict.fromkeys(refs))


def still_supported(txn: Transaction, seed: PrecedentSeed) -> None:
    """
    Make sure that what a seed was made of still speaks for it.

    Raises:
        Conflict: Too much of it was objected to meanwhile.
    """
    draft = txn.get_or_none(SeedDraft, seed.draft_id) if seed.draft_id else None
    evidence = evidence_of(txn, draft.evidence_refs) if draft else ()
    _, good = support(seed, evidence)
    if evidence and len(good) < MIN_SAMPLES:
        raise Conflict(
            f"{len(good)} of {len(evidence)} approvals that it rests on still stand, and {MIN_SAMPLES} are"
            " needed; draft it again from others",
            rule="seed_state",
        )
