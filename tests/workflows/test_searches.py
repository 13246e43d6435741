"""All searches of a call together are bounded, and a bound of time makes no replay differ."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.clock import Clock
from local.workflows import Runtime
from local.workflows.errors import Fatal
from local.workflows.functions import EARLIER, FUNCTIONS, searches

from .conftest import until

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
