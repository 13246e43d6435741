"""
Find out who is asking: Firebase ID tokens of people, Google OIDC tokens of services.

Both are RS256 JWTs (RFC 7519) and differ in issuer, audience, keys and claims. On one machine the local
sign-in issues tokens of the same two shapes from its own key; this code does not know the difference.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.actors import OF_CUSTOMERS, OF_PEOPLE, PLATFORM, RESERVED, TENANT, Actor, Role
from shared.documents import Documents, Key, Snapshot
from shared.edge import jws
from shared.edge.http_client import Caller
from shared.errors import ProviderDown, Unauthenticated
from shared.identity.models import Principal

SKEW = timedelta(seconds=30)
"""The one leeway of tokens: what libraries would grant of their own is switched off."""

MAX_TOKEN_BYTES = 8 * 1024
KEYS_FOR_S = 3600
KEYS_KEPT_S = 6 * 3600
"""How old published keys may be at the most, while their issuer does not answer."""

GOOGLE_ISSUER = "https://accounts.google.com"

SERVICE_ROLES = {
    "genesis": Role.GENESIS,
    "systems-architect": Role.SYSTEMS_ARCHITECT,
    "vision-guardian": Role.VISION_GUARDIAN,
}
"""Service accounts that are foundational agents."""

_MAY_SAY = ("auth_time", "nbf")
"""Times that a token may say besides."""

_NEEDED = frozenset({"iss", "aud", "sub", "iat", "exp"})
_NOT_VALID = "the token is not valid; sign in again"

REMEMBERED_S = 300.0
"""How long a token that was verified is not verified again, while its key stays the same."""

MOST_REMEMBERED = 4096
"""How many of them there are at the most; the one that was verified first goes."""

SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
"""What Cloud Run puts in the place of a signature that it has verified, before a function sees the token."""


class InvalidToken(Unauthenticated):
    """A token was shown that is not good."""


class KeySource:
    """The public keys of an issuer: a JWKS (RFC 7517) at an address or in a file."""

    def __init__(self, location: str, target: str = "service-keys", **options: Any) -> None:
        """Name the place, its circuit breaker and how it is called; nothing is read before the first token."""
        self._location = location
        self._caller = Caller(target, token=None, timeout_s=5.0, within_s=10.0, **options)
        self._keys: dict[str, Any] = {}
        self._read_at = -KEYS_KEPT_S - 1.0
        self._lock = threading.Lock()

    def key(self, kid: str) -> Any:
        """
        Return the public key of that id; keys are read again hourly, or where the id is new.

        While the issuer does not answer, those it published last stay good for some hours.

        Raises:
            InvalidToken: There is no such key.
            ProviderDown: The keys cannot be read.
        """
        if kid not in self._keys or self._age_s > KEYS_FOR_S:
            with self._lock:
                if self._age_s > KEYS_FOR_S or (kid not in self._keys and self._age_s > 1):
                    self._read_for(kid)
        if kid not in self._keys:
            raise InvalidToken(
                "the token is signed with a key we do not know, as of another platform or data folder;"
                " sign in to this one"
            )
        return self._keys[kid]

    @property
    def _age_s(self) -> float:
        return time.monotonic() - self._read_at

    def _read_for(self, kid: str) -> None:
        try:
            self._keys = self._read()
        except ProviderDown:
            if kid in self._keys and self._age_s < KEYS_KEPT_S:
                return
            raise
        self._read_at = time.monotonic()

    def _read(self) -> dict[str, Any]:
        raw = self._fetched() if "://" in self._location else Path(self._location).read_bytes()
        try:
            return jws.keys(json.loads(raw))
        except (ValueError, RecursionError) as error:
            raise _unreadable() from error

    def _fetched(self) -> bytes:
        answer = self._caller.request("GET", self._location)
        if answer.status != 200:
            raise _unreadable()
        return answer.body


def _unreadable() -> ProviderDown:
    return ProviderDown("the keys of the sign-in cannot be read now", retry_after_s=5)


class _Known(NamedTuple):
    """
    A token that was verified: whom it names, and what is looked at again whenever it is shown.

    That is its times, its key and, of a person, what was taken from them since; all else never changes.
    """

    actor: Actor
    times: Sequence[Any]
    of_a_service: bool
    keys: KeySource
    kid: str
    key: Any
    """None where Cloud Run had verified it: such a token is not remembered."""

    verified_at: float


class Authenticator:
    """Turns the headers of a request into a verified identity."""

    def __init__(  # noqa: PLR0913 - each is a part of the deployment
        self,
        *,
        project: str,
        addressed: Callable[[str], bool],
        people: KeySource,
        services: KeySource,
        documents: Documents,
        clock: Callable[[], datetime],
        listed: Collection[str] = ("workflows",),
        hands: Mapping[str, frozenset[str]] = MappingProxyType({}),
        behind_cloud_run: bool = False,
        proven: Callable[[Snapshot], bool] = lambda _: False,
    ) -> None:
        """
        Say whose tokens count.

        Args:
            project: The project whose Firebase users and service accounts may call.

            addressed: Whether a service's token that is made out for an address is for this process.

            people: The keys of Firebase.

            services: The keys of Google's service accounts.

            documents: Where revocations are kept.

            clock: The time.

            listed: The service accounts that may ask as services. All others of the project deliver what others
                ask, build or deploy, and ask nothing themselves.

            hands: For each identity, the others that are in the same hands.

            behind_cloud_run: Whether Cloud Run has verified what callers show in `Authorization`, and taken
                its signature away: so it is with every function that not everybody may invoke.

            proven: Whether what is stored of somebody is what one of our writers signed. What gives a role counts
                by that alone.
        """
        self._project, self._addressed = project, addressed
        self._behind_cloud_run = behind_cloud_run
        self._people, self._services = people, services
        self._documents, self._clock = documents, clock
        self._listed, self._hands, self._proven = listed, hands, proven
        self._known: dict[tuple[str, str], tuple[float, Principal | None]] = {}
        self._remembered: dict[bytes, _Known] = {}
        self._remembering = threading.Lock()

    def identify(self, headers: Mapping[str, str], *, revoked_within_s: float) -> Actor:
        """
        Return who asks.

        Behind the gateway a person's token arrives in `X-Forwarded-Authorization`, as the gateway puts its
        own into `Authorization`. Either is believed for its signature; what Cloud Run took the signature from,
        because it verified it, is believed in the one header that it verifies.

        Args:
            headers: The request's headers.

            revoked_within_s: How old our knowledge of revocations may be.

        Raises:
            Unauthenticated: There is no token.
            InvalidToken: The token is malformed, forged, expired, for somebody else, or revoked.
        """
        forwarded = headers.get("X-Forwarded-Authorization")
        given = forwarded or headers.get("Authorization") or ""
        scheme, _, token = given.partition(" ")
        if not given:
            raise Unauthenticated("sign in and send the token as 'Authorization: Bearer …'")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_BYTES:
            raise InvalidToken("the Authorization header must be 'Bearer' and one token")
        # With the other header Cloud Run verifies that one, and leaves this one as it came.
        admitted = self._behind_cloud_run and not (
            forwarded or "X-Serverless-Authorization" in headers
        )
        return self._verified(token.strip(), revoked_within_s, admitted=admitted)

    def _verified(self, token: str, revoked_within_s: float, *, admitted: bool) -> Actor:
        name = hashlib.sha256(token.encode(errors="replace")).digest()
        known = self._remembered.get(name)
        if known is not None and self._stands(known):
            self._in_time(known.times)
        else:
            known = self._read(token, admitted=admitted)
            if known.key is not None:
                self._remember(name, known)
        if known.of_a_service:
            return known.actor
        return self._still(known.actor, revoked_within_s)

    def _stands(self, known: "_Known") -> bool:
        """Say whether the key that a remembered token was verified with is still that key, and it was not long ago."""
        old = time.monotonic() - known.verified_at > REMEMBERED_S
        return not old and known.keys.key(known.kid) is known.key

    def _remember(self, name: bytes, known: "_Known") -> None:
        with self._remembering:
            self._remembered.pop(name, None)
            while len(self._remembered) >= MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[name] = known

    def _read(self, token: str, *, admitted: bool) -> "_Known":
        """Return what a token says, once its signature is verified, and it is for us."""
        try:
            said = jws.parsed(token)
            claims = said.claims
            of_a_service = claims.get("iss") == GOOGLE_ISSUER
            unsigned = said.signature == SIGNATURE_REMOVED
            keys = self._services if of_a_service else self._people
            kid, key = str(said.header.get("kid")), None
            if not (unsigned and admitted and of_a_service):
                key = keys.key(kid)
                jws.verify(said, key)
        except ValueError as error:
            raise InvalidToken(_NOT_VALID) from error
        issuer = f"https://securetoken.google.com/{self._project}"
        right = of_a_service or (claims.get("iss") == issuer and claims.get("aud") == self._project)
        texts = isinstance(claims.get("sub"), str) and isinstance(claims.get("jti", ""), str)
        if not (right and texts and claims.keys() >= _NEEDED):
            raise InvalidToken(_NOT_VALID)
        times = [claims["iat"], claims["exp"], *map(claims.get, _MAY_SAY, (0, 0))]
        self._in_time(times)
        actor = self._service(claims) if of_a_service else self._person(claims)
        return _Known(actor, times, of_a_service, keys, kid, key, time.monotonic())

    def _in_time(self, moments: Sequence[Any]) -> None:
        now = self._clock()
        if not all(isinstance(moment, int) and 0 <= moment < 2**40 for moment in moments):
            raise InvalidToken("the token's times are not numbers; sign in again")
        issued, expires, *begins = (datetime.fromtimestamp(m, UTC) for m in moments)
        if expires <= now - SKEW:
            raise InvalidToken("the token has expired; sign in again", rule="token_expired")
        if max(issued, *begins) > now + SKEW:
            raise InvalidToken("the token is from the future; check the clock and sign in again")

    def _service(self, claims: Mapping[str, Any]) -> Actor:
        if not isinstance(claims["aud"], str) or not self._addressed(claims["aud"]):
            raise InvalidToken("this token is made out for another address")
        name, _, domain = str(claims.get("email", "")).partition("@")
        ours = f"{self._project}.iam.gserviceaccount.com"
        if domain != ours or claims.get("email_verified") is not True:
            raise InvalidToken("this service account is not one of ours")
        if name not in SERVICE_ROLES and name not in self._listed:
            raise InvalidToken("this service account asks nothing of any operation")
        role = SERVICE_ROLES.get(name, Role.SERVICE)
        id = f"service:{name}" if role is Role.SERVICE else role.value
        return Actor(id=id, tenant=PLATFORM, roles=frozenset({role}), same_hands=self._same(id))

    def _person(self, claims: Mapping[str, Any]) -> Actor:
        tenant, subject = claims.get("tenant"), claims["sub"]
        if not isinstance(tenant, str) or not re.fullmatch(TENANT, tenant):
            raise InvalidToken("the token names no tenant; ask your administrator")
        if not isinstance(subject, str) or not re.fullmatch(r"[A-Za-z0-9_.@-]{1,128}", subject):
            raise InvalidToken("the token names no user; sign in again")
        if subject.lower().partition("-")[0] in RESERVED or subject in self._listed:
            raise InvalidToken("no person is called that; ask your administrator")
        _proven(claims, of_staff=tenant == PLATFORM)
        return Actor(
            id=subject,
            tenant=tenant,
            roles=_roles(claims.get("roles"), tenant),
            auth_time=datetime.fromtimestamp(claims.get("auth_time", 0), UTC),
            same_hands=self._same(subject),
        )

    def _same(self, id: str) -> frozenset[str]:
        return self._hands.get(id, frozenset())

    def _still(self, actor: Actor, within_s: float) -> Actor:
        """
        Return a person with the roles that they were given here, or else their token says, and nobody took from them.

        A session is as old as its sign-in, however often its tokens were renewed since.

        Raises:
            InvalidToken: The session was ended.
        """
        place = (actor.tenant, actor.id)
        read_at, known = self._known.get(place, (-1e9, None))
        if time.monotonic() - read_at > within_s:
            found = self._documents.get(Key(actor.tenant, Principal.collection, actor.id))
            known = Principal.from_stored(found.data) if found else None
            if found and known and (known.decided is not None or known.emergency):
                # Whoever writes the store past us takes roles away at the most.
                nothing = {"withdrawn": tuple(Role), "emergency": ()}
                known = known if self._proven(found) else known.model_copy(update=nothing)
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[place] = (time.monotonic(), known)
        if known is None:
            return actor
        if known.valid_after and (not actor.auth_time or actor.auth_time <= known.valid_after):
            raise InvalidToken("this sign-in was ended; sign in again", rule="token_revoked")
        return actor.model_copy(update={"roles": known.roles(actor.roles, self._clock())})


def _proven(claims: Mapping[str, Any], *, of_staff: bool) -> None:
    """Refuse whoever did not prove their address, and staff who signed in with one factor alone."""
    if claims.get("email_verified") is not True:
        raise InvalidToken(
            "confirm your e-mail address, then sign in again", rule="email_unverified"
        )
    said = claims.get("firebase")
    second = said.get("sign_in_second_factor") if isinstance(said, dict) else None
    if of_staff and not (isinstance(second, str) and second):
        raise InvalidToken(
            "staff sign in with a second factor; add one to your account and sign in again",
            rule="second_factor_required",
        )


def _roles(names: Any, tenant: str) -> frozenset[Role]:
    if not isinstance(names, list) or not names:
        raise InvalidToken("the token names no role; ask your administrator")
    if not all(isinstance(name, str) and name in OF_PEOPLE for name in names):
        raise InvalidToken("the token names no role that a person can have; ask your administrator")
    roles = frozenset(Role(name) for name in names)
    if not roles <= (OF_PEOPLE - OF_CUSTOMERS if tenant == PLATFORM else OF_CUSTOMERS):
        raise InvalidToken(
            "the token's roles and tenant do not belong together; ask your administrator"
        )
    return roles
