"""Questions that budgets put to people: to spend more, and to begin new work though most is used."""

from collections.abc import Collection

from shared.approvals.actions import answerable, noes, repeats
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acts, requests
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction


@dataclass(frozen=True)
class Asking:
    """A question that is ready to be put: everything for it was read."""

    approval: Approval
    beside: tuple[Approval, ...]
    new: bool


def prepare(
    txn: Transaction,
    call: Call,
    request: ApprovalRequest,
    *,
    id: str,
    makers: Collection[str] = (),
) -> Asking:
    """
    Read what a question takes, and return it as it can be put; where the same is open already, that.

    Args:
        txn: Where it is read.

        call: Who puts it.

        request: The question.

        id: What to call the approval.

        makers: Who made what it is about: none of them decides it.

    Raises:
        AlreadyDecided: Somebody said no to the same.
        Invalid: Nobody could answer it.
    """
    new = requests.ask(
        request, id=id, tenant=call.tenant, by=call.actor, at=call.now, makers=makers
    )
    same = repeats.still_open(txn, new)
    if same is not None:
        return Asking(same, (), new=False)
    answerable.check(call, txn, new)
    around = noes.around(txn, acts.act(new))
    repeats.succeeded(txn, new, around)
    new, beside = noes.noted(around, new)
    return Asking(new, beside, new=True)


def put(txn: Transaction, call: Call, asking: Asking) -> None:
    """Put a question to whoever decides it, unless it is open already."""
    if asking.new:
        noes.note(txn, asking.beside, asking.approval)
        repeats.ask(txn, asking.approval, at=call.now)
