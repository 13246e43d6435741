"""Keep a yes: that it was given unread, what it lets count or begin, and a clock that it set."""

from shared.approvals.actions import attention, late_vetoes, noes
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import decided
from shared.approvals.events.questions import ReturnGranted
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.records import Attention
from shared.approvals.rules import windows
from shared.entity import Because, Record
from shared.operation import Call
from shared.store import Transaction


def keep(
    call: Call,
    txn: Transaction,
    known: Attention,
    after: Approval,
    *,
    because: Because,
    note: Record | None = None,
) -> Approval:
    """
    Keep an approval with one more agreement, and the note of the signature it came with.

    What the platform itself is to do on yes is announced in the same commit. The promise that waits leads on to the
    time by which it must be used, unless this vote set a clock anew.

    Raises:
        AlreadyDecided: A no to the same act in other words stands against it.
    """
    noes.unopposed(txn, after)
    anew = after.open and not windows.holds(after, after.decision_version - 1)
    counted = late_vetoes.confirmed(txn, call, after)
    attention.keep(txn, known, after, by=call.actor, at=call.now)
    if note is not None:
        txn.save(note)
    after = txn.save(after, decided(after), because=because)
    if counted is not None:
        after = counted.keep(txn, after, at=call.now)
    if after.status is ApprovalStatus.APPROVED and after.deed == "agent.return":
        after = txn.save(after, ReturnGranted(agent_id=after.agent_id))
    if anew:
        schedule_next(txn, after, at=call.now)
    return after
