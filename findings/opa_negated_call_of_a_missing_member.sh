#!/usr/bin/env bash
# OPA 1.20.2 (opa-golib-python-bindings 0.4.4) and regorus (gordon-to-regorus 0.13.0) differ on `not` where a member of the
# input is missing.
#
# With the input {}, OPA finds `not input.x` and `not input.x == 1` true, but `not startswith(input.x, "a")`, `not input.x < 5`,
# `not input.x in {"a"}`, `not "a" in input.x`, `not names[input.x]` and `not f(input.x)` undefined: a rule with one of them
# in its body vanishes. regorus finds all of them true. So a denial "unless the host is on the list" denies nobody who
# names no host under OPA, and everybody under regorus; nothing says so when it is compiled.
# A rule of its own for what is negated makes both agree: `not listed`, with `listed if input.x in {"a"}`.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check --ignore-requires-python opa-golib-python-bindings==0.4.4 gordon-to-regorus==0.13.0
env/bin/python - <<'PYTHON'
import regorus
from opa_bindings import OpaEngine, OpaUndefinedError

MODULE = """package a
names := {"a": 1}
f(x) if is_string(x)
listed if input.x in {"a"}
denied if {
	NEGATION
}
"""
DIFFER = ('startswith(input.x, "a")', "input.x < 5", 'input.x in {"a"}', '"a" in input.x', "names[input.x]", "f(input.x)")
AGREE = ("input.x", "input.x == 1", "listed")


def opa(source):
    engine = OpaEngine()
    engine.add_policy("a.rego", source)
    try:
        return engine.eval_document("a.denied", {})
    except OpaUndefinedError:
        return None


def second(source):
    engine = regorus.Engine()
    engine.add_policy("a.rego", source)
    engine.set_input({})
    return engine.eval_rule("data.a.denied")


for negated in (*DIFFER, *AGREE):
    source = MODULE.replace("NEGATION", f"not {negated}")
    print(f"not {negated:26} OPA: {opa(source)!s:5} regorus: {second(source)}")
    assert second(source) is True
    assert opa(source) is (None if negated in DIFFER else True)
print("as it was: a negated call of a missing member is undefined in OPA, and true in regorus")
PYTHON
