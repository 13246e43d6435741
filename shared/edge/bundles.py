"""
The bundles of rules: what they are made of, the digest that names them, and what no rule may contain.

A bundle is a folder of Rego modules of one package, `policies/<bundle>`, or what was stored of one. Rules are to give the
same answer to the same input for ever, to whoever asks again, and to end: so each builtin of the engine is judged here, and
a module that names one that is refused is not loaded. What stands in no suspicious word is not parsed for that: a builtin
cannot be called but by its name, and parsing costs a cold function more than all else of its decision.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.actors import permissions
from shared.canonical import canonical
from shared.records import dataclass

ROOT = Path(__file__).parents[2] / "policies"
COMMON = "shape"
"""The package that all bundles may call: whether what they were asked has the members that they look at."""

GUARDS = frozenset({"governor_role", "agent_budget", "rbac", "sandbox_routing", COMMON})
"""What always comes with the release: who may do what, within which budget and where to is no matter of publishing."""

TAKEN = frozenset({"limits", "roles", "waooaw"})
"""What no bundle may be called: what rules look up, and the package that asks them all."""

_NOT_AGAIN = "its answer is another one when a decision is replayed"
_OUTSIDE = "it reaches outside of the process"
_LOGS = "what is asked would be in the logs"
_KEYS = "keys and secrets are not for rules"
_ENDLESS = "its work is bounded by nothing"
_WEAK = "its digest is too weak"
_ZONES = "it depends on the time zones of the machine; ask `input.context`"
_TEXTS = "texts in other languages are not for rules"

MAX_BYTES = 1024 * 1024
"""How large all modules of a set may be together: a look loads them within a request."""

REFUSED: Mapping[str, str] = {
    "http.send": _OUTSIDE,
    "net.lookup_ip_addr": _OUTSIDE,
    "json.match_schema": _OUTSIDE,
    "json.verify_schema": _OUTSIDE,
    "opa.runtime": _NOT_AGAIN,
    "time.now_ns": _NOT_AGAIN,
    "rand.intn": _NOT_AGAIN,
    "uuid.rfc4122": _NOT_AGAIN,
    "print": _LOGS,
    "trace": _LOGS,
    "internal.print": _LOGS,
    "internal.test_case": _LOGS,
    "crypto.hmac.equal": _KEYS,
    "crypto.hmac.md5": _KEYS,
    "crypto.hmac.sha1": _KEYS,
    "crypto.hmac.sha256": _KEYS,
    "crypto.hmac.sha512": _KEYS,
    "crypto.parse_private_keys": _KEYS,
    "crypto.x509.parse_and_verify_certificates": _NOT_AGAIN,
    "crypto.x509.parse_and_verify_certificates_with_options": _NOT_AGAIN,
    "crypto.x509.parse_certificate_request": _KEYS,
    "crypto.x509.parse_certificates": _KEYS,
    "crypto.x509.parse_keypair": _KEYS,
    "crypto.x509.parse_rsa_private_key": _KEYS,
    "io.jwt.decode": _KEYS,
    "io.jwt.decode_verify": _NOT_AGAIN,
    "io.jwt.encode_sign": _KEYS,
    "io.jwt.encode_sign_raw": _KEYS,
    "io.jwt.verify_eddsa": _KEYS,
    "io.jwt.verify_es256": _KEYS,
    "io.jwt.verify_es384": _KEYS,
    "io.jwt.verify_es512": _KEYS,
    "io.jwt.verify_hs256": _KEYS,
    "io.jwt.verify_hs384": _KEYS,
    "io.jwt.verify_hs512": _KEYS,
    "io.jwt.verify_ps256": _KEYS,
    "io.jwt.verify_ps384": _KEYS,
    "io.jwt.verify_ps512": _KEYS,
    "io.jwt.verify_rs256": _KEYS,
    "io.jwt.verify_rs384": _KEYS,
    "io.jwt.verify_rs512": _KEYS,
    "providers.aws.sign_req": _KEYS,
    "crypto.md5": _WEAK,
    "crypto.sha1": _WEAK,
    "net.cidr_expand": _ENDLESS,
    "numbers.range": _ENDLESS,
    "numbers.range_step": _ENDLESS,
    "bits.lsh": _ENDLESS,
    "graph.reachable_paths": _ENDLESS,
    "strings.render_template": _ENDLESS,
    "rego.parse_module": _ENDLESS,
    "time.clock": _ZONES,
    "time.date": _ZONES,
    "time.format": _ZONES,
    "time.weekday": _ZONES,
    "graphql.is_valid": _TEXTS,
    "graphql.parse": _TEXTS,
    "graphql.parse_and_verify": _TEXTS,
    "graphql.parse_query": _TEXTS,
    "graphql.parse_schema": _TEXTS,
    "graphql.schema_is_valid": _TEXTS,
    "yaml.is_valid": _TEXTS,
    "yaml.marshal": _TEXTS,
    "yaml.unmarshal": _TEXTS,
}
"""The builtins that no rule may name, and why. Each other one that the engine knows is in a list of the tests."""

_ODD = (
    r"\d\.\d|\d[eE][-+]?\d"
    rf"|\b(?:{'|'.join(name for name in REFUSED if '.' not in name)})\b"
    rf"|\b(?:{'|'.join({name.partition('.')[0] for name in REFUSED})})(?:\.\w+)*\s*\["
)
"""What stands in a module that holds a number with a fraction, or names a builtin otherwise than with dots."""

_HEAD = (
    r"(?:[ \t]*(?:#[^\n]*)?\n)*package[ \t]+([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)[ \t]*(?:\n|\Z)"
)
"""How a module begins: after empty lines and comments with a line that names its package, and holds nothing else."""

METADATA = r"\A# METADATA\n((?:#.*\n)+)package "
"""How a module begins that says what it is for."""

_CODE = r"(?m)^#[ ]+([A-Z]{2,4}-\d\d): +\S"

_PLACE = r"[a-z][a-z0-9_]{0,62}/[a-z0-9_]+\.rego"


class NotLoaded(Exception):
    """A set of bundles is none that may be asked, and says why, module by module."""


@dataclass(frozen=True)
class BundleSet:
    """All rules that are in force, with what they look up: the digest names them to the byte."""

    modules: Mapping[str, str]
    """The source of each module, by `<bundle>/<file>.rego`."""
    selection: Mapping[str, Sequence[str]]
    """Which bundles an action asks, by its family: `*` of all, and `trial` where the subject is in one."""
    data: Mapping[str, Any]
    """What the rules look up, as `data` of Rego."""

    @cached_property
    def names(self) -> frozenset[str]:
        """The bundles that there are."""
        return frozenset(path.partition("/")[0] for path in self.modules) - {COMMON}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 over the canonical JSON of every module's own, the selection and the data."""
        digests = {
            path: hashlib.sha256(source.encode()).hexdigest()
            for path, source in self.modules.items()
        }
        whole = {"modules": digests, "selection": self.selection, "data": self.data}
        return hashlib.sha256(canonical(whole)).hexdigest()

    def of(self, bundle: str) -> dict[str, str]:
        """Return the modules of one bundle."""
        return {p: source for p, source in self.modules.items() if p.partition("/")[0] == bundle}

    def alike(self, other: "BundleSet") -> frozenset[str]:
        """Return the bundles that another set has to the byte, with what they all call and look up."""
        if (self.of(COMMON), self.data) != (other.of(COMMON), other.data):
            return frozenset()
        return frozenset(one for one in self.names if self.of(one) == other.of(one))


def shipped(root: Path = ROOT) -> BundleSet:
    """
    Read the bundles that came with this release.

    Raises:
        OSError: They are not there.
    """
    paths = sorted(path for path in root.glob("*/*.rego") if not path.stem.endswith("_test"))
    return BundleSet(
        {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths},
        json.loads((root / "selection.json").read_text(encoding="utf-8")),
        {
            "limits": json.loads((root / "limits.json").read_text(encoding="utf-8")),
            "roles": permissions(),
        },
    )


def composed(release: BundleSet, kept: Mapping[str, str], own: Mapping[str, str]) -> BundleSet:
    """
    Return what somebody wrote, over the modules of a set that is kept, over those of a release.

    A bundle is of one of them as a whole. Of the set that is kept neither the guards are taken, nor what the release no
    longer knows.
    """
    written = {_bundle(path) for path in own}
    taken = ({_bundle(path) for path in kept} & release.names) - GUARDS - written
    modules = {
        **{p: source for p, source in release.modules.items() if _bundle(p) not in taken | written},
        **{p: source for p, source in kept.items() if _bundle(p) in taken},
        **own,
    }
    return BundleSet(dict(sorted(modules.items())), release.selection, release.data)


def _bundle(path: str) -> str:
    return path.partition("/")[0]


def look(modules: Mapping[str, str]) -> None:
    """
    Have modules be such as may be loaded.

    Raises:
        NotLoaded: One names a builtin that is refused, holds a number with a fraction, or is of another bundle's package,
            or all together are too large.
    """
    faults = [fault for path, source in modules.items() for fault in misplaced(path, source)]
    size = sum(len(source.encode()) for source in modules.values())
    if size > MAX_BYTES:
        faults.append(f"all modules together have {size} bytes, and may have {MAX_BYTES}")
    suspects = {path: source for path, source in modules.items() if _suspicious(source)}
    if suspects and not faults:
        faults = [
            f"{path} {fault}" for path, tree in parsed(suspects).items() for fault in wrong(tree)
        ]
    if faults:
        raise NotLoaded("; ".join(faults))


def _suspicious(source: str) -> bool:
    dotted = any(name in source for name in REFUSED if "." in name)
    return dotted or re.search(_ODD, source) is not None


def misplaced(path: str, source: str) -> Iterator[str]:
    """Yield what of a module is not as its place says: its path, and its package."""
    bundle, said = path.partition("/")[0], package(source)
    if not re.fullmatch(_PLACE, path):
        yield f"{path} is not called <bundle>/<file>.rego"
    elif bundle in TAKEN:
        yield f"{path}: {bundle} is the name of something else"
    elif said is None or said.partition(".")[0] != bundle:
        yield f"{path} must be of the package {bundle}, or of one within it, and begin with a line that says only so"


def described(modules: Mapping[str, str]) -> frozenset[str]:
    """Return the codes of which modules say in their METADATA what they are for."""
    blocks = (re.match(METADATA, source) for source in modules.values())
    return frozenset(code for block in blocks if block for code in re.findall(_CODE, block[1]))


def package(source: str) -> str | None:
    """
    Return the package of a module; none where it does not begin with it, alone in its line.

    The engine takes it wherever whitespace and comments let it stand, and a text of the module may look like another. Only
    in its one place both read the same, for nothing stands before it in which something could be hidden.
    """
    head = re.match(_HEAD, source)
    return head[1] if head else None


def engines_package(tree: Any) -> str:
    """Return the package of a module as the engine itself reads it, from its syntax tree."""
    return ".".join(str(part["value"]) for part in tree["package"]["path"][1:])


def parsed(modules: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the syntax trees of some modules.

    Raises:
        NotLoaded: One is no Rego.
    """
    from opa_bindings import OpaEngine, OpaError

    trees = {}
    with OpaEngine() as engine:
        for path, source in modules.items():
            asked = {"path": path, "source": source}
            try:
                answer = engine.eval_query(
                    "x := rego.parse_module(input.path, input.source)", asked
                )
            except OpaError as error:
                raise NotLoaded(f"{path} is no Rego: {error.message}") from error
            trees[path] = answer[0]["x"]
    return trees


def wrong(tree: Any) -> Iterator[str]:
    """Yield what of a syntax tree no rule may contain, each once."""
    yield from dict.fromkeys(_wrong(tree))


def hidden(node: Any) -> Iterator[str]:
    """
    Yield each negation in a syntax tree that looks at the input otherwise than by a name alone.

    ``not f(input.x)`` is undefined, and not true, where there is no ``input.x``: its rule vanishes without a word, and with
    it a denial. A rule of its own for what is negated says the same, and is denied by.
    """
    if isinstance(node, Mapping):
        if node.get("negated") and _looks(node["terms"]):
            yield "negates what looks at the input; give it a rule, and negate that"
        for part in node.values():
            yield from hidden(part)
    elif isinstance(node, list):
        for part in node:
            yield from hidden(part)


def _looks(terms: Any) -> bool:
    within = terms if isinstance(terms, list) else terms["value"][1:]
    return '{"type": "var", "value": "input"}' in json.dumps(within, sort_keys=True)


def _wrong(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        kind, value = node.get("type"), node.get("value")
        if kind == "ref" and isinstance(value, list):
            name = ".".join(str(part.get("value")) for part in value)
            for refused, why in REFUSED.items():
                if f"{name}.".startswith(f"{refused}."):
                    yield f"names {refused}: {why}"
        elif kind == "var" and str(value) in REFUSED:
            yield f"names {value}: {REFUSED[str(value)]}"
        elif kind == "number" and not isinstance(value, int):
            yield f"holds {value}: sums of fractions are not exact, so count in whole units"
        for part in node.values():
            yield from _wrong(part)
    elif isinstance(node, list):
        for part in node:
            yield from _wrong(part)
