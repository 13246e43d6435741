"""
Signed tokens: JWTs (RFC 7519) in the compact form (RFC 7515), signed with RS256 and nothing else.

A library for all that JOSE can be would load fifty modules of cryptography before the first answer, and read each token
three times. What there is to do is little: three parts, one algorithm, one signature. Who may have signed, for whom and for
how long, is for `auth.py` to judge.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_PART = re.compile(r"[A-Za-z0-9_-]+")
MIN_BITS = 2048
"""RFC 7518, 3.3."""


class Malformed(ValueError):
    """This is no token, or no signature of it."""


class Token(NamedTuple):
    """What a token says, believed or not."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: str


def parsed(token: str) -> Token:
    """
    Return what a token says, of which nothing is believed yet.

    Raises:
        Malformed: It says nothing.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed("a token has three parts")
    header, claims, signature = parts
    return Token(_said(header), _said(claims), f"{header}.{claims}".encode(), signature)


def verify(token: Token, key: Any) -> None:
    """
    Hold a token to a public key.

    Raises:
        Malformed: It is not signed with that key, or says that it is signed in another way.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    if token.header.get("alg") != "RS256" or "crit" in token.header:
        raise Malformed("a token is signed with RS256, and asks for nothing else to be understood")
    try:
        key.verify(_decoded(token.signature), token.signed, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise Malformed("the signature is another one") from error


def sign(claims: Mapping[str, Any], key: Any, kid: str) -> str:
    """Return a token that says *claims*, signed with a private key."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    header = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    said = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{said}.{_encoded(key.sign(said.encode(), PKCS1v15(), SHA256()))}"


def jwk(public: Any, kid: str) -> dict[str, str]:
    """Return a public key as it is published (RFC 7517)."""
    numbers = public.public_numbers()
    n, e = (
        _encoded(one.to_bytes((one.bit_length() + 7) // 8, "big")) for one in (numbers.n, numbers.e)
    )
    return {"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "n": n, "e": e}


def keys(published: Any) -> dict[str, Any]:
    """
    Return the keys of a published set by their ids, those that sign with RS256.

    Raises:
        ValueError: It is no set of keys, or none of them can be read.
    """
    listed = published.get("keys") if isinstance(published, dict) else None
    found = dict[str, Any]()
    for one in listed if isinstance(listed, list) else ():
        kid = one.get("kid") if isinstance(one, dict) else None
        if isinstance(kid, str) and (key := _public(one)) is not None:
            found[kid] = key
    if not found:
        raise ValueError("none of the keys can be read")
    return found


def _public(jwk: Mapping[str, Any]) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    if jwk.get("kty") != "RSA" or jwk.get("alg", "RS256") != "RS256":
        return None
    try:
        n, e = (int.from_bytes(_decoded(jwk[name]), "big") for name in ("n", "e"))
        return RSAPublicNumbers(e, n).public_key() if n.bit_length() >= MIN_BITS else None
    except (KeyError, ValueError):
        return None


def _said(part: str) -> dict[str, Any]:
    try:
        said = json.loads(_decoded(part))
    except (ValueError, RecursionError) as error:
        raise Malformed("a part of a token is a JSON object") from error
    if not isinstance(said, dict):
        raise Malformed("a part of a token is a JSON object")
    return said


def _decoded(part: Any) -> bytes:
    """Read base64url without padding, in its own letters and no others."""
    if not isinstance(part, str) or not _PART.fullmatch(part):
        raise Malformed("this is no base64url")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
