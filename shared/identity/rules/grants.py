"""Who may be given which role, by whom, and until when."""

from collections.abc import Collection
from datetime import datetime, timedelta

from shared.actors import OF_CUSTOMERS, OF_PEOPLE, PLATFORM, Actor, Role
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.identity.models import EmergencyRole, Member, Principal, RoleRequest
from shared.identity.rules.principals import signed_out
from shared.impartial import impartial

DECIDED_IN = timedelta(days=3)
LONGEST = timedelta(hours=4)
"""How long a role is given for in an emergency at the most."""

OF_ONE = frozenset({Role.GOVERNOR, Role.DEPUTY_GOVERNOR, Role.CUSTOMER_ADMIN})
"""Who is there once is set up with the deployment, and given and taken by nobody here."""


def held(member: Member | None, known: Principal) -> frozenset[Role]:
    """
    Return the roles of somebody, as they were decided or seen last.

    Raises:
        NotFound: Nobody of that name has signed in to the tenant.
    """
    if member is None:
        raise NotFound("nobody of that name has signed in to this tenant and read anything yet")
    decided = frozenset(member.roles if known.decided is None else known.decided)
    return decided - frozenset(known.withdrawn)


def decided(
    before: Principal, held: frozenset[Role], wanted: Collection[Role], *, by: Actor, at: datetime
) -> Principal:
    """
    Return the principal who holds these roles from now on, and has signed out.

    Raises:
        SelfApproval: It is their own.
        Forbidden: It is an office that is not given here.
        Invalid: A role is none of that tenant.
    """
    anothers(before, by)
    for role in wanted:
        fitting(role, before.tenant_id)
    _no_office(held.symmetric_difference(wanted))
    left = tuple(role for role in before.withdrawn if role not in wanted)
    given = {"decided": tuple(sorted(wanted)), "withdrawn": left}
    return signed_out(before.model_copy(update=given), at=at)


def fitting(role: Role, tenant: str) -> None:
    """
    Refuse a role that no person of a tenant can have.

    Raises:
        Invalid: It is one of another kind of tenant, or of a machine.
    """
    if role not in OF_PEOPLE or (role in OF_CUSTOMERS) == (tenant == PLATFORM):
        raise Invalid(f"{role} is no role of people of this tenant", rule="role")


def opened(request: RoleRequest, open_ones: Collection[RoleRequest], *, by: Actor) -> RoleRequest:
    """
    Return a request for a role that may be asked for.

    Raises:
        Forbidden: The role is an office that is not given here, or a machine asks.
        Conflict: It is asked for already, or held.
    """
    if by.roles.isdisjoint(OF_PEOPLE):
        raise Forbidden("roles are people's to ask for: a machine has its own", rule="people_only")
    if request.role in by.roles:
        raise Conflict(f"you are {request.role} already", rule="role_held")
    fitting(request.role, request.tenant_id)
    _no_office({request.role})
    if any(one.role is request.role for one in open_ones):
        raise Conflict(f"you have asked for {request.role} already", rule="role_asked")
    return request


def answered(
    before: RoleRequest, *, grant: bool, because: str, by: Actor, at: datetime
) -> RoleRequest:
    """
    Return a request as an administrator decided it.

    Raises:
        SelfApproval: It is their own.
        Conflict: It is decided, or closed.
    """
    impartial(by, before.asked_by)
    if before.status != "open" or before.until <= at:
        raise Conflict("this is decided or closed already; ask anew", rule="role_request_closed")
    status = "granted" if grant else "refused"
    return before.model_copy(update={"status": status, "decided_by": by.id, "because": because})


def closed(before: RoleRequest, at: datetime) -> RoleRequest | None:
    """Return a request that nobody decided in time; None where somebody did."""
    late = before.status == "open" and before.until <= at
    return before.model_copy(update={"status": "closed"}) if late else None


def without(before: Principal, role: Role, *, by: Actor, at: datetime) -> Principal:
    """
    Return the principal without a role; what they signed in with before no longer counts.

    Raises:
        SelfApproval: Nobody changes their own roles.
    """
    anothers(before, by)
    kept = {"withdrawn": tuple(sorted({*before.withdrawn, role}))}
    return signed_out(before.model_copy(update=kept), at=at)


def restored(before: Principal, role: Role, *, by: Actor) -> Principal:
    """
    Return the principal whose tokens may name a role again.

    Raises:
        SelfApproval: Nobody changes their own roles.
        Conflict: It was not taken from them.
    """
    anothers(before, by)
    if role not in before.withdrawn:
        raise Conflict(f"{role} was not taken from {before.id}", rule="role_not_withdrawn")
    kept = tuple(one for one in before.withdrawn if one is not role)
    return before.model_copy(update={"withdrawn": kept})


def anothers(before: Principal, by: Actor) -> None:
    """
    Refuse whoever would change their own roles, or those of whoever is in the same hands.

    Raises:
        SelfApproval: They would.
    """
    impartial(by, before.id)


def for_hours(
    before: Principal,
    member: Member | None,
    role: Role,
    *,
    hours: int,
    incident: str,
    by: Actor,
    at: datetime,
) -> Principal:
    """
    Return the principal who has a role for some hours.

    Raises:
        SelfApproval: It is their own.
        Forbidden: It is an office that is not given here.
        Invalid: It is no role of people of the platform.
        NotFound: Nobody of that name is of the staff.
    """
    anothers(before, by)
    held(member, before)
    fitting(role, before.tenant_id)
    _no_office({role})
    given = EmergencyRole(role=role, until=at + timedelta(hours=hours), incident=incident)
    others = [one for one in before.emergency if one.role is not role and at < one.until]
    return before.model_copy(update={"emergency": (*others, given)})


def not_the_last(
    held: frozenset[Role], after: Collection[Role], admins: Collection[Member], user_id: str
) -> None:
    """
    Refuse to take the role from the last administrator.

    Raises:
        Conflict: There is no other.
    """
    if Role.ADMIN in held.difference(after) and all(one.id == user_id for one in admins):
        raise Conflict(
            "this is the last administrator; make somebody else one first", rule="last_admin"
        )


def _no_office(roles: Collection[Role]) -> None:
    if found := OF_ONE.intersection(roles):
        raise Forbidden(
            f"{min(found)} is an office of one person: it is set up with the deployment",
            rule="office_of_one",
        )
