"""All searches of a call together are bounded, and a bound of time makes no replay differ."""

import json
import textwrap
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.clock import Clock
from local.workflows import Runtime
from local.workflows.errors import Fatal
from local.workflows.functions import EARLIER, FUNCTIONS, searches

from .conftest import outcome, until

Start = Callable[..., Runtime]

LIVE: Any = SimpleNamespace(replaying=False)
REPLAYED: Any = SimpleNamespace(replaying=True)
# Each search goes to the end of the text and comes back with one letter.
FAR = "a[^b]*b|a"
SEARCH = f"""
- t:
    try:
      steps: [{{s: {{assign: [{{x: '${{text.replace_all_regex("aaa", "{FAR}", "-")}}'}}]}}}}]
    except: {{as: e, steps: [{{caught: {{return: "${{e.tags}}"}}}}]}}
- nap: {{call: sys.sleep, args: {{seconds: 1000}}}}
- r: {{return: "${{x}}"}}
"""


@pytest.mark.parametrize("functions", [FUNCTIONS, EARLIER], ids=["now", "earlier"])
@pytest.mark.parametrize(
    ("name", "more"),
    [("find_all_regex", []), ("replace_all_regex", [""]), ("replace_all_regex", ["b"])],
)
def test_searches_that_would_take_minutes_end_the_execution(
    functions: Any, name: str, more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred thousand letters took a minute and a half."""
    monkeypatch.setattr(searches, "_ALL_S", 0.05)
    with pytest.raises(Fatal) as ended:
        functions[f"text.{name}"](LIVE, ["a" * 200_000, FAR, *more])
    assert ended.value.value["tags"] in (["ResourceLimitError"], ["MemoryLimitExceededError"])
    assert functions[f"text.{name}"](REPLAYED, ["a" * 8_000, FAR, *more]) is not None


def test_many_matches_that_are_near_are_no_such_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "_ALL_S", 0.05)
    assert FUNCTIONS["text.replace_all_regex"](LIVE, ["a" * 50_000, "a", ""]) == ""


def test_what_was_found_once_is_found_in_each_replay(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slower machine goes on with what went well on a faster one."""
    clock = Clock()
    runtime: Runtime = start(clock=clock)
    runtime.deploy("searches", SEARCH)
    execution = runtime.execute("searches", None)
    until(runtime.idle)
    monkeypatch.setattr(searches, "_ALL_S", -1.0)
    runtime = start(clock=clock)
    fresh = runtime.wait(runtime.execute("searches", None), 5)
    assert "ResourceLimitError" in json.dumps(fresh["error"])
    clock.jump(clock.now() + timedelta(seconds=1001))
    assert json.loads(runtime.wait(execution, 5)["result"]) == "---"


def test_others_go_on_while_one_searches(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()
    match = FUNCTIONS["text.match_regex"]

    def slow(source: Any, regexp: Any) -> Any:
        begun.set()
        assert go.wait(20)
        return match.body(source, regexp)

    monkeypatch.setattr(searches, "SHORT", 0)
    monkeypatch.setitem(FUNCTIONS, match.name, replace(match, body=slow))
    search = """
    - s: {assign: [{x: '${text.match_regex("abc", "b")}'}]}
    - c: {call: text.match_regex, args: {source: abc, regexp: B}, result: y}
    - r: {return: ['${x}', '${y}', '${not text.match_regex("abc", "d")}']}
    """
    runtime.deploy("search", textwrap.dedent(search))
    searching = runtime.execute("search", None)
    assert begun.wait(20)
    assert outcome(runtime, "- r: {return: 7}") == 7
    assert runtime.execution(searching)["state"] == "ACTIVE"
    assert not runtime.idle()
    go.set()
    assert json.loads(runtime.wait(searching, 20)["result"]) == [True, False, True]


BRANCHES = """
- init: {assign: [{seen: []}]}
- all:
    parallel:
      shared: [seen]
      for:
        value: v
        in: ["abc", "bc", "c"]
        steps:
          - nap: {call: sys.sleep, args: {seconds: 1000}}
          - note: {assign: [{seen: '${list.concat(seen, text.replace_all_regex(v, "[a-b]", "-"))}'}]}
          - more: {switch: [{condition: '${text.match_regex(v, "c")}', assign: [{seen: '${list.concat(seen, v)}'}]}]}
- rest: {call: sys.sleep, args: {seconds: 1000}}
- r: {return: '${seen}'}
"""


@pytest.mark.parametrize(("first", "then"), [(0, 1 << 22), (1 << 22, 0), (0, 0)])
def test_where_a_search_is_done_changes_nothing_of_what_comes_of_it(
    start: Start, monkeypatch: pytest.MonkeyPatch, first: int, then: int
) -> None:
    """A replay takes the strands in the same order, whether their searches were on another thread or not."""
    clock = Clock()
    monkeypatch.setattr(searches, "SHORT", first)
    runtime: Runtime = start(clock=clock)
    runtime.deploy("branches", BRANCHES)
    execution = runtime.execute("branches", None)
    until(runtime.idle)
    clock.jump(clock.now() + timedelta(seconds=1001))
    until(runtime.idle)
    monkeypatch.setattr(searches, "SHORT", then)
    runtime = start(clock=clock)
    until(runtime.idle)
    assert runtime.execution(execution)["state"] == "ACTIVE"
    clock.jump(clock.now() + timedelta(seconds=1001))
    seen = json.loads(runtime.wait(execution, 20)["result"])
    assert seen == ["--c", "abc", "-c", "bc", "c", "c"]


@pytest.mark.parametrize("functions", [FUNCTIONS, EARLIER], ids=["now", "earlier"])
def test_what_is_searched_soon_is_searched_at_once(functions: Any) -> None:
    match = functions["text.match_regex"]
    line = "2026-11-30 GET /v1/agents 200 " * 10
    for source, regexp in [(line, r"\d{4}-\d{2}"), ("a" * 500, FAR), ("b" * 5, "a" * 10_000)]:
        assert not match.takes_long([source, regexp])
    for source, regexp in [("a" * 200_000, "a"), (line, "[a-c]{1000}" * 9)]:
        assert match.takes_long({"source": source, "regexp": regexp})
    # What is no search fails where it was asked for.
    for given in ([1, "a"], ["a", 1], ["a", "("], ["a"], ["a", "b", "c", "d"]):
        assert not match.takes_long(given)
