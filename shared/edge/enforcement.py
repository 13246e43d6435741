"""
Governed or not running: whether this process decides by the rules in force, looked at again and again.

A look takes a canary, a request that must be denied beside its twin that must be allowed, through the engine; holds the
files of the rules to what was put in force, and that to the signature it was put in force with; and signs something with
the writer's key. Whatever is wrong turns every mutation into a 503 until a later look finds it well again. Nothing that
a deployment sets has a say in it.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from shared import verification
from shared.actors import PLATFORM
from shared.deciding import PolicyEngine
from shared.documents import Documents, Key, Snapshot
from shared.edge import bundles
from shared.edge.bundles import BundleSet
from shared.edge.canary import canary
from shared.edge.keys import FileSigner
from shared.edge.meter import doing
from shared.edge.settings import Settings
from shared.enforcing import Enforcement, Level
from shared.errors import EnforcementUnavailable
from shared.evidence import Entry, Signer, Verify, signed_bytes
from shared.policy.models.standing import STANDING, PolicyStanding
from shared.records import dataclass

log = logging.getLogger("waooaw.enforcement")

LOOK = timedelta(seconds=30)
"""How long a look holds that found all well."""

AGAIN = timedelta(seconds=5)
"""How long one holds that did not: what is mended is noticed sooner."""

GLANCE = timedelta(seconds=5)
"""How long a process in the cloud goes by the freeze that it read; one machine reads it each time."""

TOLERATED = timedelta(seconds=60)
"""How long a process may still decide by the rules before, once others were put in force."""

PLACE = Key(PLATFORM, PolicyStanding.collection, STANDING)


class Trouble(NamedTuple):
    """What is wrong: as a rule, and in words with what to do."""

    rule: str
    says: str
    level: Level = "off"


@dataclass(frozen=True)
class _Look:
    """What a look found."""

    at: datetime
    read_at: datetime
    revision: str | None
    """Of the standing that was read; None where there is none."""

    state: Enforcement
    engine: PolicyEngine | None


class LiveEnforcement:
    """The `Enforcing` port: the looks of one process."""

    def __init__(
        self,
        *,
        engine: Callable[[], PolicyEngine],
        files: Callable[[], str],
        canary: Callable[[PolicyEngine, datetime], str],
        key: Callable[[], str],
        documents: Documents,
        signer: Signer,
        trusted: Verify,
        glance: timedelta = GLANCE,
    ) -> None:
        """
        Say what to look at; nothing is looked at before the first question.

        Args:
            engine: Makes the engine out of the rules that lie beside the code, once more at each call.

            files: Returns the digest of those rules as they lie there now.

            canary: Takes the canaries through an engine, and says in words what is wrong; nothing where nothing is.

            key: Says in words what is wrong with the writer's key; nothing where nothing is.

            documents: Where it is written what is in force.

            signer: The writer's key.

            trusted: Whose signatures count.

            glance: How long the freeze is gone by that was read.
        """
        self._make, self._files, self._canary, self._key = engine, files, canary, key
        self._documents, self._signer, self._trusted = documents, signer, trusted
        self._glance = glance
        self._engine: PolicyEngine | None = None
        self._ran: set[str] = set()
        """The digests of the rules that this process found in force."""

        self._last: _Look | None = None
        self._looking = threading.Lock()

    def state(self, at: datetime) -> Enforcement:
        """Say how it is, by a look that is at most half a minute old."""
        return self._looked(at).state

    def offered(self) -> str:
        """Return the digest of the rules that came with this release, as they lie beside the code now."""
        return self._files()

    def engine(self, at: datetime) -> PolicyEngine:
        """
        Return the engine that decides by the rules in force.

        Raises:
            EnforcementUnavailable: There is none, or what it decides would not hold.
            StoreUnavailable: What is in force cannot be read.
        """
        look = self._looked(at)
        look.state.demand()
        if look.engine is None:
            raise EnforcementUnavailable("there is no policy engine", rule="engine_missing")
        return look.engine

    def _looked(self, at: datetime) -> _Look:
        last = self._last
        if last and _holds(last.read_at, at, self._glance) and _holds(last.at, at, _lasting(last)):
            return last
        with doing("edge.enforcement"), self._looking:
            standing = self._documents.get(PLACE)
            last, revision = self._last, standing.revision if standing else None
            if last and last.revision == revision and _holds(last.at, at, _lasting(last)):
                now = _Look(last.at, at, revision, last.state, last.engine)
            else:
                now = self._look(standing, at)
            self._last = now
            return now

    def _look(self, standing: Snapshot | None, at: datetime) -> _Look:
        before = self._last.state if self._last else None
        trouble = next(self._troubles(standing, at), None)
        level: Level = trouble.level if trouble else "effective"
        data = standing.data if standing else {}
        frozen = bool(data.get("frozen"))
        state = Enforcement(
            level=level,
            rule=trouble.rule if trouble else None,
            says=trouble.says if trouble else "",
            since=before.since if before and before.level == level else at,
            bundle=self._engine.digest if self._engine else None,
            frozen=frozen,
            freeze_reason=data.get("freeze_reason") if frozen else None,
        )
        if before and before.level != level:
            log.log(
                logging.WARNING if level == "effective" else logging.ERROR,
                "enforcement is %s: %s",
                level,
                state.says or "all is well again",
            )
        return _Look(at, at, standing.revision if standing else None, state, self._engine)

    # --- what may be wrong, the gravest first ----------------------------------------------------

    def _troubles(self, standing: Snapshot | None, at: datetime) -> Iterator[Trouble]:
        """Yield what is wrong: the engine, the files, what is in force, the key, the canary."""
        if found := self._started():
            yield found
            return
        yield from self._keys()
        if standing is None:
            yield Trouble(
                "bundle_missing",
                "no set of policy bundles was ever put in force here; a deployment, or the start of one machine, does it",
            )
            return
        if found := self._unproven(standing):
            yield found
        yield from self._beside(standing, at)
        yield from self._canaries(at)

    def _started(self) -> Trouble | None:
        """Make the engine where there is none yet."""
        if self._engine is not None:
            return None
        try:
            self._engine = self._make()
        except EnforcementUnavailable as error:
            return _told(error, "engine_missing")
        except Exception as error:
            log.exception("the policy engine does not start")
            return Trouble(
                "engine_missing",
                f"the policy engine does not start ({type(error).__name__}); install what requirements.txt locks",
            )
        return None

    def _keys(self) -> Iterator[Trouble]:
        if says := self._key():
            yield Trouble("key_missing", says)
            return
        message = b"a look at whether decisions can be signed"
        try:
            kid, signature = self._signer.sign(message)
        except Exception as error:
            log.exception("the writer key does not sign")
            says = f"the writer key does not sign ({type(error).__name__}), so no decision can be attested; restore it"
            yield Trouble("key_missing", says)
            return
        if not self._trusted(kid, message, signature):
            says = f"nobody trusts the writer key {kid}; publish its public half, or restore the key that was there"
            yield Trouble("key_missing", says)

    def _unproven(self, standing: Snapshot) -> Trouble | None:
        """Hold what is said to be in force to the signed entry that put it there."""
        entry_id = (standing.data.get("audit") or {}).get("entry")
        entry = entry_id and self._documents.get(Key(PLATFORM, Entry.collection, str(entry_id)))
        if not entry or verification.disagreement(standing.data, entry.data):
            says = "nothing proves which policy bundles are in force: the record is not what its last entry says; restore it"
            return Trouble("bundle_unsigned", says)
        kid, signature = str(entry.data.get("kid")), str(entry.data.get("sig"))
        if not self._trusted(kid, signed_bytes(entry.data), signature):
            says = "what says which policy bundles are in force is signed by nobody who is trusted; restore it"
            return Trouble("bundle_unsigned", says)
        return None

    def _beside(self, standing: Snapshot, at: datetime) -> Iterator[Trouble]:
        """Hold the engine, and the files that it was made from, to what is in force."""
        asked = str(standing.data["bundle"])
        try:
            lying = self._files()
        except EnforcementUnavailable as error:
            yield _told(error, "bundle_missing")
            return
        if lying == asked and self._engine and self._engine.digest != asked:
            # What lies there is what is in force, and was not when the engine was made.
            self._engine = None
            if found := self._started():
                yield found
                return
        running = self._engine.digest if self._engine else ""
        if running == asked == lying:
            self._ran.add(asked)
            return
        if running in self._ran and running == lying:
            since = PolicyStanding.from_stored(standing.data).since
            late = at - since > TOLERATED
            says = "other policy bundles were put in force, and this process still has those before; start it anew"
            yield Trouble("bundle_stale", says, "off" if late else "degraded")
            return
        says = (
            "the policy bundles beside this code are not those in force:"
            f" their digest is {lying[:12]}, not {asked[:12]}; restore policies/, or have the others put in force"
        )
        yield Trouble("bundle_unsigned", says)

    def _canaries(self, at: datetime) -> Iterator[Trouble]:
        if self._engine is None:
            return
        try:
            says = self._canary(self._engine, at)
        except EnforcementUnavailable as error:
            yield _told(error, "engine_missing")
            return
        except Exception as error:
            log.exception("the canary cannot be asked")
            says = f"the policy engine does not answer the canary ({type(error).__name__}); start this process anew"
            yield Trouble("engine_missing", says)
            return
        if says:
            yield Trouble("canary_allowed", says)


def enforcement(
    settings: Settings, documents: Documents, signer: Signer, trusted: Verify
) -> LiveEnforcement:
    """Return the looks of a process at the rules that lie beside its code, by the engine of policy."""
    return LiveEnforcement(
        engine=_engine,
        files=_lying,
        canary=canary,
        key=signer.lost if isinstance(signer, FileSigner) else str,
        documents=documents,
        signer=signer,
        trusted=trusted,
        glance=timedelta() if settings.local else GLANCE,
    )


def _engine() -> PolicyEngine:
    from shared.edge.opa import OpaEngine

    return OpaEngine(_shipped())


def _lying() -> str:
    return _shipped().digest


def _shipped() -> BundleSet:
    """
    Return the bundles that lie beside the code.

    Raises:
        EnforcementUnavailable: They do not.
    """
    try:
        return bundles.shipped()
    except (OSError, ValueError) as error:
        said = f"the policy bundles are not beside this code ({type(error).__name__}); restore policies/"
        raise EnforcementUnavailable(said, rule="bundle_missing") from error


def _told(error: EnforcementUnavailable, otherwise: str) -> Trouble:
    rule = error.violations[0].rule if error.violations else otherwise
    return Trouble(rule, error.detail)


def _lasting(look: _Look) -> timedelta:
    return LOOK if look.state.level == "effective" else AGAIN


def _holds(seen: datetime, at: datetime, lasting: timedelta) -> bool:
    """Say whether what was seen still holds: not where a clock went back."""
    return timedelta() <= at - seen < lasting
