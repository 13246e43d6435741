from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.genesis.actions import names
from shared.genesis.models.industries import Industry
from shared.genesis.models.requests import NewIndustry
from shared.genesis.rules import announcements, lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/industries",
    scopes={Scope.GENESIS_WRITE},
    tenant=PLATFORM,
)
def create_industry(call: Call, body: NewIndustry) -> Created[Industry]:
    """Submit an industry for certification, or keep it as a draft."""
    with call.transaction() as txn:
        industry = lifecycle.submitted(
            Industry,
            body.content(),
            id=call.new_id(),
            by=call.actor,
            at=call.now,
            draft=body.as_draft,
        )
        lifecycle.supersede(industry, names.predecessor(txn, industry))
        held = names.read(txn, industry)
        names.claim(held, industry)
        industry = txn.create(industry, announcements.creation(industry))
        names.settle(txn, held, industry)
    return Created(f"/v1/industries/{industry.id}", industry)
