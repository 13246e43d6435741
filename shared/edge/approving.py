"""
What the kernel does about approvals of acts, so that no author has to: asks for one, and uses up the one that is presented.

An approval is used in the transaction that starts the act, and only there; where that does not commit, it was not used.
"""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.approvals.actions import acting
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acting as rules
from shared.approvals.rules import chains
from shared.bus import tap
from shared.deciding import ApprovalNeeded, Decision, Question
from shared.edge import verdicts
from shared.edge.contention import settled
from shared.edge.headers import APPROVAL
from shared.errors import Refusal

if TYPE_CHECKING:
    from shared.edge.ports import Ports
    from shared.operation import Call

SALT_BYTES = 32


def asking(
    ports: "Ports", make: "Callable[[], Call]", act: Question, decision: Decision
) -> Refusal:
    """
    Ask people for the approval that a request needs, and return how whoever sent it is told.

    Args:
        ports: The process.

        make: Makes the call that asks, in the tenant of the act.

        act: What was asked.

        decision: What the rules answered.

    Raises:
        StoreUnavailable: It could not be kept.
    """
    told = verdicts.refusal(decision)
    request = _request(act, decision, salt=secrets.token_hex(SALT_BYTES))
    if request is None:
        told.detail += _no_such_chain(decision)
        return told
    try:
        asked = settled(lambda _: _put(ports, make(), act, request))
    except Refusal as why:
        if why.status >= 500:
            raise
        told.detail += f"; nobody was asked: {why.detail}"
        told.violations = (*told.violations, *why.violations)
        return told
    granted = asked.status is ApprovalStatus.APPROVED
    how = "granted it" if granted else "is asked; once it is granted"
    told.detail += (
        f"; the approval {asked.id} {how}, send exactly this again with {APPROVAL.name}: {asked.id}"
    )
    told.members |= {"approval_id": asked.id, "approval_type": asked.type}
    return told


def to_ask(act: Question, decision: Decision) -> Refusal:
    """Return how whoever asked about a tool is told which approval it needs, with the question to put for it."""
    told = verdicts.refusal(decision)
    if decision.approval is None:
        return told
    request = _request(act, decision)
    if request is None:
        told.detail += _no_such_chain(decision)
        return told
    told.detail += (
        "; put the question that `request` holds, to the letter (POST /v1/approvals), and send this again"
        " with its approval_id once it is granted"
    )
    told.members |= {"request": request.model_dump(mode="json", exclude_none=True)}
    return told


def _put(ports: "Ports", call: "Call", act: Question, request: ApprovalRequest) -> Approval:
    with call.transaction() as txn:
        asked = acting.ask(call, txn, act, request)
    ports.documents.commit(call.writes)
    if call.urgent:
        ports.bus.publish([tap(entry) for entry in call.entries])
    return asked


def _request(
    act: Question, decision: Decision, *, salt: str | None = None
) -> ApprovalRequest | None:
    """Return what is asked; None where the rules want a chain that nobody made."""
    needed = decision.approval or ApprovalNeeded(type="execution")
    request = rules.asked(act, decision, needed, salt=salt)
    return request if needed.chain in {None, chains.chain(request).name} else None


def _no_such_chain(decision: Decision) -> str:
    chain = decision.approval.chain if decision.approval else None
    return f"; nobody was asked: there is no chain {chain}; have the policy name none, or one that there is"
