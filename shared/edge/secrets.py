"""Secrets in Secret Manager, by its REST API, for what mounts none."""

import base64
import json
from contextlib import suppress
from typing import Any

from shared.edge.checksums import crc32c
from shared.edge.http_client import Caller
from shared.errors import ProviderDown

GOOGLE = "https://secretmanager.googleapis.com"
ATTEMPTS = 3


class SecretManager:
    """Reads secrets; nothing of what it reads is kept, or told to a log."""

    def __init__(self, base: str = GOOGLE, **options: Any) -> None:
        """
        Say where it is; nothing is connected before the first secret.

        Args:
            base: Its address.

            options: How it is called, as `Caller` takes it.
        """
        self._base = base
        self._caller = Caller("secret-manager", **options)

    def access(self, version: str) -> bytes:
        """
        Return what one version of a secret holds.

        Args:
            version: ``projects/…/secrets/…/versions/…``; `latest` is one.

        Raises:
            ProviderDown: It cannot be had, or arrives damaged again and again.
        """
        for _ in range(ATTEMPTS):
            answer = self._caller.request("GET", f"{self._base}/v1/{version}:access")
            if answer.status != 200:
                raise ProviderDown(f"Secret Manager answered {answer.status}", retry_after_s=10)
            with suppress(ValueError, KeyError, TypeError):
                payload = json.loads(answer.body)["payload"]
                data = base64.b64decode(payload["data"], validate=True)
                if int(payload["dataCrc32c"]) == crc32c(data):
                    return data
        raise ProviderDown("what Secret Manager sends arrives damaged", retry_after_s=10)
