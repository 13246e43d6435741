"""
The rules of what policies of tenants have somebody told.

A rule that matches thousands of times an hour tells of the first: an alert once an hour, and a note once a day. Each
decision keeps all that was said of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from shared.actors import id_in
from shared.deciding import Decision, Finding, Reason
from shared.masking import for_evidence
from shared.notifications.models import Notification, Priority
from shared.notifications.rules.notices import governor, notice, saying
from shared.policy.models.alerts import AlertLevel, PolicyAlert

MOST_SAID = 20
"""How many alerts, and how many notes, one decision keeps."""

LOUD = 10
"""How many alerts of a tenant are pushed in an hour, whatever their level; the inbox has the others, too."""

PRIORITIES: Mapping[AlertLevel, Priority] = {
    "note": "low",
    "low": "low",
    "medium": "default",
    "high": "high",
    "critical": "critical",
}


def said(findings: Iterable[Finding]) -> dict[str, tuple[Reason, ...]]:
    """Return what policies say beside their verdicts, as a decision keeps it."""
    every = [one for one in findings if one.alerts or one.notes]
    return {
        "alerts": _kept(reason for one in every for reason in one.alerts),
        "notes": _kept(reason for one in every for reason in one.notes),
    }


def _kept(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(Reason.model_validate(for_evidence(one)) for one in list(reasons)[:MOST_SAID])


def alerts(decision: Decision, *, tenant: str, at: datetime) -> Iterator[PolicyAlert]:
    """Yield what is told of a decision; a later one of the same hour or day has the same ids."""
    every: list[tuple[Reason, AlertLevel, str]] = [
        (one, one.severity, f"{at:%Y-%m-%dT%H}") for one in decision.alerts
    ]
    every += [(one, "note", f"{at:%Y-%m-%d}") for one in decision.notes]
    for reason, level, window in every:
        name = (
            f"policy alert {tenant} {reason.policy} {reason.rule} {level} {window} {reason.message}"
        )
        yield PolicyAlert(
            id=id_in(tenant, str(uuid5(NAMESPACE_OID, name))),
            tenant_id=tenant,
            created_at=at,
            updated_at=at,
            governance_agent_id="governor",
            policy=reason.policy,
            rule=reason.rule,
            level=level,
            message=reason.message,
            decision_id=decision.decision_id,
            act=decision.input["action"]["name"],
            verdict=decision.verdict,
            by=decision.input["subject"]["principal_id"],
        )


def told(alert: PolicyAlert, *, before: int, at: datetime) -> Notification:
    """
    Return the notice of an alert to whoever governs its tenant; beyond so many in an hour it is quiet.

    Args:
        alert: The alert.

        before: How many there were in its tenant in the hour before it.

        at: The present.
    """
    kind = "note" if alert.level == "note" else f"{alert.level} alert"
    again = "Today it is told once." if alert.level == "note" else "In this hour it is told once."
    new = notice(
        "announcement",
        tenant=alert.tenant_id,
        audience=governor(alert.tenant_id),
        subject=f"{PolicyAlert.collection}/{alert.id}",
        title=f"{alert.policy}: {kind}",
        body=f"{alert.message} (rule {alert.rule}, of {alert.act}: {alert.verdict}). {again}",
        at=at,
    )
    priority = PRIORITIES[alert.level] if before < LOUD else "low"
    return saying(None, new.model_copy(update={"priority": priority}))
