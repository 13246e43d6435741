"""
The sign-in of an emulated cloud: Google's Auth emulator signs people in, and this machine's own key signs what it says.

The emulator signs nothing and believes everything: tokens, what a provider says of somebody, its own tokens of renewal and
of the first factor, which anybody can write, and whoever calls himself its owner. So nobody reaches it but through here,
and the platform's verifier, which knows of none of this, goes on believing signatures alone:

- a provider's word counts if this machine signed it (`vouched`), for whoever can read the data folder;
- tokens of renewal and of the first factor are kept here, and others stand for them; ID tokens are held to our own key;
- what the product's sign-in has switched off (infra/site.py) is refused as Google refuses it;
- a renewed token keeps the time of its own sign-in, and an ended sign-in is renewed no more; the emulator does neither.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

import flask

from local.accounts import SignIn, named, people, person
from local.clock import Clock
from local.emulators import SILENT, AuthEmulator
from shared.actors import OF_PEOPLE, PLATFORM
from shared.edge import jws
from shared.errors import ProviderDown
from shared.here import HERE

TOOLKIT = "/identitytoolkit.googleapis.com"
RENEWAL = "/securetoken.googleapis.com/v1/token"
BY_PROVIDER = f"{TOOLKIT}/v1/accounts:signInWithIdp"
SECOND_STARTS = f"{TOOLKIT}/v2/accounts/mfaSignIn:start"
SECOND_ENDS = f"{TOOLKIT}/v2/accounts/mfaSignIn:finalize"

PROVIDER = f"{HERE}/local/provider"
"""Who vouches for people here, in the place of Google's own sign-in."""

VOUCHED_FOR = timedelta(minutes=5)
MOST_KEPT = 4096
"""How many sign-ins are remembered; the oldest goes, and its owner signs in again."""

_TAKEN: dict[str, tuple[str, frozenset[str]]] = {
    BY_PROVIDER: ("postBody", frozenset({"returnSecureToken", "returnIdpCredential"})),
    SECOND_STARTS: ("mfaPendingCredential", frozenset({"mfaEnrollmentId", "phoneSignInInfo"})),
    SECOND_ENDS: ("mfaPendingCredential", frozenset({"phoneVerificationInfo"})),
    f"{TOOLKIT}/v1/accounts:lookup": ("idToken", frozenset()),
    f"{TOOLKIT}/v2/accounts/mfaEnrollment:start": ("idToken", frozenset({"phoneEnrollmentInfo"})),
    f"{TOOLKIT}/v2/accounts/mfaEnrollment:finalize": (
        "idToken",
        frozenset({"phoneVerificationInfo", "displayName"}),
    ),
    f"{TOOLKIT}/v2/accounts/mfaEnrollment:withdraw": ("idToken", frozenset({"mfaEnrollmentId"})),
    RENEWAL: ("refresh_token", frozenset({"grant_type"})),
}
"""What is passed on: by what somebody shows who they are, and what else they may say. All else is switched off."""

_OPEN = frozenset({f"{TOOLKIT}/v1/recaptchaParams", f"{TOOLKIT}/v2/recaptchaConfig"})
"""What a web client reads before it asks for a telephone's code, and tells nothing."""

_HEADERS = "Content-Type, X-Client-Version, X-Firebase-Client, X-Firebase-GMPID, X-Firebase-Locale"


class Denied(Exception):
    """What is asked is refused, in one of Google's own words for it."""


class _Begun(NamedTuple):
    """A sign-in: whose, when by the platform's clock, and when by the machine's."""

    subject: str
    at: int
    really: float


class Signing:
    """Passes sign-in on to the emulator, holds it to the product's rules, and signs what comes back."""

    def __init__(self, emulator: AuthEmulator, sign_in: SignIn, clock: Clock) -> None:
        """Know nobody yet."""
        self._emulator, self._sign_in, self._clock = emulator, sign_in, clock
        self._project = f"{TOOLKIT}/v1/projects/{emulator.project}"
        self._begun: dict[tuple[str, int], _Begun] = {}
        self._renewals: dict[str, tuple[str, _Begun]] = {}
        self._pending: dict[str, tuple[str, _Begun]] = {}

    def enrol(self) -> None:
        """Put the accounts of this machine into the emulator, with our ids and claims; staff have a second factor."""
        users = [
            {
                "localId": one.id,
                "email": one.email,
                "emailVerified": True,
                "customAttributes": json.dumps(one.claims),
                "mfaInfo": [{"mfaEnrollmentId": "phone", "phoneInfo": f"+1555555{100 + number:04}"}]
                if one.claims["tenant"] == PLATFORM
                else [],
            }
            for number, one in enumerate(people())
        ]
        body = {"users": users, "allowOverwrite": True}
        status, told = self._emulator.ask(f"{self._project}/accounts:batchCreate", body, owner=True)
        if status != 200 or told.get("error"):
            raise RuntimeError(f"the emulator takes no accounts: {told}")

    def vouched(self, email: str) -> str:
        """Return what the provider says of somebody, for some minutes."""
        said = {"iss": PROVIDER, "aud": self._emulator.project, "sub": email, "email": email}
        return self._sign_in.signed(
            {**said, "email_verified": True}, self._clock.now(), VOUCHED_FOR
        )

    def token(self, account: str) -> str:
        """
        Sign an account of this machine in, with all that takes, and return its token.

        Raises:
            Invalid: There is no such account.
        """
        role, tenant = named(account)
        if role not in OF_PEOPLE:
            return self._sign_in.token(account, self._clock.now())
        return signed_in(self.vouched(person(role, tenant).email), self.asked, self.code)

    def code(self, session: str) -> str:
        """Return the code that would have been sent to a telephone for a session of the second factor."""
        return next(one["code"] for one in self.codes() if one["sessionInfo"] == session)

    def codes(self) -> list[dict[str, str]]:
        """Return the codes that would have been sent to telephones, the newest one last."""
        where = f"/emulator/v1/projects/{self._emulator.project}/verificationCodes"
        status, told = self._emulator.ask(where)
        if status != 200:
            raise ProviderDown(SILENT, retry_after_s=5)
        return list(told["verificationCodes"])

    def blueprint(self, origins: frozenset[str]) -> flask.Blueprint:
        """Return the addresses that the Web SDK asks of an emulator, open to pages of *origins*."""
        blueprint = flask.Blueprint("signing", __name__)
        for host in (TOOLKIT, RENEWAL.partition("/v1")[0]):
            blueprint.add_url_rule(
                f"{host}/<path:rest>",
                endpoint=host[1:].partition(".")[0],
                view_func=self._answer,
                methods=["GET", "POST"],
            )

        @blueprint.after_request
        def told(answer: flask.Response) -> flask.Response:
            origin = flask.request.headers.get("Origin")
            answer.headers["Cache-Control"] = "no-store"
            if origin in origins:
                answer.headers["Access-Control-Allow-Origin"] = origin
                answer.headers["Access-Control-Allow-Headers"] = _HEADERS
            return answer

        return blueprint

    def _answer(self, **_: str) -> Any:
        given = flask.request.get_json(silent=True) or flask.request.form.to_dict()
        try:
            return self.asked(flask.request.path, given)
        except Denied as denied:
            return {"error": {"code": 400, "message": str(denied)}}, 400

    def asked(self, path: str, given: Any) -> dict[str, Any]:
        """
        Answer one request of a client.

        Raises:
            Denied: It is refused, here or by the emulator.
        """
        if path == f"{TOOLKIT}/v1/accounts:signUp":
            raise Denied("ADMIN_ONLY_OPERATION")
        if path in _OPEN:
            return self._passed(path, None)
        if path not in _TAKEN or not isinstance(given, Mapping):
            raise Denied("OPERATION_NOT_ALLOWED")
        shown, more = _TAKEN[path]
        read: dict[str, Callable[[str], tuple[str, _Begun | None]]] = {
            "postBody": self._provider,
            "idToken": self._own,
            "mfaPendingCredential": self._first_factor,
            "refresh_token": self._renewal,
        }
        passed, begun = read[shown](str(given.get(shown, "")))
        body = {name: given[name] for name in more if name in given} | {shown: passed}
        if path == BY_PROVIDER:
            body["requestUri"] = "http://localhost"
        if path == RENEWAL:
            body = {"grantType": body.get("grant_type"), "refreshToken": passed}
        return self._signed(self._passed(path, body), begun)

    def _passed(self, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        status, told = self._emulator.ask(f"{path}?key=here", body)
        if status != 200:
            raise Denied(told["error"]["message"])
        return told

    # --- by what somebody shows who they are ----------------------------------------------------------

    def _provider(self, body: str) -> tuple[str, None]:
        """Take the word of a provider that vouches for somebody who was invited."""
        token = parse_qs(body).get("id_token", [""])[0]
        claims = self._verified(token, PROVIDER, "INVALID_IDP_RESPONSE")
        if not self._found(email=[claims["email"]]):
            raise Denied("ADMIN_ONLY_OPERATION")
        return urlencode({"id_token": token, "providerId": "google.com"}), None

    def _own(self, token: str) -> tuple[str, _Begun]:
        issuer = f"https://securetoken.google.com/{self._emulator.project}"
        claims = self._verified(token, issuer, "INVALID_ID_TOKEN")
        return token, self._going_on(claims["sub"], claims["auth_time"])

    def _first_factor(self, shown: str) -> tuple[str, None]:
        token, begun = self._pending.get(shown, ("", None))
        late = self._clock.now() - VOUCHED_FOR
        if begun is None or begun.at < late.timestamp():
            raise Denied("INVALID_MFA_PENDING_CREDENTIAL")
        self._see_that_it_goes_on(begun)
        return token, None

    def _renewal(self, shown: str) -> tuple[str, _Begun]:
        if shown not in self._renewals:
            raise Denied("INVALID_REFRESH_TOKEN")
        token, begun = self._renewals[shown]
        return token, self._going_on(begun.subject, begun.at)

    def _verified(self, token: str, issuer: str, otherwise: str) -> dict[str, Any]:
        try:
            said = jws.parsed(token)
            jws.verify(said, self._sign_in.public)
        except jws.Malformed as error:
            raise Denied(otherwise) from error
        if said.claims["iss"] != issuer or said.claims["aud"] != self._emulator.project:
            raise Denied(otherwise)
        if said.claims["exp"] <= self._clock.now().timestamp():
            raise Denied("TOKEN_EXPIRED")
        return said.claims

    def _going_on(self, subject: str, at: int) -> _Begun:
        """Return a sign-in that goes on."""
        begun = self._begun.get((subject, at))
        if begun is None:
            raise Denied("TOKEN_EXPIRED")
        self._see_that_it_goes_on(begun)
        return begun

    def _see_that_it_goes_on(self, begun: _Begun) -> None:
        """See that a sign-in was not ended since, as `python -m infra.people revoke` ends them."""
        found = self._found(localId=[begun.subject])
        if not found:
            raise Denied("USER_NOT_FOUND")
        if int(begun.really) < int(found[0].get("validSince", "0")):
            raise Denied("TOKEN_EXPIRED")

    def _found(self, **by: list[str]) -> list[dict[str, Any]]:
        _, told = self._emulator.ask(f"{self._project}/accounts:lookup", by, owner=True)
        return list(told.get("users", ()))

    # --- what comes back ------------------------------------------------------------------------------

    def _signed(self, told: dict[str, Any], begun: _Begun | None) -> dict[str, Any]:
        """Sign every ID token of an answer, and keep what else in it would count for something."""
        answer, now = dict(told), self._clock.now()
        for name in told.keys() & {"idToken", "id_token", "access_token"}:
            claims = jws.parsed(told[name]).claims
            begun = begun or _Begun(claims["sub"], int(now.timestamp()), time.time())
            answer[name] = self._sign_in.signed(claims | {"auth_time": begun.at}, now)
        for name in told.keys() & {"refreshToken", "refresh_token"}:
            answer[name] = secrets.token_urlsafe(32)
            _keep(self._renewals, answer[name], (told[name], begun))
        if begun:
            _keep(self._begun, (begun.subject, begun.at), begun)
        for name in told.keys() & {"mfaPendingCredential"}:
            half = _Begun(told["localId"], int(now.timestamp()), time.time())
            answer[name] = secrets.token_urlsafe(32)
            _keep(self._pending, answer[name], (told[name], half))
        return answer


def _keep(kept: dict[Any, Any], name: Any, value: Any) -> None:
    kept.setdefault(name, value)
    while len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept)), None)


def signed_in(
    vouched: str,
    ask: Callable[[str, dict[str, Any]], dict[str, Any]],
    code: Callable[[str], str],
) -> str:
    """
    Sign in as a web client does: by what a provider says, and the second factor where there is one.

    Args:
        vouched: What the provider says.

        ask: Sends a request to one of these addresses and returns the answer.

        code: Returns the code that was sent for a session of the second factor.
    """
    body = urlencode({"id_token": vouched, "providerId": "google.com"})
    answer = ask(BY_PROVIDER, {"postBody": body, "returnSecureToken": True})
    if "mfaPendingCredential" in answer:
        pending = {"mfaPendingCredential": answer["mfaPendingCredential"]}
        factor = {"mfaEnrollmentId": answer["mfaInfo"][0]["mfaEnrollmentId"]}
        session = ask(SECOND_STARTS, {**pending, **factor, "phoneSignInInfo": {}})
        session_info = session["phoneResponseInfo"]["sessionInfo"]
        verification = {"sessionInfo": session_info, "code": code(session_info)}
        answer = ask(SECOND_ENDS, {**pending, "phoneVerificationInfo": verification})
    return str(answer["idToken"])
