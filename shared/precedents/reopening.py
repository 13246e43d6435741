"""Ask people again about what a revoked seed granted: all of it, as much at once as one commit holds."""

from collections import defaultdict

from shared.approvals import windows
from shared.approvals.events import ApprovalRequested
from shared.approvals.models import Approval, ApprovalStatus
from shared.precedents.events import HeldApprovalsDue
from shared.precedents.matching import reopened
from shared.precedents.models import PrecedentSeed
from shared.precedents.reading import OF_THE_PLATFORM
from shared.queries import AtLeast, moment
from shared.reaction import Reaching

AT_ONCE = 100
"""How many approvals one commit reopens, each by three writes: itself, its entry and its deadline."""


def reopen_some(call: Reaching) -> None:
    """
    Reopen what is still held of the grants of the seed that the event is about, and promise to go on.

    What is open already stays as it is. A reopened approval is no grant any more, so the next look begins
    where this one ended.
    """
    with call.transaction() as own:
        seed = own.get(PrecedentSeed, call.subject_id)
        held = call.each_tenant(OF_THE_PLATFORM).find(
            Approval,
            order="held_until",
            limit=AT_ONCE,
            held_until=AtLeast(moment(call.now)),
            seed_id=seed.seed_id,
            status=ApprovalStatus.APPROVED,
        )
        of_tenant: dict[str, list[str]] = defaultdict(list)
        for one in held.items:
            of_tenant[one.tenant_id].append(one.id)
        for tenant, ids in of_tenant.items():
            _reopen(call, tenant, ids)
        if held.next_cursor:
            own.announce(HeldApprovalsDue(), at=call.now, about=seed)


def _reopen(call: Reaching, tenant: str, ids: list[str]) -> None:
    with call.within(tenant, OF_THE_PLATFORM) as txn:
        for before in [txn.get(Approval, id) for id in ids]:
            after = reopened(before, at=call.now)
            if after is not before:
                after = txn.save(after, ApprovalRequested.of(after))
                timer, due = windows.following(after, at=call.now)
                txn.announce(timer, at=due, about=after)
