"""
Every HTTP request that leaves the platform; those to an address that a customer named by `outbound.py`.

A request that fails for a reason that may pass is sent again after a pause that grows and is random, so
that those who failed together do not come back together. All attempts share one time limit. Requests that
still fail count against their target, which is then left alone for a while (`breakers.py`).
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace

from shared.edge import traces
from shared.edge.breakers import Breaker
from shared.edge.google_token import AccessToken, google_token
from shared.edge.http_pool import MOST_BYTES, Answer, NoAnswer, pool
from shared.errors import ProviderDown, Refusal
from shared.records import dataclass

PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses that may be gone in a moment."""

REFUSED = 429
"""The one of them that says that nothing was done."""

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 30.0


def may_pass(answer: Answer) -> str | None:
    """Return why an answer is none, where that may be gone in a moment; None where it is one."""
    return f"answered {answer.status}" if answer.status in PASSING else None


@contextmanager
def reading(who: str, refusal: type[Refusal] = ProviderDown) -> Iterator[None]:
    """
    Read what somebody answered, whose members are taken to be there and to be what they are called.

    Raises:
        Refusal: They are not, or ValueError says of them that they are not what was asked for: half an answer is
            none, and neither is one about something else.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        sentence = f"{who} answers something else than it was asked; try again"
        raise refusal(sentence, retry_after_s=10) from error


def full_jitter(attempt: int) -> float:
    """Return the seconds to wait after the attempt of that number, from 0: random, of a range that doubles."""
    return random.uniform(0, min(MOST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))  # noqa: S311 - jitter


@dataclass(frozen=True)
class Request:
    """What is sent, and how often it may be."""

    method: str
    url: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = True
    """Whether it may be sent again where nobody knows if it was done."""

    outage: Callable[[Answer], str | None] = may_pass


@dataclass(frozen=True)
class Outcome:
    """How all attempts of a request ended."""

    last: Answer | NoAnswer
    why: str | None
    """Why the last one is no answer; None where it is one."""

    @property
    def wait_s(self) -> float:
        """How many seconds the target asks to wait."""
        return _retry_after(self.last)


class Caller:
    """Calls one target. Make one where the adapter is made: its breaker remembers."""

    def __init__(
        self,
        target: str | Breaker,
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
            target: One of `shared.platform.targets.TARGETS`, or the breaker of another.

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
        self._breaker = target if isinstance(target, Breaker) else Breaker(target, clock)
        self._token = token
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
        within_s = min(self._within_s, within_s or self._within_s)
        sent = Request(method, url, body, dict(headers or {}), repeatable, outage)
        outcome = self.attempt(sent, within_s=within_s)
        if isinstance(outcome.last, Answer) and outcome.why is None:
            return outcome.last
        raise ProviderDown(
            f"{self._breaker.name} does not answer now ({outcome.why}); try again",
            retry_after_s=max(5, int(outcome.wait_s)),
        ) from (None if isinstance(outcome.last, Answer) else outcome.last)

    def attempt(self, request: Request, *, within_s: float) -> Outcome:
        """
        Send a request as often as it takes, and return how that ended.

        Raises:
            ProviderDown: The target is left alone.
        """
        probe = self._breaker.admit()
        well: bool | None = None
        try:
            outcome = self._tried(request, 1 if probe else self._attempts, self._clock() + within_s)
            well = outcome.why is None
        finally:
            # A defect of ours says nothing about the target.
            self._breaker.settle(probe=probe, well=well)
        return outcome

    def _tried(self, request: Request, attempts: int, until: float) -> Outcome:
        for attempt in range(attempts):
            last = self._authorised(request, until)
            why = request.outage(last) if isinstance(last, Answer) else last.why
            outcome = Outcome(last, why)
            if why is None:
                break
            pause_s = max(outcome.wait_s, self._pause(attempt))
            ended = attempt == attempts - 1 or outcome.wait_s > MOST_PAUSE_S
            late = self._clock() + pause_s > until
            if ended or late or not (request.repeatable or _surely_not_done(last)):
                break
            self._sleep(pause_s)
        return outcome

    def _authorised(self, request: Request, until: float) -> Answer | NoAnswer:
        """Send it once, and once more where the token is no longer good."""
        token = self._token() if self._token else None
        last = self._sent(request, token, until)
        refused = isinstance(last, Answer) and last.status == 401
        if refused and token and isinstance(self._token, AccessToken):
            last = self._sent(request, self._token.instead_of(token), until)
        return last

    def _sent(self, request: Request, token: str | None, until: float) -> Answer | NoAnswer:
        own = {"Authorization": f"Bearer {token}"} if token else {}
        if (left_s := until - self._clock()) <= 0:
            return NoAnswer("it takes too long", sent=False)
        try:
            return self._once(replace(request, headers={**request.headers, **own}), left_s)
        except NoAnswer as none:
            return none

    def _once(self, request: Request, left_s: float) -> Answer:
        """Send it by the connections of this process, as a part of its trace; raise NoAnswer where none comes."""
        trace = traces.current()
        return pool().send(
            request.method,
            request.url,
            body=request.body,
            headers={**request.headers, **({"traceparent": trace} if trace else {})},
            timeout_s=min(self._timeout_s, left_s),
            within_s=left_s,
            most_bytes=self._most_bytes,
        )


def _surely_not_done(last: Answer | NoAnswer) -> bool:
    """Say whether the target did nothing: it was not reached, or refused to begin."""
    return last.status == REFUSED if isinstance(last, Answer) else not last.sent


def _retry_after(last: Answer | NoAnswer) -> float:
    """Return how many seconds an answer asks to wait (RFC 9110, 10.2.3); a date counts as none."""
    asked = last.headers.get("Retry-After", "") if isinstance(last, Answer) else ""
    return float(asked) if asked.isascii() and asked.isdigit() else 0.0
