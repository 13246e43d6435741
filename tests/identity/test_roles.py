"""Roles: asked for, decided, given for some hours; by whom, for whom, and what they then allow."""

from datetime import timedelta

import pytest

from functions.identity.close_role_request import close_role_request
from functions.identity.create_role_request import create_role_request
from functions.identity.decide_role_request import decide_role_request
from functions.identity.get_me import get_me
from functions.identity.get_role_request import get_role_request
from functions.identity.give_emergency_role import give_emergency_role
from functions.identity.list_role_requests import list_role_requests
from functions.identity.put_roles import put_roles
from functions.identity.withdraw_role import withdraw_role
from functions.platform.create_incident import create_incident
from shared.actors import PLATFORM
from shared.documents import Key, Write
from shared.identity.models import Principal
from tests.identity.test_sessions import USERS, WHY, me, token
from tests.kernel.things import entries, problem

ANN = f"{USERS}/ann"


@pytest.fixture
def seen(world, clock):
    """Let ann and both administrators be known, as whoever has signed in."""
    for account in ("admin", "governor", "customer_admin@acme"):
        world.call(get_me, "/v1/me", as_=account)
    me(world, token(world))
    clock.now += 61
    return world


def roles(world, clock, **claims):
    """Return the roles that ann has once she has signed in again."""
    clock.now += 61
    world.now += timedelta(minutes=1)
    now = int(world.now.timestamp())
    answer = me(world, token(world, auth_time=now, exp=now + 3600, **claims))
    return answer.json["roles"] if answer.status_code == 200 else answer.status_code


def put(world, *names, as_="admin", path=ANN):
    return world.call(put_roles, f"{path}/roles", {"roles": names, **WHY}, as_=as_)


def asks(world, role="helpdesk_agent"):
    own = {"Authorization": f"Bearer {token(world, auth_time=int(world.now.timestamp()))}"}
    return world.call(create_role_request, "/v1/role-requests", {"role": role, **WHY}, headers=own)


def decides(world, id, *, grant=True, as_="admin"):
    body = {"grant": grant, "reason": WHY["reason"]}
    return world.call(decide_role_request, f"/v1/role-requests/{id}/decide", body, as_=as_)


def test_what_an_administrator_decides_holds_whatever_a_token_says(seen, clock):
    answer = put(seen, "helpdesk_agent", "industry_manager")
    assert (answer.status_code, answer.json["decided"]) == (
        200,
        ["helpdesk_agent", "industry_manager"],
    )
    clock.now += 61
    problem(me(seen, token(seen, issued_s=20)), 401, "unauthenticated", "token_revoked")
    assert roles(seen, clock) == ["helpdesk_agent", "industry_manager"]
    (event,) = entries(seen, action="auth.roles_set")
    assert (event.data["before"], event.data["user_id"]) == (["viewer"], "ann")


@pytest.mark.parametrize(
    ("names", "as_", "status", "rule"),
    [
        (("governor",), "admin", 403, "office_of_one"),
        (("viewer", "deputy_governor"), "admin", 403, "office_of_one"),
        (("customer_user",), "admin", 422, "role"),
        (("genesis",), "admin", 422, "role"),
    ],
)
def test_nobody_gives_what_is_not_theirs_to_give(seen, clock, names, as_, status, rule):
    answer = put(seen, *names, as_=as_)
    assert (answer.status_code, answer.json["violations"][0]["rule"]) == (status, rule)
    assert roles(seen, clock) == ["viewer"]


def test_nobody_decides_their_own_roles(seen):
    answer = put(seen, "viewer", path=f"{USERS}/admin.platform")
    problem(answer, 403, "self_approval")


def test_a_customers_administrator_decides_in_their_tenant_alone(seen):
    problem(put(seen, "customer_user", as_="customer_admin@acme"), 404, "not_found")
    seen.call(get_me, "/v1/me", as_="customer_user@acme")
    theirs = f"{USERS}/customer_user.acme"
    assert put(seen, "customer_user", as_="customer_admin@acme", path=theirs).status_code == 200
    problem(
        put(seen, "viewer", as_="customer_admin@acme", path=theirs),
        422,
        "validation_failed",
        "role",
    )


def test_the_last_administrator_stays_one(seen, clock):
    both = token(seen, roles=["admin"], auth_time=int(seen.now.timestamp()))
    path = f"{USERS}/admin.platform"
    own = {"headers": {"Authorization": f"Bearer {both}"}}
    # Nobody has seen ann as one yet: it is asked of what she may, and told of who is left.
    assert me(seen, both).json["roles"] == ["admin"]
    gone = seen.call(put_roles, f"{path}/roles", {"roles": ["viewer"], **WHY}, **own)
    assert gone.status_code == 200
    last = {"role": "admin", **WHY}
    answer = seen.call(withdraw_role, f"{ANN}/roles/withdraw", last, as_="governor")
    problem(answer, 409, "conflict", "last_admin")


def test_a_role_that_was_asked_for_is_given_by_an_administrator(seen, clock):
    asked = asks(seen)
    assert (asked.status_code, asked.json["status"]) == (201, "open")
    id = asked.json["id"]
    assert asked.headers["Location"] == f"/v1/role-requests/{id}"
    problem(asks(seen), 409, "conflict", "role_asked")
    listed = seen.call(
        list_role_requests, "/v1/role-requests", as_="admin", query={"status": "open"}
    )
    assert [one["role"] for one in listed.json["items"]] == ["helpdesk_agent"]
    assert decides(seen, id).json["status"] == "granted"
    assert roles(seen, clock) == ["helpdesk_agent", "viewer"]
    problem(decides(seen, id, grant=False), 409, "conflict", "role_request_closed")
    assert [e.data["granted"] for e in entries(seen, action="role_request.decided")] == [True]


def test_a_role_that_is_refused_is_not_given(seen, clock):
    assert decides(seen, asks(seen).json["id"], grant=False).json["status"] == "refused"
    assert roles(seen, clock) == ["viewer"]


def test_nobody_decides_their_own_request_nor_a_governor(seen):
    own = seen.call(
        create_role_request, "/v1/role-requests", {"role": "viewer", **WHY}, as_="admin"
    )
    problem(decides(seen, own.json["id"]), 403, "self_approval")
    told = "this takes the scope users:decide, which your roles do not hold"
    for answer in (
        decides(seen, asks(seen).json["id"], as_="governor"),
        put(seen, "admin", as_="governor"),
    ):
        assert (answer.status_code, answer.json["detail"].startswith(told)) == (403, True)


def test_the_staffs_administrator_decides_in_the_tenant_of_the_request(seen):
    seen.call(get_me, "/v1/me", as_="customer_user@acme")
    wish = {"role": "customer_user", **WHY}
    who = {"as_": "customer_admin@acme"}
    asked = seen.call(create_role_request, "/v1/role-requests", wish, **who).json
    problem(decides(seen, asked["id"], **who), 403, "self_approval")
    problem(decides(seen, asked["id"], as_="customer_admin@globex"), 404, "not_found")
    problem(decides(seen, asked["id"], as_="customer_user@acme"), 403, "forbidden")
    answer = decides(seen, asked["id"])
    assert (answer.status_code, answer.json["status"]) == (200, "granted")
    place = Key("acme", Principal.collection, "customer_admin.acme")
    given = Principal.from_stored(seen.ports.documents.get(place).data)
    assert (given.tenant_id, given.decided) == ("acme", ("customer_admin", "customer_user"))


@pytest.mark.parametrize(
    ("role", "status"), [("governor", 403), ("customer_user", 422), ("service", 422)]
)
def test_what_nobody_is_given_cannot_be_asked_for(seen, role, status):
    assert asks(seen, role).status_code == status


def test_a_request_is_shown_to_who_asked_and_to_who_decides(seen):
    path = f"/v1/role-requests/{asks(seen).json['id']}"
    assert seen.call(get_role_request, path, as_="admin").status_code == 200
    problem(seen.call(get_role_request, path, as_="viewer"), 404, "not_found")
    problem(seen.call(get_role_request, path, as_="customer_admin@acme"), 404, "not_found")


def test_what_nobody_decides_in_three_days_is_closed(call_as, reacting, documents):
    from functions.identity.create_role_request import RoleWish
    from shared.actors import Role
    from shared.identity.events import RoleRequestDue
    from shared.identity.models import RoleRequest

    wish = RoleWish(role=Role.VIEWER, reason=WHY["reason"])
    made = create_role_request(call_as(Role.HELPDESK_AGENT, id="ann"), wish).result
    for at, status in ((60, "open"), (3 * 24 * 60, "closed")):
        call = reacting(f"role_requests/{made.id}", at=at)
        close_role_request(call, RoleRequestDue(role=Role.VIEWER))
        with call_as(Role.ADMIN).transaction() as txn:
            assert txn.get(RoleRequest, made.id).status == status


def incident(world):
    report = {
        "title": "Nothing is approved",
        "description": "The inbox is empty.",
        "type": "service_outage",
        "severity": "high",
        "affected_services": ["mobile"],
    }
    return world.call(create_incident, "/v1/incidents", report, as_="admin").json


def gives(world, *, as_="governor", path=ANN, role="infrastructure_engineer", hours=2, about=None):
    body = {"role": role, "incident_id": about or incident(world)["id"], "hours": hours, **WHY}
    return world.call(give_emergency_role, f"{path}/roles/emergency", body, as_=as_)


def test_the_governor_gives_a_role_for_some_hours_and_it_ends_by_itself(seen, clock):
    assert gives(seen).status_code == 200
    (event,) = entries(seen, action="auth.emergency_role_given")
    assert event.data["incident"].startswith("INC-")
    assert roles(seen, clock) == ["infrastructure_engineer", "viewer"]
    seen.now += timedelta(hours=2)
    assert roles(seen, clock) == ["viewer"]


def test_an_emergency_is_for_others_for_hours_and_with_an_incident(seen):
    problem(gives(seen, path=f"{USERS}/governor.platform"), 403, "self_approval")
    problem(gives(seen, as_="admin"), 403, "forbidden")
    problem(gives(seen, path=f"{USERS}/nobody"), 404, "not_found")
    problem(gives(seen, hours=5), 422, "validation_failed")
    problem(gives(seen, role="governor"), 403, "forbidden", "office_of_one")
    problem(gives(seen, about="11111111-1111-4111-8111-111111111111"), 422, "validation_failed")


def test_a_role_that_one_has_is_not_asked_for_and_machines_ask_for_none(seen):
    problem(asks(seen, "viewer"), 409, "conflict", "role_held")
    for machine in ("service", "genesis"):
        answer = seen.call(
            create_role_request, "/v1/role-requests", {"role": "viewer", **WHY}, as_=machine
        )
        problem(answer, 403, "forbidden", "people_only")


def test_a_role_that_is_written_past_us_is_given_to_nobody(seen, clock):
    """Who writes the store, and signs nothing, takes roles away at the most."""
    assert put(seen, "viewer", "helpdesk_agent").status_code == 200
    place = Key(PLATFORM, Principal.collection, "ann")
    stored = seen.ports.documents.get(place).data
    seen.ports.documents.commit([Write(place, {**stored, "decided": ["admin"]})])
    assert roles(seen, clock) == 403
