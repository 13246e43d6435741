from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.learning.actions.support import evidence_of
from shared.learning.models import DraftNumbers, DraftQuota, NewDraft, SeedDraft
from shared.learning.rules.drafts import drafted, quota_id, within_quota
from shared.operation import Call, operation
from shared.precedents.events import SeedDrafted


@operation("POST", "/v1/seeds", scopes={Scope.LEARNING_WRITE}, tenant=PLATFORM)
def create_seed_draft(call: Call, request: NewDraft) -> Created[SeedDraft]:
    """
    Draft a precedent from decisions of the past.

    At least three approvals of its class must speak for it that people gave and nobody objected to; it covers
    what they covered, and nothing more: their tools, targets, arguments and tenants. Only a Governor writes one
    from nothing, and then names what it covers. Nobody makes more than ten a day.
    """
    quota, day = quota_id(call.actor.id, call.now), f"{call.now:%Y-%m-%d}"
    with call.transaction() as txn:
        made = txn.get_or_none(DraftQuota, quota) or DraftQuota(id=quota)
        numbers = txn.get_or_none(DraftNumbers, day) or DraftNumbers(id=day)
        more = within_quota(made, at=call.now)
        evidence = evidence_of(txn, request.evidence_refs)
        draft = drafted(
            request, evidence, id=call.new_id(), numbers=numbers, by=call.actor, at=call.now
        )
        txn.save(more)
        txn.save(numbers.model_copy(update={"given": numbers.given + 1}))
        draft = txn.create(draft, SeedDrafted(support=draft.support))
    return Created(f"/v1/seeds/{draft.id}", draft)
