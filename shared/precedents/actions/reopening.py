"""Ask people again about what a rule granted that decides no more: all of it, as much at once as one commit holds."""

from collections import defaultdict
from collections.abc import Iterable

from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.precedents.actions.reading import OF_THE_PLATFORM
from shared.precedents.events import HeldApprovalsDue, HeldHereDue
from shared.precedents.models.seeds import PrecedentSeed, TenantSeedSwitch
from shared.precedents.rules.matching import reopened
from shared.queries import AtLeast, Page, Reads, moment
from shared.reaction import ReactionCall
from shared.store import Transaction

GOES_ON = "what is found is read again before it is changed, and the look is repeated until nothing is left"
AT_ONCE = 100
"""How many approvals one commit reopens, each by three writes: itself, its entry and its deadline."""


def reopen_some(call: ReactionCall) -> None:
    """
    Reopen what is still held of the grants of the seed that the event is about, and promise to go on.

    What is open already stays as it is. A reopened approval is no grant any more, so the next look begins
    where this one ended.
    """
    with call.transaction() as own:
        seed = own.get(PrecedentSeed, call.subject_id)
        held = _held(call, call.each_tenant(OF_THE_PLATFORM), seed.seed_id)
        of_tenant: dict[str, list[str]] = defaultdict(list)
        for one in held.items:
            of_tenant[one.tenant_id].append(one.id)
        for tenant, ids in of_tenant.items():
            with call.within(tenant, OF_THE_PLATFORM) as txn:
                _reopen(call, txn, ids)
        if held.next_cursor:
            own.schedule(HeldApprovalsDue(), at=call.now, about=seed)


def reopen_here(call: ReactionCall) -> None:
    """Do the same in the tenant of the switch that the event is about, unless it was switched on again."""
    with call.transaction() as own:
        switch = own.get(TenantSeedSwitch, call.subject_id)
        if switch.on:
            return
        held = _held(call, own.loosely(GOES_ON), switch.seed_id)
        _reopen(call, own, [one.id for one in held.items])
        if held.next_cursor:
            own.schedule(HeldHereDue(), at=call.now, about=switch)


def _held(call: ReactionCall, documents: Reads, seed_id: str | None) -> Page[Approval]:
    return documents.find(
        Approval,
        order="held_until",
        limit=AT_ONCE,
        held_until=AtLeast(moment(call.now)),
        seed_id=seed_id,
        status=ApprovalStatus.APPROVED,
    )


def _reopen(call: ReactionCall, txn: Transaction, ids: Iterable[str]) -> None:
    for before in [txn.get(Approval, id) for id in ids]:
        after = reopened(before, at=call.now)
        if after is not before:
            after = txn.save(after, ApprovalRequested.of(after))
            schedule_next(txn, after, at=call.now)
