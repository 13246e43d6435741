"""The first administrator is let in through Firebase's own library, over a real socket."""

import json

import firebase_admin
import pytest

from infra import people
from shared.actors import Role
from tests.infra.conversation import answering


class Accounts:
    """Firebase's accounts, as far as granting asks: one of a person who may have claims already."""

    def __init__(self, *, verified=True, **claims):
        self.claims, self.verified, self.renews = claims, verified, True

    def __call__(self, method, path, body):
        if method == "POST" and path.endswith("/accounts"):
            self.invited = body
            return 200, {"localId": "u2"}
        if path.endswith("accounts:lookup"):
            if "localId" in body:
                return 200, {"users": [{"localId": "u2", **self.invited}]}
            if body["email"] != ["first@example.com"]:
                return 200, {}
            person = {"localId": "u1", "email": "first@example.com"}
            person |= {"emailVerified": self.verified}
            return 200, {"users": [person | {"customAttributes": json.dumps(self.claims)}]}
        if "validSince" in body:
            self.renews = False
        else:
            self.claims = json.loads(body["customAttributes"])
        return 200, {"localId": "u1"}


@pytest.fixture
def granting(monkeypatch):
    def grant(email, role, to, /, does=people.grant, **claims):
        accounts = Accounts(**claims)
        with answering(accounts) as (address, _):
            monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", address)
            app = firebase_admin.initialize_app(options={"projectId": "p"}, name="granting")
            try:
                does(email, role, to, app)
            finally:
                firebase_admin.delete_app(app)
        assert accounts.renews == (does is people.grant)
        return accounts.claims

    return grant


def test_somebody_becomes_an_administrator(granting):
    claims = granting("first@example.com", Role.ADMIN, "platform")
    assert claims == {"tenant": "platform", "roles": ["admin"]}


def test_a_role_is_granted_beside_others_of_the_same_tenant(granting):
    claims = granting(
        "first@example.com", Role.ADMIN, "platform", tenant="platform", roles=["viewer"]
    )
    assert claims["roles"] == ["admin", "viewer"]


def test_a_role_of_another_tenant_is_not_kept(granting):
    claims = granting(
        "first@example.com", Role.CUSTOMER_ADMIN, "acme", tenant="platform", roles=["admin"]
    )
    assert claims == {"tenant": "acme", "roles": ["customer_admin"]}


@pytest.mark.parametrize(
    ("email", "role", "tenant", "sentence"),
    [
        ("second@example.com", Role.ADMIN, "platform", "nobody is second@example.com yet"),
        ("first@example.com", Role.GENESIS, "platform", "no person is genesis"),
        ("first@example.com", Role.ADMIN, "acme", "admin is a role of the tenant platform"),
        (
            "first@example.com",
            Role.CUSTOMER_USER,
            "platform",
            "customer_user is a role of a customer",
        ),
    ],
)
def test_what_cannot_be_granted_is_said(granting, email, role, tenant, sentence):
    with pytest.raises(SystemExit, match=sentence):
        granting(email, role, tenant)


@pytest.mark.parametrize(
    ("written", "role", "tenant"),
    [("admin", Role.ADMIN, "platform"), ("customer_admin@acme", Role.CUSTOMER_ADMIN, "acme")],
)
def test_a_role_is_written_with_its_tenant(written, role, tenant):
    assert people.named(written) == (role, tenant)


def test_what_is_granted_is_what_the_edge_lets_in(granting):
    """The claims that are granted are those that `auth` asks a person's token for."""
    from shared.edge.auth import _roles

    claims = granting("first@example.com", Role.ADMIN, "platform")
    assert _roles(claims["roles"], claims["tenant"]) == {Role.ADMIN}


def test_an_address_that_nobody_has_shown_to_be_theirs_gets_no_role(granting):
    with pytest.raises(SystemExit, match="is not verified"):
        granting("first@example.com", Role.ADMIN, "platform", verified=False)


def test_a_role_is_taken_with_the_renewal_of_tokens(granting):
    had = {"tenant": "platform", "roles": ["governor", "viewer"]}
    who = ("first@example.com", Role.GOVERNOR, "platform")
    assert granting(*who, does=people.revoke, **had)["roles"] == ["viewer"]
    assert granting(*who, does=people.revoke, **had | {"roles": ["governor"]}) == {}


@pytest.mark.parametrize("had", [{}, {"tenant": "acme", "roles": ["governor"]}])
def test_what_nobody_has_is_not_taken(granting, had):
    who = ("first@example.com", Role.GOVERNOR, "platform")
    with pytest.raises(SystemExit, match="there is nothing to take"):
        granting(*who, does=people.revoke, **had)


def test_who_is_invited_has_no_password_and_is_not_verified(monkeypatch):
    accounts = Accounts()
    with answering(accounts) as (address, _):
        monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", address)
        app = firebase_admin.initialize_app(options={"projectId": "p"}, name="inviting")
        try:
            people.invite("second@example.com", app)
        finally:
            firebase_admin.delete_app(app)
    assert accounts.invited == {"email": "second@example.com", "emailVerified": False}
