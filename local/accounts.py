"""
The sign-in of this machine: accounts named after their roles, and tokens of the same shape as the cloud's.

People get Firebase ID tokens, services and foundational agents Google OIDC tokens, both signed with this
machine's own key, whose public half the platform trusts here and nowhere else.
"""

import json
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.actors import OF_CUSTOMERS, OF_PEOPLE, PLATFORM, Role
from shared.edge import jws
from shared.edge.auth import GOOGLE_ISSUER
from shared.edge.keys import keep_private, made_once
from shared.edge.settings import Settings
from shared.errors import Invalid

LIFE_S = 3600
CUSTOMERS = ("acme", "globex")


def accounts() -> list[str]:
    """Return every demo account, as ``role@tenant``."""
    staff = [f"{role}@{PLATFORM}" for role in Role if role not in OF_CUSTOMERS]
    theirs = [role for role in Role if role in OF_CUSTOMERS]
    return staff + [f"{role}@{tenant}" for tenant in CUSTOMERS for role in theirs]


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
        jwk = jws.jwk(self._key.public_key(), self._kid)
        keep_private(Path(self._settings.people_keys), json.dumps({"keys": [jwk]}).encode())

    def token(self, account: str, at: datetime) -> str:
        """
        Return a token for ``ROLE`` or ``ROLE@TENANT``, signed in at *at*.

        Raises:
            Invalid: There is no such account.
        """
        name, _, tenant = account.partition("@")
        tenant = tenant or (CUSTOMERS[0] if name in OF_CUSTOMERS else PLATFORM)
        if f"{name}@{tenant}" not in accounts():
            raise Invalid(f"there is no account {account}; there are: {', '.join(accounts())}")
        role = Role(name)
        if role not in OF_PEOPLE:
            return self.service_token(role.value.replace("_", "-"), at)
        project = self._settings.project
        person = {
            "iss": f"https://securetoken.google.com/{project}",
            "aud": project,
            "sub": f"{role}.{tenant}",
            "auth_time": int(at.timestamp()),
            "tenant": tenant,
            "roles": [role.value],
            "email_verified": True,
            "firebase": {"sign_in_provider": "custom", "sign_in_second_factor": "totp"},
        }
        return self._signed(person, at)

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
        return self._signed(service, at)

    def _signed(self, claims: dict[str, Any], at: datetime) -> str:
        issued = int(at.timestamp())
        times = {"iat": issued, "exp": issued + LIFE_S}
        return jws.sign(claims | times, self._key, self._kid)

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
