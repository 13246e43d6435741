"""
Every operation as everybody, and in every relation to what it is about: what the matrix says is let in, and nothing else.

The matrix (`matrix.txt`) is written for people to read, and says what was decided; the code is held to it. An operation that has
no row fails here. After a change that is meant, `MATRIX=write .venv/bin/pytest -q tests/contracts/test_authority.py` writes it
again, and what it then says differently is what a reviewer looks at.
"""

import os
import sys
from functools import cache
from pathlib import Path

import pytest

from local.accounts import accounts
from shared.actors import HOLDERS, OF_CUSTOMERS, OF_MACHINES, PLATFORM, Actor, Role, permissions
from shared.edge import admission
from shared.edge.catalog import operations
from shared.entity import Id
from shared.errors import Forbidden, NotFound, Unauthenticated
from tests.conftest import NOON
from tests.contracts.callers import reaches
from tests.contracts.test_operations import send

MATRIX = Path(__file__).parent / "matrix.txt"
KNOWN_CELLS = 1904
"""So many there were when the matrix was first gone through by hand."""

HEAD = """\
# Who may ask for which operation, and about what. A decision of people: the code is held to it (test_authority.py).
#
# operation | roles that are let in | about what they asked for or made | what is another tenant's | without a token
#
#   about what is their own:   as others, or `refused`, as nobody decides about themselves
#   what is another tenant's:  `hidden` (404), `staff` where the platform's own staff act in the tenant of the thing, or
#                              `-` where the address names no thing: it is about the caller's tenant, or the platform's
#   without a token:           401, or `anybody`
"""


def actor(role, tenant=None):
    theirs = "acme" if role in OF_CUSTOMERS else PLATFORM
    signed_in = None if role in OF_MACHINES else NOON
    return Actor(
        id=f"{role}.x", tenant=tenant or theirs, roles=frozenset({role}), auth_time=signed_in
    )


def let_in(op, role):
    """Say whether the door lets a role in: asked of the door itself."""
    try:
        admission.admit(op, actor(role), NOON)
    except Forbidden:
        return False
    return True


def elsewhere(op, roles):
    """Say what becomes of a request about a thing of another tenant."""
    named = {
        name: "globex.11111111-1111-4111-8111-111111111111"
        for name, kind in op.in_path.items()
        if kind is Id
    }
    if not named:
        return "-"
    reached = set()
    for role in roles:
        try:
            assert admission.tenant_of(op, actor(role), named, None) == "globex"
        except NotFound:
            continue
        reached.add(role)
    assert not reached & OF_CUSTOMERS, f"{op.id} reaches into another customer's tenant"
    return "staff" if reached else "hidden"


def own(op):
    decides = op.mutates and reaches(
        op.function.__module__, op.function.__name__, ("shared.impartial", "impartial")
    )
    return "refused" if decides else "as others"


def computed(op):
    roles = [role for role in Role if op.public or let_in(op, role)]
    told = "everybody" if len(roles) == len(Role) else " ".join(roles)
    nobody = "anybody" if op.public else "401"
    return (told, own(op), elsewhere(op, roles), nobody)


@cache
def matrix():
    """Return each row of the matrix, by operation."""
    if os.environ.get("MATRIX") == "write":
        lines = [
            " | ".join((op.id, *computed(op))) for op in sorted(operations(), key=lambda o: o.id)
        ]
        MATRIX.write_text(HEAD + "\n" + "\n".join(lines) + "\n")
    rows = [
        line.split(" | ")
        for line in MATRIX.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return {id: tuple(row) for id, *row in rows}


def row(op):
    """Return the row of an operation; where it has none, say how it gets one."""
    found = matrix().get(op.id)
    assert found, (
        f"{op.id} has no row in {MATRIX}: run"
        " `MATRIX=write .venv/bin/pytest -q tests/contracts/test_authority.py` and read what it writes"
    )
    return found


def roles_of(row):
    return set(Role) if row[0] == "everybody" else {Role(name) for name in row[0].split()}


def test_every_operation_has_its_row_and_every_row_its_operation():
    there = {op.id for op in operations()}
    assert sorted(there - matrix().keys()) == [], (
        f"say in {MATRIX} who may ask for it (MATRIX=write)"
    )
    assert sorted(matrix().keys() - there) == [], "take out of matrix.txt what is gone"


@pytest.mark.parametrize("op", operations(), ids=lambda op: op.id)
def test_the_door_lets_in_whom_the_matrix_names_about_what_it_says(op):
    assert computed(op) == row(op)


def test_what_policies_are_told_of_the_table_lets_in_the_same():
    """Rego reads `permissions`; the door reads the table itself."""
    told = permissions()
    for op in operations():
        by_policy = {role for role in Role if op.public or set(told[role]) & set(op.scopes)}
        assert by_policy == roles_of(row(op)), op.id


def test_who_holds_several_roles_may_what_each_of_them_may():
    both = Actor(id="x", tenant=PLATFORM, roles=frozenset({Role.VIEWER, Role.GOVERNOR}))
    told = permissions()
    assert set(both.scopes) == {*told["viewer"], *told["governor"]}


def test_the_table_lets_nobody_decide_who_must_not():
    """What platform-operations.md, 3 and 4, says of single scopes."""
    may = {scope: {role.value for role in roles} for scope, roles in HOLDERS.items()}
    assert may["veto:execute"] == {"governor", "customer_admin"}
    assert may["audit:append"] == {"service"}
    assert may["users:decide"] == {"admin", "customer_admin"}
    assert may["audit:export"] == {"governor", "vision_guardian", "admin", "customer_admin"}
    assert not may["governance:write"] & {
        "admin",
        "agent_orchestrator",
        "viewer",
        "customer_user",
        "service",
    }
    assert not may["genesis:certify"] & {"admin", "governor"}


@pytest.mark.parametrize("op", [op for op in operations() if not op.public], ids=lambda op: op.id)
def test_without_a_token_nobody_is_let_in(op, world):
    with pytest.raises(Unauthenticated):
        admission.identified(op, world.ports, {})


@pytest.mark.slow
def test_who_may_call_what_is_what_the_matrix_says(world, capsys):
    """Send each operation as each account, with a body that none takes, so that nothing is done."""
    cells, wrong = 0, []
    tokens = {account: world.sign_in.token(account, world.now) for account in accounts()}
    for op in operations():
        for account, token in tokens.items():
            given = {"headers": {"Authorization": f"Bearer {token}"}}
            if op.mutates:
                given |= {"data": '{"unknown": 1}', "content_type": "application/json"}
            answer = send(world, op, **given)
            told = answer.json.get("detail", "") if answer.is_json else ""
            refused = answer.status_code in {401, 403} and told.startswith("this takes the scope")
            allowed = Role(account.partition("@")[0]) in roles_of(row(op))
            if refused == allowed or answer.status_code == 401 or answer.status_code >= 500:
                wrong.append((op.id, account, answer.status_code))
            cells += 1
    assert wrong == []
    assert cells == len(operations()) * len(accounts()) > KNOWN_CELLS
    with capsys.disabled():
        sys.stdout.write(f"{cells:,} cells of role and operation\n")
