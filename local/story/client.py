"""Requests of signed-in accounts, as a web client or a phone would send them."""

import threading
from collections.abc import Mapping
from typing import Any

import urllib3

Body = dict[str, Any]


class Refused(Exception):
    """The platform said no."""

    def __init__(self, status: int, problem: Body) -> None:
        """Keep the problem document."""
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status, self.problem = status, problem

    @property
    def code(self) -> str:
        """The problem's stable code."""
        return str(self.problem.get("code"))


class Client:
    """Speaks HTTP to one platform, as any of its demo accounts."""

    def __init__(self, address: str, secret: str) -> None:
        """Say where the platform is, and the secret that signs in there."""
        self._address, self._secret = address, secret
        self._pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=30.0)
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def sign_in(self, account: str) -> None:
        """Sign in afresh: what decides takes a sign-in of the last minutes."""
        asked = {"account": account, "secret": self._secret}
        answer = self._pool.request("POST", f"{self._address}/local/sign-in", json=asked)
        if answer.status != 200:
            raise Refused(answer.status, answer.json())
        with self._lock:
            self._tokens[account] = answer.json()["token"]

    def token(self, account: str) -> str:
        """Return the token of an account that is signed in."""
        with self._lock:
            return self._tokens[account]

    def get(self, account: str, path: str, **query: str | int) -> Any:
        """Read something."""
        return self.send(account, "GET", path, fields=query)

    def post(
        self,
        account: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        tenant: str | None = None,
    ) -> Any:
        """
        Ask for something to be done; with a key, done once however often it is asked.

        A service that begins something new says in which *tenant*.
        """
        headers = {"Idempotency-Key": key} if key else {}
        headers |= {"X-Tenant-ID": tenant} if tenant else {}
        return self.send(account, "POST", path, headers, json=dict(body or {}))

    def put(self, account: str, path: str, body: Mapping[str, Any], version: str) -> Any:
        """Replace something, as it was when it had that version."""
        return self.send(account, "PUT", path, {"If-Match": f'"{version}"'}, json=dict(body))

    def send(
        self,
        account: str,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Any:
        """
        Send a request of any method, with headers of its own and `json=` or `body=`.

        Where the sign-in is too old it is renewed, once.
        """
        if account not in self._tokens:
            self.sign_in(account)
        for attempt in (1, 2):
            signed = {**(headers or {}), "Authorization": f"Bearer {self._tokens[account]}"}
            answer = self._pool.request(method, self._address + path, headers=signed, **content)
            if answer.status == 401 and attempt == 1:
                self.sign_in(account)
                continue
            if answer.status >= 400:
                raise Refused(answer.status, answer.json())
            return answer.json() if answer.data else {}
        raise AssertionError("unreachable")
