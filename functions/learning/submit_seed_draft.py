from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.learning.actions.support import evidence_of
from shared.learning.events import SeedDraftSubmitted
from shared.learning.models import SeedDraft
from shared.learning.rules.drafts import submitted
from shared.operation import Call, operation
from shared.precedents.events import SeedSubmitted


@operation("POST", "/v1/seeds/{draft_id}/submit", scopes={Scope.LEARNING_WRITE}, tenant=PLATFORM)
def submit_seed_draft(call: Call, draft_id: Id) -> SeedDraft:
    """
    Put a draft to Genesis, as a precedent seed that waits for its validation.

    A rule that weakens a gate is rejected here already, without discussion.
    """
    with call.transaction() as txn:
        before = txn.get(SeedDraft, draft_id)
        evidence = evidence_of(txn, before.evidence_refs)
        after, seed = submitted(before, evidence, at=call.now, seed_id=call.new_id())
        if seed is not None:
            txn.create(seed, SeedSubmitted(draft_id=draft_id, support=seed.sample_count))
        told = SeedDraftSubmitted(status=after.status, precedent_seed_id=after.precedent_seed_id)
        return txn.save(after, told)
