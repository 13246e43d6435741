"""
The public keys of this machine's writers, kept beside the private one and outside the store.

Whoever can write the database cannot put a key here, so evidence is judged by these and not by the keys that
the store publishes. A key that was replaced stays: what it signed stays.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.edge.keys import FileSigner, decoded, keep_private, public_jwk
from shared.errors import Invalid

Keys = Mapping[str, Mapping[str, Any]]
"""Public keys as JWKs, by their ids."""


def keep(data: Path, jwk: Mapping[str, Any]) -> None:
    """Keep the public key of a writer."""
    kept = _read(_file(data)) if _file(data).exists() else {}
    if kept.get(jwk["kid"]) != jwk:
        keys = [*({**kept, jwk["kid"]: jwk}).values()]
        keep_private(_file(data), json.dumps({"keys": keys}, indent=1).encode())


def kept(data: Path) -> Keys:
    """
    Return the public keys of all writers that a data folder has had.

    Raises:
        Invalid: A file is not what was kept, or cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    writer = data / "keys" / "writer.pem"
    try:
        own = [FileSigner(writer).jwk] if writer.exists() else []
        kept = _read(_file(data)) if _file(data).exists() else {}
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid(f"the keys in {writer.parent} cannot be read: {error}") from error
    return {**kept, **{key["kid"]: key for key in own}}


def named(files: Sequence[Path], keys: Sequence[str]) -> Keys:
    """
    Return the public keys that somebody names: JWKS files (RFC 7517), and keys as base64url.

    Raises:
        Invalid: A file or a key is none.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for file in files:
        found |= _read(file)
    for key in keys:
        jwk = _jwk(key)
        found[jwk["kid"]] = jwk
    return found


def _file(data: Path) -> Path:
    return data / "keys" / "writers.jwks"


def _read(file: Path) -> dict[str, Mapping[str, Any]]:
    try:
        keys = [_jwk(one["x"]) for one in json.loads(file.read_bytes())["keys"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Invalid(f"{file} is no set of public keys (JWKS, Ed25519): {error}") from error
    return {key["kid"]: key for key in keys}


def _jwk(x: str) -> dict[str, Any]:
    """Return a key by its bytes alone: its id is made from them and not believed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        return public_jwk(Ed25519PublicKey.from_public_bytes(decoded(x)))
    except ValueError as error:
        raise Invalid(f"{x!r:.100} is no public Ed25519 key as base64url") from error
