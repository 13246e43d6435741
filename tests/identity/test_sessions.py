"""Sessions: a session ends for all its tokens, also by others' hands, and a role can be taken away."""

import pytest

from functions.identity.end_sessions import end_sessions
from functions.identity.get_me import get_me
from functions.identity.log_out import log_out
from functions.identity.restore_role import restore_role
from functions.identity.withdraw_role import withdraw_role
from shared.edge import auth
from tests.kernel.test_auth import person
from tests.kernel.things import entries, problem

WHY = {"reason": "The phone was stolen this morning."}
USERS = "/v1/admin/users"


def token(world, *, issued_s=0, **claims):
    """Return a token of ``ann``, signed in at noon, and renewed as often as *issued_s* needs."""
    at = int(world.now.timestamp()) + issued_s
    claims = {"sub": "ann", "tenant": "platform", "roles": ["viewer"], "iat": at} | claims
    return person(world, **claims)


def me(world, token):
    return world.call(get_me, "/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_a_renewed_token_does_not_outlive_its_session(world, clock):
    own = {"Authorization": f"Bearer {token(world)}"}
    assert world.call(log_out, "/v1/auth/logout", {}, headers=own).status_code == 200
    clock.now += 61
    for renewed in (token(world), token(world, issued_s=20)):
        problem(me(world, renewed), 401, "unauthenticated", "token_revoked")
    again = int(world.now.timestamp()) + 20
    assert me(world, token(world, issued_s=20, auth_time=again)).status_code == 200


@pytest.mark.parametrize("by", ["admin", "governor"])
def test_an_administrator_and_a_governor_end_anothers_sessions(world, clock, by):
    assert me(world, token(world)).status_code == 200
    answer = world.call(end_sessions, f"{USERS}/ann/sessions/end", WHY, as_=by)
    assert (answer.status_code, answer.json["user_id"]) == (200, "ann")
    clock.now += 61
    problem(me(world, token(world, issued_s=20)), 401, "unauthenticated", "token_revoked")
    (ended,) = entries(world, action="auth.sessions_ended")
    assert (ended.data["user_id"], ended.data["reason"]) == ("ann", WHY["reason"])


def test_a_customers_administrator_ends_sessions_of_their_tenant_alone(world, clock):
    answer = world.call(end_sessions, f"{USERS}/ann/sessions/end", WHY, as_="customer_admin@acme")
    assert answer.status_code == 200
    clock.now += 61
    assert me(world, token(world)).status_code == 200
    hers = token(world, tenant="acme", roles=["customer_user"])
    problem(me(world, hers), 401, "unauthenticated", "token_revoked")


def test_who_ends_their_own_sessions_signs_out(world):
    path = f"{USERS}/governor.platform/sessions/end"
    problem(world.call(end_sessions, path, WHY, as_="governor"), 409, "conflict", "own_sessions")


def test_a_role_that_was_taken_counts_no_longer_whatever_a_token_says(world, clock):
    both = {"roles": ["governor", "viewer"]}
    assert me(world, token(world, **both)).json["roles"] == ["governor", "viewer"]
    taken = {"role": "governor", **WHY}
    answer = world.call(withdraw_role, f"{USERS}/ann/roles/withdraw", taken, as_="admin")
    assert answer.json["withdrawn"] == ["governor"]
    clock.now += 61
    problem(me(world, token(world, **both)), 401, "unauthenticated", "token_revoked")
    later = both | {"auth_time": int(world.now.timestamp()) + 1}
    assert me(world, token(world, **later)).json["roles"] == ["viewer"]
    answer = world.call(restore_role, f"{USERS}/ann/roles/restore", taken, as_="governor")
    assert answer.json["withdrawn"] == []
    clock.now += 61
    assert me(world, token(world, **later)).json["roles"] == ["governor", "viewer"]


def test_whoever_has_no_role_left_may_do_nothing(world, clock):
    world.call(withdraw_role, f"{USERS}/ann/roles/withdraw", {"role": "viewer", **WHY}, as_="admin")
    clock.now += 61
    later = int(world.now.timestamp()) + 1
    problem(me(world, token(world, auth_time=later)), 403, "forbidden")


@pytest.mark.parametrize(
    ("function", "verb"), [(withdraw_role, "withdraw"), (restore_role, "restore")]
)
def test_nobody_changes_their_own_roles(world, function, verb):
    path = f"{USERS}/admin.platform/roles/{verb}"
    answer = world.call(function, path, {"role": "governor", **WHY}, as_="admin")
    problem(answer, 403, "self_approval")


def test_only_what_was_taken_is_given_back(world):
    path = f"{USERS}/ann/roles/restore"
    answer = world.call(restore_role, path, {"role": "governor", **WHY}, as_="admin")
    problem(answer, 409, "conflict", "role_not_withdrawn")


def test_ending_sessions_takes_a_fresh_sign_in(world):
    path = f"{USERS}/ann/sessions/end"
    answer = world.call(end_sessions, path, WHY, as_="admin", signed_in_min_ago=6)
    problem(answer, 401, "unauthenticated", "step_up_required")


@pytest.mark.parametrize(
    ("within_s", "age_s", "status"), [(5, 6, 401), (60, 6, 200), (60, 61, 401)]
)
def test_what_is_known_of_somebody_is_no_older_than_was_asked(
    world, clock, within_s, age_s, status
):
    identify = world.ports.identify
    shown = {"Authorization": f"Bearer {token(world)}"}
    identify(shown, revoked_within_s=within_s)
    world.call(end_sessions, f"{USERS}/ann/sessions/end", WHY, as_="admin")
    clock.now += age_s
    try:
        identify(shown, revoked_within_s=within_s)
        seen = 200
    except auth.InvalidToken:
        seen = 401
    assert seen == status
