"""
Open Policy Agent in this process, behind the `PolicyEngine` port: traps and figures in docs/decisions/0037-policy-engine.md.

It is made by the first decision, so that who only reads does without, and never before a fork, which its runtime does not
survive. All that is ever asked is one query, for each other one would compile every rule anew; a bundle is compiled when it
is first asked. Whatever goes wrong in a bundle is that bundle's denial. What a release brought is evaluated in this process,
and what people published in one beside it, which ends where they do not.
"""

import json
import logging
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared import deciding as decided
from shared.deciding import BUSY, PDP_ERROR, Finding, denial
from shared.edge import bundles as rules
from shared.edge import findings
from shared.edge.bundles import BundleSet, NotLoaded
from shared.errors import EnforcementUnavailable

if TYPE_CHECKING:
    from shared.edge.beside import Beside
    from shared.edge.evaluating import Evaluator

log = logging.getLogger("waooaw.policy")

VERSION = "opa/1.20.2"
MAX_INPUT_BYTES = 2 * decided.MAX_INPUT_BYTES
"""How much may be asked at once, with the spaces that JSON has here: what rules work on is bounded."""

MAX_MS = 500
"""How long an evaluation may work, in CPU time: that a machine is busy is no reason to deny. What worked longer is thrown away."""

MAX_WAIT_S = 5
"""How long a decision waits for those before it."""

MAX_WAIT_BESIDE_S = 2
"""How long it waits for rules that people published: whoever waits for what does not end keeps a thread from others."""

MAX_SLOW = 3
"""
How often rules that people published may be thrown away for that, or have their process ended, before they are asked no more:
whoever found the request would have everybody wait as often as they send it.
"""

RUNTIME = {"GOGC": "300", "GOMAXPROCS": "1"}
"""
What the engine's runtime is told by the environment that its process begins with: one decision is made at a time, so a second
thread only costs, and its heap of some MB may treble before it is looked through. That spares a quarter of a decision.
"""

Ask = Callable[[Mapping[str, Any]], tuple[Mapping[str, Any], int]]
"""Answers a question, and says how many ms of a processor that took."""


class _Slow(Exception):
    """Several bundles worked too long together: one of them, it may be."""


_started_in: int | None = None
"""The process in which the engine's runtime was started."""


class OpaEngine:
    """The `PolicyEngine` of one set of bundles."""

    version = VERSION

    def __init__(self, bundles: BundleSet, known: Collection[str] | None = None) -> None:
        """
        Say which rules to ask; nothing is loaded yet.

        Args:
            bundles: The rules.

            known: The bundles that are evaluated in this process, as their work is known to be little: those of the
                release, to the byte. None where this process is there for rules that nobody knows.
        """
        self.bundles = bundles
        here = bundles.names if known is None else bundles.names & frozenset(known)
        self._here = _Here(bundles, here)
        self._beside = _Beside(bundles, bundles.names - here)

    @property
    def digest(self) -> str:
        """The SHA-256 over the whole set of bundles."""
        return self.bundles.digest

    @property
    def selection(self) -> Mapping[str, Sequence[str]]:
        """Which bundles an action asks, by its family."""
        return self.bundles.selection

    @property
    def held(self) -> Mapping[str, str]:
        """The bundles that are asked no more, as they took too much, with what to do about it in words."""
        return dict(self._beside.held)

    def evaluate(
        self, bundles: Sequence[str], document: Mapping[str, Any]
    ) -> Mapping[str, Finding]:
        """
        Return what each of some bundles finds; what goes wrong in one is its denial, by the rule ``PDP_ERROR``.

        Raises:
            EnforcementUnavailable: There is no engine, or not all of these bundles.
        """
        asked = list(dict.fromkeys(bundles))
        if missing := sorted({*asked} - self.bundles.names):
            raise EnforcementUnavailable(
                f"the rules of {', '.join(missing)} are not here, so nothing is decided",
                rule="bundle_missing",
            )
        found: dict[str, Finding] = {}
        here = [one for one in asked if one in self._here.names]
        beside = [one for one in asked if one in self._beside.names]

        def meanwhile() -> None:
            if here:
                found.update(self._here.decide(here, document))

        if beside:
            found |= self._beside.decide(beside, document, meanwhile)
        else:
            meanwhile()
        return {name: found[name] for name in asked}

    def close(self) -> None:
        """Let go of what was compiled; whoever asks again has it compiled again."""
        self._here.close()
        self._beside.close()


class _Place(ABC):
    """Where some bundles are evaluated: one decision at a time."""

    wait_s = MAX_WAIT_S

    def __init__(self, bundles: BundleSet, names: frozenset[str]) -> None:
        self.names = names
        self._bundles = bundles
        self._described: dict[str, frozenset[str]] = {}
        self._lock = Lock()

    def decide(
        self,
        asked: Sequence[str],
        document: Mapping[str, Any],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> dict[str, Finding]:
        """Return what some of these bundles find; what is to be done *meanwhile* is done before they have answered."""
        if not self._lock.acquire(timeout=self.wait_s):
            said = f"too many decisions wait for the rules of {', '.join(asked)}; send this again"
            raise EnforcementUnavailable(said, rule=BUSY, retry_after_s=self.wait_s)
        try:
            with self._begun(asked, document):
                meanwhile()
            return self._decided(asked, document)
        except NotLoaded as error:
            self._close()
            raise EnforcementUnavailable(
                f"the rules are none that may be asked: {error}", rule="bundle_refused"
            ) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of what was compiled."""
        with self._lock:
            self._close()

    @contextmanager
    def _begun(self, asked: Sequence[str], document: Mapping[str, Any]) -> Iterator[None]:
        """Have them begin with it, where they can while something else is done."""
        del asked, document
        yield

    def _decided(self, asked: Sequence[str], document: Mapping[str, Any]) -> dict[str, Finding]:
        ask = self._ready(asked)
        try:
            return self._answered(ask, asked, document)
        except (EnforcementUnavailable, NotLoaded):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a denial
            if len(asked) < 2:
                return {bundle: self._failed(bundle, error) for bundle in asked}
        # One of them spoils what is asked at once: each is asked apart, so that only that one denies.
        return {bundle: self._apart(ask, bundle, document) for bundle in asked}

    def _answered(
        self, ask: Ask, asked: Sequence[str], document: Mapping[str, Any]
    ) -> dict[str, Finding]:
        """
        Return what is found, of what comes in time and is well-formed.

        Raises:
            Exception: The evaluation failed.
        """
        question, size = _question(asked, document)
        if size > MAX_INPUT_BYTES:
            said = f"it is {size} bytes, and {MAX_INPUT_BYTES} may be asked at once; send less"
            return {bundle: denial(bundle, PDP_ERROR, said, "high") for bundle in asked}
        answer, took_ms = ask(question)
        if took_ms > MAX_MS:
            return self._slow(asked, took_ms)
        return {
            bundle: findings.read(bundle, answer.get(bundle), self._codes(bundle))
            for bundle in asked
        }

    def _codes(self, bundle: str) -> frozenset[str]:
        """Return the rules of which a bundle says what they are for: it answers by no other."""
        if bundle not in self._described:
            self._described[bundle] = rules.described(self._bundles.of(bundle))
        return self._described[bundle]

    def _apart(self, ask: Ask, bundle: str, document: Mapping[str, Any]) -> Finding:
        try:
            return self._answered(ask, [bundle], document)[bundle]
        except (EnforcementUnavailable, NotLoaded):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a denial
            return self._failed(bundle, error)

    @abstractmethod
    def _ready(self, asked: Sequence[str]) -> Ask:
        """Return what is asked, with these bundles in it."""

    def _failed(self, bundle: str, error: Exception) -> Finding:
        return findings.failed(bundle, type(error).__name__)

    def _slow(self, asked: Sequence[str], took_ms: int) -> dict[str, Finding]:
        """Return what is found where an evaluation worked too long."""
        said = f"its rules took {took_ms} ms, and {MAX_MS} are allowed; send the same again, or report it"
        return {bundle: denial(bundle, PDP_ERROR, said, "high") for bundle in asked}

    @abstractmethod
    def _close(self) -> None:
        """Let go of what was compiled, by whoever has the lock."""


class _Here(_Place):
    """In this process."""

    def __init__(self, bundles: BundleSet, names: frozenset[str]) -> None:
        super().__init__(bundles, names)
        self._evaluator: Evaluator | None = None
        self._loaded: set[str] = set()

    def _ready(self, asked: Sequence[str]) -> Ask:
        if _started_in not in (None, os.getpid()):
            raise EnforcementUnavailable(
                "the policy engine was started before this process was forked, and does not live here"
            )
        if self._evaluator is None:
            self._evaluator = _made(self._bundles)
        wanted = [one for one in (rules.COMMON, *asked) if one not in self._loaded]
        if wanted:
            _load(self._evaluator, _modules(self._bundles, wanted))
            self._loaded.update(wanted)
        return self._evaluator.answer

    def _close(self) -> None:
        if self._evaluator is not None:
            self._evaluator.close()
        self._evaluator = None
        self._loaded.clear()


class _Beside(_Place):
    """In a process beside this one: a bundle that ends it, or is too slow again and again, is asked no more."""

    wait_s = MAX_WAIT_BESIDE_S

    def __init__(self, bundles: BundleSet, names: frozenset[str]) -> None:
        super().__init__(bundles, names)
        self.held: dict[str, str] = {}
        self._faults: Counter[str] = Counter()
        self._process: Beside | None = None

    @contextmanager
    def _begun(self, asked: Sequence[str], document: Mapping[str, Any]) -> Iterator[None]:
        others = [one for one in asked if one not in self.held]
        # What cannot be asked is denied where it is asked.
        with suppress(TypeError, ValueError, RecursionError):
            question, size = _question(others, document)
            if others and self._process and size <= MAX_INPUT_BYTES:
                self._process.begin(question)
        try:
            yield
        except BaseException:
            # Nobody comes for the answer.
            self._close()
            raise

    def _decided(self, asked: Sequence[str], document: Mapping[str, Any]) -> dict[str, Finding]:
        held = {
            one: denial(one, PDP_ERROR, self.held[one], "high") for one in asked if one in self.held
        }
        others = [one for one in asked if one not in held]
        return held | (super()._decided(others, document) if others else {})

    def _ready(self, asked: Sequence[str]) -> Ask:
        del asked  # it has them all
        if self._process is None:
            self._process = _begun(self._bundles, self.names)
        return self._process.answer

    def _failed(self, bundle: str, error: Exception) -> Finding:
        from shared.edge.beside import Ended, Failed, Gone

        if isinstance(error, Ended):
            return self._hold(
                bundle, f"did not end when they were asked: they took too much {error}"
            )
        if isinstance(error, Failed):
            return findings.failed(bundle, str(error))
        if isinstance(error, Gone) and self._counted(bundle):
            return self._hold(bundle, f"had their process ended {MAX_SLOW} times")
        return super()._failed(bundle, error)

    def _slow(self, asked: Sequence[str], took_ms: int) -> dict[str, Finding]:
        if len(asked) > 1:
            raise _Slow
        (bundle,) = asked
        if self._counted(bundle):
            said = f"took more than {MAX_MS} ms {MAX_SLOW} times, the last time {took_ms}"
            return {bundle: self._hold(bundle, said)}
        return super()._slow(asked, took_ms)

    def _counted(self, bundle: str) -> bool:
        """Count one more fault of a bundle, and say whether that is one too many."""
        self._faults[bundle] += 1
        return self._faults[bundle] >= MAX_SLOW

    def _hold(self, bundle: str, why: str) -> Finding:
        log.error("the rules of %s are asked no more: they %s", bundle, why)
        self.held[bundle] = (
            f"the rules of {bundle} {why}, so whatever asks them is denied here until others are in force; go back to a set"
            " that was in force before, or to the release's own (`POST /v1/policy/bundles`)"
        )
        return denial(bundle, PDP_ERROR, self.held[bundle], "high")

    def _close(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process = None


def _question(asked: Sequence[str], document: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a document as it is asked of some bundles, and how many bytes that is."""
    question = {**document, "bundles": list(asked)}
    return question, len(json.dumps(question, ensure_ascii=False, allow_nan=False).encode())


def _made(bundles: BundleSet) -> "Evaluator":
    global _started_in  # noqa: PLW0603 - there is one runtime in a process
    from shared.edge.evaluating import Evaluator

    try:
        _started_in = os.getpid()
        return Evaluator(sorted(bundles.names), bundles.data)
    except (ImportError, OSError) as error:
        _started_in = None
        raise EnforcementUnavailable(
            f"there is no policy engine in this process ({type(error).__name__})"
        ) from error


def _load(evaluator: "Evaluator", modules: Mapping[str, str]) -> None:
    from opa_bindings import OpaError

    rules.look(modules)
    try:
        evaluator.load(modules)
    except OpaError as error:
        raise NotLoaded(error.message) from error


def _begun(bundles: BundleSet, names: frozenset[str]) -> "Beside":
    from shared.edge.beside import Beside

    modules = _modules(bundles, [rules.COMMON, *sorted(names)])
    rules.look(modules)
    return Beside({"names": sorted(names), "modules": modules, "data": bundles.data})


def _modules(bundles: BundleSet, names: Sequence[str]) -> dict[str, str]:
    return {path: source for name in names for path, source in bundles.of(name).items()}
