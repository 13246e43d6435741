"""Requests to addresses that customers named: judged, repeated where that is right, and cut off where they fail."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin

from pydantic import SecretStr

from shared.actors import PLATFORM
from shared.destinations import RULE, Destination, destination
from shared.edge.breakers import Breaker
from shared.edge.http_client import Caller, Request
from shared.edge.http_pool import Answer, NoAnswer
from shared.errors import Forbidden, Invalid, ProviderDown
from shared.outside import HttpResponse

if TYPE_CHECKING:
    from shared.edge.pinned import Wire

ATTEMPTS = 3
MOST_BREAKERS = 512
"""So many hosts are remembered by a process; the one that was called least lately is forgotten first."""

METHODS = {"GET": True, "HEAD": True, "OPTIONS": True, "PUT": True, "DELETE": True} | {
    "POST": False,
    "PATCH": False,
}
"""What may be sent, and whether once more does no more (RFC 9110, 9.2.2)."""

REDIRECTS = {301, 302, 303, 307, 308}
HARMLESS = {"accept", "accept-language", "content-type", "user-agent"}
"""The headers that go on to another origin."""

_OURS = {
    "connection",
    "content-length",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
} | {
    "accept-encoding",
    "expect",
    "keep-alive",
}
"""The headers that belong to the connection and not to the request."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~]*")


class GuardedHttpClient:
    """The `HttpClient` port."""

    def __init__(
        self,
        here: Collection[str] = (),
        *,
        wire: "Callable[[], Wire] | None" = None,
        tenant: str = PLATFORM,
        breakers: "Breakers | None" = None,
        paced: Callable[[str], None] | None = None,
        **options: Any,
    ) -> None:
        """
        Say what is reached; nothing is connected before the first request.

        Args:
            here: What may be reached on this machine, each as ``host:port``: its configuration alone says so.

            wire: How a request is sent; without it, as the web does.

            tenant: Whose requests they are.

            breakers: What is known of hosts; nothing without it.

            paced: Lets a request of a tenant go out, or refuses; without it all go.

            options: How requests are repeated, as `Caller` takes it.
        """
        self._here, self._wire, self._options = here, wire or _wire, options
        self._tenant, self._paced = tenant, paced
        self._breakers = Breakers() if breakers is None else breakers

    def for_tenant(self, tenant: str) -> "GuardedHttpClient":
        """Return the part of one tenant, whose breakers are its own."""
        return GuardedHttpClient(
            self._here,
            wire=self._wire,
            tenant=tenant,
            breakers=self._breakers,
            paced=self._paced,
            **self._options,
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | SecretStr] | None = None,
        body: bytes = b"",
        hosts: Collection[str] | None = None,
        redirects: int = 0,
        repeatable: bool | None = None,
        within_s: float = 10.0,
    ) -> HttpResponse:
        """
        Send a request and return the answer, as the port says.

        Raises:
            Invalid: The method or a header is none.
        """
        if method not in METHODS:
            raise Invalid("the method is none that is sent", rule="method")
        first = destination(url, hosts=hosts, here=self._here)
        allowed = hosts if hosts is not None else {first.host}
        again = METHODS[method] if repeatable is None else repeatable
        request = Request(method, url, body or None, _written(headers or {}), again)
        if self._paced is not None:
            self._paced(self._tenant)
        breaker = self._breakers.of(self._tenant, first)

        def judged(address: str) -> Destination:
            return destination(address, hosts=allowed, here=self._here)

        caller = _HostCaller(breaker, judged, redirects, self._wire(), self._options)
        outcome = caller.attempt(request, within_s=within_s)
        if isinstance(outcome.last, NoAnswer):
            unknown = outcome.last.sent and not again
            raise ProviderDown(
                f"{first.host} does not answer now ({outcome.why})",
                rule="outcome_unknown" if unknown else "no_answer",
                retry_after_s=max(5, int(outcome.wait_s)),
            )
        return HttpResponse(outcome.last.status, outcome.last.headers, outcome.last.body)


def _wire() -> "Wire":
    from shared.edge.pinned import Wire

    return Wire()


class Breakers:
    """A breaker for each host and tenant: one tenant's failures keep no other's requests back."""

    def __init__(self, most: int = MOST_BREAKERS) -> None:
        """Say how many are remembered."""
        self._most, self._lock = most, threading.Lock()
        self._known: OrderedDict[tuple[object, ...], Breaker] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._known)

    def of(self, tenant: str, place: Destination) -> Breaker:
        """Return the breaker of a tenant's requests to one host."""
        key = (tenant, place.host, place.port)
        with self._lock:
            breaker = self._known.pop(key, None) or Breaker(place.host, ours=False)
            self._known[key] = breaker
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return breaker


class _HostCaller(Caller):
    """Calls one host, and follows where it leads as far as that is allowed."""

    def __init__(
        self,
        breaker: Breaker,
        judged: Callable[[str], Destination],
        redirects: int,
        wire: "Wire",
        options: Mapping[str, Any],
    ) -> None:
        super().__init__(breaker, **{"token": None, "attempts": ATTEMPTS, **options})
        self._judged, self._redirects, self._wire = judged, redirects, wire

    def _once(self, request: Request, left_s: float) -> Answer:
        until = time.monotonic() + left_s
        for followed in range(self._redirects + 1):
            place = self._judged(request.url)
            try:
                answer = self._wire.send(place, request, until)
            except NoAnswer as none:
                # What led here may have been done.
                raise NoAnswer(none.why, sent=none.sent or followed > 0) from None
            to = answer.headers.get("Location") if answer.status in REDIRECTS else None
            if to is None or followed == self._redirects:
                break
            request = self._led(request, place, answer.status, _joined(request.url, to))
        return answer

    def _led(self, request: Request, place: Destination, status: int, url: str) -> Request:
        """Return the request that a redirection leads to (RFC 9110, 15.4)."""
        to = self._judged(url)
        if place.scheme == "https" and to.scheme != "https":
            raise Forbidden(f"{place.host} leads from https to {to.scheme}", rule=RULE)
        headers, method, body = dict(request.headers), request.method, request.body
        if status == 303 or (status in {301, 302} and method == "POST"):
            method, body = ("HEAD" if method == "HEAD" else "GET"), None
            headers = {name: v for name, v in headers.items() if name.lower() != "content-type"}
        if to.origin != place.origin:
            headers = {name: v for name, v in headers.items() if name.lower() in HARMLESS}
        return replace(request, method=method, url=url, body=body, headers=headers)


def _joined(url: str, to: str) -> str:
    """Return where a redirection leads; what cannot be read leads nowhere."""
    try:
        return urldefrag(urljoin(url, to)).url
    except ValueError:
        return ""


def _written(headers: Mapping[str, str | SecretStr]) -> dict[str, str]:
    """
    Return headers as they are sent.

    Raises:
        Invalid: One would be something else on the line; what it holds is not told.
    """
    written = {"User-Agent": "waooaw", "Accept-Encoding": "gzip"}
    for name, said in headers.items():
        value = said.get_secret_value() if isinstance(said, SecretStr) else said
        known = _TOKEN.fullmatch(name) and name.lower() not in _OURS
        if not known or not _VALUE.fullmatch(value):
            raise Invalid(f"the header {name!r} cannot be sent", rule="header")
        written[name] = value
    return written
