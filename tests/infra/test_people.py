"""The first administrator is let in through Firebase's own library, over a real socket."""

import json

import firebase_admin
import pytest

from infra import people
from shared.identity import Role
from tests.infra.conversation import answering


class Accounts:
    """Firebase's accounts, as far as granting asks: one of a person who may have claims already."""

    def __init__(self, **claims):
        self.claims = claims

    def __call__(self, method, path, body):
        if path.endswith("accounts:lookup"):
            if body["email"] != ["first@example.com"]:
                return 200, {}
            person = {"localId": "u1", "email": "first@example.com"}
            return 200, {"users": [person | {"customAttributes": json.dumps(self.claims)}]}
        self.claims = json.loads(body["customAttributes"])
        return 200, {"localId": "u1"}


@pytest.fixture
def granting(monkeypatch):
    def grant(email, role, to, /, **claims):
        accounts = Accounts(**claims)
        with answering(accounts) as (address, _):
            monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", address)
            app = firebase_admin.initialize_app(options={"projectId": "p"}, name="granting")
            try:
                people.grant(email, role, to, app)
            finally:
                firebase_admin.delete_app(app)
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
        ("second@example.com", Role.ADMIN, "platform", "nobody signed in as second@example.com"),
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


def test_what_is_granted_is_what_the_edge_lets_in():
    """The claims that are granted are those that `auth` asks a person's token for."""
    from shared.edge.auth import _person

    actor = _person({"sub": "u1", "tenant": "platform", "roles": ["admin"], "iat": 0})
    assert actor.roles == {Role.ADMIN}
