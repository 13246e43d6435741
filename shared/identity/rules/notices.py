"""Who is told of a request for a role, and what such a notice says."""

from datetime import datetime

from shared.actors import PLATFORM, Role
from shared.entity import written
from shared.identity.models import RoleRequest
from shared.notifications.models import Claim, Notification
from shared.notifications.rules.notices import notice, saying
from shared.notifications.rules.subjects import Subject

_BECAME = {
    "open": ("The role {role} is asked for", "It waits for an administrator until {until}."),
    "granted": ("The role {role} is given", "{by} gave it; it counts from the next sign-in on."),
    "refused": ("The role {role} is not given", "{by} decided so, and the request says why."),
    "closed": ("The role {role} is not given", "Nobody decided until {until}; ask again for it."),
}


def administrators(tenant: str) -> Role:
    """Return who decides on roles in a tenant: the audience of what waits for that."""
    return Role.ADMIN if tenant == PLATFORM else Role.CUSTOMER_ADMIN


def asked(request: RoleRequest, at: datetime) -> Notification:
    """Return what administrators are told of a request for a role."""
    said = f"Decide until {written(request.until)}. {request.asked_by} says: {request.reason}"
    title = f"Somebody asks to be {request.role}"
    return saying("waits", _told(request, administrators(request.tenant_id), title, said, at))


def answered(request: RoleRequest, at: datetime) -> Notification:
    """Return what whoever asked for a role is told of what became of it."""
    return _told(request, request.asked_by, *became(request), at)


def _told(request: RoleRequest, to: str, title: str, body: str, at: datetime) -> Notification:
    return notice(
        "announcement",
        tenant=request.tenant_id,
        audience=to,
        subject=f"{RoleRequest.collection}/{request.id}",
        title=title,
        body=body,
        at=at,
        occasion="answer" if to == request.asked_by else "question",
    )


def claims(request: RoleRequest, at: datetime) -> dict[Claim, bool]:
    """Say of each thing that notices say of a request for a role whether it is so."""
    return {"waits": request.status == "open" and at < request.until}


def became(request: RoleRequest) -> tuple[str, str]:
    """Say what became of a request for a role: in a title and one sentence."""
    title, body = _BECAME[request.status]
    said = {"role": request.role, "by": request.decided_by, "until": written(request.until)}
    return title.format(**said), body.format(**said)


ROLE_REQUESTS = Subject(RoleRequest, claims=claims, became=became)
