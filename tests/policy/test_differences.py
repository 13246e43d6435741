"""Whoever decides about rules reads what they would say, and line by line what they say otherwise."""

import hashlib

import pytest

from shared.errors import Invalid
from shared.policy.models.differences import MAX_SHOWN
from shared.policy.models.sets import PolicySet
from shared.policy.rules.differences import COMPARED, changes

WAS, IS = "package a\n\nx := 1\n", "package a\n\nx := 2\ny := 3\n"


def policies(modules, *, id="a", selection=None, data=None):
    return PolicySet(id=id * 64, modules=modules, selection=selection or {}, data=data or {})


def test_what_differs_is_told_line_by_line_and_whole():
    seen = changes(
        policies({"a/a.rego": WAS, "b/b.rego": "b"}),
        policies({"a/a.rego": IS, "b/b.rego": "b"}, id="b"),
    )
    (one,) = seen.modules
    assert (seen.before, seen.id, seen.left_off) == ("a" * 64, "b" * 64, 0)
    assert (one.path, one.change, one.text) == ("a/a.rego", "changed", IS)
    assert one.sha256 == hashlib.sha256(IS.encode()).hexdigest()
    assert (one.lines_added, one.lines_removed) == (2, 1)
    assert one.difference.splitlines()[3:] == [" package a", " ", "-x := 1", "+x := 2", "+y := 3"]


def test_what_comes_what_goes_and_who_is_asked_are_differences_too():
    before = policies(
        {"a/a.rego": WAS, "b/b.rego": "-- a\n"}, selection={"x": ["a"]}, data={"n": 1}
    )
    after = policies(
        {"a/a.rego": WAS, "c/c.rego": "++ c\n"}, id="b", selection={"x": []}, data={"n": 1}
    )
    seen = {one.path: one for one in changes(before, after).modules}
    assert {path: one.change for path, one in seen.items()} == {
        "b/b.rego": "removed",
        "c/c.rego": "added",
        "selection.json": "changed",
    }
    gone = seen["b/b.rego"]
    assert (gone.text, gone.sha256, gone.lines_removed, gone.lines_added) == (None, None, 1, 0)
    assert seen["c/c.rego"].lines_added == 1
    assert '-  "a"' in seen["selection.json"].difference


def test_what_is_too_much_at_once_is_read_one_by_one():
    long = {f"a/m{n}.rego": f"{n}{'x' * (MAX_SHOWN // 5)}" for n in range(4)}
    before, after = policies({}), policies(long, id="b")
    seen = changes(before, after)
    assert seen.left_off == 2
    assert [one.path for one in seen.modules if one.text is None] == ["a/m2.rego", "a/m3.rego"]
    assert all(one.sha256 and one.lines_added == 1 for one in seen.modules)
    (one,) = changes(before, after, module="a/m3.rego").modules
    assert one.text == long["a/m3.rego"]
    huge = policies({"a/a.rego": "x" * 2 * MAX_SHOWN}, id="b")
    assert changes(before, huge).modules[0].text is not None


def test_of_a_module_that_neither_set_has_nothing_is_told():
    before, after = policies({"a/a.rego": WAS}), policies({"a/a.rego": WAS}, id="b")
    assert changes(before, after, module="a/a.rego").modules == ()
    with pytest.raises(Invalid, match=r"neither set has a module a/b\.rego"):
        changes(before, after, module="a/b.rego")


def test_what_is_too_long_to_be_compared_is_shown_whole():
    was, now = ("\n".join([*"ab" * COMPARED, end, ""]) for end in "xy")
    (one,) = changes(policies({"a/a.rego": was}), policies({"a/a.rego": now}, id="b")).modules
    assert one.lines_removed == one.lines_added == 2 * COMPARED + 1
    assert one.text == now
