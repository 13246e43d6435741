from shared.entity import Id
from shared.genesis import announcements, industry_checks, rules
from shared.genesis.models import Industry
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/industries/{industry_id}/certify",
    scopes={Scope.GENESIS_CERTIFY},
    tenant=PLATFORM,
)
def certify_industry(call: Call, industry_id: Id) -> Industry:
    """
    Check an industry and certify it, or reject it with the checks that it failed.

    Both are decisions and answered with the industry as it then is. There is one industry of each code, so
    its external id needs no number.
    """
    with call.transaction() as txn:
        before = txn.get(Industry, industry_id)
        after = rules.certified(
            before,
            industry_checks.checks(before),
            by=call.actor,
            at=call.now,
            certification_id=call.new_id(),
            number=1,
        )
        return txn.save(after, announcements.decision(after))
