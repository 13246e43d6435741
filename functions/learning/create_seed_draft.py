from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.learning.actions.drafting import draft
from shared.learning.models import NewDraft, SeedDraft
from shared.operation import Call, operation


@operation("POST", "/v1/seeds", scopes={Scope.LEARNING_WRITE}, tenant=PLATFORM)
def create_seed_draft(call: Call, request: NewDraft) -> Created[SeedDraft]:
    """
    Draft a precedent from decisions of the past.

    At least three approvals of its class must speak for it that people gave and nobody objected to; it covers
    what they covered, and nothing more: their tools, targets, arguments and tenants. Only a Governor writes one
    from nothing, and then names what it covers. Nobody makes more than ten a day.
    """
    with call.transaction() as txn:
        new = draft(txn, call, request)
    return Created(f"/v1/seeds/{new.id}", new)
