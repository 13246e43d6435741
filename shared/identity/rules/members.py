"""
The roster: who exists, and which roles they hold, as their sign-ins show it.

Roles live in the tokens of the sign-in, and nobody else keeps them. So the roster knows whoever signed in and read
anything since it is kept, with the roles that they had on the last day they did. Whoever never did is not known.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from shared.actors import HOLDERS, Role, Scope
from shared.identity.models import Member, Vacancy

AGENTS = frozenset({Role.GENESIS, Role.SYSTEMS_ARCHITECT, Role.VISION_GUARDIAN})
"""The foundational agents, who always exist, each under the name of its role."""


KEEPERS = frozenset({Role.GOVERNOR, Role.CUSTOMER_ADMIN})
"""The Governors of a scope: each is somebody, though nobody may have seen them sign in yet."""


def vacated(member: Member | None, role: Role, at: datetime) -> Vacancy | None:
    """Return the mark of a role that is taken from somebody; None where they are known not to have held it."""
    held = member is None or role in member.roles
    return Vacancy(id=role.value, since=at) if held and role in KEEPERS else None


def member(id: str, roles: Collection[Role], at: datetime) -> Member:
    """Return somebody as they were seen at a time."""
    return Member(id=id, roles=tuple(sorted(roles)), decides=decides(roles), seen_at=at)


def without(member: Member, role: Role) -> Member:
    """Return somebody without a role that was taken from them."""
    left = tuple(one for one in member.roles if one is not role)
    return member.model_copy(update={"roles": left, "decides": decides(left)})


def holding(member: Member, roles: Collection[Role]) -> Member:
    """Return somebody with the roles that were decided for them."""
    update = {"roles": tuple(sorted(roles)), "decides": decides(roles)}
    return member.model_copy(update=update)


def decides(roles: Iterable[Role]) -> bool:
    """Say whether one of these roles lets a person decide."""
    return not (HOLDERS[Scope.GOVERNANCE_WRITE] - AGENTS).isdisjoint(roles)
