"""Questions that budgets put to people: to spend more, and to begin new work though most is used."""

from collections.abc import Collection
from datetime import datetime

from shared.approvals.actions import answerable, noes, repeats
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acts, requests
from shared.budgets.models.budgets import Amounts, Budget, Raising
from shared.budgets.rules import setting as setting_rules
from shared.errors import VersionConflict
from shared.operation import Call
from shared.records import dataclass
from shared.reservations import Short, reserve, use
from shared.shares import Reservation
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


def left_to_own(
    txn: Transaction, before: Budget, setting: Amounts, *, at: datetime
) -> tuple[int, int]:
    """
    Return how much more the customer's own Governor may be asked for, and what the same wish has taken of that already.

    What was asked for this month counts, granted or not.
    """
    limit, asked = setting_rules.own_governors(before.tenant_id, at=at), before.raising
    used, mine = use(txn, limit), 0
    if asked is not None and setting_rules.same(before, setting):
        held = txn.get_or_none(Reservation, _room(asked.approval_id))
        mine = held.asked.get(limit.id, 0) if held and held.holds else 0
    return max(limit.amount - used.reserved - used.spent, 0), mine


def take_room(
    txn: Transaction, call: Call, before: Budget, raising: Raising, about: Approval
) -> None:
    """Count a raise among those that the customer's own Governor is asked for, until the month ends."""
    if raising.governor_scope == "engagement" and raising.raised_micro_usd:
        limit = setting_rules.own_governors(before.tenant_id, at=call.now)
        asked = {limit: raising.raised_micro_usd}
        until = limit.window.ends
        came = reserve(txn, _room(raising.approval_id), asked, about=about, until=until)
        if isinstance(came, Short):
            raise VersionConflict("somebody else asked for a raise just now; read it and ask again")


def _room(approval_id: str) -> str:
    return f"raise:{approval_id}"


def put(txn: Transaction, call: Call, asking: Asking) -> None:
    """Put a question to whoever decides it, unless it is open already."""
    if asking.new:
        noes.note(txn, asking.beside, asking.approval)
        repeats.ask(txn, asking.approval, at=call.now)
