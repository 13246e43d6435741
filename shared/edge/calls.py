"""
Every HTTP request that leaves the platform.

A request that fails for a reason that may pass is sent again after a pause that grows and is random, so
that those who failed together do not come back together. All attempts share one time limit. Requests that
still fail count against their target, which is then left alone for a while (`breakers.py`).
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.edge import traces
from shared.edge.breakers import Breaker
from shared.edge.connections import pool
from shared.edge.google_token import AccessToken, google_token
from shared.errors import ProviderDown
from shared.platform.targets import TARGETS

PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses that may be gone in a moment."""

REFUSED = 429
"""The one of them that says that nothing was done."""

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 30.0
MOST_BYTES = 64 * 1024 * 1024
"""More than this is no answer of nearly anybody we call."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    """Names in any case."""

    @cached_property
    def parsed(self) -> Any:
        """What the body says as JSON; None where it is none."""
        with suppress(ValueError, RecursionError):
            return json.loads(self.body)
        return None


def may_pass(answer: Answer) -> str | None:
    """Return why an answer is none, where that may be gone in a moment; None where it is one."""
    return f"answered {answer.status}" if answer.status in PASSING else None


def full_jitter(attempt: int) -> float:
    """Return the seconds to wait after the attempt of that number, from 0: random, of a range that doubles."""
    return random.uniform(0, min(MOST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))  # noqa: S311 - jitter


class Caller:
    """Calls one target. Make one where the adapter is made: its breaker remembers."""

    def __init__(
        self,
        target: str,
        *,
        token: Callable[[], str] | None = google_token,
        timeout_s: float = 10.0,
        within_s: float = 30.0,
        attempts: int = 4,
        most_bytes: int = MOST_BYTES,
        pause: Callable[[int], float] = full_jitter,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """
        Name the target; nothing is connected before the first request.

        Args:
            target: One of `shared.platform.targets.TARGETS`.

            token: Where the bearer token comes from; None sends none. Google's own is renewed where it is
                refused.

            timeout_s: How long to wait for a connection, and for each part of an answer.

            within_s: How long all attempts of a request may take together.

            attempts: How often a request is sent at the most.

            most_bytes: How long an answer may be.

            pause: How many seconds to wait after the attempt of that number, from 0.

            sleep: How to wait.

            clock: Seconds from any start; without it, the machine's own for deadlines, and for the breaker
                as time passes on its board.
        """
        self._breaker = Breaker(target, clock)
        self._name, self._token = TARGETS[target], token
        self._timeout_s, self._within_s, self._attempts = timeout_s, within_s, attempts
        self._most_bytes = most_bytes
        self._pause, self._sleep, self._clock = pause, sleep, clock or time.monotonic

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        within_s: float | None = None,
        outage: Callable[[Answer], str | None] = may_pass,
    ) -> Answer:
        """
        Send a request and return the answer, whatever it says; redirections are not followed.

        Args:
            method: The HTTP method.

            url: Where to.

            body: What to send.

            headers: Its headers; the token and the trace come by themselves.

            repeatable: Whether it may be sent again where nobody knows if it was done. Without that it is
                repeated only where it surely was not.

            within_s: How long all its attempts may take together, where that is less than usual.

            outage: Why an answer is none for now. Only what is none is tried again, and counts against the
                target; what the target refuses for good is an answer.

        Raises:
            ProviderDown: There is no answer, or none that will not pass, or the target is left alone.
        """
        probe = self._breaker.admit()
        well: bool | None = None
        try:
            sent = _Request(method, url, body, dict(headers or {}), repeatable, outage)
            until = self._clock() + min(self._within_s, within_s or self._within_s)
            answer = self._tried(sent, 1 if probe else self._attempts, until)
            well = True
        except ProviderDown:
            well = False
            raise
        finally:
            # A defect of ours says nothing about the target.
            self._breaker.settle(probe=probe, well=well)
        return answer

    def _tried(self, request: "_Request", attempts: int, until: float) -> Answer:
        for attempt in range(attempts):
            outcome = self._authorised(request, until)
            why = request.outage(outcome) if isinstance(outcome, Answer) else _kind(outcome)
            if isinstance(outcome, Answer) and why is None:
                return outcome
            wait_s = _retry_after(outcome)
            pause_s = max(wait_s, self._pause(attempt))
            last = attempt == attempts - 1 or wait_s > MOST_PAUSE_S
            late = self._clock() + pause_s > until
            if last or late or not (request.repeatable or _surely_not_done(outcome)):
                break
            self._sleep(pause_s)
        raise ProviderDown(
            f"{self._name} does not answer now ({why}); try again",
            retry_after_s=max(5, int(wait_s)),
        ) from (None if isinstance(outcome, Answer) else outcome)

    def _authorised(self, request: "_Request", until: float) -> "Answer | Exception":
        """Send it once, and once more where the token is no longer good."""
        token = self._token() if self._token else None
        outcome = self._sent(request, token, until)
        refused = isinstance(outcome, Answer) and outcome.status == 401
        if refused and token and isinstance(self._token, AccessToken):
            outcome = self._sent(request, self._token.instead_of(token), until)
        return outcome

    def _sent(self, request: "_Request", token: str | None, until: float) -> "Answer | Exception":
        """Return the answer, or why there is none."""
        import urllib3

        own = {"Authorization": f"Bearer {token}"} if token else {}
        trace = traces.current()
        if trace:
            own["traceparent"] = trace
        left_s = max(0.001, min(self._timeout_s, until - self._clock()))
        try:
            answer = pool().request(
                request.method,
                request.url,
                body=request.body,
                headers={**request.headers, **own},
                timeout=urllib3.Timeout(total=left_s),
                preload_content=False,
            )
            return Answer(answer.status, self._read(answer, until), answer.headers)
        except (urllib3.exceptions.HTTPError, _Unreadable) as error:
            return error

    def _read(self, answer: Any, until: float) -> bytes:
        """Read an answer to its end, but neither without end nor for ever."""
        body = bytearray()
        while part := answer.read1(64 * 1024):
            body += part
            if len(body) > self._most_bytes or self._clock() > until:
                answer.close()
                raise _Unreadable
        answer.release_conn()
        return bytes(body)


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    body: bytes | None
    headers: dict[str, str]
    repeatable: bool
    outage: Callable[[Answer], str | None]


class _Unreadable(Exception):
    """An answer that is too long, or comes too slowly."""


def _kind(error: Exception) -> str:
    return "an endless answer" if isinstance(error, _Unreadable) else type(error).__name__


def _surely_not_done(outcome: Answer | Exception) -> bool:
    """Say whether the target did nothing: it was not reached, or refused to begin."""
    import urllib3

    never = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    if isinstance(outcome, Answer):
        return outcome.status == REFUSED
    return isinstance(outcome, never)


def _retry_after(outcome: Answer | Exception) -> float:
    """Return how many seconds an answer asks to wait (RFC 9110, 10.2.3); a date counts as none."""
    asked = outcome.headers.get("Retry-After", "") if isinstance(outcome, Answer) else ""
    return float(asked) if asked.isascii() and asked.isdigit() else 0.0
