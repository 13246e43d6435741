"""
Whose signatures this process believes.

On one machine those of the data folder's own keys, which whoever writes the store cannot add to; in the cloud those
of the keys that the platform publishes.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from shared.actors import PLATFORM
from shared.documents import Documents, Query
from shared.edge import keyring
from shared.edge.keys import PemSigner, verifier
from shared.edge.settings import Settings
from shared.edge.walking import pages, readable, record
from shared.evidence import Signer, Verify
from shared.identity.models import VerificationKey

AGAIN_S = 60.0
MOST_UNKNOWN = 1000


class Trust:
    """
    Checks signatures by keys that are read once.

    They are read again for a key that is not among them, as one may have come meanwhile: for each such key at
    most once a minute.
    """

    def __init__(
        self,
        read: Callable[[], keyring.Keys],
        seconds: Callable[[], float] = time.monotonic,
        own: Verify = lambda *_: False,
    ) -> None:
        """
        Say whose signatures count; nothing is read before the first is checked.

        Args:
            read: Where the keys come from.

            seconds: The time.

            own: Whether it was this process itself that made a signature, of these very bytes.
        """
        self._read, self._seconds, self._own = read, seconds, own
        self._keys: keyring.Keys | None = None
        self._check: Verify = verifier({})
        self._unknown: dict[str, float] = {}

    def __call__(self, kid: str, message: bytes, signature: str) -> bool:
        """
        Say whether a key that is trusted made a signature.

        Raises:
            StoreUnavailable: The keys cannot be read now.
        """
        if self._own(kid, message, signature):
            return True
        now = self._seconds()
        if self._keys is None or (kid not in self._keys and self._may_look(kid, now)):
            keys = self._read()
            # Another thread that finds a key among them must find the check that knows it.
            self._check, self._keys = verifier(keys), keys
            if kid not in keys:
                self._unknown[kid] = now
        return self._check(kid, message, signature)

    def _may_look(self, kid: str, now: float) -> bool:
        if len(self._unknown) >= MOST_UNKNOWN:
            self._unknown.clear()
        return kid not in self._unknown or now - self._unknown[kid] >= AGAIN_S


def trust(settings: Settings, documents: Documents, signer: Signer) -> Trust:
    """Return whom the process of these settings trusts."""
    if not settings.local:
        return Trust(lambda: _published(documents))

    def folder() -> keyring.Keys:
        own = {signer.jwk["kid"]: signer.jwk} if isinstance(signer, PemSigner) else {}
        return {**keyring.kept(settings.data), **own}

    return Trust(folder, own=signer.made) if isinstance(signer, PemSigner) else Trust(folder)


def _published(documents: Documents) -> Mapping[str, Mapping[str, Any]]:
    query = Query(VerificationKey.collection)
    return {
        key.id: key.jwk
        for page in pages(documents, PLATFORM, query)
        for key in readable(page, record(VerificationKey))
    }
