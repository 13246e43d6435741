"""The policy engine: whatever goes wrong in it or in its rules is a denial, and nothing of what was asked gets out."""

import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from shared.edge import bundles as rules
from shared.edge import opa
from shared.edge.bundles import REFUSED, BundleSet, NotLoaded, look, shipped
from shared.edge.opa import OpaEngine
from shared.errors import EnforcementUnavailable
from tests.ruled import engine, rego

GOOD = 'package good\ndecision := {"allow": true, "matched": ["G-1"]}'


def asked(**modules):
    """Return an engine of small bundles."""
    return OpaEngine(BundleSet({f"{n}/{n}.rego": text for n, text in modules.items()}, {}, {}))


def found(text, document=None, name="bad"):
    """Return what one small bundle finds, beside a good one."""
    each = asked(**{"good": GOOD, name: text}).evaluate(["good", name], document or {})
    assert each["good"].allow, "one bundle's fault is not another's"
    return each[name]


def library_of(asked):
    return asked._here._evaluator._library


def denied(finding):
    [reason] = finding.reasons
    return not finding.allow and finding.denies and reason.rule == "PDP_ERROR"


def test_it_allows_and_denies_in_words():
    document = rego().samples["rbac"]["an admin creates an agent"]
    assert engine().evaluate(["rbac"], document)["rbac"].matched == ("rbac/RBAC-03",)
    document = rego().samples["rbac"]["a viewer creates an agent"]
    finding = engine().evaluate(["rbac"], document)["rbac"]
    assert finding.denies
    assert finding.matched == ("rbac/RBAC-02",)
    assert "held by admin, agent_orchestrator" in finding.reasons[0].message


@pytest.mark.parametrize("bundle", sorted(shipped().names))
def test_nothing_is_denied_by_every_bundle(bundle):
    finding = engine().evaluate([bundle], {})[bundle]
    assert finding.denies
    assert finding.reasons[0].rule.endswith("-00")


@pytest.mark.parametrize(
    "text",
    [
        "package bad\ndecision := true",
        "package bad\ndecision := {}",
        'package bad\ndecision := {"allow": "true"}',
        'package bad\ndecision := {"allow": 1}',
        'package bad\ndecision := {"allow": null}',
        'package bad\ndecision := {"allow": [true]}',
        'package bad\ndecision := {"allow": true, "obligations": "none"}',
        'package bad\ndecision := {"allow": true, "obligations": [{"type": "x"}]}',
        'package bad\ndecision := {"allow": true, "reasons": ["no"]}',
        'package bad\ndecision := {"allow": true, "reasons": {}}',
        'package bad\ndecision := {"allow": true, "obligations": ""}',
        'package bad\ndecision := {"allow": true, "approval": false}',
        'package bad\ndecision := {"allow": true, "matched": ["a b"]}',
        'package bad\ndecision := {"allow": true, "reasons": [{"rule": "A", "message": "a", "severity": "mild"}]}',
        'package bad\ndecision := {"allow": true, "approval": {"type": "any"}}',
        'package bad\ndecision := {"allow": true, "matched": [1]}',
        'package bad\ndecision := {"allow": true, "and": "more"}',
        'package bad\ndecision := {"allow": true} if input.never',
        "package bad\nno_decision := 1",
        'package bad\ndecision := {"allow": true}\ndecision := {"allow": false} if not input.a',
        'package bad\ndecision := {"allow": to_number("a") == 1}',
        'package bad\ndecision := {"allow": 1 / 0 == 1}',
        "package bad\ndecision := {k: 1 | some k in [true]}",
    ],
)
def test_an_answer_that_is_none_is_a_denial(text):
    assert denied(found(text))


def test_a_failing_rule_says_its_class_and_nothing_of_what_was_asked():
    finding = found(
        'package bad\ndecision := {"allow": to_number(input.args.name) == 1}',
        {"args": {"name": "ada@example.com"}},
    )
    assert denied(finding)
    assert "(OpaError)" in finding.reasons[0].message
    assert "ada" not in finding.model_dump_json()


@pytest.mark.parametrize(
    "document",
    [
        {"a": float("nan")},
        {"a": "\ud800"},
        {"a": object()},
        {"a": b"bytes"},
        {"a": "x" * opa.MAX_INPUT_BYTES},
        {str(n): n for n in range(50_000)},
    ],
    ids=["nan", "a lone surrogate", "an object", "bytes", "too long", "too many"],
)
def test_what_cannot_be_asked_is_denied(document):
    assert denied(asked(good=GOOD).evaluate(["good"], document)["good"])


def test_what_is_too_large_never_reaches_the_rules(monkeypatch):
    it = asked(good=GOOD)
    it.evaluate(["good"], {})
    monkeypatch.setattr(library_of(it), "eval_document", None)
    finding = it.evaluate(["good"], {"a": "x" * opa.MAX_INPUT_BYTES})["good"]
    assert "16384 may be asked at once; send less" in finding.reasons[0].message


def test_what_nests_without_end_is_denied():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    finding = asked(good=GOOD).evaluate(["good"], {"a": nested})["good"]
    assert denied(finding)
    assert "RecursionError" in finding.reasons[0].message


def test_what_takes_too_long_is_thrown_away(monkeypatch):
    slow = "package slow\nn := [0, 1, 2, 3, 4, 5, 6, 7]\nall := [1 | some a in n; some b in n; some c in n; some d in n]\n"
    it = asked(slow=f'{slow}decision := {{"allow": count(all) == 4096}}')
    assert it.evaluate(["slow"], {})["slow"].allow
    monkeypatch.setattr(opa, "MAX_MS", 0)
    finding = it.evaluate(["slow"], {})["slow"]
    assert denied(finding)
    assert re.search(r"took \d+ ms, and 0 are allowed", finding.reasons[0].message)


def test_a_rule_that_nobody_described_is_no_answer():
    says = "# METADATA\n# custom:\n#   reasons:\n#     BAD-01: It is bad.\npackage bad\n"
    answer = 'decision := {"allow": true, "matched": [sprintf("BAD-%s", [input.n])]}'
    assert found(says + answer, {"n": "01"}).matched == ("bad/BAD-01",)
    assert denied(found(says + answer, {"n": "02"}))


def test_what_waits_for_its_turn_is_not_thrown_away(monkeypatch):
    it = asked(good=GOOD)
    it.evaluate(["good"], {})
    evaluate = library_of(it).eval_document
    library_of(it).eval_document = lambda *one: time.sleep(0.1) or evaluate(*one)
    monkeypatch.setattr(opa, "MAX_MS", 50)
    assert it.evaluate(["good"], {})["good"].allow


def test_a_member_of_the_input_selects_no_bundle():
    other = 'package other\ndecision := {"allow": false}'
    each = asked(good=GOOD, other=other).evaluate(["good"], {"bundles": ["other"]})
    assert list(each) == ["good"]


def test_of_a_bundle_that_is_not_asked_no_rule_is_evaluated():
    bad = 'package bad\ndecision := {"allow": to_number("a") == 1}'
    it = asked(good=GOOD, bad=bad)
    assert not it.evaluate(["good", "bad"], {})["bad"].allow
    calls = []
    evaluate = library_of(it).eval_document
    library_of(it).eval_document = lambda *one: calls.append(one) or evaluate(*one)
    assert it.evaluate(["good"], {})["good"].allow
    assert len(calls) == 1, "nothing failed, so each was asked at once"


def test_where_a_bundle_is_missing_nothing_is_decided():
    with pytest.raises(EnforcementUnavailable, match="the rules of trials are not here") as refused:
        asked(good=GOOD).evaluate(["good", "trials"], {})
    assert refused.value.violations[0].rule == "bundle_missing"


@pytest.mark.parametrize(
    "text",
    [
        "package bad\ndecision := http.send({})",
        'package bad\ndecision := {"allow": undefined_function(1)}',
        "package bad\ndecision := {",
        'package other\ndecision := {"allow": true}',
        'package good\nx := {"allow": true}',
    ],
)
def test_a_bundle_that_cannot_be_loaded_decides_nothing_and_harms_no_other(text):
    it = asked(good=GOOD, bad=text)
    for _ in range(2):
        with pytest.raises(EnforcementUnavailable) as refused:
            it.evaluate(["good", "bad"], {})
        assert refused.value.violations[0].rule == "bundle_refused"
    assert it.evaluate(["good"], {})["good"].allow


def test_many_at_once_get_the_answers_of_one_after_the_other():
    samples = list(rego().samples["rbac"].values()) * 20
    alone = [engine().evaluate(["rbac"], one) for one in samples]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda one: engine().evaluate(["rbac"], one), samples)) == alone


def run(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_nothing_is_loaded_before_the_first_decision():
    code = """if True:
    import sys
    from shared.edge.bundles import shipped
    from shared.edge.opa import OpaEngine
    engine = OpaEngine(shipped())
    assert engine.digest and engine.version and engine.selection
    assert not {"opa_bindings", "ctypes"} & sys.modules.keys(), "a read would pay for it"
    assert engine.evaluate(["rbac"], {})["rbac"].denies
    assert "opa_bindings" in sys.modules
    """
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_an_engine_that_was_copied_by_a_fork_says_so_and_does_not_hang():
    code = """if True:
    import os
    from shared.edge.bundles import shipped
    from shared.edge.opa import OpaEngine
    from shared.errors import EnforcementUnavailable
    engine = OpaEngine(shipped())
    before = os.fork()
    if before == 0:
        os._exit(0 if engine.evaluate(["rbac"], {})["rbac"].denies else 1)
    assert os.waitpid(before, 0)[1] == 0, "made after the fork it answers"
    engine.evaluate(["rbac"], {})
    after = os.fork()
    if after == 0:
        for one in (engine, OpaEngine(shipped())):
            try:
                one.evaluate(["rbac"], {})
                os._exit(1)
            except EnforcementUnavailable as refused:
                if "forked" not in refused.detail:
                    os._exit(2)
        os._exit(0)
    assert os.waitpid(after, 0)[1] == 0
    """
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_without_the_engine_nothing_is_decided():
    code = """if True:
    import sys
    sys.modules["opa_bindings"] = None
    from shared.edge.bundles import shipped
    from shared.edge.opa import OpaEngine
    from shared.errors import EnforcementUnavailable
    try:
        OpaEngine(shipped()).evaluate(["rbac"], {})
    except EnforcementUnavailable as refused:
        print(refused.detail)
    """
    assert "there is no policy engine in this process" in run(code).stdout


def library():
    return Path(find_spec("opa_bindings").origin).with_name("libopabridge.so").read_bytes()


@cache
def known():
    """Return every builtin that the engine knows, as its own lists of what its versions could do say it."""
    binary, names = library(), set()
    for at in re.finditer(rb'\{\s*"builtins": ?\[', binary):
        text = binary[at.start() : at.start() + 500_000].decode("utf-8", "replace")
        said, _ = json.JSONDecoder().raw_decode(text)
        names |= {one["name"] for one in said["builtins"]}
    return names


PERMITTED = """
    abs all and any array.concat array.flatten array.reverse array.slice assign base64.decode base64.encode base64.is_valid
    base64url.decode base64url.encode base64url.encode_no_pad bits.and bits.negate bits.or bits.rsh bits.xor cast_array
    cast_boolean cast_null cast_object cast_set cast_string ceil concat contains count crypto.sha256 div endswith eq equal floor
    format_int glob.match glob.quote_meta graph.reachable gt gte hex.decode hex.encode indexof indexof_n internal.member_2
    internal.member_3 internal.template_string intersection is_array is_boolean is_null is_number is_object is_set is_string
    json.filter json.is_valid json.marshal json.marshal_with_options json.patch json.remove json.unmarshal lower lt lte max min
    minus mul neq net.cidr_contains net.cidr_contains_matches net.cidr_intersects net.cidr_is_valid net.cidr_merge
    net.cidr_overlap object.filter object.get object.keys object.remove object.subset object.union object.union_n or plus
    product re_match regex.find_all_string_submatch_n regex.find_n regex.globs_match regex.is_valid regex.match regex.replace
    regex.split regex.template_match rego.metadata.chain rego.metadata.rule rem replace round semver.compare semver.is_valid
    set_diff sort split sprintf startswith strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n
    strings.reverse strings.split_n substring sum time.add_date time.diff time.parse_duration_ns time.parse_ns
    time.parse_rfc3339_ns to_number trim trim_left trim_prefix trim_right trim_space trim_suffix type_name union units.parse
    units.parse_bytes upper uri.is_valid uri.parse urlquery.decode urlquery.decode_object urlquery.encode
    urlquery.encode_object uuid.parse walk
"""
"""What rules may call: the same answer for ever, from nothing but what it is called with, in bounded time."""


def test_every_builtin_that_the_engine_knows_is_judged():
    assert len(known()) > 200
    assert known() - set(PERMITTED.split()) - REFUSED.keys() == set(), "new ones: judge them"
    assert set(PERMITTED.split()) - known() == set()
    assert REFUSED.keys() - known() == set()
    assert set(PERMITTED.split()) & REFUSED.keys() == set()


def test_the_engine_is_the_version_that_decisions_name():
    name, _, version = opa.VERSION.partition("/")
    assert f"{name}@v{version}/".encode() in library()


WAYS = [
    "x := {0}({{}})",
    "x if y with y as {0}\ny := 1",
    "x contains {0}({{}})",
    "x if {{ every y in [{0}({{}})] {{ y }} }}",
    'x := $"a {{{0}({{}})}}"',
    "f(a) := {0}(a)",
    "x := [1 | {0}({{}})]",
    "default x := 1\nx := 2 if not {0}({{}})",
]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused_is_refused_however_it_is_named(name):
    ways = [way.format(name) for way in WAYS]
    if "." in name:
        head, _, rest = name.rpartition(".")
        ways += [
            f"x := {head}[`{rest}`]({{}})",
            f'x := {head}["{rest}"]({{}})',
            f'x := {head}["\\u{ord(rest[0]):04x}{rest[1:]}"]({{}})',
        ]
    for way in ways:
        with pytest.raises(NotLoaded, match=re.escape(name)):
            look({"a/a.rego": f"package a\n{way}"})


def test_a_set_that_is_too_large_is_not_loaded():
    with pytest.raises(NotLoaded, match="1048577 bytes"):
        look({"a/a.rego": "package a\n".ljust(1024 * 1024 + 1, "#")})


@pytest.mark.parametrize("number", ["0.5", "1.0", "2e3", "1E2", "-0.1"])
def test_a_number_with_a_fraction_is_refused(number):
    with pytest.raises(NotLoaded, match="sums of fractions are not exact"):
        look({"a/a.rego": f"package a\nx := [{number}]"})


@pytest.mark.parametrize(
    "text",
    [
        'package a\n# The time it takes.\nx := "http://a.example/1.5 and print"',
        "package a\nx := time.parse_rfc3339_ns(input.context.now)",
        "package a\nx := net.cidr_contains(input.net, input.address)",
    ],
)
def test_a_word_that_only_looks_like_it_is_not_refused(text):
    look({"a/a.rego": text})


def test_what_is_shipped_is_not_parsed_to_be_loaded(monkeypatch):
    """It would cost each function that starts more than its first decision does."""
    monkeypatch.setattr(rules, "parsed", None)
    look(shipped().modules)


def test_the_digest_names_each_module_the_selection_and_the_data():
    one = BundleSet({"a/a.rego": "package a", "b/b.rego": "package b"}, {"*": ["a"]}, {"n": 1})
    same = BundleSet({"b/b.rego": "package b", "a/a.rego": "package a"}, {"*": ["a"]}, {"n": 1})
    assert one.digest == same.digest
    others = [
        BundleSet({"a/a.rego": "package a"}, one.selection, one.data),
        BundleSet({**one.modules, "a/a.rego": "package a\n"}, one.selection, one.data),
        BundleSet({"a/b.rego": "package a", "b/b.rego": "package b"}, one.selection, one.data),
        BundleSet(one.modules, {"*": ["b"]}, one.data),
        BundleSet(one.modules, one.selection, {"n": 2}),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 6
