from collections.abc import Mapping
from typing import Any

from shared.actors import PLATFORM, PUBLIC
from shared.entity import Value
from shared.identity.models import VerificationKey
from shared.operation import Call, operation


class KeySet(Value):
    """A JWK set (RFC 7517)."""

    keys: tuple[Mapping[str, Any], ...]
    """The public keys that audit entries are signed with, each a JWK (RFC 7517) found by its `kid`."""


@operation("GET", "/.well-known/jwks.json", scopes=PUBLIC, audited=False, tenant=PLATFORM)
def list_keys(call: Call) -> KeySet:
    """
    List the public keys that our signatures are checked with.

    Old keys stay in the list, or what was signed with them could no longer be verified.
    """
    with call.transaction() as txn:
        found = txn.all(VerificationKey)
    return KeySet(keys=tuple(key.jwk for key in found))
