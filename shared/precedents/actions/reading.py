"""Read what a seed's answer takes, as cheaply as it can be had; usually one query finds that nothing fits."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.questions import Question
from shared.approvals.rules import acts
from shared.errors import NotFound
from shared.numbers import ExternalIds
from shared.operation import Call
from shared.precedents.models.reasons import hold
from shared.precedents.models.seeds import (
    SWITCH,
    PrecedentSeed,
    SeedStatus,
    SeedSwitch,
    TenantSeedSwitch,
)
from shared.precedents.rules.lifecycle import decides_in
from shared.precedents.rules.matching import Known, best, candidates, eligible, fits
from shared.queries import OneOf, Reads
from shared.store import Transaction

OF_THE_PLATFORM = "seeds belong to the platform, and decide in every tenant"
NOES = (ApprovalStatus.REJECTED, ApprovalStatus.CHANGES_REQUESTED)
TROUBLED = frozenset({"unhealthy", "critical", "suspended"})


def precedent(call: Call, txn: Transaction, request: Question) -> PrecedentSeed | None:
    """Return the seed that answers a request, or None where a person must."""
    if not eligible(request):
        return None
    with call.platform(OF_THE_PLATFORM) as platform:
        seeds = of_class(platform, request, status="active")
        near = [one for one in seeds if hold(fits(one, request, tenant=call.tenant))]
        known = known_of(txn, platform, request, near, at=call.now) if near else Known()
        answer = best(near, request, known, tenant=call.tenant, at=call.now)
        if answer is not None:
            platform.trust(answer)
    return answer


def of_class(
    platform: Reads, request: Question, *, status: SeedStatus
) -> tuple[PrecedentSeed, ...]:
    """Return the seeds of a status whose class a request can match."""
    classes = OneOf(candidates(request.approval_class))
    return platform.all(PrecedentSeed, status=status, approval_class=classes)


def known_of(
    txn: Transaction,
    platform: Transaction,
    request: Question,
    seeds: Iterable[PrecedentSeed],
    *,
    at: datetime,
) -> Known:
    """Return what is known around a request: in its own tenant, and on the platform."""
    from shared.agents.actions.makers import is_id
    from shared.agents.models.agents import Agent
    from shared.approvals.actions import noes
    from shared.policy.actions.freezing import frozen

    switch = platform.get_or_none(SeedSwitch, SWITCH)
    industry = request.approval_class.split(":")[1]
    deployed = platform.get_or_none(ExternalIds, f"AGT-{industry}")
    agent = platform.get_or_none(Agent, request.agent_id) if is_id(request.agent_id) else None
    act = acts.act(request)
    around = noes.around(txn, act)
    refused = next(noes.against(around, act), None)
    asked = next(noes.open_beside(around, act, at=at), None)
    return Known(
        frozen=frozen(platform),
        switched_on=switch is None or switch.on,
        switched_off_here=frozenset(id for id, here in switches(txn, seeds).items() if not here.on),
        deployed_before=deployed is not None and deployed.given > 0,
        industry=agent.industry_code if agent else None,
        in_trouble=agent is not None and agent.health_status in TROUBLED,
        denied_at=denied_at(txn, act.family, request.approval_class),
        denied=refused.id if refused else "",
        asked=asked.id if asked else "",
    )


def switches(txn: Transaction, seeds: Iterable[PrecedentSeed]) -> Mapping[str, TenantSeedSwitch]:
    """Return how the tenant set its switches of some seeds, by the ids of the seeds."""
    ids = [(one.id, TenantSeedSwitch.id_of(txn.tenant, one.id)) for one in seeds]
    found = {seed: txn.get_or_none(TenantSeedSwitch, id) for seed, id in ids}
    return {seed: switch for seed, switch in found.items() if switch is not None}


def decides_here(call: Call, number: str) -> PrecedentSeed:
    """
    Return the seed in force of a number that may decide in the tenant of a call.

    Raises:
        NotFound: There is none with that number, or it decides elsewhere.
    """
    with call.platform(OF_THE_PLATFORM) as platform:
        seed = platform.first(PrecedentSeed, seed_id=number, status="active")
    if seed is None or not decides_in(seed, call.tenant):
        raise NotFound(f"no precedent seed {number} decides here")
    return seed


def denied_at(txn: Transaction, family: str, approval_class: str) -> datetime | None:
    """
    Return when people last left a class of acts without a yes, however it was spelt: by a no, or by silence.

    What an earlier release asked is found by its class to the letter.
    """
    loosely = txn.loosely("who says no meanwhile may object to what was granted")
    silent = loosely.first(
        Approval,
        order="-expires_at",
        status=ApprovalStatus.EXPIRED,
        decided_at=None,
        act_family=family,
    )
    times = [silent.expires_at if silent else None]
    for same in ({"act_family": family}, {"approval_class": approval_class}):
        denied = loosely.first(Approval, order="-decided_at", status=OneOf(NOES), **same)
        vetoed = loosely.first(Approval, order="-vetoed_at", **same)
        times += [denied.decided_at if denied else None, vetoed.vetoed_at if vetoed else None]
    return max(filter(None, times), default=None)
