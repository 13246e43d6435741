from shared.actors import PLATFORM, Scope
from shared.constitution import amendment
from shared.entity import Id
from shared.genesis.actions import names
from shared.genesis.models.industries import Industry
from shared.genesis.models.requests import IndustryContent
from shared.genesis.rules import lifecycle
from shared.operation import Call, operation


@operation(
    "PUT",
    "/v1/genesis/industries/{industry_id}",
    scopes={Scope.GENESIS_WRITE},
    tenant=PLATFORM,
)
def revise_industry(call: Call, industry_id: Id, body: IndustryContent) -> Industry:
    """Give a draft or a rejected industry new content, and submit it for certification."""
    with call.transaction() as txn:
        before = txn.get(Industry, industry_id)
        after = lifecycle.revised(before, body.content(), by=call.actor)
        lifecycle.supersede(after, names.predecessor(txn, after))
        held = names.read(txn, before, after)
        names.claim(held, after)
        saved = txn.save(after, amendment(before, after))
        names.settle(txn, held, saved, before)
    return saved
