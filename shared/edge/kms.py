"""
A signing key that never leaves Cloud KMS, by its REST API: Ed25519 over the message itself (EC_SIGN_ED25519).

Each signature is a request, which is billed. A key file signs in a fraction of a millisecond, for nothing.
"""

import base64
import json
from contextlib import suppress
from functools import cached_property
from typing import Any

from shared.edge.checksums import crc32c
from shared.edge.http_client import Caller
from shared.edge.keys import encoded, public_jwk
from shared.errors import ProviderDown

GOOGLE = "https://cloudkms.googleapis.com"
ALGORITHM = "EC_SIGN_ED25519"
ATTEMPTS = 3


class KmsSigner:
    """Signs with one version of a key in Cloud KMS."""

    def __init__(self, version: str, base: str = GOOGLE, **options: Any) -> None:
        """
        Name the key's version; nothing is connected before the first signature.

        Args:
            version: ``projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…``.

            base: The address of Cloud KMS.

            options: How it is called, as `Caller` takes it.
        """
        self._version, self._base = version, base
        self._caller = Caller("kms", **options)

    def sign(self, message: bytes) -> tuple[str, str]:
        """
        Return the key's id and its signature.

        Raises:
            ProviderDown: Cloud KMS does not sign now, or its answers arrive damaged again and again.
        """
        kid = self.jwk["kid"]
        data = base64.b64encode(message).decode()
        asked = json.dumps({"data": data, "dataCrc32c": str(crc32c(message))}).encode()
        for _ in range(ATTEMPTS):
            answer = self._asked("POST", ":asymmetricSign", asked)
            with suppress(ValueError, KeyError, TypeError):
                signature = base64.b64decode(answer["signature"], validate=True)
                sound = int(answer["signatureCrc32c"]) == crc32c(signature)
                if sound and answer["verifiedDataCrc32c"] and answer["name"] == self._version:
                    return kid, encoded(signature)
        raise ProviderDown("what Cloud KMS signs arrives damaged", retry_after_s=10)

    @cached_property
    def jwk(self) -> dict[str, Any]:
        """
        The public key as a JWK (RFC 8037).

        Raises:
            ProviderDown: It cannot be had.
            TypeError: The key is of another kind.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        key = load_pem_public_key(self._public_pem())
        if not isinstance(key, Ed25519PublicKey):
            raise TypeError(f"the key in Cloud KMS is not for {ALGORITHM}")
        return public_jwk(key)

    def _public_pem(self) -> bytes:
        for _ in range(ATTEMPTS):
            answer = self._asked("GET", "/publicKey")
            with suppress(ValueError, KeyError, TypeError):
                pem = str(answer["pem"]).encode()
                if int(answer["pemCrc32c"]) == crc32c(pem) and answer["name"] == self._version:
                    return pem
        raise ProviderDown("the public key from Cloud KMS arrives damaged", retry_after_s=10)

    def _asked(self, method: str, verb: str, body: bytes | None = None) -> Any:
        """Return an answer; what is no JSON is as good as nothing."""
        url = f"{self._base}/v1/{self._version}{verb}"
        headers = {"Content-Type": "application/json"} if body else {}
        answer = self._caller.request(method, url, body=body, headers=headers)
        if answer.status != 200:
            raise ProviderDown(f"Cloud KMS answered {answer.status}", retry_after_s=10)
        with suppress(ValueError):
            return json.loads(answer.body)
        return None
