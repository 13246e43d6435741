"""
Watch a deployment for a quarter of an hour: ``python -m infra.watch PROJECT ADDRESS``.

It ends with 0 if the platform stayed well; with 1 as soon as it did not: more than one request in a hundred
failed, or the health failed three times in a row or five times in all. Then the deployment is taken back. It never ends
while the health fails: it looks on, until that was a blip or the third in a row. It ends with 3 if nobody can
say: Cloud Monitoring gave no figures for too long, which says nothing about the platform. Then nothing is taken
back, and somebody has to look.
"""

import math
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

WELL, TAKE_BACK, USAGE, UNKNOWN = 0, 1, 2, 3
"""How it ends. A defect of its own is no verdict either, and ends with 3."""

ENDS = {
    WELL: "Leave it",
    TAKE_BACK: "Take it back",
    UNKNOWN: "Nobody can say whether it is well, and nothing is taken back",
}
MINUTES = 15
JUDGED = 10
"""A reading counts everything since the deployment; the last one must cover so many minutes."""

ERROR_RATE = 0.01
MIN_REQUESTS = 20
"""Of fewer requests a share says nothing; the health is looked at all the same."""

WELL_SAID = {"healthy", "degraded"}
"""What the health says while the platform serves."""

IN_A_ROW, IN_ALL = 3, 5
"""So often the health may not fail."""

SLOW = 1.5
"""A reading may take so many times what it may be silent: an answer that drips is none."""

MONITORING = "https://monitoring.googleapis.com"

ADVICE = {
    400: "the query is refused: mend it in shared/edge/telemetry.py, and watch again",
    401: "sign in (gcloud auth application-default login), and watch again",
    403: "give whoever deploys roles/monitoring.viewer and roles/serviceusage.serviceUsageConsumer, and watch again",
    404: "see whether it is this project's id, and whether monitoring.googleapis.com is enabled",
    429: "see the project's quota of Cloud Monitoring, and watch again",
}
"""What to do where it answers so."""

OTHERWISE = "see https://status.cloud.google.com, and watch again"
UNCOUNTED = (
    "see in the Logs Explorer whether functions leave lines with jsonPayload.route, and whether the figures of"
    " infra/watching.py count them"
)


Read = TypeVar("Read")


def within(seconds: float, read: Callable[[], Read]) -> Read:
    """
    Return what a reading comes to, however slowly it is answered.

    Raises:
        TimeoutError: It took longer; it is left to itself.
    """
    ends: Future[Read] = Future()

    def run() -> None:
        try:
            ends.set_result(read())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            ends.set_exception(error)

    Thread(target=run, daemon=True).start()
    return ends.result(seconds)


@dataclass(frozen=True)
class Figures:
    """What was counted since the deployment."""

    requests: float
    errors: float


class NoFigures(Exception):
    """There are none, and what to do about it."""

    def __init__(self, why: str, advice: str) -> None:
        """Say why."""
        super().__init__(why)
        self.advice = advice


@dataclass
class Watch:
    """One deployment, looked at once a minute."""

    project: str
    address: str
    """The gateway's."""

    connect: Callable[[], Any]
    """Makes what sends requests with this process's own Google identity."""

    monitoring: str = MONITORING
    sleep: Callable[[float], None] = time.sleep
    timeout_s: float = 10

    def verdict(self) -> tuple[int, str]:
        """Return how it ends, and why."""
        minute = judged = missed = in_all = 0
        last: NoFigures | None = None
        while minute < MINUTES or missed:
            self.sleep(60)
            minute += 1
            healthy = self._healthy()
            missed, in_all = (0, in_all) if healthy else (missed + 1, in_all + 1)
            says = f"minute {minute} of {MINUTES}: {'healthy' if healthy else 'unhealthy'}"
            for times, most, how in ((missed, IN_A_ROW, "in a row"), (in_all, IN_ALL, "in all")):
                if times == most:
                    return TAKE_BACK, f"{self.address}/v1/health failed {most} times {how}"
            try:
                seen = self._figures(minute)
            except NoFigures as none:
                last = none
                print(f"{says}, no figures: Cloud Monitoring {none}", flush=True)
                continue
            judged = minute
            print(f"{says}, {seen.errors:.0f} of {seen.requests:.0f} requests failed", flush=True)
            if seen.requests >= MIN_REQUESTS and seen.errors / seen.requests > ERROR_RATE:
                share = f"{seen.errors:.0f} of {seen.requests:.0f} requests failed"
                return TAKE_BACK, f"{share} in {minute} minutes"
        if last and judged < JUDGED:
            why = f"the last figures are of {judged} minutes: Cloud Monitoring {last}"
            return UNKNOWN, f"{why}. What to do: {last.advice}"
        return WELL, f"it stayed well for {minute} minutes, of which {judged} were counted"

    def _healthy(self) -> bool:
        import urllib3

        url = f"{self.address}/v1/health"
        try:
            answer = self._read(
                lambda: urllib3.request("GET", url, timeout=self.timeout_s, retries=False)
            )
            return answer.status == 200 and answer.json()["status"] in WELL_SAID
        except (
            urllib3.exceptions.HTTPError,
            TimeoutError,
            ValueError,
            LookupError,
            TypeError,
            RecursionError,
        ):
            return False

    def _read(self, read: Callable[[], Any]) -> Any:
        return within(self.timeout_s * SLOW, read)

    def _figures(self, minutes: int) -> Figures:
        """
        Return what was counted since the deployment.

        Raises:
            NoFigures: Nobody says. The health is asked for all the time, so no request at all is no figure, be it that
                there is no series, or one that counts none.
        """
        requests = self._counted("requests", minutes)
        if not requests:
            raise NoFigures("knows of no request, though health was asked for", UNCOUNTED)
        return Figures(requests, self._counted("errors", minutes) or 0.0)

    def _counted(self, figure: str, minutes: int) -> float | None:
        """Return how many there were, or None where there is no series of it yet."""
        import urllib3
        from google.auth.exceptions import GoogleAuthError

        from shared.edge.telemetry import counted, told

        path = f"/v1/projects/{self.project}/location/global/prometheus/api/v1/query"
        url = f"{self.monitoring}{path}?query={quote(f'sum({counted(figure, minutes)})')}"
        try:
            answer = self._read(
                lambda: self._http.request("GET", url, timeout=self.timeout_s, retries=False)
            )
            found = told(answer.status, answer.data)
        except (urllib3.exceptions.HTTPError, GoogleAuthError, TimeoutError) as error:
            advice = ADVICE[401] if isinstance(error, GoogleAuthError) else OTHERWISE
            raise NoFigures(
                f"cannot be asked ({type(error).__name__}: {str(error) or 'it drips'})", advice
            ) from error
        except ValueError as why:
            advice = ADVICE.get(answer.status, OTHERWISE)
            raise NoFigures(str(why), advice) from why
        if not found:
            return None
        value = found[0][1]
        if not (math.isfinite(value) and value >= 0):
            raise NoFigures(f"counts {value} {figure}", OTHERWISE)
        return value

    @cached_property
    def _http(self) -> Any:
        return self.connect()


def main(arguments: Sequence[str]) -> int:
    """Watch, and say how it went."""
    if len(arguments) != 2:
        print("usage: python -m infra.watch PROJECT ADDRESS", file=sys.stderr)
        return USAGE
    project, address = arguments
    where = urlsplit(address)
    if where.scheme not in {"http", "https"} or not where.hostname:
        print(f"{address!r} is no address; it is https://…", file=sys.stderr)
        return USAGE
    try:
        end, why = Watch(project, address.rstrip("/"), lambda: _google(project)).verdict()
    except Exception:  # noqa: BLE001 - whatever it is, it is no verdict
        traceback.print_exc()
        end, why = UNKNOWN, "the watch itself failed, as it says above"
    print(f"{ENDS[end]}: {why}.", flush=True)
    return end


def _google(project: str) -> Any:
    """Return what asks Google as whoever deploys, in the name of the project."""
    import google.auth
    from google.auth.transport.urllib3 import AuthorizedHttp

    scopes = ["https://www.googleapis.com/auth/monitoring.read"]
    credentials, _ = google.auth.default(scopes=scopes, quota_project_id=project)
    return AuthorizedHttp(credentials)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
