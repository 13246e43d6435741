"""Google's REST interfaces, asked as whoever is signed in and in the name of the project that is meant."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

AGAIN = {429, 500, 502, 503, 504}
"""What passes by itself: the same is asked again, when the answer says so, else at once, and after 2, 4, 8 and 16 seconds."""

TRIES = 5
NEEDED_S = 60


class Refused(Exception):
    """An answer of no, with what it said."""

    def __init__(self, status: int, message: str, reasons: frozenset[str]) -> None:
        super().__init__(message)
        self.status, self.reasons = status, reasons

    @property
    def not_enabled(self) -> bool:
        """Whether the project has not enabled the service that was asked."""
        return bool(self.reasons & {"SERVICE_DISABLED", "accessNotConfigured"})


@dataclass(frozen=True)
class Cloud:
    """One project, and whoever asks about it."""

    project: str
    http: Any
    """Sends requests with these credentials."""

    credentials: Any
    """Of whoever is signed in."""

    address: Callable[[str], str] = "https://{}".format
    """Where a host of Google's is."""

    pause_s: float = 1

    def token(self) -> str:
        """Return the token that requests carry, for tools that ask by themselves."""
        if not self.credentials.valid:
            from google.auth.transport.urllib3 import Request

            self.credentials.refresh(Request(urllib3.PoolManager()))  # type: ignore[no-untyped-call]
        return str(self.credentials.token)

    def ask(self, method: str, host: str, path: str, body: Any = None) -> Any:
        """
        Return what Google answers.

        Raises:
            Refused: No.
            SystemExit: There is no answer to be had.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        return json.loads(self.answer(method, host, path, headers, content).data or b"{}")

    def answer(
        self,
        method: str,
        host: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> Any:
        """
        Return an answer as it came, likewise.

        Only what changes nothing is asked again by itself.
        """
        from google.auth.exceptions import GoogleAuthError

        again = urllib3.Retry(
            TRIES, status_forcelist=AGAIN, backoff_factor=self.pause_s, raise_on_status=False
        )
        try:
            answer = self.http.urlopen(
                method,
                f"{self.address(host)}{path}",
                body=content,
                headers=dict(headers),
                timeout=NEEDED_S,
                retries=again if method in {"GET", "HEAD"} else urllib3.Retry(0, redirect=0),
            )
        except urllib3.exceptions.HTTPError as error:
            raise SystemExit(f"{host} cannot be reached: {error}") from None
        except GoogleAuthError as error:
            raise SystemExit(
                f"Google Cloud takes nobody's word here any more ({error}); "
                "run: gcloud auth application-default login"
            ) from None
        if answer.status >= 400:
            raise _refused(host, answer)
        return answer


def _refused(host: str, answer: Any) -> Refused:
    try:
        error = json.loads(answer.data)["error"]
        details = [*error.get("details", ()), *error.get("errors", ())]
        reasons = frozenset(str(one["reason"]) for one in details if "reason" in one)
        message = str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        message, reasons = "and says nothing more", frozenset()
    return Refused(answer.status, f"{host} answered {answer.status}: {message}", reasons)


def signed_in(project: str) -> Cloud:
    """Return a project, asked as whoever is signed in here."""
    from google.auth.transport.urllib3 import AuthorizedHttp

    from infra.administering import credentials

    who = credentials(project)
    return Cloud(project, AuthorizedHttp(who, urllib3.PoolManager()), who)  # type: ignore[no-untyped-call]
