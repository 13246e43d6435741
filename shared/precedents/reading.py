"""Read what a seed's answer takes, as cheaply as it can be had; usually one query finds that nothing fits."""

from datetime import datetime

from shared.agents.models import Agent
from shared.approvals.models import Approval, ApprovalStatus, Question
from shared.genesis.models import ExternalIds
from shared.operation import Call
from shared.precedents.matching import Known, best, candidates, eligible, fits
from shared.precedents.models import SWITCH, PrecedentSeed, SeedStatus, SeedSwitch
from shared.queries import OneOf, Reads
from shared.store import Transaction

OF_THE_PLATFORM = "seeds belong to the platform, and decide in every tenant"
TROUBLED = frozenset({"unhealthy", "critical", "suspended"})


def precedent(call: Call, txn: Transaction, request: Question) -> PrecedentSeed | None:
    """Return the seed that answers a request, or None where a person must."""
    if not eligible(request):
        return None
    with call.platform(OF_THE_PLATFORM) as platform:
        seeds = of_class(platform, request, status="active")
        near = [
            one for one in seeds if all(r.passed for r in fits(one, request, tenant=call.tenant))
        ]
        known = known_of(txn, platform, request) if near else Known()
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


def known_of(txn: Transaction, platform: Transaction, request: Question) -> Known:
    """Return what is known around a request: in its own tenant, and on the platform."""
    switch = platform.peek(SeedSwitch, SWITCH)
    industry = request.approval_class.split(":")[1]
    deployed = platform.peek(ExternalIds, f"AGT-{industry}")
    agent = txn.peek(Agent, request.agent_id) if request.agent_id else None
    return Known(
        switched_on=switch is None or switch.on,
        deployed_before=deployed is not None and deployed.given > 0,
        in_trouble=agent is not None and agent.health_status in TROUBLED,
        denied_at=denied_at(txn, request.approval_class),
    )


def denied_at(txn: Transaction, approval_class: str) -> datetime | None:
    """Return when a person last said no to a class of requests in the tenant: rejected it, or objected."""
    same = {"approval_class": approval_class}
    loosely = txn.loosely("who says no meanwhile may object to what was granted")
    rejected = loosely.first(Approval, order="-decided_at", status=ApprovalStatus.REJECTED, **same)
    vetoed = loosely.first(Approval, order="-vetoed_at", **same)
    times = (rejected.decided_at if rejected else None, vetoed.vetoed_at if vetoed else None)
    return max(filter(None, times), default=None)
