"""Requests of signed-in accounts, as a web client or a phone would send them."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

Body = dict[str, Any]


ANSWER_S = 30.0
"""How long an answer is waited for, of a server that itself waits for others."""


class Refused(Exception):
    """The platform said no."""

    def __init__(self, status: int, problem: Body) -> None:
        """Keep the problem document."""
        self.status, self.problem = status, problem
        super().__init__(f"{status} {problem.get('code')}: {self.detail}")

    @property
    def detail(self) -> str:
        """What it said, without a full stop."""
        return str(self.problem.get("detail") or self.problem.get("message")).rstrip(".")

    @property
    def code(self) -> str:
        """The problem's stable code."""
        return str(self.problem.get("code"))


@dataclass(frozen=True)
class Answer:
    """What the platform answered."""

    status: int
    headers: Mapping[str, str]
    """By their names, in whatever capitals."""
    body: bytes

    @property
    def json(self) -> Any:
        """What is in it; an empty object where it is empty."""
        return json.loads(self.body) if self.body else {}


class Client:
    """Speaks HTTP to one platform, as any of its demo accounts."""

    def __init__(self, address: str, secret: str) -> None:
        """Say where the platform is, and the secret that signs in there."""
        self._address, self._secret = address, secret
        self._pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=ANSWER_S)
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def sign_in(self, account: str) -> None:
        """Sign in afresh: what decides takes a sign-in of the last minutes."""
        asked = {"account": account, "secret": self._secret}
        said = self.ask("/local/sign-in", asked)
        token = said["token"] if "token" in said else self._through_google(said["id_token"])
        with self._lock:
            self._tokens[account] = token

    def _through_google(self, vouched: str) -> str:
        """Sign in at Google's emulator, by what a provider says and the code that came by telephone."""
        from local.signing import signed_in

        def code(session: str) -> str:
            sent = self.ask("/local/codes", {"secret": self._secret})["codes"]
            return str(next(one["code"] for one in sent if one["sessionInfo"] == session))

        return signed_in(vouched, self.ask, code)

    def ask(self, path: str, asked: Body) -> Body:
        """Ask what no account is needed for."""
        answer = self._pool.request("POST", self._address + path, json=asked)
        if answer.status != 200:
            said = answer.json()
            raise Refused(answer.status, said.get("error", said))
        return dict(answer.json())

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
        """Send a request of any method, with headers of its own and `json=` or `body=`; return what is in its answer."""
        return self.answer(account, method, path, headers, **content).json

    def answer(
        self,
        account: str | None,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Answer:
        """
        Send a request, and return its answer as it came: with its status and headers, and followed nowhere.

        Where the sign-in is too old it is renewed, once. Nobody asks where there is no account; the path may be a whole
        address.
        """
        address = path if path.startswith("http") else self._address + path
        for renewed in (False, True):
            signed = {**(headers or {}), **self._signed(account, anew=renewed)}
            got = self._pool.request(method, address, headers=signed, redirect=False, **content)
            if got.status != 401 or account is None or renewed:
                break
        if got.status >= 400:
            raise Refused(got.status, got.json())
        return Answer(got.status, got.headers, got.data)

    def _signed(self, account: str | None, *, anew: bool) -> dict[str, str]:
        if account is None:
            return {}
        if anew or account not in self._tokens:
            self.sign_in(account)
        return {"Authorization": f"Bearer {self.token(account)}"}
