"""
Governed or not running: whether this process decides by the rules in force, looked at again and again.

A look takes a canary, a request that must be denied beside its twin that must be allowed, through the engine; holds the
files of the rules to what was put in force, and that to the signature it was put in force with; and signs something with
the writer's key. Whatever is wrong turns every mutation into a 503 until a later look finds it well again. Nothing that
a deployment sets has a say in it.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from shared import verification
from shared.actors import PLATFORM
from shared.deciding import BUSY, Finding, PolicyEngine
from shared.documents import Condition, Documents, Key, Query, Snapshot
from shared.edge import bundles
from shared.edge.bundles import BundleSet
from shared.edge.canary import canary
from shared.edge.keys import FileSigner
from shared.edge.meter import doing
from shared.edge.outages import Outages
from shared.edge.settings import Settings
from shared.enforcing import Enforcement, Judgement, Level, Rules
from shared.errors import EnforcementUnavailable
from shared.evidence import Entry, Signer, Verify, signed_bytes
from shared.policy.models.sets import PolicySet
from shared.policy.models.standing import STANDING, PolicyStanding
from shared.records import dataclass
from shared.release import VERSION

log = logging.getLogger("waooaw.enforcement")

LOOK = timedelta(seconds=30)
"""How long a look holds that found all well."""

AGAIN = timedelta(seconds=5)
"""How long one holds that did not: what is mended is noticed sooner."""

GLANCE = timedelta(seconds=5)
"""How long a process in the cloud goes by the freeze that it read; one machine reads it each time."""

TOLERATED = timedelta(seconds=60)
"""How long a process may still decide by the rules before, once others were put in force; and by a look, while the next takes long."""

PLACE = Key(PLATFORM, PolicyStanding.collection, STANDING)


class Canary(Protocol):
    """Takes the canaries through an engine."""

    def __call__(self, engine: PolicyEngine, at: datetime, *, every: bool) -> str:
        """Say in words what is wrong, of all bundles or of those that everybody has; nothing where nothing is."""


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
        shipped: Callable[[], BundleSet],
        engine: Callable[[BundleSet], PolicyEngine],
        canary: Canary,
        key: Callable[[], str],
        documents: Documents,
        signer: Signer,
        trusted: Verify,
        glance: timedelta = GLANCE,
    ) -> None:
        """
        Say what to look at; nothing is looked at before the first question.

        Args:
            shipped: Returns the rules that came with this release, as they lie beside the code now.

            engine: Makes the engine of some rules.

            canary: Takes the canaries through an engine, and says in words what is wrong; nothing where nothing is.

            key: Says in words what is wrong with the writer's key; nothing where nothing is.

            documents: Where it is written what is in force.

            signer: The writer's key.

            trusted: Whose signatures count.

            glance: How long the freeze is gone by that was read.
        """
        self._shipped, self._make, self._canary, self._key = shipped, engine, canary, key
        self._documents, self._signer, self._trusted = documents, signer, trusted
        self._glance = glance
        self._engine: PolicyEngine | None = None
        self._last: _Look | None = None
        self._looking = threading.Lock()
        self._outages = Outages(documents)

    def state(self, at: datetime) -> Enforcement:
        """Say how it is, by a look that is at most half a minute old."""
        return self._looked(at).state

    def offered(self) -> Rules:
        """Return the rules that came with this release, as they lie beside the code now."""
        return _rules(self._shipped())

    def asked(
        self, rules: Rules, documents: Sequence[Mapping[str, Any]]
    ) -> tuple[Mapping[str, Finding], ...]:
        """Return what some rules find about documents, apart from what decides."""
        from shared.edge.judging import asked

        return asked(_set(rules), documents)

    def composed(self, kept: Mapping[str, str], own: Mapping[str, str]) -> Rules:
        """Return what somebody wrote, over a set that is kept, with the guards of this release."""
        return _rules(bundles.composed(self._shipped(), kept, own))

    def judge(
        self, rules: Rules, own: Collection[str], tests: Mapping[str, str], at: datetime
    ) -> Judgement:
        """Judge whether rules may come into force."""
        # Who publishes nothing does not load what judges it.
        from shared.edge.judging import apart, judged

        return judged(_set(rules), self._shipped(), own, tests, at, apart)

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
        with doing("edge.enforcement"):
            return self._meanwhile(at) or self._waited(at)

    def _meanwhile(self, at: datetime) -> _Look | None:
        """
        Return the last look while another thread looks, as long as what it found may be gone by; None where this one must.

        Rules that people published may take seconds to answer their canary, and everybody would wait for them.
        """
        last = self._last
        if last is None or not self._looking.locked() or not _holds(last.at, at, TOLERATED):
            return None
        standing = self._documents.get(PLACE)
        same = last.revision == (standing.revision if standing else None)
        return last if same and not self._lost(last) else None

    def _waited(self, at: datetime) -> _Look:
        with self._looking:
            standing = self._documents.get(PLACE)
            last, revision = self._last, standing.revision if standing else None
            same = last is not None and last.revision == revision
            if last and same and _holds(last.at, at, _lasting(last)) and not self._lost(last):
                now = _Look(last.at, at, revision, last.state, last.engine)
            else:
                now = self._look(standing, at)
            self._last = now
            return now

    def _lost(self, look: _Look) -> bool:
        """Say whether the writer's key went since a look that found it: whoever asks next is told, and not in half a minute."""
        return look.state.level == "effective" and bool(self._key())

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
        if level != (before.level if before else "effective"):
            log.log(
                logging.WARNING if level == "effective" else logging.ERROR,
                "enforcement is %s: %s",
                level,
                state.says or "all is well again",
            )
        if standing is not None:
            self._outages.note(state, at)
        return _Look(at, at, standing.revision if standing else None, state, self._engine)

    # --- what may be wrong, the gravest first ----------------------------------------------------

    def _troubles(self, standing: Snapshot | None, at: datetime) -> Iterator[Trouble]:
        """Yield what is wrong: the key, what is in force, the engine, the canary."""
        yield from self._keys()
        if standing is None:
            yield Trouble(
                "bundle_missing",
                "no set of policy bundles was ever put in force here; a deployment, or the start of one machine, does it",
            )
            return
        if found := self._unproven(standing):
            yield found
            return
        yield from self._running(PolicyStanding.from_stored(standing.data), at)
        yield from self._canaries(at)
        for says in self._engine.held.values() if self._engine else ():
            yield Trouble("endless", says, "degraded")

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
        """Hold what is said to be in force to the signed entry that put it there, and that to be the last that there is."""
        audit = standing.data.get("audit") or {}
        found = self._since(audit.get("n"))
        entry = found[0] if found and found[0].key.id == audit.get("entry") else None
        if entry is None or verification.disagreement(standing.data, entry.data):
            says = "nothing proves which policy bundles are in force: the record is not what its last entry says; restore it"
            return Trouble("bundle_unsigned", says)
        kid, signature = str(entry.data.get("kid")), str(entry.data.get("sig"))
        if not self._trusted(kid, signed_bytes(entry.data), signature):
            says = "what says which policy bundles are in force is signed by nobody who is trusted; restore it"
            return Trouble("bundle_unsigned", says)
        return self._rolled_back(standing) if found[1:] else None

    def _since(self, number: object) -> list[Snapshot]:
        """Return the entry of that number and the next: asked for together, as each look pays for what it reads."""
        if not isinstance(number, int):
            return []
        since = Condition("eseq", ">=", number)
        named = Condition("entity", "==", f"{PLACE.collection}/{PLACE.id}")
        query = Query(Entry.collection, (named, since), (("eseq", "asc"),), limit=2)
        return list(self._documents.find(PLATFORM, query))

    def _rolled_back(self, standing: Snapshot) -> Trouble | None:
        """Tell of a record that has later entries: an old one has a proof, too."""
        now = self._documents.get(PLACE)
        if now is not None and now.revision != standing.revision:
            # It was changed while this looked, and is looked at again.
            return None
        says = "what is in force, or the freeze, was put back to what it once was: its record has later entries; restore it"
        return Trouble("standing_rolled_back", says)

    def _running(self, standing: PolicyStanding, at: datetime) -> Iterator[Trouble]:
        """Have the engine be of the rules in force."""
        try:
            rules = self._in_force(standing)
            if self._engine is None or self._engine.digest != rules.digest:
                self._engine = self._make(rules)
        except EnforcementUnavailable as error:
            found = _told(error, "engine_missing")
        except Exception as error:
            log.exception("the policy engine does not start")
            found = Trouble(
                "engine_missing",
                f"the policy engine does not start ({type(error).__name__}); install what requirements.txt locks",
            )
        else:
            return
        others = self._engine is not None and self._engine.digest != standing.bundle
        if others and at - standing.since <= TOLERATED:
            # Others were put in force a moment ago, and those before still decide.
            found = Trouble("bundle_stale", found.says, "degraded")
        yield found

    def _in_force(self, standing: PolicyStanding) -> BundleSet:
        """
        Return the rules in force: of this release those that lie beside the code, and no others; else those that are kept.

        Raises:
            EnforcementUnavailable: They are not there, or are others.
        """
        if standing.approval_id is not None or standing.release != VERSION:
            kept = self._kept(standing.bundle)
            if kept is None:
                said = "the policy bundles that were put in force are not kept; restore the store, or put others in force"
                raise EnforcementUnavailable(said, rule="bundle_missing")
            return kept
        lying = self._shipped()
        if lying.digest != standing.bundle:
            raise _others(lying, self._kept(standing.bundle))
        return lying

    def _kept(self, digest: str) -> BundleSet | None:
        found = self._documents.get(Key(PLATFORM, PolicySet.collection, digest))
        if found is None:
            return None
        rules = _set(PolicySet.from_stored(found.data))
        return rules if rules.digest == digest else None

    def _canaries(self, at: datetime) -> Iterator[Trouble]:
        if self._engine is None:
            return
        # A cold process asks what it has; once it is warm, it asks every bundle.
        again = self._last is not None and self._last.engine is self._engine
        busy: Trouble | None = None
        try:
            try:
                says = self._canary(self._engine, at, every=again)
            except EnforcementUnavailable as error:
                busy = _told(error, "engine_missing")
                if not again or busy.rule != BUSY:
                    raise
                # What people published is asked something that takes long; that is no reason to hold up all else.
                says = self._canary(self._engine, at, every=False)
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
        if busy:
            yield busy._replace(level="degraded")


def enforcement(
    settings: Settings, documents: Documents, signer: Signer, trusted: Verify
) -> LiveEnforcement:
    """Return the looks of a process at the rules in force, by the engine of policy."""
    return LiveEnforcement(
        shipped=_shipped,
        engine=_engine,
        canary=canary,
        key=signer.lost if isinstance(signer, FileSigner) else str,
        documents=documents,
        signer=signer,
        trusted=trusted,
        glance=timedelta() if settings.local else GLANCE,
    )


def _engine(rules: BundleSet) -> PolicyEngine:
    from shared.edge.opa import OpaEngine

    try:
        known = rules.alike(bundles.shipped())
    except (OSError, ValueError):
        # They are gone from beside the code, and what was published decides without them.
        known = frozenset()
    return OpaEngine(rules, known)


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


def _rules(found: BundleSet) -> Rules:
    return Rules(
        digest=found.digest, modules=found.modules, selection=found.selection, data=found.data
    )


def _set(rules: Rules | PolicySet) -> BundleSet:
    return BundleSet(rules.modules, rules.selection, rules.data)


def _others(lying: BundleSet, kept: BundleSet | None) -> EnforcementUnavailable:
    """Say what of the rules beside the code is not what was put in force."""
    then = kept.modules if kept else {}
    gone = [path for path in then if path not in lying.modules]
    other = [path for path, text in lying.modules.items() if kept and then.get(path) != text]
    said = [
        *([f"{', '.join(gone)} of policies/ is gone"] if gone else ()),
        *([f"{', '.join(other)} of policies/ is not what was put in force"] if other else ()),
    ] or ["what lies in policies/ is not what was put in force"]
    return EnforcementUnavailable(
        f"{', and '.join(said)}; restore it, and publish what is to be otherwise (`POST /v1/policy/bundles`)",
        rule="bundle_missing" if gone else "bundle_unsigned",
    )


def _told(error: EnforcementUnavailable, otherwise: str) -> Trouble:
    rule = error.violations[0].rule if error.violations else otherwise
    return Trouble(rule, error.detail)


def _lasting(look: _Look) -> timedelta:
    return LOOK if look.state.level == "effective" else AGAIN


def _holds(seen: datetime, at: datetime, lasting: timedelta) -> bool:
    """Say whether what was seen still holds: not where a clock went back."""
    return timedelta() <= at - seen < lasting
