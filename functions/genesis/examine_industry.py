from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.actions import examination
from shared.genesis.actions.examination import Outlook
from shared.genesis.models.industries import Industry
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
        return examination.outlook(found, examination.of_industry(txn, found))
