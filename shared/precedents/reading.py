"""Read what a seed's answer takes, as cheaply as it can be had; usually one query finds that nothing fits."""

from dataclasses import replace
from datetime import datetime

from shared.agents.models import Agent
from shared.approvals.models import Approval, ApprovalStatus, Question
from shared.documents import Condition, Query
from shared.genesis.models import ExternalIds
from shared.identity import PLATFORM
from shared.operation import Call
from shared.precedents.matching import Known, best, candidates, eligible, fits
from shared.precedents.models import SWITCH, PrecedentSeed, SeedStatus, SeedSwitch
from shared.reaction import Reaching
from shared.store import OneOf, Transaction, moment

MAX_CANDIDATES = 20
MAX_HELD = 300
TROUBLED = frozenset({"unhealthy", "critical", "suspended"})


def beside(call: Call) -> Call:
    """Return a call that reads what belongs to the platform as a whole; it never commits anything."""
    return replace(call, tenant=PLATFORM, commits=False)


def precedent(call: Call, txn: Transaction, request: Question) -> PrecedentSeed | None:
    """Return the seed that answers a request, or None where a person must."""
    if not eligible(request):
        return None
    with beside(call).transaction() as platform:
        seeds = of_class(platform, request, status="active")
        near = [
            one for one in seeds if all(r.passed for r in fits(one, request, tenant=call.tenant))
        ]
        known = known_of(txn, platform, request) if near else Known()
    return best(near, request, known, tenant=call.tenant, at=call.now)


def of_class(
    platform: Transaction, request: Question, *, status: SeedStatus
) -> tuple[PrecedentSeed, ...]:
    """Return the seeds of a status whose class a request can match."""
    classes = OneOf(candidates(request.approval_class))
    found = platform.find(
        PrecedentSeed, limit=MAX_CANDIDATES, status=status, approval_class=classes
    )
    return found.items


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


def held(call: Call, seed: PrecedentSeed) -> tuple[str, ...]:
    """Return the approvals of all tenants that a seed granted and whose effect is still held."""
    granted = (
        Condition("seed_id", "==", seed.seed_id),
        Condition("status", "==", ApprovalStatus.APPROVED.value),
    )
    found = call.documents.find(None, Query(Approval.collection, granted, limit=MAX_HELD))
    now = moment(call.now)
    return tuple(one.key.id for one in found if (one.data.get("held_until") or "") > now)


def denied_at(txn: Transaction, approval_class: str) -> datetime | None:
    """Return when a person last said no to a class of requests in the tenant: rejected it, or objected."""
    same = {"approval_class": approval_class}
    rejected = txn.find(
        Approval, order="-decided_at", limit=1, status=ApprovalStatus.REJECTED, **same
    ).items
    vetoed = txn.find(Approval, order="-vetoed_at", limit=1, **same).items
    times = [*(one.decided_at for one in rejected), *(one.vetoed_at for one in vetoed)]
    return max(filter(None, times), default=None)


def asked(call: Reaching, approval_id: str) -> Approval:
    """
    Return an approval of the call's tenant, and leave the call on the platform.

    An approval belongs to its tenant; the seeds, and what is counted of them, belong to the platform.
    """
    with call.transaction() as own:
        approval = own.get(Approval, approval_id)
    call.opened, call.tenant = None, PLATFORM
    return approval
