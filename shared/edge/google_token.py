"""
The access token by which this process is known to Google.

Deployed, it is one plain request to the metadata server. google-auth asks the same there, but costs a cold
function some 80 ms of CPU and 240 modules more; it stays for whoever has other credentials: a developer, a build.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping

from shared.edge.http_pool import NoAnswer, pool
from shared.errors import ProviderDown

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
METADATA = "metadata.google.internal"
TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - an address
EARLY_S = 225.0
"""A token is renewed so long before its end; from then on the metadata server has a new one."""

PAUSES_S = (0.1, 0.3, 1.0)
TIMEOUT_S, WITHIN_S = 3.0, 8.0
"""How long one attempt may take, and all of them together."""


class AccessToken:
    """An access token that is asked for once and kept until shortly before its end."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Say where the process runs; nothing is asked before the first token."""
        self._environ, self._clock, self._sleep = environ, clock, sleep
        self._lock = threading.Lock()
        self._token, self._good_until = "", -1.0

    def __call__(self) -> str:
        """
        Return a token that is good for a while.

        Raises:
            ProviderDown: There is none to be had.
        """
        with self._lock:
            if self._clock() >= self._good_until:
                self._renew()
            return self._token

    def instead_of(self, refused: str) -> str:
        """Return another token than one that was refused; whoever comes first renews for all."""
        with self._lock:
            if self._token == refused:
                self._renew()
            return self._token

    def _renew(self) -> None:
        deployed = "K_SERVICE" in self._environ
        other = "GOOGLE_APPLICATION_CREDENTIALS" in self._environ
        ask = self._from_metadata if deployed and not other else _from_google_auth
        self._token, seconds = ask()
        self._good_until = self._clock() + seconds - EARLY_S

    def _from_metadata(self) -> tuple[str, float]:
        host = self._environ.get("GCE_METADATA_HOST", METADATA)
        until = self._clock() + WITHIN_S
        for pause_s in (*PAUSES_S, None):
            why = ""
            try:
                answer = pool().send(
                    "GET",
                    f"http://{host}{TOKEN_PATH}",
                    headers={"Metadata-Flavor": "Google"},
                    timeout_s=min(TIMEOUT_S, until - self._clock()),
                )
                # Only the metadata server says so of itself, not whoever took its name.
                if answer.status == 200 and answer.headers.get("Metadata-Flavor") == "Google":
                    given = answer.parsed
                    return str(given["access_token"]), float(given["expires_in"])
                why = f"answered {answer.status}"
            except NoAnswer as none:
                why = none.why
            except (ValueError, KeyError, TypeError) as error:
                why = type(error).__name__
            if pause_s is None or self._clock() + pause_s >= until:
                break
            self._sleep(pause_s)
        raise ProviderDown(
            f"the metadata server gives no token ({why}); try again", retry_after_s=5
        )


def _from_google_auth() -> tuple[str, float]:
    from datetime import UTC, datetime

    import google.auth
    import urllib3
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.urllib3 import Request

    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
        credentials.refresh(Request(urllib3.PoolManager()))  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise ProviderDown(
            f"this process has no Google credentials ({type(error).__name__}); run"
            " 'gcloud auth application-default login' or set GOOGLE_APPLICATION_CREDENTIALS",
            retry_after_s=5,
        ) from error
    ends: datetime = credentials.expiry.replace(tzinfo=UTC)  # type: ignore[union-attr]
    return str(credentials.token), (ends - datetime.now(UTC)).total_seconds()


google_token = AccessToken()
"""The one of this process."""
