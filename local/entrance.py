"""
The way in: a token goes to whoever can read the data folder, and to nobody for merely reaching the port.

A server writes where it is and a secret of its own into a file that only its user can read. With the secret anybody is
signed in as any demo account; a browser, which reads no files, is handed a link that opens once, and not for long.
"""

import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import flask

from local import hints
from local.accounts import SignIn, accounts, named, person
from local.clock import Clock
from local.signing import Signing
from shared.actors import OF_PEOPLE
from shared.edge.keys import keep_private
from shared.errors import BadRequest, Expired, Unauthenticated

FILE = "served.json"
LINK_S = 600
"""How long a link may be opened."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Served:
    """What a running server says of itself to its own user."""

    address: str
    secret: str


def served(data: Path) -> Served | None:
    """Return what the server of a data folder says of itself; None where none runs."""
    try:
        return Served(**json.loads((data / FILE).read_bytes()))
    except FileNotFoundError:
        return None


class Entrance:
    """Signs people in who show that the data folder is theirs."""

    def __init__(
        self,
        data: Path,
        address: str,
        sign_in: SignIn,
        clock: Clock,
        signing: Signing | None = None,
    ) -> None:
        """Make up a secret, unless a server that was killed left one: whoever holds it goes on."""
        self._signing = signing
        before = served(data)
        self.served = Served(address, before.secret if before else secrets.token_urlsafe(32))
        self._file, self._sign_in, self._clock = data / FILE, sign_in, clock
        self._again = hints.local("link", DATA=data)
        self._token_again = hints.local("token governor", DATA=data)
        self._links: dict[str, float] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Tell the folder's owner."""
        keep_private(self._file, json.dumps(asdict(self.served)).encode())

    def close(self) -> None:
        """Let nobody in any more."""
        self._file.unlink(missing_ok=True)

    def link(self) -> str:
        """Return a link that signs a browser in, once."""
        code, now = secrets.token_urlsafe(24), time.monotonic()
        with self._lock:
            self._links = {one: end for one, end in self._links.items() if end > now}
            self._links[code] = now + LINK_S
        return f"{self.served.address}/local/enter?once={code}"

    def blueprint(self) -> flask.Blueprint:
        """Return the addresses of signing in."""
        blueprint = flask.Blueprint("entrance", __name__, template_folder="templates")
        blueprint.add_url_rule("/local/sign-in", view_func=self._token, methods=["POST"])
        if self._signing:
            blueprint.add_url_rule("/local/vouch", view_func=self._vouched, methods=["POST"])
            blueprint.add_url_rule("/local/codes", view_func=self._codes, methods=["POST"])
        blueprint.add_url_rule("/local/links", view_func=self._another, methods=["POST"])
        blueprint.add_url_rule("/local/enter", view_func=self._enter, methods=["GET"])
        return blueprint

    def _token(self) -> Any:
        account = self._said("account", "governor")
        role, tenant = named(account)
        if self._signing and role in OF_PEOPLE:
            # Whoever is a person signs in where people do, by what their provider says.
            return {"id_token": self._signing.vouched(person(role, tenant).email)}
        return {"token": self._sign_in.token(account, self._clock.now())}

    def _vouched(self) -> Any:
        email = self._said("email", "governor@platform.example")
        return {"id_token": self._signing.vouched(email) if self._signing else ""}

    def _codes(self) -> Any:
        self._asked()
        return {"codes": self._signing.codes() if self._signing else []}

    def _said(self, name: str, example: str) -> str:
        said = self._asked().get(name)
        if not isinstance(said, str):
            raise BadRequest(f'say which: {{"{name}": "{example}", "secret": "…"}}')
        return said

    def _another(self) -> Any:
        self._asked()
        return {"link": self.link(), "seconds": LINK_S}

    def _asked(self) -> Mapping[str, Any]:
        """Return what somebody asks who knows the secret."""
        given = flask.request.get_json(force=True, silent=True)
        if not isinstance(given, Mapping):
            raise BadRequest("send a JSON object")
        shown = given.get("secret")
        known = isinstance(shown, str) and hmac.compare_digest(
            shown.encode(errors="replace"), self.served.secret.encode()
        )
        if not known:
            raise Unauthenticated(f"send the secret of {FILE} in the data folder as `secret`")
        return given

    def _enter(self) -> Any:
        """Show the tokens of all accounts, to the first who opens the link."""
        with self._lock:
            end = self._links.pop(flask.request.args.get("once", ""), 0.0)
        if end <= time.monotonic():
            raise Expired(
                f"this link was opened before, or is too old; `{self._again}` gives another"
            )
        now = self._clock.now()
        sign_in = self._signing.token if self._signing else partial(self._sign_in.token, at=now)
        tokens = {account: sign_in(account) for account in accounts()}
        page = flask.render_template(
            "enter.html",
            tokens=tokens,
            address=self.served.address,
            again=self._again,
            token_again=self._token_again,
        )
        return flask.Response(page, headers=_HEADERS)
