from shared.constitution import amendment
from shared.entity import Id
from shared.genesis import announcements, names, rules, skill_checks
from shared.genesis.models import Skill, Status
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/skills/{skill_id}/certify",
    scopes={Scope.GENESIS_CERTIFY},
    tenant=PLATFORM,
)
def certify_skill(call: Call, skill_id: Id) -> Skill:
    """
    Check a skill and certify it, or reject it with the checks that it failed.

    Both are decisions and answered with the skill as it then is. A certified successor deprecates what it
    supersedes in the same commit.
    """
    with call.transaction() as txn:
        before = txn.get(Skill, skill_id)
        older = txn.peek(Skill, before.supersedes) if before.supersedes else None
        industry = names.industry_of(txn, before.industry_code)
        held = names.read(txn, before)
        ids = names.external_ids(txn, before)
        alone = names.free(held, before) and rules.replaceable(before, older)
        after = rules.certified(
            before,
            skill_checks.checks(before, unique=alone),
            skill_checks.breaches(before, industry),
            by=call.actor,
            at=call.now,
            certification_id=call.new_id(),
            number=ids.given + 1,
        )
        saved = txn.save(after, announcements.decision(after))
        if saved.status is Status.CERTIFIED:
            names.count(txn, ids)
            names.settle(txn, held, saved)
            if older:
                replaced = rules.deprecated(older, saved)
                txn.save(replaced, amendment(older, replaced))
    return saved
