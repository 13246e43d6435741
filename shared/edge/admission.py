"""Who may ask for what: the identity behind a request, its scopes, and the one tenant that it may open."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.actors import (
    HOLDERS,
    MAX_AUTH_AGE,
    PLATFORM,
    TENANT,
    Actor,
    Role,
    Scope,
    owner_of,
    tenant_in,
)
from shared.edge.arguments import from_path
from shared.edge.meter import doing
from shared.edge.ports import Ports
from shared.edge.rates import LimitReached, Standing
from shared.edge.web import Request
from shared.entity import BudgetScope, DecisionId, Id
from shared.errors import BadRequest, Forbidden, NotFound, Refusal, Unauthenticated
from shared.operation import Operation

ANONYMOUS = Actor(id="anonymous", tenant=PLATFORM, roles=frozenset())
REVOKED_WITHIN_S = {True: 5.0, False: 60.0}
"""How old knowledge of revocations may be: where something is changed or governed, and elsewhere."""

NOTHING = "there is nothing by that name here; look at the id, and at the account that asks"


COUNTED = "waooaw.counted"
"""What stands in the environment of a request that was counted: a stream that looks again is no request more."""


def count(
    op: Operation, actor: Actor, ports: Ports, request: Request, stands: list[Standing]
) -> None:
    """
    Count a request, and add to *stands* how whoever asks stands in each class that they are in.

    Who shows no good token counts as nobody, by where they ask from.

    Raises:
        LimitReached: They asked too often.
    """
    if COUNTED in request.environ:
        return
    request.environ[COUNTED] = True
    address = ports.settings.origin(
        request.environ.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    )
    try:
        stands += ports.rates.enter(op, actor, address, ports.clock())
    except LimitReached as refusal:
        stands.append(refusal.standing)
        raise


def identified(op: Operation, ports: Ports, headers: Mapping[str, str]) -> Actor:
    """
    Return who asks; nobody in particular where anybody may.

    Raises:
        Unauthenticated: There is no good token.
    """
    if op.public:
        return _recognised(ports, headers) if op.recognises else ANONYMOUS
    soon = op.mutates or Scope.GOVERNANCE_READ in op.scopes
    with doing("edge.identify"):
        return ports.identify(headers, revoked_within_s=REVOKED_WITHIN_S[soon])


def _recognised(ports: Ports, headers: Mapping[str, str]) -> Actor:
    """
    Return the person who asks, if a good token says so.

    A service's token says nothing: the gateway adds its own to whatever anybody asks.
    """
    try:
        actor = ports.identify(headers, revoked_within_s=REVOKED_WITHIN_S[False])
    except Refusal:
        return ANONYMOUS
    return ANONYMOUS if Role.SERVICE in actor.roles else actor


def admit(op: Operation, actor: Actor, now: datetime) -> None:
    """
    Let nobody in whom the operation's scopes do not name.

    Raises:
        Forbidden: They hold none of them.
        Unauthenticated: They signed in too long ago for it.
    """
    held = actor.scopes & op.scopes
    if not held:
        needed = " or ".join(sorted(op.scopes))
        holders = sorted(role for role in Role if any(role in HOLDERS[s] for s in op.scopes))
        raise Forbidden(
            f"this takes the scope {needed}, which your roles do not hold; held by: {', '.join(holders)}"
        )
    if not any(_fresh(actor, scope, now) for scope in held):
        age_s = max(int(MAX_AUTH_AGE[scope].total_seconds()) for scope in held)
        raise Unauthenticated(
            f"sign in again: this takes a sign-in of the last {age_s // 60} minutes",
            rule="step_up_required",
            max_age_s=age_s,
        )


def _fresh(actor: Actor, scope: Scope, now: datetime) -> bool:
    signed_in, limit = actor.auth_time, MAX_AUTH_AGE.get(scope)
    return signed_in is None or limit is None or now - signed_in <= limit


def in_path(op: Operation, path: str) -> dict[str, Any]:
    """
    Return what an address names.

    Raises:
        NotFound: It is no address of the operation, or nothing can be called so.
    """
    match = op.pattern.fullmatch(path)
    if match is None:
        raise NotFound("there is nothing at this address; /docs lists all addresses")
    try:
        return {name: from_path(kind, match[name]) for name, kind in op.in_path.items()}
    except ValidationError as error:
        raise NotFound(NOTHING) from error


def tenant_of(op: Operation, actor: Actor, path: Mapping[str, Any], named: str | None) -> str:
    """
    Return which one tenant a request may open.

    Args:
        op: What is asked for.

        actor: Who asks.

        path: What the address names.

        named: The tenant that the request names, which only services may.

    Raises:
        Forbidden: It is not theirs to name.
        NotFound: What the address names is another's.
        BadRequest: No tenant can be called so.
    """
    named = None if op.public else named
    if named and Role.SERVICE not in actor.roles:
        raise Forbidden("X-Tenant-ID is for the platform's services; your token says your tenant")
    owners = {tenant_in(path[name]) for name, kind in op.in_path.items() if kind is Id}
    owners |= {owner_of(path[name]) for name, kind in op.in_path.items() if kind is BudgetScope}
    # The id of a decision alone is one of whoever asks.
    owners |= {
        tenant_in(path[name])
        for name, kind in op.in_path.items()
        if kind is DecisionId and "." in path[name]
    }
    if len(owners) > 1 or (op.tenant and owners - {op.tenant}):
        raise NotFound(NOTHING)
    if op.tenant:
        return op.tenant
    if named and op.scopes == {Scope.ACCOUNT}:
        raise Forbidden("this is about yourself, in your own tenant: send no X-Tenant-ID")
    if not owners:
        return _tenant(named) if named else actor.tenant
    whose = owners.pop()
    if (whose != actor.tenant and not actor.of_the_platform) or (named and named != whose):
        raise NotFound(NOTHING)
    return whose


def _tenant(name: str) -> str:
    if not re.fullmatch(TENANT, name):
        raise BadRequest("X-Tenant-ID is not the name of a tenant; leave it out, or name one")
    return name
