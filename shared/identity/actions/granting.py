"""Roles, as they are decided."""

from collections.abc import Collection
from datetime import datetime

from shared.actors import Actor, Role
from shared.entity import Event
from shared.identity.actions import registry
from shared.identity.events import RolesSet
from shared.identity.models import Member, Principal, Vacancy
from shared.identity.rules import grants, members
from shared.queries import Contains
from shared.store import Transaction

MARKED = "whoever takes the role from an administrator saves the mark that is read before"


def roles_of(txn: Transaction, user_id: str, at: datetime) -> frozenset[Role]:
    """Return the roles that somebody holds, as they were decided or seen last."""
    known = registry.known(txn, user_id, txn.tenant, at)
    return grants.held(txn.get_or_none(Member, user_id), known)


def set_roles(
    txn: Transaction,
    user_id: str,
    wanted: Collection[Role],
    *,
    by: Actor,
    at: datetime,
    reason: str,
) -> Principal:
    """Decide which roles somebody of the tenant holds, and end their sessions."""
    before = registry.known(txn, user_id, txn.tenant, at)
    member = txn.get_or_none(Member, user_id)
    held = grants.held(member, before)
    after = grants.decided(before, held, wanted, by=by, at=at)
    keep_one_admin(txn, user_id, held, wanted, at=at)
    if member is not None:
        txn.save(members.holding(member, wanted))
    event: Event = RolesSet(
        user_id=user_id, roles=tuple(sorted(wanted)), before=tuple(sorted(held)), reason=reason
    )
    return registry.keep(txn, after, event)


def keep_one_admin(
    txn: Transaction,
    user_id: str,
    held: frozenset[Role],
    after: Collection[Role],
    *,
    at: datetime,
) -> None:
    """Let nobody take the role from the last administrator; of two who take it at once one is first."""
    if Role.ADMIN not in held.difference(after):
        return
    txn.get_or_none(Vacancy, Role.ADMIN.value)
    admins = txn.loosely(MARKED).all(Member, roles=Contains(Role.ADMIN.value))
    grants.not_the_last(held, after, admins, user_id)
    txn.save(Vacancy(id=Role.ADMIN.value, since=at))
