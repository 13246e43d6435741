from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.learning.models import SeedDraft
from shared.operation import Call, operation


@operation(
    "GET", "/v1/seeds/{draft_id}", scopes={Scope.LEARNING_READ}, audited=False, tenant=PLATFORM
)
def get_seed_draft(call: Call, draft_id: Id) -> SeedDraft:
    """Show the draft of a precedent with the decisions it rests on."""
    with call.transaction() as txn:
        return txn.get(SeedDraft, draft_id)
