"""
Writer keys: Ed25519 (RFC 8032), one for each service account, and how their signatures are checked.

The private key is a file: a mounted secret in the cloud, a file of the data folder on one machine. It may also be
a secret that is not mounted, or a key that never leaves Cloud KMS (`kms.py`).
`cryptography` is imported only when a signature is due.
"""

import base64
import os
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.canonical import canonical
from shared.edge.ed25519 import of_full_order
from shared.evidence import ENTRY_TYPE, Signer, digest_of
from shared.ports import Signed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )


_PLAIN = re.compile(
    rb"\s*-----BEGIN PRIVATE KEY-----\s+MC4CAQAwBQYDK2VwBCIEI([A-P][0-9A-Za-z+/]{42})\s+-----END PRIVATE KEY-----\s*"
)
"""A private key of Ed25519 as nearly everybody writes it (RFC 8410, 10.3): 16 bytes that say so, and its 32."""

LATELY = 1024
"""How many of its signatures a process remembers: those of what is on its way out."""


class Signatures:
    """Remembers which signatures were made lately, and of what."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lately: dict[str, str] = {}
        self._noting = threading.Lock()

    def remember(self, signature: str, digest: str) -> None:
        """Remember a signature of bytes with this digest, made here or by a process of ours that has the same key."""
        with self._noting:
            while len(self._lately) >= LATELY:
                del self._lately[next(iter(self._lately))]
            self._lately[signature] = digest

    def lately(self, signature: str) -> str | None:
        """Return the digest of what a signature was made of, if it is remembered."""
        return self._lately.get(signature)


class PemSigner:
    """Signs with a private key in PEM (PKCS #8)."""

    def __init__(self, pem: Callable[[], bytes]) -> None:
        """Say where the key comes from; it is not asked for before the first signature."""
        self._pem = pem
        self.signatures = Signatures()

    def sign(self, message: bytes) -> tuple[str, str]:
        """Return the key's id and its signature."""
        signature = encoded(self._key.sign(message))
        self.signatures.remember(signature, digest_of(message))
        return self.jwk["kid"], signature

    def made(self, kid: str, message: bytes, signature: str) -> bool:
        """Say whether it lately made this signature of these very bytes: that needs no proof by a key."""
        return self.signatures.lately(signature) == digest_of(message) and kid == self.jwk["kid"]

    @cached_property
    def jwk(self) -> dict[str, Any]:
        """The public key as a JWK (RFC 8037)."""
        return public_jwk(self._key.public_key())

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        pem = self._pem()
        # To read any key, the library loads all kinds of keys: 10 ms of each cold mutation.
        if plain := _PLAIN.fullmatch(pem):
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(b"I" + plain[1])[1:])
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError("the writer key is no Ed25519 key")
        return key


class FileSigner(PemSigner):
    """Signs with the private key in a file, which it makes where there is none."""

    def __init__(self, file: Path) -> None:
        """Name the file."""
        super().__init__(self._read)
        self._file = file
        self._content = b""

    def lost(self) -> str:
        """Say in words what became of the file since the key was read; nothing where nothing did."""
        if not self._content:
            return ""
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return "the file of the writer key is gone; restore it"
        except OSError as error:
            return f"the file of the writer key cannot be read ({error.strerror}); restore it"
        if content != self._content:
            return "another writer key lies where this process read its own; restore that one"
        return ""

    def _read(self) -> bytes:
        self._content = made_once(self._file, _made)
        return self._content


class TicketSigner:
    """Signs what is to hold away from the store, and nothing that could pass for an entry of evidence."""

    def __init__(self, signer: Signer) -> None:
        """Name the writer's key."""
        self._signer = signer

    def signed(self, statement: Mapping[str, Any]) -> Signed:
        """
        Return a statement with its signature.

        Raises:
            ValueError: It does not say what it is, or says that it is an entry.
        """
        if statement.get("typ") in {None, ENTRY_TYPE}:
            raise ValueError("a ticket says in `typ` which it is, and is no entry")
        message = canonical(statement)
        return Signed(message, *self._signer.sign(message))


def public_jwk(key: "Ed25519PublicKey") -> dict[str, Any]:
    """Return a public key as a JWK (RFC 8037), whose id is its thumbprint (RFC 7638)."""
    public = {"crv": "Ed25519", "kty": "OKP", "x": encoded(key.public_bytes_raw())}
    return public | {"kid": digest_of(canonical(public))[:16], "alg": "EdDSA", "use": "sig"}


def verifier(jwks: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the check of a signature against the public keys in *jwks*, by key id."""
    loaded: dict[str, Ed25519PublicKey] = {}

    def verify(kid: str, message: bytes, signature: str) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if kid not in jwks:
            return False
        try:
            if kid not in loaded:
                loaded[kid] = Ed25519PublicKey.from_public_bytes(decoded(jwks[kid]["x"]))
            raw = decoded(signature)
            loaded[kid].verify(raw, message)
        except (InvalidSignature, ValueError, KeyError, TypeError):
            return False
        return encoded(raw) == signature

    return verify


def verify_ed25519(public_key: str, message: bytes, signature: str) -> bool:
    """
    Say whether the owner of *public_key* signed *message*; both are base64url without padding.

    A key that proves nothing, or that has another spelling, has no owner.
    """
    try:
        raw = decoded(public_key)
    except ValueError:
        return False
    good = encoded(raw) == public_key and of_full_order(raw)
    return good and bool(verifier({"": {"x": public_key}})("", message, signature))


def keep_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Of its own, whoever else writes into the folder, and under no name that a file has.
    draft = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def made_once(file: Path, make: Callable[[], bytes]) -> bytes:
    """Return what is in a private file; where there is none, what the first makes of all processes that make it."""
    if not file.exists():
        draft = file.with_name(f"{file.name}.{uuid4()}")
        keep_private(draft, make())
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_bytes()


def encoded(raw: bytes) -> str:
    """Write bytes as base64url without padding (RFC 4648)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _made() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _pem(Ed25519PrivateKey.generate())


def _pem(key: "Ed25519PrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
