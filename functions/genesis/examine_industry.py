from shared.entity import Id
from shared.genesis import examining
from shared.genesis.examining import Outlook
from shared.genesis.industries import Industry
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/genesis/industries/{industry_id}/checks",
    scopes={Scope.GENESIS_READ},
    audited=False,
    tenant=PLATFORM,
)
def examine_industry(call: Call, industry_id: Id) -> Outlook:
    """
    Say what the certification of an industry would come to now, and whose verdict is missing.

    Nothing is decided; what the codes ask is listed at `/v1/genesis/checks`.
    """
    with call.transaction() as txn:
        found = txn.get(Industry, industry_id)
        return examining.outlook(found, examining.of_industry(txn, found))
