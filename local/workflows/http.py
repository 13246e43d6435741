"""
Send the requests of http steps.

Nothing is added that the service would not add; in particular no Idempotency-Key, because the key
of an effect is what the source sets. Every request has a connection of its own: a kept one that the
other side closed at that moment would look like an effect whose outcome is unknown.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from local.workflows.authority import Authority, Deployed
from local.workflows.effects import THREADS_MAX
from local.workflows.errors import limit, raised
from local.workflows.values import Value, from_json, to_json

RESPONSE_LIMIT = 2 * 1024 * 1024
_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
_REPEATABLE = {"GET", "HEAD", "PUT", "DELETE"}
_REDIRECTS_MAX = 10
_TOLD_ANYBODY = {
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "traceparent",
    "user-agent",
}
"""The headers that go along where a redirect leads elsewhere; any other may be a secret."""


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
        self._pool = urllib3.PoolManager(maxsize=THREADS_MAX)

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

    def send(self, request: Value, sender: Deployed | None = None) -> Value:
        """Send a request and return code, headers and body, or raise the documented error."""
        method, url = request["method"], self._home.reached(request["url"])
        headers = dict(request["headers"])
        if request["auth"] is not None:
            url = self._home.reached(self._home.named(request["url"]))
            self._authorise(request, sender, headers)
        if request["query"]:
            joint = "&" if "?" in url else "?"
            url += joint + urlencode([(name, value) for name, value in request["query"]])
        body = _body(request["body"], headers)
        agent = headers.pop(_key(headers, "user-agent"), "")
        headers["User-Agent"] = f"{agent} {_AGENT}".strip()
        headers["Connection"] = "close"
        deadline_s = time.monotonic() + request["timeout"]
        follow = method in {"GET", "HEAD"}
        retries = urllib3.Retry(
            total=None,
            connect=0,
            read=0,
            status=0,
            other=0,
            redirect=_REDIRECTS_MAX,
            remove_headers_on_redirect={name.lower() for name in headers} - _TOLD_ANYBODY,
        )
        try:
            answer = self._pool.urlopen(
                method,
                url,
                body=body,
                headers=headers,
                retries=retries if follow else False,
                redirect=follow,
                timeout=urllib3.Timeout(total=max(request["timeout"], 0.001)),
                preload_content=False,
            )
            try:
                data = _read(answer, deadline_s)
            finally:
                answer.close()
        except urllib3.exceptions.MaxRetryError as error:
            raise _translated(error.reason or error, request) from None
        except urllib3.exceptions.HTTPError as error:
            raise _translated(error, request) from None
        except OSError as error:
            raise _translated(error, request) from None
        except ValueError as error:
            raise raised("ValueError", f"this request cannot be sent: {error}") from None
        return _response(answer, data)

    def _authorise(self, request: Value, sender: Deployed | None, headers: dict[str, str]) -> None:
        auth, url = request["auth"], self._home.named(request["url"])
        audience = self._home.named(str(auth.get("audience") or url))
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
    return next((key for key in headers if key.lower() == name), name)


def _body(body: Value, headers: dict[str, str]) -> bytes | None:
    """Encode a body, and name its type unless the source did."""
    if body is None:
        return None
    given = headers.get(_key(headers, "content-type"), "")
    if isinstance(body, bytes):
        kind, data = "application/octet-stream", body
    elif isinstance(body, dict) and given.startswith("application/x-www-form-urlencoded"):
        kind, data = given, urlencode(body, doseq=True).encode()
    elif isinstance(body, str):
        kind, data = "text/plain; charset=utf-8", body.encode(errors="replace")
    else:
        kind, data = "application/json; charset=utf-8", to_json(body).encode(errors="replace")
    if not given:
        headers["Content-Type"] = kind
    return data


def _read(answer: urllib3.BaseHTTPResponse, deadline_s: float) -> bytes:
    parts, length = [], 0
    for part in answer.stream(64 * 1024):
        length += len(part)
        if length > RESPONSE_LIMIT:
            raise limit("the response is larger than 2 MB", "ResponseSizeLimitExceededError")
        if time.monotonic() > deadline_s:
            raise TimeoutError
        parts.append(part)
    return b"".join(parts)


def _translated(error: Exception, request: Value) -> Exception:
    where = f"{request['method']} {request['url']}"
    failed = urllib3.exceptions.NewConnectionError | urllib3.exceptions.SSLError
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return raised(
            "TimeoutError", f"no complete answer within {request['timeout']:g} s: {where}"
        )
    if isinstance(error, urllib3.exceptions.LocationValueError):
        return raised("ValueError", f"this is no address to call: {where}")
    if isinstance(error, failed):
        return raised("ConnectionFailedError", f"could not connect: {where}")
    return raised("ConnectionError", f"the connection broke, the outcome is unknown: {where}")


def _response(answer: urllib3.BaseHTTPResponse, data: bytes) -> Value:
    headers = {_canonical(name): value for name, value in answer.headers.items()}
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    body: Any = data
    if kind == "application/json" or kind.endswith("+json"):
        body = _decoded(data)
    elif kind.startswith("text/"):
        body = data.decode(errors="replace")
    elif not data:
        body = None
    result = {"code": answer.status, "headers": headers, "body": body}
    if answer.status >= 400:
        message = f"HTTP server responded with error code {answer.status}"
        raise raised("HttpError", message, **result)
    return result


def _decoded(data: bytes) -> Value:
    if not data:
        return None
    try:
        return from_json(data)
    except ValueError:
        raise raised("ResponseTypeError", "the response says JSON and is not") from None


def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
