from shared.actors import PLATFORM, Scope
from shared.constitution import amendment
from shared.entity import Because, Id
from shared.genesis.models.industries import Industry
from shared.genesis.models.requests import IndustryJudgement
from shared.genesis.rules import lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/industries/{industry_id}/verdict",
    scopes={Scope.AGENTS_REVIEW},
    tenant=PLATFORM,
)
def judge_industry(call: Call, industry_id: Id, body: IndustryJudgement) -> Industry:
    """
    Record a verdict on an industry that waits for its certification.

    IN-5 belongs to the Vision Guardian, and none of the industry's authors judges it. A verdict is about
    the content as it is: a revision asks for a new one.
    """
    with call.transaction() as txn:
        before = txn.get(Industry, industry_id)
        after = lifecycle.judged_by(
            before,
            body.check_code,
            body.verdict,
            body.rationale,
            by=call.actor,
            at=call.now,
        )
        because = Because(rationale=after.verdicts[-1].rationale, authority=call.actor.id)
        return txn.save(after, amendment(before, after), because=because)
