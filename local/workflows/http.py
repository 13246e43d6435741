"""
Send the requests of http steps.

Nothing is added that the service would not add; in particular no Idempotency-Key, because the key
of an effect is what the source sets. Every request has a connection of its own, whatever the other
side says of it: a kept one that was closed at that moment would look like an effect whose outcome is
unknown.
"""

import base64
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode, urljoin

from urllib3.util import Url, parse_url

from local.workflows import messages
from local.workflows.authority import Authority, Deployed
from local.workflows.errors import Failure, limit, raised
from local.workflows.functions.registry import expect
from local.workflows.values import MEMORY_LIMIT, Value, size
from shared.edge.http_pool import Answer, NoAnswer, Pool, TooLong
from shared.edge.packing import unpacked

RESPONSE_LIMIT = 2 * 1024 * 1024
_TOLD_MAX = MEMORY_LIMIT // 2
_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
_REPEATABLE = {"GET", "HEAD", "PUT", "DELETE"}
_REDIRECTS = {301, 302, 303, 307, 308}
_REDIRECTS_MAX = 10
_FRAMING = {"connection", "content-length", "transfer-encoding", "upgrade"}
"""The headers that say where a message ends, and what becomes of its connection: they are ours to say."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_FOLD = re.compile(r"\r?\n[ \t]+")
_SERVICE = re.compile(r"projects/[^/]+/locations/[^/]+/namespaces/[^/]+/services/[^/]+")
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOLD_ANYBODY = {
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "traceparent",
    "user-agent",
}
"""The headers that go along where a redirect leads elsewhere; any other may be a secret."""
# The first that fits; what has no cause says by itself why it is no answer.
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name is not known"),
    (UnicodeError, "its name is not known"),
    (ssl.SSLCertVerificationError, "its certificate is not one that is trusted"),
    (ssl.SSLError, "it does not speak TLS as it must"),
    (ConnectionRefusedError, "nobody listens there"),
    (ConnectionError, "the other end hung up"),
    (TimeoutError, "the network gave up"),
    (OSError, "the network does not lead there"),
    (HTTPException, "what came is no whole answer of HTTP"),
)


@dataclass(frozen=True)
class Home:
    """Where the platform is, and what it is called, which stays when it is served elsewhere."""

    address: str
    called: str = ""
    named: Callable[[str], str] = str
    """Returns an address by the platform's present name, where it has one that the platform had before."""

    @property
    def name(self) -> str:
        """What it is called, which is its address unless it has another name."""
        return self.called or self.address

    def reached(self, url: str) -> str:
        """Return where an address is called now."""
        rest = _after(self.name, url)
        return url if rest is None else self.address + rest

    def owns(self, url: str) -> bool:
        """Tell whether an address is the platform's own."""
        return _after(self.address, self.reached(self.named(url))) is not None


def _after(base: str, url: str) -> str | None:
    """Return what comes after a base address; None if it is another address."""
    rest = url.removeprefix(base)
    return rest if rest != url and (not rest or rest[0] in "/?#") else None


class Http:
    """Send requests; those of http steps with `auth` with the token that their workflow has a right to."""

    def __init__(self, home: Home, authority: Authority | None = None) -> None:
        self._home = home
        self._authority = authority
        self._pool = Pool(kept=0)

    def may_repeat(self, request: Value) -> bool:
        """
        Tell whether a request whose outcome is unknown may be sent again.

        RFC 9110 section 9.2.2 defines the idempotent methods; the platform's own services also
        honour the key of draft-ietf-httpapi-idempotency-key-header.
        """
        if request["method"] in _REPEATABLE:
            return True
        keyed = any(name.lower() == "idempotency-key" for name in request["headers"])
        return keyed and self._home.owns(request["url"])

    def send(
        self, request: Value, sender: Deployed | None = None, before: Callable[[], object] = tuple
    ) -> Value:
        """
        Send a request and return code, headers and body, or raise the documented error.

        *before* is called when there is a connection, and nothing is sent where it raises.

        Nothing of it went out where that is ConnectionFailedError; where it is ConnectionError it may
        have been done.
        """
        until = time.monotonic() + request["timeout"]
        url = self._home.reached(request["url"])
        headers = _headers(request["headers"])
        try:
            if request["auth"] is not None:
                url = self._home.reached(self._home.named(request["url"]))
                self._authorise(request, sender, headers)
            address = _address(url, request["query"])
            _sign(headers, address.auth)
            pool = self._pool_for(request, address)
            body = None
            if request["body"] is not None:
                key = _key(headers, "content-type")
                body, headers[key] = messages.written(request["body"], headers.get(key, ""))
        except ValueError:
            where = f"{request['url']} is no address of HTTP"
            raise raised("ValueError", f"this request cannot be sent: {where}") from None
        try:
            return _response(
                _answer(pool, request["method"], address, headers, body, until, before)
            )
        except NoAnswer as none:
            raise _failed(none, request) from None

    def _pool_for(self, request: Value, address: Url) -> Pool:
        """Return what connects: to a service of the Service Directory nothing here does."""
        service = request.get("private_service_name")
        if service is not None:
            if not _SERVICE.fullmatch(expect(service, "private_service_name", str)):
                raise raised(
                    "ValueError", "private_service_name must name a service of a Service Directory"
                )
            if address.port is not None:
                raise raised("ValueError", "the url of a private service names no port")
            raise raised(
                "SystemError", "this machine has no Service Directory to look up a service in"
            )
        certificate = request.get("ca_certificate")
        if certificate is None:
            return self._pool
        context = _trusting(certificate)
        return Pool(kept=0, tls=lambda: context)

    def _authorise(self, request: Value, sender: Deployed | None, headers: dict[str, str]) -> None:
        auth, url = request["auth"], self._home.named(request["url"])
        audience = self._home.named(expect(auth.get("audience") or url, "audience", str))
        for one in _scopes(auth):
            if one != _SCOPE:
                raise raised("AuthError", f"this machine has no token that is good for {one} alone")
        token = None
        if self._authority is not None and sender is not None and self._home.owns(url):
            token = self._authority.token(sender, url, audience)
        if token is None:
            raise raised(
                "AuthError",
                f"this workflow has no {auth['type']} token for {request['url']}: it can sign in only to"
                " what it names, as the account that it was deployed with",
            )
        headers.pop(_key(headers, "authorization"), None)
        headers["Authorization"] = f"Bearer {token}"


def _key(headers: Mapping[str, str], name: str) -> str:
    """Return how a header is spelled, or would be."""
    for key in headers:
        if len(key) == len(name) and key.lower() == name:
            return key
    return _canonical(name)


def _scopes(auth: Value) -> list[str]:
    """Return the scopes that are asked for, each of which is a string or a list of them."""
    unknown = auth.keys() - {"type", "audience", "scope", "scopes"}
    if unknown:
        raise raised("ValueError", f"auth has no {', '.join(sorted(unknown))}")
    found: list[str] = []
    for name in ("scope", "scopes"):
        given = auth.get(name) or []
        for one in given if isinstance(given, list) else [given]:
            found += expect(one, name, str).replace(",", " ").split()
    return found


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that are sent, but for those that depend on the body and on who asks."""
    headers: dict[str, str] = {}
    if len(set(map(str.lower, given))) < len(given):
        raise raised("ValueError", "a header is named twice")
    for name, value in given.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise raised("ValueError", f"this is no header of HTTP: {name}")
        if name.lower() not in _FRAMING:
            headers[name] = value
    agent = headers.pop(_key(headers, "user-agent"), "")
    headers["User-Agent"] = f"{agent} {_AGENT}".strip()
    headers["Connection"] = "close"
    return headers


def _address(url: str, query: Value) -> Url:
    """Read an address, and write it as it goes over the wire, with the arguments of its query."""
    found = parse_url(url)
    if found.scheme not in {"http", "https"} or not found.host:
        raise ValueError(f"{url} is no address of HTTP")
    found = found._replace(path=found.path or "/")
    if query:
        written = urlencode([(name, value) for name, value in query])
        found = found._replace(query="&".join(filter(None, [found.query, written])))
    return found


def _sign(headers: dict[str, str], auth: str | None) -> None:
    """Sign in as the user of an address (RFC 7617), unless the headers say who asks."""
    key = _key(headers, "authorization")
    if auth and key not in headers:
        pair = auth if ":" in auth else f"{auth}:"
        headers[key] = f"Basic {base64.b64encode(unquote_to_bytes(pair)).decode()}"


def _trusting(certificate: Value) -> ssl.SSLContext:
    """Trust one authority, whose certificate is DER, in the place of all others."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=bytes(memoryview(certificate)))
    except (TypeError, ssl.SSLError):
        raise raised("ValueError", "ca_certificate must be bytes, a certificate in DER") from None
    return context


def _answer(
    pool: Pool,
    method: str,
    address: Url,
    headers: Mapping[str, str],
    body: bytes | None,
    until: float,
    before: Callable[[], object],
) -> Answer:
    """Send a request and return the answer; reading follows where that leads."""
    for _ in range(_REDIRECTS_MAX + 1):
        answer = pool.send(
            method,
            address._replace(auth=None, fragment=None).url,
            body=body,
            headers=headers,
            timeout_s=until - time.monotonic(),
            most_bytes=RESPONSE_LIMIT,
            before=before,
        )
        to = answer.headers.get("Location")
        if to is None or answer.status not in _REDIRECTS or method not in {"GET", "HEAD"}:
            return answer
        try:
            further = _address(urljoin(address.url, to), None)
        except ValueError:
            return answer
        if further[:4] != address[:4]:
            headers = {
                name: value
                for name, value in headers.items()
                if name.lower() in _TOLD_ANYBODY | {"connection"}
            }
        if answer.status not in {307, 308}:
            body = None
        address = further
    raise NoAnswer(f"it leads further more than {_REDIRECTS_MAX} times")


def _failed(none: NoAnswer, request: Value) -> Failure:
    """Say why there is no answer, by what the connection knows of it."""
    where = f"{request['method']} {request['url']}"
    if isinstance(none, TooLong):
        return limit("the response is larger than 2 MB", "ResponseSizeLimitExceededError")
    cause = none.__cause__
    why = next((words for kind, words in _CAUSES if isinstance(cause, kind)), str(none))
    # The kernel, which has a number for it, gives up by itself: that is no timeout of the request.
    if isinstance(cause, TimeoutError) and cause.errno is None:
        return raised(
            "TimeoutError", f"no complete answer within {request['timeout']:g} s: {where}"
        )
    if not none.sent:
        return raised("ConnectionFailedError", f"could not connect ({why}): {where}")
    return raised(
        "ConnectionError", f"the connection broke ({why}), the outcome is unknown: {where}"
    )


def _response(answer: Answer) -> Value:
    """
    Return what the language sees of an answer.

    Where a body is not what its type says, the code is told all the same: the body is then the text. So
    it is where the body would be too large for an error: there is none then.
    """
    headers: dict[str, str] = {}
    for name, said in answer.headers.items():
        # A line that was folded is one line (RFC 9112 section 5.2).
        key, value = _canonical(name), _FOLD.sub(" ", said)
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    body: Any = answer.body
    strange = None
    try:
        body = unpacked(body, headers.get("Content-Encoding", ""), RESPONSE_LIMIT)
        if len(body) > RESPONSE_LIMIT:
            raise TooLong("what was packed is too long")
        body = messages.read(body, headers.get("Content-Type", ""))
    except ValueError as error:
        strange, body = error, messages.text(body)
    if answer.status >= 400 and size(body) > _TOLD_MAX:
        body = None
    result = {"code": answer.status, "headers": headers, "body": body}
    if answer.status >= 400:
        message = f"HTTP server responded with error code {answer.status}"
        raise raised("HttpError", message, **result)
    if strange is not None:
        message = f"the response is not what its type says: {headers.get('Content-Type')}"
        raise raised("ResponseTypeError", message, **result)
    return result


@lru_cache
def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
