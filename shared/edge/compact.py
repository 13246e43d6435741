"""
Capability tokens as they are written: JWTs in the compact form (RFC 7515), signed with Ed25519 and nothing else (RFC 8037).

There is one way to write each of them, and what is written in another way is none: the header has three members and no
other, base64url has no second spelling, no object names a member twice. What a token asks for is for the rules to judge.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.canonical import canonical
from shared.edge.ed25519 import of_full_order
from shared.edge.keys import encoded
from shared.records import dataclass

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

ALGORITHM, TYPE = "EdDSA", "captok+jwt"
MOST = 8192
"""How many characters a token has at most."""

KID = re.compile(r"[0-9a-f]{16}")
_PART = re.compile(r"[A-Za-z0-9_-]+")

Keys = Callable[[str], "Ed25519PublicKey | None"]
"""Returns the public key of an id, or None where there is none that counts."""


class Broken(ValueError):
    """This is no token of ours; `rule` says why: `malformed`, `alg`, `unknown_kid` or `bad_signature`."""

    def __init__(self, rule: str, said: str) -> None:
        """Say by which rule, and in words."""
        super().__init__(said)
        self.rule = rule


@dataclass(frozen=True)
class Written:
    """What a token says, once its signature holds."""

    kid: str
    claims: dict[str, Any]
    raw: bytes
    """The claims as they are written."""


def unsigned(claims: Mapping[str, Any], kid: str) -> str:
    """Return what a token says, without the signature that makes it one."""
    return f"{header_of(kid)}.{encoded(canonical(claims))}"


def signed(said: str, key: "Ed25519PrivateKey") -> str:
    """Return the token that says what is *said*."""
    return f"{said}.{encoded(key.sign(said.encode()))}"


def read(token: str, keys: Keys) -> Written:
    """
    Return what a token says; no claim is looked at before its signature holds.

    Raises:
        Broken: It is none.
    """
    parts = token.split(".") if len(token) <= MOST else ()
    if len(parts) != 3:
        raise Broken("malformed", "a token has three parts, and at most 8,192 characters")
    header, claims, signature = parts
    kid = _kid(header)
    key = keys(kid) if KID.fullmatch(kid) else None
    if key is None:
        raise Broken("unknown_kid", "no key of that id counts")
    raw = _bytes(signature)
    if not holds(key, raw, f"{header}.{claims}".encode()):
        raise Broken("bad_signature", "the signature is not one of that key")
    said = _bytes(claims)
    return Written(kid, _object(said), said)


def holds(key: "Ed25519PublicKey", signature: bytes, message: bytes) -> bool:
    """Say whether the owner of a key made a signature (RFC 8032, 5.1.7)."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public(raw: bytes) -> "Ed25519PublicKey | None":
    """Return a public key from its 32 bytes; None where it is none, or one under which a signature proves nothing."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(raw) if of_full_order(raw) else None


@lru_cache(64)
def header_of(kid: str) -> str:
    """Return the header of all tokens that a key signs."""
    return encoded(canonical({"alg": ALGORITHM, "typ": TYPE, "kid": kid}))


@lru_cache(64)
def _kid(header: str) -> str:
    """Return the id of the key that a header names, which says nothing else."""
    said = _object(_bytes(header))
    if said.get("alg") != ALGORITHM:
        raise Broken("alg", "a token is signed with EdDSA and nothing else")
    kid = said.get("kid")
    if not isinstance(kid, str) or not kid.isascii() or header_of(kid) != header:
        raise Broken("malformed", "a header says alg, kid and typ, as we write them, and no more")
    return kid


def _bytes(part: str) -> bytes:
    """Read base64url in the one way in which it is written."""
    if not _PART.fullmatch(part):
        raise Broken("malformed", "this is no base64url")
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise Broken("malformed", "this is no base64url") from error
    if encoded(raw) != part:
        raise Broken("malformed", "this base64url has bits that say nothing")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Broken("malformed", f"a part of a token is a JSON object: {error}") from error
    if not isinstance(said, dict):
        raise Broken("malformed", "a part of a token is a JSON object")
    return said


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is named twice")
    return found


def _no_number(said: str) -> None:
    raise ValueError(f"{said} is no number")
