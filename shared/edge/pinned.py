"""
One request to an address that a customer named, over a connection to where its name was found to lead.

The name is resolved once, every answer is judged, and the connection goes to one that was: whatever the name
leads to a moment later. TLS is spoken with the name. A watch cuts the line when the time is over, whatever
is under way: a connection, a handshake, headers that only drip.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.client import HTTPException
from ssl import SSLContext
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from shared.destinations import RULE, Destination, is_here, is_public
from shared.edge.http_client import Request
from shared.edge.http_pool import Answer, NoAnswer, Whole, context
from shared.edge.packing import unpacked
from shared.errors import Forbidden

CONNECT_S = 5.0
MOST_BYTES = 5 * 1024 * 1024
MOST_HEADER_BYTES = 64 * 1024
MOST_UNPACKED_BYTES = 20 * 1024 * 1024

Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[tuple[str, int], float], socket.socket]


def resolved(host: str, port: int) -> Sequence[str]:
    """Return every address that a name leads to."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Wire:
    """Sends requests, each over a connection of its own: what one tenant opened no other finds."""

    def __init__(
        self,
        resolve: Resolve = resolved,
        dial: Dial = socket.create_connection,
        tls: Callable[[], SSLContext] = context,
    ) -> None:
        """Say how names are resolved, connections made and certificates judged."""
        self._resolve, self._dial, self._tls = resolve, dial, tls

    def send(self, place: Destination, request: Request, until: float) -> Answer:
        """
        Return the answer.

        Args:
            place: Where to.

            request: What is sent; its address was judged already.

            until: When it must be over, as `time.monotonic` tells it.

        Raises:
            Forbidden: The name leads to what is not public.
            NoAnswer: There is none.
        """
        line = self._connected(place, self._addresses(place, until), until)
        try:
            # Who answers before all was said, and hangs up, has answered.
            with suppress(BrokenPipeError, ConnectionResetError):
                line.request(
                    request.method,
                    place.target,
                    body=request.body,
                    headers=request.headers,
                    preload_content=False,
                    decode_content=False,
                )
            with closing(line.getresponse()) as answer:
                body = _read(answer)
            # A body that lasts as long as its connection looks whole where that was cut.
            if time.monotonic() < until:
                return Answer(answer.status, _unpacked(answer, body), answer.headers)
        except (OSError, HTTPException, HTTPError) as error:
            if time.monotonic() < until:
                raise NoAnswer(type(error).__name__) from None
        finally:
            line.end()
        raise NoAnswer("it takes too long")

    def _addresses(self, place: Destination, until: float) -> Sequence[str]:
        """Resolve a name, in a thread of its own, as a resolver takes as long as it likes."""
        found: list[Sequence[str]] = []

        def resolve() -> None:
            with suppress(OSError, UnicodeError):
                found.append(self._resolve(place.host, place.port))

        thread = threading.Thread(target=resolve, daemon=True)
        thread.start()
        thread.join(max(0.0, min(CONNECT_S, until - time.monotonic())))
        addresses = found[0] if found else ()
        if not addresses:
            raise NoAnswer("its name is not known", sent=False)
        if not all(map(is_here if place.here else is_public, addresses)):
            raise Forbidden(f"{place.host} leads to what is not public", rule=RULE)
        return addresses

    def _connected(self, place: Destination, addresses: Sequence[str], until: float) -> "_Line":
        """Connect to the first address that takes a connection."""
        why = ""
        for address in addresses:
            left_s = until - time.monotonic()
            if left_s <= 0:
                break
            line = self._line(place, address, left_s)
            try:
                line.connect()
                assert line.sock is not None  # noqa: S101 - it is connected
                line.sock.settimeout(max(0.001, until - time.monotonic()))
            except (OSError, HTTPError) as error:
                why = type(error).__name__
                line.end()
            else:
                return line
        raise NoAnswer(why or "it takes too long", sent=False)

    def _line(self, place: Destination, address: str, left_s: float) -> "_Line":
        def dial(timeout_s: float) -> socket.socket:
            return self._dial((address, place.port), timeout_s)

        timeout_s = min(CONNECT_S, left_s)
        line: _Line
        if place.scheme == "https":
            line = _Tls(place.host, place.port, timeout=timeout_s, ssl_context=self._tls())
        else:
            line = _Plain(place.host, place.port, timeout=timeout_s)
        line.begin(dial, left_s)
        return line


class _Watched:
    """A connection to an address that was judged, cut when its time is over."""

    timeout: Any
    response_class: Any = Whole

    def begin(self, dial: Callable[[float], socket.socket], left_s: float) -> None:
        """Say how it is connected, and how long it lasts."""
        self._dialled = dial
        self._wire: socket.socket | None = None
        self._watch = threading.Timer(left_s, self._cut)
        self._watch.daemon = True
        self._watch.start()

    def end(self) -> None:
        """Close it."""
        self._watch.cancel()
        self.close()  # type: ignore[attr-defined]
        if self._wire is not None:
            self._wire.close()

    def _new_conn(self) -> socket.socket:
        made = self._dialled(self.timeout)
        # A second handle on the same line, for TLS takes the first for itself.
        self._wire = made.dup()
        return made

    def _cut(self) -> None:
        with suppress(OSError):
            if self._wire is not None:
                self._wire.shutdown(socket.SHUT_RDWR)


class _Plain(_Watched, HTTPConnection):
    """Without TLS, to this machine alone."""


class _Tls(_Watched, HTTPSConnection):
    """With TLS: the certificate must be the name's."""


_Line = _Plain | _Tls


def _read(answer: Any) -> bytes:
    """Read the body as it comes, but not without end."""
    if sum(len(name) + len(value) for name, value in answer.headers.items()) > MOST_HEADER_BYTES:
        raise NoAnswer("its headers are too long")
    body = bytearray()
    while part := answer.read1(64 * 1024, decode_content=False):
        body += part
        if len(body) > MOST_BYTES:
            raise NoAnswer("its answer is too long")
    return bytes(body)


def _unpacked(answer: Any, body: bytes) -> bytes:
    """Unpack what was packed, but not without end."""
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed in {"", "identity"} or not body:
        return body
    if packed not in {"gzip", "x-gzip"}:
        raise NoAnswer("its answer is packed in a way that was not asked for")
    try:
        found = unpacked(body, packed, MOST_UNPACKED_BYTES)
    except ValueError:
        raise NoAnswer("its answer cannot be unpacked") from None
    if len(found) > MOST_UNPACKED_BYTES:
        raise NoAnswer("its answer is too long")
    return found
