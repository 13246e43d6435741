"""
Open Policy Agent in this process, behind the `PolicyEngine` port: traps and figures in docs/decisions/0037-policy-engine.md.

It is made by the first decision, so that who only reads does without, and never before a fork, which its runtime does not
survive. All that is ever asked is one query, for each other one would compile every rule anew; a bundle is compiled when it
is first asked. Whatever goes wrong in a bundle is that bundle's denial.
"""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.deciding import Finding, denial
from shared.edge import bundles as rules
from shared.edge.bundles import BundleSet, NotLoaded
from shared.errors import EnforcementUnavailable

if TYPE_CHECKING:
    from opa_bindings import OpaEngine as Library

VERSION = "opa/1.20.2"
MAX_INPUT_BYTES = 256 * 1024
"""How much may be asked at once: an evaluation cannot be stopped, so what it works on is bounded."""

MAX_MS = 500
"""How long an evaluation may work, in CPU time: that a machine is busy is no reason to deny. What worked longer is thrown away."""

MAX_WAIT_S = 5
"""How long a decision waits for those before it."""

RUNTIME = {"GOGC": "300", "GOMAXPROCS": "1"}
"""
What the engine's runtime is told by the environment that its process begins with: one decision is made at a time, so a second
thread only costs, and its heap of some MB may treble before it is looked through. That spares a quarter of a decision.
"""

_RULE = "PDP_ERROR"
_MEMBERS = {"allow": bool, "reasons": list, "obligations": list, "approval": dict, "matched": list}
_CODE = r"[A-Za-z0-9_.-]{1,64}"
_ENTRY = "waooaw.decisions"

_started_in: int | None = None
"""The process in which the engine's runtime was started."""


class OpaEngine:
    """The `PolicyEngine` of one set of bundles."""

    version = VERSION

    def __init__(self, bundles: BundleSet) -> None:
        """Say which rules to ask; nothing is loaded yet."""
        self.bundles = bundles
        self._lock = Lock()
        self._library: Library | None = None
        self._loaded: set[str] = set()

    @property
    def digest(self) -> str:
        """The SHA-256 over the whole set of bundles."""
        return self.bundles.digest

    @property
    def selection(self) -> Mapping[str, Sequence[str]]:
        """Which bundles an action asks, by its family."""
        return self.bundles.selection

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
        _here()
        if not self._lock.acquire(timeout=MAX_WAIT_S):
            raise EnforcementUnavailable("too many decisions wait for the policy engine")
        try:
            library = self._ready(asked)
            try:
                return _answered(library, asked, document)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a denial
                if len(asked) < 2:
                    return {bundle: _failed(bundle, error) for bundle in asked}
            # One of them spoils what is asked at once: each is asked apart, so that only that one denies.
            return {bundle: _apart(library, bundle, document) for bundle in asked}
        finally:
            self._lock.release()

    def _ready(self, asked: Sequence[str]) -> "Library":
        """Return the engine with these bundles in it."""
        try:
            if self._library is None:
                self._library = _made(self.bundles)
            wanted = [bundle for bundle in asked if bundle not in self._loaded]
            if wanted:
                self._load(self._library, wanted)
        except NotLoaded as error:
            self._close()
            raise EnforcementUnavailable(
                f"the rules are none that may be asked: {error}", rule="bundle_refused"
            ) from error
        return self._library

    def close(self) -> None:
        """Let go of what was compiled; whoever asks again has it compiled again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._library is not None:
            self._library.close()
        self._library = None
        self._loaded.clear()

    def _load(self, library: "Library", wanted: Sequence[str]) -> None:
        from opa_bindings import OpaError

        modules = {
            path: source for name in wanted for path, source in self.bundles.of(name).items()
        }
        rules.look(modules)
        try:
            for path, source in modules.items():
                library.add_policy(path, source)
            # What does not compile together is said now, and not taken for a slow decision.
            library.eval_document(_ENTRY, {"bundles": []})
        except OpaError as error:
            raise NotLoaded(error.message) from error
        self._loaded.update(wanted)


def _here() -> None:
    """Have the engine's runtime be of this very process: one that was copied by a fork answers nobody."""
    if _started_in not in (None, os.getpid()):
        raise EnforcementUnavailable(
            "the policy engine was started before this process was forked, and does not live here"
        )


def _made(bundles: BundleSet) -> "Library":
    global _started_in  # noqa: PLW0603 - there is one runtime in a process
    try:
        from opa_bindings import OpaEngine as Library
        from opa_bindings import OpaError

        _started_in = os.getpid()
        library = Library()
    except (ImportError, OSError) as error:
        _started_in = None
        raise EnforcementUnavailable(
            f"there is no policy engine in this process ({type(error).__name__})"
        ) from error
    library.print_handler = lambda *_: None
    common = bundles.of(rules.COMMON)
    rules.look(common)
    try:
        library.add_data(dict(bundles.data))
        for path, source in {**common, "waooaw.rego": _entry(bundles)}.items():
            library.add_policy(path, source)
    except OpaError as error:
        raise NotLoaded(error.message) from error
    return library


def _entry(bundles: BundleSet) -> str:
    """Return the module that asks all bundles that were named: of a bundle that is not named no rule is evaluated."""
    asking = [
        f'decisions["{name}"] := data.{name}.decision if "{name}" in input.bundles'
        for name in sorted(bundles.names)
    ]
    return "\n".join(["package waooaw", *asking, ""])


def _answered(
    library: "Library", asked: Sequence[str], document: Mapping[str, Any]
) -> dict[str, Finding]:
    """
    Return what is found, of what comes in time and is well-formed.

    Raises:
        Exception: The evaluation failed.
    """
    question = {**document, "bundles": list(asked)}
    size = len(json.dumps(question, ensure_ascii=False, allow_nan=False).encode())
    if size > MAX_INPUT_BYTES:
        said = f"it is {size} bytes, and {MAX_INPUT_BYTES} may be asked at once; send less"
        return {bundle: denial(bundle, _RULE, said, "high") for bundle in asked}
    # The engine evaluates in the thread that calls it.
    began = time.thread_time()
    answer = library.eval_document(_ENTRY, question)
    took_ms = round((time.thread_time() - began) * 1000)
    if took_ms > MAX_MS:
        said = f"its rules took {took_ms} ms, and {MAX_MS} are allowed; send the same again, or report it"
        return {bundle: denial(bundle, _RULE, said, "high") for bundle in asked}
    return {bundle: _read(bundle, answer.get(bundle)) for bundle in asked}


def _apart(library: "Library", bundle: str, document: Mapping[str, Any]) -> Finding:
    try:
        return _answered(library, [bundle], document)[bundle]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a denial
        return _failed(bundle, error)


def _failed(bundle: str, error: Exception) -> Finding:
    """Return the denial of a bundle whose rules failed: the class of what was raised, and nothing of what was asked."""
    said = (
        f"the rules of {bundle} could not be evaluated ({type(error).__name__}), so this is denied;"
        " that is a fault of theirs or of the facts, which those who look after the platform can see"
    )
    return denial(bundle, _RULE, said, "high")


def _read(bundle: str, said: Any) -> Finding:
    """Return what a bundle answered; what has not exactly the shape of an answer is a denial."""
    if said is None:
        why = f"the rules of {bundle} answer nothing to this, so it is denied"
        return denial(bundle, _RULE, why, "high")
    finding = _finding(bundle, said) if isinstance(said, dict) else None
    if finding is None:
        why = f"the rules of {bundle} answer in a shape that is none, so this is denied"
        return denial(bundle, _RULE, why, "high")
    return finding


def _finding(bundle: str, said: Mapping[str, Any]) -> Finding | None:
    if said.keys() - _MEMBERS.keys() or type(said.get("allow")) is not bool:
        return None
    if any(not isinstance(value, _MEMBERS[name]) for name, value in said.items()):
        return None
    try:
        reasons = [{**one, "policy": bundle} for one in said.get("reasons", ())]
        codes = [
            *said.get("matched", ()),
            *(one["rule"] for one in reasons),
            *(one["source_rule"] for one in said.get("obligations", ())),
        ]
        matched = _matched(bundle, tuple(codes))
        if matched is None:
            return None
        if not any(said.get(member) for member in ("reasons", "obligations", "approval")):
            return _plain(matched, allow=said["allow"])
        return Finding.model_validate({**said, "reasons": reasons, "matched": matched})
    except (TypeError, KeyError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _matched(bundle: str, codes: tuple[object, ...]) -> tuple[str, ...] | None:
    """Return the rules that matched, as ``bundle/rule``; None where one is no code."""
    if not all(isinstance(code, str) and re.fullmatch(_CODE, code) for code in codes):
        return None
    return tuple(f"{bundle}/{code}" for code in dict.fromkeys(codes))


@lru_cache(maxsize=1024)
def _plain(matched: tuple[str, ...], *, allow: bool) -> Finding:
    """Return a finding with nothing to it: nothing is to be validated, for which a cold function would build models."""
    return Finding.model_construct(allow=allow, matched=matched)
