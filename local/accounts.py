"""
The sign-in of this machine: accounts named after their roles, and tokens of the same shape as the cloud's.

People get Firebase ID tokens, services and foundational agents Google OIDC tokens, both signed with this
machine's own key, whose public half the platform trusts here and nowhere else.
"""

import json
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from shared.actors import OF_CUSTOMERS, OF_PEOPLE, PLATFORM, Role
from shared.edge import jws
from shared.edge.auth import GOOGLE_ISSUER
from shared.edge.keys import keep_private, made_once
from shared.edge.settings import Settings
from shared.errors import Invalid

LIFE = timedelta(hours=1)
CUSTOMERS = ("acme", "globex")


def accounts() -> list[str]:
    """Return every demo account, as ``role@tenant``."""
    staff = [f"{role}@{PLATFORM}" for role in Role if role not in OF_CUSTOMERS]
    theirs = [role for role in Role if role in OF_CUSTOMERS]
    return staff + [f"{role}@{tenant}" for tenant in CUSTOMERS for role in theirs]


def named(account: str) -> tuple[Role, str]:
    """
    Read ``ROLE`` or ``ROLE@TENANT``.

    Raises:
        Invalid: There is no such account.
    """
    name, _, tenant = account.partition("@")
    tenant = tenant or (CUSTOMERS[0] if name in OF_CUSTOMERS else PLATFORM)
    if f"{name}@{tenant}" not in accounts():
        raise Invalid(f"there is no account {account}; there are: {', '.join(accounts())}")
    return Role(name), tenant


class Person(NamedTuple):
    """A demo account of a person, as the sign-in knows them."""

    id: str
    email: str
    claims: dict[str, Any]


def people() -> list[Person]:
    """Return the demo accounts of people; foundational agents and services have keys of Google's."""
    return [person(Role(role), tenant) for role, tenant in _split() if Role(role) in OF_PEOPLE]


def person(role: Role, tenant: str) -> Person:
    """Return the demo account of a role of people."""
    claims = {"tenant": tenant, "roles": [role.value]}
    return Person(f"{role}.{tenant}", f"{role}@{tenant}.example", claims)


def _split() -> list[tuple[str, str]]:
    return [(role, tenant) for role, _, tenant in (one.partition("@") for one in accounts())]


class SignIn:
    """Issues tokens, and publishes the key that they are checked with."""

    def __init__(self, settings: Settings) -> None:
        """Keep the key in the data folder."""
        self._settings = settings
        self.file = settings.data / "keys" / "sign-in.pem"

    @property
    def project(self) -> str:
        """The project that tokens are for."""
        return self._settings.project

    def publish(self) -> None:
        """Write the public key to where the platform looks for it."""
        jwk = jws.jwk(self.public, self._kid)
        keep_private(Path(self._settings.people_keys), json.dumps({"keys": [jwk]}).encode())

    def token(self, account: str, at: datetime) -> str:
        """
        Return a token for ``ROLE`` or ``ROLE@TENANT``, signed in at *at*.

        Raises:
            Invalid: There is no such account.
        """
        role, tenant = named(account)
        if role not in OF_PEOPLE:
            return self.service_token(role.value.replace("_", "-"), at)
        project, one = self._settings.project, person(role, tenant)
        claims = {
            "iss": f"https://securetoken.google.com/{project}",
            "aud": project,
            "sub": one.id,
            "auth_time": int(at.timestamp()),
            **one.claims,
            "email_verified": True,
            "firebase": {"sign_in_provider": "custom", "sign_in_second_factor": "totp"},
        }
        return self.signed(claims, at)

    def service_token(self, name: str, at: datetime, audience: str | None = None) -> str:
        """Return the OIDC token of one of the project's service accounts, for the API or another address."""
        email = f"{name}@{self._settings.project}.iam.gserviceaccount.com"
        service = {
            "iss": GOOGLE_ISSUER,
            "aud": audience or self._settings.api,
            "sub": name,
            "email": email,
            "email_verified": True,
        }
        return self.signed(service, at)

    def signed(self, claims: dict[str, Any], at: datetime, life: timedelta = LIFE) -> str:
        """Return a token that says *claims*, from *at* and for its life."""
        issued = int(at.timestamp())
        times = {"iat": issued, "exp": issued + int(life.total_seconds())}
        return jws.sign(claims | times, self._key, self._kid)

    @property
    def public(self) -> Any:
        """The public half of the key."""
        return self._key.public_key()

    @cached_property
    def _key(self) -> Any:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        def made() -> bytes:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )

        return serialization.load_pem_private_key(made_once(self.file, made), None)

    @cached_property
    def _kid(self) -> str:
        from shared.canonical import digest

        return digest({"n": str(self._key.public_key().public_numbers().n)})[:16]
