"""What one person can answer well: no more at once than they can look at, and now and then a test."""

from datetime import datetime, timedelta
from typing import ClassVar

from shared.approvals.models import OPEN, Approval, ApprovalRequest, EvidenceRef
from shared.canonical import digest
from shared.entity import Record
from shared.queries import AtLeast, OneOf, moment
from shared.store import Transaction

MAX_OPEN = 20
"""How many open requests an approver is shown; above that, newer ones of the same agent wait."""

SAMPLE_OF = 100
SAMPLED_WITHIN = timedelta(days=1)
"""One request in so many, and at most one in that time, is a test that must be refused."""


ATTENTION = "it is about attention: one more or less than counted does no harm"


class Canary(Record):
    """The mark of a request that must be refused, kept apart from what the approver sees."""

    collection: ClassVar[str] = "canaries"


def guarded(txn: Transaction, new: Approval) -> Approval:
    """Return a new question, held back where its agent already waits for an approver with too many."""
    if new.agent_id is None or _shown(txn, new.governor_scope) < MAX_OPEN:
        return new
    return new.model_copy(update={"held_back": _waits(txn, new.governor_scope, new.agent_id)})


def next_held(txn: Transaction, scope: str) -> Approval | None:
    """Return the question that is shown next, if there is room for one."""
    held = txn.loosely(ATTENTION).first(
        Approval,
        order="requested_at",
        status=OneOf(OPEN),
        governor_scope=scope,
        held_back=True,
    )
    return held if held and _shown(txn, scope) < MAX_OPEN else None


def _shown(txn: Transaction, scope: str) -> int:
    loosely = txn.loosely(ATTENTION)
    return loosely.count(Approval, status=OneOf(OPEN), governor_scope=scope, held_back=False)


def _waits(txn: Transaction, scope: str, agent_id: str) -> bool:
    loosely, open_ones = txn.loosely(ATTENTION), OneOf(OPEN)
    return loosely.count(Approval, status=open_ones, governor_scope=scope, agent_id=agent_id) > 0


def sample_is_due(txn: Transaction, at: datetime) -> bool:
    """Whether enough was asked of late that one more request may be a test."""
    since = AtLeast(moment(at - SAMPLED_WITHIN))
    return txn.loosely(ATTENTION).count(Approval, requested_at=since) >= SAMPLE_OF


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
        approval_class="route.switch:PL:gateway",
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
