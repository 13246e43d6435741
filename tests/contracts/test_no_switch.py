"""There is no switch by which what is not governed happens all the same."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.edge.enforcement import enforcement
from shared.edge.ports import connect
from shared.edge.settings import Settings
from shared.errors import EnforcementUnavailable

ROOT = Path(__file__).parents[2]
DECIDING = (
    *("shared/deciding.py", "shared/enforcing.py", "shared/edge/bundles.py"),
    *("shared/edge/canary.py", "shared/edge/decision_point.py", "shared/edge/enforcement.py"),
    *("shared/edge/facts.py", "shared/edge/opa.py", "shared/edge/verdicts.py"),
    *("shared/edge/beside.py", "shared/edge/evaluating.py"),
)
LOOKED_AT = {
    "shared/edge/enforcement.py": {"local"},
    "shared/edge/decision_point.py": {"environment"},
}
"""What of a deployment's settings is read on the way: how long a freeze is remembered, and what rules are told of."""

FORCING = (
    "0",
    "1",
    "true",
    "false",
    "off",
    "open",
    "no",
    "none",
    "allow",
    "permissive",
    "disabled",
)


def read_settings(source):
    """Return every member that is read of something called settings, and every name of the environment."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if owner.endswith("settings"):
                yield node.attr
            if owner == "os" and node.attr in {"environ", "getenv"}:
                yield f"os.{node.attr}"


def test_what_decides_reads_no_setting_but_those_that_are_known():
    found = {
        file: set(read_settings((ROOT / file).read_text())) - LOOKED_AT.get(file, set())
        for file in DECIDING
    }
    assert not {file: names for file, names in found.items() if names}


def settings_there_are():
    """Return the name of every setting that this code reads anywhere."""
    for file in (*ROOT.glob("shared/**/*.py"), *ROOT.glob("local/**/*.py")):
        yield from re.findall(r"""environ(?:\.get\(|\[)\s*["']([A-Z_]+)["']""", file.read_text())


@pytest.mark.parametrize("value", FORCING)
def test_no_setting_makes_what_is_not_governed_governed(value, tmp_path, documents, signer):
    known = {*settings_there_are()}
    assert {"DATA", "ENVIRONMENT", "STORE", "WRITER_KEY"} <= known
    more = {"POLICY", "OPA", "FREEZE", "FAIL_OPEN", "ENFORCEMENT", "CANARY", "DEBUG", "TESTING"}
    environ = dict.fromkeys((known | more) - {"REACHABLE", "CONTROLLERS"}, value)
    settings = Settings(environ | {"DATA": str(tmp_path)})
    looking = enforcement(settings, documents, signer, lambda *_: True)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert looking.state(at).level == "off"
    with pytest.raises(EnforcementUnavailable):
        looking.engine(at)


def test_a_process_has_this_look_and_no_other(tmp_path, documents):
    """Nobody hands a process another one: `connect` makes it, whatever its settings say."""
    ports = connect(Settings({"DATA": str(tmp_path)}), documents=documents)
    state = ports.enforcement.state(datetime(2026, 1, 1, tzinfo=UTC))
    assert (state.level, state.rule) == ("off", "bundle_missing")
