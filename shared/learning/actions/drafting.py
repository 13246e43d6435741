"""A draft of a precedent as it is kept: within its author's quota, with its number, on what it rests on."""

from shared.learning.actions.support import evidence_of
from shared.learning.models import DraftNumbers, DraftQuota, NewDraft, SeedDraft
from shared.learning.rules import drafts
from shared.operation import Call
from shared.precedents.events import SeedDrafted
from shared.store import Transaction


def draft(txn: Transaction, call: Call, request: NewDraft) -> SeedDraft:
    """
    Keep a draft.

    Raises:
        Invalid: Too little speaks for it.
        RateLimited: Its author made the day's drafts.
    """
    quota = drafts.quota_id(call.actor.id, call.now)
    made = txn.get_or_none(DraftQuota, quota) or DraftQuota(id=quota)
    day = f"{call.now:%Y-%m-%d}"
    ids = txn.get_or_none(DraftNumbers, day) or DraftNumbers(id=day)
    more = drafts.within_quota(made, at=call.now)
    evidence = evidence_of(txn, request.evidence_refs)
    new = drafts.drafted(
        request, evidence, id=call.new_id(), numbers=ids, by=call.actor, at=call.now
    )
    txn.save(more)
    txn.save(ids.upto(ids.next))
    return txn.create(new, SeedDrafted(support=new.support))
