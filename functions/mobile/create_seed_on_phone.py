from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.learning.actions import support
from shared.learning.models import DraftNumbers, DraftQuota, NewDraft, SeedDraft
from shared.learning.rules import drafts
from shared.operation import Call, operation
from shared.precedents.events import SeedDrafted


@operation("POST", "/v1/mobile/seeds", scopes={Scope.LEARNING_WRITE}, tenant=PLATFORM)
def create_seed_on_phone(call: Call, request: NewDraft) -> Created[SeedDraft]:
    """
    Draft a precedent with the phone's wizard.

    It is a draft like any other: Genesis validates it before it may predict, let alone decide.
    """
    quota = drafts.quota_id(call.actor.id, call.now)
    day = f"{call.now:%Y-%m-%d}"
    with call.transaction() as txn:
        made = txn.get_or_none(DraftQuota, quota) or DraftQuota(id=quota)
        numbers = txn.get_or_none(DraftNumbers, day) or DraftNumbers(id=day)
        more = drafts.within_quota(made, at=call.now)
        evidence = support.evidence_of(txn, request.evidence_refs)
        draft = drafts.drafted(
            request, evidence, id=call.new_id(), numbers=numbers, by=call.actor, at=call.now
        )
        txn.save(more)
        txn.save(numbers.model_copy(update={"given": numbers.given + 1}))
        draft = txn.create(draft, SeedDrafted(support=draft.support))
    return Created(f"/v1/seeds/{draft.id}", draft)
