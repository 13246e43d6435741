"""The rules of violations: how long there is time, who may close one, and when an agent is stopped."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from shared.actors import Actor, Role, id_in
from shared.errors import Conflict, Forbidden, Invalid
from shared.impartial import impartial
from shared.violations.events import (
    ViolationResolved,
    ViolationUnanswered,
    ViolationUpdated,
)
from shared.violations.models import NAMED, Finding, OpenedViolation, Severity

ACKNOWLEDGE_MIN: dict[Severity, int] = {"critical": 15, "high": 30, "medium": 120, "low": 480}
"""How long there is time to answer for a violation, in minutes."""

PLAN_WITHIN = timedelta(hours=24)
"""How long there is time to say how a critical one is put right, from when it was found."""

REVIEW_AFTER = 3
REVIEW_WITHIN = timedelta(days=7)
"""So many violations of one agent in that time ask for a review of whether it goes on."""


def opened(
    finding: Finding, *, tenant: str, occasion: str, by: str, at: datetime
) -> OpenedViolation:
    """
    Return the violation of a finding.

    Its id follows from the code, the place and the occasion, so that finding it twice opens it once.

    Raises:
        Invalid: There is no such code.
    """
    if finding.code not in NAMED and not re.match(r"(L0|L1|RC)-", finding.code):
        raise Invalid(
            f"{finding.code} is no code of a violation; a rule of the constitution begins with L0-, L1- or RC-",
            rule="violation_code",
        )
    place = finding.entity_id or finding.agent_id or finding.actor_id
    name = str(uuid5(NAMESPACE_URL, f"waooaw\n{tenant}\n{finding.code}\n{place}\n{occasion}"))
    return OpenedViolation(
        id=id_in(tenant, name),
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        finding=finding,
        severity=finding.severity,
        agent_id=finding.agent_id,
        detected_by=by,
        detected_at=at,
        due_at=at + timedelta(minutes=ACKNOWLEDGE_MIN[finding.severity]),
    )


def acknowledged(
    before: OpenedViolation, *, by: Actor, makers: Sequence[str], at: datetime
) -> OpenedViolation:
    """
    Return the violation with somebody who answers for it; for the same person again, as it is.

    Raises:
        SelfApproval: It is about them, or about what they made.
        Conflict: Somebody else does, or it is closed.
    """
    _impartial(before, by, makers)
    if before.status == "acknowledged" and before.owner == by.id:
        return before
    _in(before, "open")
    due_at = before.detected_at + PLAN_WITHIN
    changes = {"status": "acknowledged", "owner": by.id, "acknowledged_at": at, "due_at": due_at}
    return before.model_copy(update=changes)


def planned(
    before: OpenedViolation,
    *,
    plan: str,
    due_at: datetime | None,
    by: Actor,
    makers: Sequence[str],
) -> OpenedViolation:
    """
    Return the violation with how it is put right, and until when.

    Raises:
        SelfApproval: It is about who asks, or about what they made.
        Conflict: Nobody answers for it yet, or it is closed.
    """
    _impartial(before, by, makers)
    _in(before, "acknowledged", "remediating")
    changes = {
        "status": "remediating",
        "remediation_plan": plan,
        "due_at": due_at or before.due_at,
    }
    return before.model_copy(update=changes)


def resolved(
    before: OpenedViolation, *, resolution: str, by: Actor, makers: Sequence[str], at: datetime
) -> OpenedViolation:
    """
    Return the violation put right.

    Raises:
        SelfApproval: It is about who asks, or about what they made.
        Conflict: It is not being put right; a critical one needs a plan first.
    """
    _impartial(before, by, makers)
    _in(before, "remediating", *(() if before.severity == "critical" else ("acknowledged",)))
    return _closed(before, "resolved", resolution, at)


def dismissed(
    before: OpenedViolation, *, reason: str, by: Actor, makers: Sequence[str], at: datetime
) -> OpenedViolation:
    """
    Return the violation dismissed: the Governor says that it was none.

    Raises:
        SelfApproval: It is about them, or about what they made.
        Forbidden: Somebody else asks.
        Conflict: It is not open any more.
    """
    if not by.roles & {Role.GOVERNOR, Role.CUSTOMER_ADMIN}:
        raise Forbidden(
            "only the Governor dismisses a violation; plan its remediation, or tell them",
            rule="not_governor",
        )
    _impartial(before, by, makers)
    _in(before, "open")
    return _closed(before, "dismissed", reason, at)


def updated(violation: OpenedViolation) -> ViolationUpdated:
    """Return the event of a violation that somebody works on."""
    return ViolationUpdated(status=violation.status, owner=violation.owner, due_at=violation.due_at)


def closed(violation: OpenedViolation) -> ViolationResolved:
    """Return the event of a violation that is over."""
    return ViolationResolved(resolution=f"{violation.status}: {violation.outcome}")


def unanswered(violation: OpenedViolation, event: ViolationUnanswered, at: datetime) -> bool:
    """Say whether a violation still waits for what it waited for when its clock was set."""
    waits = violation.status == event.status and at >= violation.due_at
    return waits and (event.status == "open" or violation.severity == "critical")


def _impartial(before: OpenedViolation, by: Actor, makers: Sequence[str]) -> None:
    impartial(by, before.finding.actor_id, before.agent_id, *makers, violation_id=before.id)


def _in(before: OpenedViolation, *allowed: str) -> None:
    if before.status not in allowed:
        raise Conflict(
            f"this violation is {before.status}; that takes one that is {' or '.join(allowed)}",
            rule="violation_state",
            violation_id=before.id,
        )


def _closed(before: OpenedViolation, status: str, outcome: str, at: datetime) -> OpenedViolation:
    return before.model_copy(update={"status": status, "outcome": outcome, "closed_at": at})
