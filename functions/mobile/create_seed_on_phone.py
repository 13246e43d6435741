from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.learning.actions.drafting import draft
from shared.learning.models import NewDraft, SeedDraft
from shared.operation import Call, operation


@operation("POST", "/v1/mobile/seeds", scopes={Scope.LEARNING_WRITE}, tenant=PLATFORM)
def create_seed_on_phone(call: Call, request: NewDraft) -> Created[SeedDraft]:
    """
    Draft a precedent with the phone's wizard.

    It is a draft like any other: Genesis validates it before it may predict, let alone decide.
    """
    with call.transaction() as txn:
        new = draft(txn, call, request)
    return Created(f"/v1/seeds/{new.id}", new)
