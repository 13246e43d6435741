"""Google's REST interfaces, asked as whoever is signed in and in the name of the project that is meant."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

AGAIN = {429, 500, 502, 503, 504}
"""What passes by itself: the same is asked again, when the answer says so, else at once, and after 2, 4, 8 and 16 seconds."""

IDEMPOTENT = {"GET", "HEAD", "PUT"}
TRIES = 5
NEEDED_S = 60

ADVICE = {
    400: "see that the settings are right (pulumi -C infra config), as docs/runbooks/deploy.md says them",
    401: "run: gcloud auth application-default login",
    403: "have the role that docs/runbooks/deploy.md says given to you, and wait some minutes until it is known",
    404: "see that gcp:project and gcp:region are the right ones, and that the stack was deployed once",
    408: "run the same command again",
    409: "somebody else changes it now; run the same command again once that is done",
    412: "somebody else changes it now; run the same command again once that is done",
    429: "wait some minutes, and run the same command again; docs/runbooks/deploy.md says which quotas to ask for",
}
"""What to do where Google answers so."""

ELSEWHERE = "see whether a proxy answers in the place of Google"
FAILING = "see https://status.cloud.google.com, and run the same command again"


def advice(status: int) -> str:
    """Return what to do about a status."""
    return ADVICE.get(status) or (FAILING if status >= 500 else ELSEWHERE)


class Refused(Exception):
    """An answer of no, or one that is none, with what it said and what to do."""

    def __init__(self, status: int, message: str, reasons: frozenset[str]) -> None:
        super().__init__(message)
        self.status, self.reasons = status, reasons

    @property
    def not_enabled(self) -> bool:
        """Whether the project has not enabled the service that was asked."""
        return bool(self.reasons & {"SERVICE_DISABLED", "accessNotConfigured"})


class Said(dict[str, Any]):
    """What Google says of a thing; asking it for what it left out is refused with a sentence."""

    def __missing__(self, name: str) -> Any:
        raise Refused(200, f"Google answered without {name}; {ELSEWHERE}", frozenset())


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

    def ask(
        self, method: str, host: str, path: str, body: Any = None, *, repeatable: bool = False
    ) -> Said:
        """
        Return what Google answers.

        Raises:
            Refused: No.
            SystemExit: There is no answer to be had.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        answer = self.answer(method, host, path, headers, content, repeatable=repeatable)
        try:
            said = json.loads(answer.data or b"{}", object_hook=Said)
        except ValueError:
            said = None
        if isinstance(said, Said):
            return said
        raise Refused(answer.status, f"{host} answered what is no JSON; {ELSEWHERE}", frozenset())

    def answer(
        self,
        method: str,
        host: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        repeatable: bool = False,
    ) -> Any:
        """
        Return an answer as it came, likewise.

        Only what done twice is done once is asked again by itself: by its method, or because whoever asks says so.
        """
        from google.auth.exceptions import GoogleAuthError

        again = urllib3.Retry(
            TRIES,
            redirect=False,
            allowed_methods=None,
            status_forcelist=AGAIN,
            backoff_factor=self.pause_s,
            raise_on_status=False,
        )
        try:
            answer = self.http.urlopen(
                method,
                f"{self.address(host)}{path}",
                body=content,
                headers=dict(headers),
                timeout=NEEDED_S,
                redirect=False,
                retries=again if repeatable or method in IDEMPOTENT else urllib3.Retry(0),
            )
        except urllib3.exceptions.HTTPError as error:
            raise SystemExit(
                f"{host} cannot be reached: {error}; see your connection, and run the same command again"
            ) from None
        except GoogleAuthError as error:
            raise SystemExit(
                f"Google Cloud takes nobody's word here any more ({error}); "
                "run: gcloud auth application-default login"
            ) from None
        if not 200 <= answer.status < 300:
            raise self._refused(host, answer)
        return answer

    def _refused(self, host: str, answer: Any) -> Refused:
        message, reasons = _reasons(answer)
        refused = Refused(answer.status, "", reasons)
        todo = advice(answer.status)
        if refused.not_enabled:
            todo = f"run: gcloud services enable {host} --project {self.project}"
        refused.args = (f"{host} answered {answer.status}: {message}; {todo}",)
        return refused


def _reasons(answer: Any) -> tuple[str, frozenset[str]]:
    """Return what a refusal says, and for which reasons."""
    try:
        error = json.loads(answer.data)["error"]
        details = [*error.get("details", ()), *error.get("errors", ())]
        reasons = frozenset(str(one["reason"]) for one in details if "reason" in one)
        return str(error["message"]).rstrip(".") or "no", reasons
    except (ValueError, KeyError, TypeError, AttributeError):
        return "and says nothing more", frozenset()


def signed_in(project: str) -> Cloud:
    """Return a project, asked as whoever is signed in here."""
    from google.auth.transport.urllib3 import AuthorizedHttp

    from infra.administering import credentials

    who = credentials(project)
    return Cloud(project, AuthorizedHttp(who, urllib3.PoolManager()), who)  # type: ignore[no-untyped-call]
