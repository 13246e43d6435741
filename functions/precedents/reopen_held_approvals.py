from dataclasses import replace

from shared.approvals import windows
from shared.approvals.events import ApprovalRequested
from shared.approvals.models import Approval
from shared.identity import PLATFORM
from shared.precedents.events import SeedRevoked
from shared.precedents.matching import reopened
from shared.reaction import Reaching, reaction


@reaction(on=SeedRevoked)
def reopen_held_approvals(call: Reaching, event: SeedRevoked) -> None:
    """
    Ask people about what a revoked seed had granted and was not done yet.

    Each approval is changed in its own tenant and commit; one that is open already stays as it is.
    """
    for approval_id in event.held_approvals:
        tenant = approval_id.rpartition(".")[0] or PLATFORM
        with replace(call, tenant=tenant, commits=True).transaction() as txn:
            before = txn.get(Approval, approval_id)
            after = reopened(before, at=call.now)
            if after is not before:
                after = txn.save(after, ApprovalRequested.of(after))
                timer, due = windows.following(after, at=call.now)
                txn.announce(timer, at=due, about=after)
