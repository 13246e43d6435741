"""
Secrets that are kept for a tenant: keys of their accounts elsewhere, what webhooks are signed with.

A function has references, and hands them on; what they stand for is in nobody's hands but the adapters'. A value
is a `SecretStr` from where it is sent in to where it is sent out, so that no text, log or document tells it.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Protocol

from pydantic import Field, SecretStr

from shared.actors import PLATFORM, TENANT
from shared.errors import Invalid, NotFound
from shared.records import dataclass

GRACE = timedelta(hours=24)
"""How long a secret is good beside the one that replaced it."""

MOST_GOOD = 3
"""So many at the most: whoever replaces a secret more often means it."""

MOST_BYTES = 64 * 1024
SCHEME = "secret://"

_ID = rf"(?:({TENANT})\.)?[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"

SecretRef = Annotated[
    str,
    Field(
        pattern=rf"^{SCHEME}{_ID}$".replace(f"({TENANT})", TENANT),
        examples=["secret://6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"],
    ),
]
"""What a document holds in place of a secret: ``secret://`` and an id of its tenant's."""

Secret = Annotated[
    SecretStr, Field(min_length=1, max_length=16_384, examples=["a-key-of-somebody-elses"])
]
"""What a request brings a secret in: the only place where one is said."""


class Vault(Protocol):
    """Where secrets are, of all tenants: what an adapter does."""

    def keep(self, id: str, value: bytes) -> None:
        """Keep a secret, unless there is one."""

    def rotate(self, id: str, value: bytes, *, at_once: bool) -> None:
        """Replace a secret; raise NotFound where there is none."""

    def forget(self, id: str) -> None:
        """Forget a secret, if there is one."""

    def good(self, id: str, most: int) -> Sequence[bytes]:
        """Return a secret, and after it those that it replaced less than `GRACE` ago, *most* of them in all."""


@dataclass(frozen=True)
class TenantSecrets:
    """The secrets of one tenant; another's do not exist."""

    vault: Vault
    tenant: str = PLATFORM

    def for_tenant(self, tenant: str) -> "TenantSecrets":
        """Return those of another tenant; the kernel does so."""
        return replace(self, tenant=tenant)

    def keep(self, id: str, value: SecretStr) -> str:
        """
        Keep a secret, as the port says.

        Raises:
            RuntimeError: The id is another tenant's.
        """
        if not self._own(id):
            raise RuntimeError(f"{self.tenant} keeps nothing under another's id")
        self.vault.keep(id, _bytes(value))
        return SCHEME + id

    def rotate(self, reference: str, value: SecretStr, *, at_once: bool = False) -> None:
        """Replace a secret, as the port says."""
        self.vault.rotate(self._id(reference), _bytes(value), at_once=at_once)

    def forget(self, reference: str) -> None:
        """Forget a secret, as the port says."""
        self.vault.forget(self._id(reference))

    def use(self, reference: str, form: str = "{}") -> SecretStr:
        """Return what is sent in place of a secret, as the port says."""
        (newest,) = self._good(reference, most=1)
        return SecretStr(form.replace("{}", newest.decode()))

    def sign(self, reference: str, message: bytes) -> tuple[str, ...]:
        """Sign a message, as the port says."""
        keys = self._good(reference, most=MOST_GOOD)
        return tuple(hmac.digest(key, message, "sha256").hex() for key in keys)

    def signed(self, reference: str, message: bytes, signature: str) -> bool:
        """Check a signature, as the port says; how long that takes says nothing of where it differs."""
        good = [
            hmac.compare_digest(one.encode(), signature.encode())
            for one in self.sign(reference, message)
        ]
        return any(good)

    def _good(self, reference: str, most: int) -> Sequence[bytes]:
        good = self.vault.good(self._id(reference), most)
        if not good:
            raise _unknown()
        return good

    def _id(self, reference: str) -> str:
        id = reference.removeprefix(SCHEME)
        if id == reference or not self._own(id):
            raise _unknown()
        return id

    def _own(self, id: str) -> bool:
        found = re.fullmatch(_ID, id)
        return found is not None and (found[1] or PLATFORM) == self.tenant


def _bytes(value: SecretStr) -> bytes:
    data = value.get_secret_value().encode()
    if not 0 < len(data) <= MOST_BYTES:
        raise Invalid(f"a secret has 1 to {MOST_BYTES} bytes", rule="secret_length")
    return data


def _unknown() -> NotFound:
    return NotFound("there is no such secret", rule="secret_unknown")
