"""What one person can answer well: no more at once than they can look at, and now and then a test."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.approvals.models.approvals import OPEN, Approval
from shared.approvals.models.questions import ApprovalRequest, EvidenceRef
from shared.approvals.models.records import Canary, Desk
from shared.approvals.rules import acts
from shared.canonical import digest
from shared.queries import AtLeast, OneOf, Test, moment
from shared.store import Transaction

MAX_OPEN = 20
"""How many open requests an approver is shown; above that, newer ones wait that come from where others do."""

MAX_ALIKE = 50
"""How many identical requests one card shows."""

MAX_RECENT, RECENTLY = 20, timedelta(minutes=10)
"""So many in that time are as much as a person reads, also where they were answered at once."""

SAMPLE_OF = 100
SAMPLED_WITHIN = timedelta(days=1)
SAMPLE_CLASS = "route.switch:PL:gateway"
"""One request in so many, and at most one in that time, is a test that must be refused."""


ATTENTION = "whoever shows an approver more saves the desk that is read first; what ends meanwhile makes room"


def desk(txn: Transaction, scope: str) -> Desk:
    """
    Return the desk of a scope, before anything is counted; save it in the commit that shows something more.

    So those who show something run one after the other, and each counts what all before it have shown.
    """
    return txn.get_or_none(Desk, scope) or Desk(id=scope)


def guarded(txn: Transaction, new: Approval) -> Approval:
    """
    Return a new question as it is put: on the card of those like it, by itself, or held back and why.

    Above what an approver can look at, what comes from where something waits already is held back: of the same
    agent, the same asker or the same class, however they are mixed. Twice as much, and only an emergency of
    somebody else's is shown. The desk is read before.
    """
    shown = _shown(txn, new.governor_scope)
    if shown == 0:
        return new
    if 0 < (alike := _alike(txn, new)) < MAX_ALIKE:
        return new.model_copy(update={"grouped": True})
    crowded = shown >= MAX_OPEN or _recent(txn, new) >= MAX_RECENT
    if alike < MAX_ALIKE and not crowded:
        return new
    why = next(filter(None, (_source(new, one) for one in _waiting(txn, new.governor_scope))), None)
    if why is None and (shown < 2 * MAX_OPEN or new.urgency == "immediate"):
        return new
    said = (
        f"{shown} requests wait for an answer; this one is shown when there is room, {why or FULL}"
    )
    return new.model_copy(update={"held_back": True, "held_because": said})


FULL = "as there is more to decide than anybody can look at"


def _source(new: Approval, other: Approval) -> str | None:
    """Say what a question has in common with another that waits already."""
    if new.agent_id is not None and new.agent_id == other.agent_id:
        return "as others of its agent wait already"
    if new.requested_by in other.askers:
        return "as others of whoever asks wait already"
    return "as others of its class wait already" if acts.kindred(new, other) else None


def _waiting(txn: Transaction, scope: str) -> Iterator[Approval]:
    """Yield what approvers have before them."""
    cursor, loosely = None, txn.loosely(ATTENTION)
    while True:
        page = loosely.find(
            Approval,
            order="expires_at",
            cursor=cursor,
            status=OneOf(OPEN),
            governor_scope=scope,
            held_back=False,
        )
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _alike(txn: Transaction, new: Approval) -> int:
    """Count the questions on the card that a new one belongs to."""
    if new.group_key is None:
        return 0
    return _open(txn, new.governor_scope, group_key=new.group_key, held_back=False)


def _recent(txn: Transaction, new: Approval) -> int:
    """Count what approvers were asked of late, answered or not."""
    since = AtLeast(moment(new.requested_at - RECENTLY))
    scope = new.governor_scope
    loosely = txn.loosely(ATTENTION)
    return loosely.count(Approval, governor_scope=scope, held_back=False, requested_at=since)


def next_held(txn: Transaction, scope: str) -> tuple[Approval, ...]:
    """Return the questions that are shown next, the oldest first: as many as there is room for."""
    held, cursor = tuple[Approval, ...](), None
    while len(held) < MAX_OPEN:
        page = txn.loosely(ATTENTION).find(
            Approval,
            order="requested_at",
            cursor=cursor,
            status=OneOf(OPEN),
            governor_scope=scope,
            held_back=True,
        )
        held, cursor = (*held, *page.items), page.next_cursor
        if cursor is None:
            break
    return held[: max(0, MAX_OPEN - _shown(txn, scope))] if held else ()


def _shown(txn: Transaction, scope: str) -> int:
    return _open(txn, scope, held_back=False)


def _open(txn: Transaction, scope: str, **tests: Test) -> int:
    loosely = txn.loosely(ATTENTION)
    return loosely.count(Approval, status=OneOf(OPEN), governor_scope=scope, **tests)


def sample_is_due(txn: Transaction, at: datetime) -> bool:
    """Whether enough was asked of late that one more request may be a test."""
    since = AtLeast(moment(at - SAMPLED_WITHIN))
    return txn.loosely(ATTENTION).count(Approval, requested_at=since) >= SAMPLE_OF


def is_sample(txn: Transaction, approval: Approval) -> bool:
    """Whether a question is such a test; only of those of its class its mark is looked for."""
    return (
        approval.approval_class == SAMPLE_CLASS and txn.get_or_none(Canary, approval.id) is not None
    )


def bad_request(occasion: str) -> ApprovalRequest:
    """Return a request that everybody must refuse who reads it: its own evidence speaks against it."""
    subject = {
        "typ": "change/v1",
        "tenant_id": "platform",
        "entity": f"routes/{digest(occasion)[:12]}",
        "change": "route",
        "from_hash": digest(occasion),
        "to_hash": digest(f"{occasion} to"),
        "chain_version": 1,
    }
    report = EvidenceRef(kind="test_report", ref=f"reports/{occasion}", sha256=digest(subject))
    return ApprovalRequest(
        type="execution",
        gate="change",
        approval_class=SAMPLE_CLASS,
        subject_kind="change",
        subject=subject,
        title="Switch a route of the gateway",
        summary="The tests of the new route failed, and its way back was not tried.",
        action_description="All traffic goes to the new route at once.",
        rationale="The new route is cheaper.",
        alternatives=("Keep the present route",),
        risks=("The tests of the new route failed",),
        evidence_refs=(report,),
        evidence_facts={"tests_passed": False, "rollback_tested": False},
        risk="medium",
        blast_radius="medium",
        urgency="routine",
        reversibility="delayed",
        governor_scope="platform",
    )
