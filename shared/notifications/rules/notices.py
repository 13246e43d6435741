"""The rules of notices: every one is made and put into an inbox here."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from shared.actors import OF_CUSTOMERS, PLATFORM, Role, id_in
from shared.detectors import masked
from shared.notifications.models import Claim, Kind, Notification, Priority

MAX_TITLE = 50
MAX_BODY = 200

PRIORITY: dict[Kind, Priority] = {
    "approval_pending": "high",
    "approval_request": "high",
    "approval_escalated": "high",
    "budget_threshold": "high",
    "constitutional_violation": "critical",
    "seed_auto_approval": "low",
    "veto_window_closing": "default",
    "agent_status": "high",
    "workflow_breaker": "high",
    "announcement": "default",
}
"""How urgent each kind is, unless its occasion is graver."""


CLAIM: dict[Kind, Claim | None] = {
    "approval_pending": "waits",
    "approval_request": "waits",
    "approval_escalated": "waits",
    "seed_auto_approval": "objectable",
    "veto_window_closing": "objectable",
    "budget_threshold": None,
    "constitutional_violation": None,
    "agent_status": None,
    "workflow_breaker": None,
    "announcement": None,
}
"""What a notice of each kind says of its subject, unless its occasion says something else."""

LINK: dict[Kind, str] = {
    "veto_window_closing": "{subject}/veto",
    "workflow_breaker": "dashboard",
}
"""Where those kinds lead that do not simply lead to their subject."""


_OF_THE_PLATFORM = frozenset(Role) - OF_CUSTOMERS


def inbox(audience: str, tenant: str) -> str:
    """Return in which tenant an audience looks: the platform's roles in its own, whoever they are told of."""
    return PLATFORM if audience in _OF_THE_PLATFORM else tenant


def notice(
    kind: Kind,
    *,
    tenant: str,
    audience: str,
    subject: str,
    title: str,
    body: str,
    at: datetime,
    occasion: str = "",
    critical: bool = False,
) -> Notification:
    """
    Return a notice, masked and cut to what a phone shows.

    Its id follows from what it says about what to whom, so that telling it twice tells it once.

    Args:
        kind: Which of the kinds.

        tenant: Whose it is, and in whose inbox a person looks.

        audience: A role, or the id of one person; a role of the platform looks in the platform's.

        subject: The entity it is about and leads to: ``<collection>/<id>``.

        title: What happened, in a few words.

        body: What to do about it.

        at: The present.

        occasion: What tells this notice from another one of the same kind about the same thing.

        critical: Whether it is graver than others of its kind.
    """
    home = inbox(audience, tenant)
    return Notification(
        id=inbox_id(kind, home, audience, subject, occasion),
        tenant_id=home,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        kind=kind,
        audience=audience,
        priority="critical" if critical else PRIORITY[kind],
        subject=subject,
        title=short(title, MAX_TITLE),
        body=short(body, MAX_BODY),
        claim=CLAIM[kind],
        deep_link=f"waooaw://{LINK.get(kind, '{subject}').format(subject=subject)}",
    )


def saying(claim: Claim | None, told: Notification) -> Notification:
    """Return a notice that says something else of its subject than its kind does."""
    return told.model_copy(update={"claim": claim})


def governor(tenant: str) -> Role:
    """Return who governs a tenant: the audience of what its Governor must know."""
    return Role.GOVERNOR if tenant == PLATFORM else Role.CUSTOMER_ADMIN


def read(before: Notification, *, at: datetime) -> Notification:
    """Return the notice read; when it was read first is what counts."""
    return before if before.read_at else before.model_copy(update={"read_at": at})


def inbox_id(kind: Kind, tenant: str, audience: str, subject: str, occasion: str = "") -> str:
    """Return the id of a notice: one for each occasion, to each audience."""
    name = uuid5(NAMESPACE_URL, f"waooaw\n{kind}\n{tenant}\n{audience}\n{subject}\n{occasion}")
    return id_in(tenant, str(name))


def over(before: Notification, became: tuple[str, str]) -> Notification:
    """Return a notice that says what became of what it told of."""
    title, body = became
    words = {"title": short(title, MAX_TITLE), "body": short(body, MAX_BODY)}
    return before.model_copy(update={**words, "over": True})


def short(text: str, most: int) -> str:
    """Return a text masked and cut to what is shown."""
    text = masked(text)
    return text if len(text) <= most else text[: most - 1] + "…"
