from shared.actors import Scope
from shared.approvals.models.questions import ApprovalRequest
from shared.entity import Value
from shared.operation import Call, operation
from shared.precedents.actions.reading import OF_THE_PLATFORM, known_of, of_class
from shared.precedents.models.reasons import Reason, hold
from shared.precedents.models.seeds import SeedStatus
from shared.precedents.rules.matching import best, explained, reserved


class Candidate(Value):
    """One seed of the request's class, and every condition with its result."""

    id: str
    """The seed's `id`, by which it is opened."""
    seed_id: str | None
    """The number it is cited by, such as GEN-005; null while it is a draft."""
    status: SeedStatus
    """Whether it decides (`active`) or only predicts (`shadow`)."""
    principle: str
    """What the seed says, in one sentence."""
    matches: bool
    """Whether every condition holds."""
    reasons: tuple[Reason, ...]
    """Every condition with its result."""


class Explanation(Value):
    """What seeds would answer to a request, and why."""

    decides: str | None
    """The number of the seed that would approve it; without one a person is asked."""

    reserved: tuple[Reason, ...]
    """Whether this is a request that people always decide."""

    candidates: tuple[Candidate, ...]
    """The seeds of the request's class that are active or in shadow."""


@operation("POST", "/v1/precedent-seeds/match", scopes={Scope.PRECEDENTS_READ}, in_freeze=True)
def match_precedent_seeds(call: Call, request: ApprovalRequest) -> Explanation:
    """
    Say which seed would answer a request, with a reason for every condition.

    Nothing is decided: whoever asks for the approval is answered by what holds then.
    """
    with call.transaction() as txn, call.platform(OF_THE_PLATFORM) as platform:
        active = of_class(platform, request, status="active")
        seeds = (*active, *of_class(platform, request, status="shadow"))
        known = known_of(txn, platform, request, seeds, at=call.now)
    answer = best(active, request, known, tenant=call.tenant, at=call.now)
    candidates = []
    for seed in seeds:
        reasons = explained(seed, request, known, tenant=call.tenant, at=call.now)
        candidates.append(
            Candidate(
                id=seed.id,
                seed_id=seed.seed_id,
                status=seed.status,
                principle=seed.principle,
                matches=hold(reasons),
                reasons=reasons,
            )
        )
    return Explanation(
        decides=answer.seed_id if answer else None,
        reserved=reserved(request),
        candidates=tuple(candidates),
    )
