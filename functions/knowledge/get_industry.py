from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.models.industries import Industry
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/industries/{industry_id}",
    scopes={Scope.KNOWLEDGE_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_industry(call: Call, industry_id: Id) -> Industry:
    """Return one industry, with its checks and certificate."""
    with call.transaction() as txn:
        return txn.get(Industry, industry_id)
