"""What the variables take is noticed at once, and what is measured for it does not grow with them."""

import gc
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from local.workflows import Runtime, memory, values
from local.workflows.memory import Memory
from local.workflows.values import changed, size

from .conftest import Failed, outcome, until

PASSED = "MemoryLimitExceededError"
# Sixteen strings of 32 KB are a few bytes too many, and each time the list is the same one.
LARGE = """
- text: {assign: [{a: "0123456789abcdef"}]}
- double:
    for: {value: i, range: [1, 11], steps: [{s: {assign: [{a: "${a + a}"}]}}]}
- list:
    assign:
      - l: ["${a}", "${a}", "${a}", "${a}", "${a}", "${a}", "${a}", "${a}"]
"""


def test_the_second_large_list_is_one_too_many(runtime: Runtime) -> None:
    """Twenty-two of them were held before it was noticed."""
    assert outcome(runtime, LARGE + "- r: {return: '${len(l)}'}") == 8
    source = LARGE + "- more: {assign: [{m: '${list.concat(l, 1)}'}]}\n- r: {return: 1}"
    with pytest.raises(Failed) as found:
        outcome(runtime, source)
    assert found.value.payload["tags"] == [PASSED]
    assert '"more"' in found.value.error["context"]


@pytest.mark.parametrize(
    "step",
    [
        "assign: [{m: {}}, {m.k: '${l}'}]",
        "assign: [{m: {k: [0]}}, {'m.k[0]': '${l}'}]",
        "assign: [{m: []}, {m: '${list.concat(m, l)}'}]",
        "assign: [{m: []}, {m: '${list.prepend(m, l)}'}]",
        "call: list.concat\n    args: {objs: '${l}', val: 1}\n    result: m",
        "for: {value: m, in: ['${l}'], steps: [{t: {assign: [{n: 1}]}}]}",
        "call: other\n    args: {m: '${l}'}",
    ],
)
def test_however_it_comes_to_be_held(runtime: Runtime, step: str) -> None:
    main = "main:\n  steps:\n" + "".join(f"  {line}\n" for line in LARGE.splitlines())
    lines = "".join(
        f"  {line}\n" for line in f"- more:\n    {step}\n- r: {{return: 1}}".splitlines()
    )
    other = "other:\n  params: [m]\n  steps:\n  - s: {assign: [{n: 1}]}\n"
    with pytest.raises(Failed) as found:
        outcome(runtime, main + lines + other)
    assert found.value.payload["tags"] == [PASSED]


def test_what_is_let_go_makes_room(runtime: Runtime) -> None:
    turns = "[{l: '${list.concat(l, i)}'}, {l: null}, {l: ['${a}', '${a}', '${a}']}, {m: '${l}'}]"
    loop = f"- many: {{for: {{value: i, range: [1, 100], steps: [{{t: {{assign: {turns}}}}}]}}}}\n"
    assert (
        outcome(
            runtime, LARGE + "- m: {assign: [{m: null}]}\n" + loop + "- r: {return: '${len(m)}'}"
        )
        == 3
    )


def test_a_branch_that_failed_holds_its_error_until_the_others_end_and_nothing_else(
    runtime: Runtime,
) -> None:
    runtime.deploy(
        "w",
        """
main:
  steps:
    - all:
        try:
          parallel:
            for:
              value: v
              range: [1, 100]
              steps:
                - last: {switch: [{condition: '${v == 100}', next: nap}]}
                - fill: {assign: [{x: '${text.encode(text.replace_all(TEN, "a", TEN))}'}]}
                - no: {raise: '${"no " + string(v)}'}
                - nap: {call: sys.sleep, args: {seconds: 1000}}
        except: {as: e, steps: [{r: {return: '${len(e.branches)}'}}]}
""".replace("TEN", f'"{"a" * 150}"'),
    )
    tracemalloc.start()
    runtime.execute("w", None)
    until(lambda: runtime.next_deadline() is not None and runtime.idle())
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # Ninety-nine times 22 KB are two megabytes.
    assert held < 1_000_000


class _Context:
    replaying = False


class _Frame:
    context = _Context()


class _Scope:
    """The variables of one routine."""

    frame = _Frame()
    parent = None

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}


def _held(chance: random.Random, depth: int = 2) -> Any:
    kind = chance.randrange(6 if depth else 4)
    if kind == 4:
        return [_held(chance, depth - 1) for _ in range(chance.randrange(14))]
    if kind == 5:
        return {f"k{n}": _held(chance, depth - 1) for n in range(chance.randrange(14))}
    return (None, chance.randrange(9), "é" * chance.randrange(90), b"b" * chance.randrange(90))[
        kind
    ]


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the paths at which something can be changed, new keys among them."""
    if isinstance(value, dict):
        yield ("new",)
        if isinstance(value.get("new", {}), dict):
            yield ("new", "inner")
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (key,)
        if isinstance(one, list | dict):
            yield from ((key, *path) for path in _places(one))


def test_what_is_known_of_a_value_is_what_it_takes_however_it_was_changed() -> None:
    chance, known = random.Random(13), 0
    for _ in range(300):
        counted: Any = Memory()
        value: Any = _held(chance, 3)
        if not isinstance(value, list | dict):
            continue
        counted.assigned(value)
        for _ in range(10):
            before, new = value, _held(chance)
            if isinstance(value, list) and chance.random() < 0.3:
                value = [*value, new]
                counted.longer(before, value, new)
            elif paths := list(_places(value)):
                path = chance.choice(paths)
                value = changed(value, path, new)
                counted.changed(before, value, path, new)
            known += id(value) in counted._known
            assert counted.size(value) == size(value)
            assert counted.taken >= size(value)
    assert known > 300


def test_a_list_that_grows_by_one_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand turns look at each element a few times, and not at all elements in each."""
    looked = 0
    extent = values._extent

    def counting(value: Any, *more: Any) -> tuple[int, int]:
        nonlocal looked
        looked += len(value) if isinstance(value, list) else 1
        return extent(value, *more)

    monkeypatch.setattr(values, "_extent", counting)
    counted, scope = Memory(), _Scope()
    value: list[Any] = []
    for turn in range(10_000):
        before, value = value, [*value, turn]
        counted.longer(before, value, turn)
        scope.values["l"] = value
        counted.check(scope)  # type: ignore[arg-type]
    assert looked < 100_000
    assert counted.size(value) == size(value)


def test_a_list_around_a_list_is_not_measured_to_the_innermost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0
    held = values._held

    def counting(items: Any, *more: Any) -> int:
        nonlocal looked
        looked += 1
        return held(items, *more)

    monkeypatch.setattr(values, "_held", counting)
    counted, scope = Memory(), _Scope()
    value: list[Any] = []
    for _ in range(5_000):
        value = [value]
        counted.assigned(value)
        scope.values["l"] = value
        counted.check(scope)  # type: ignore[arg-type]
    # Below a thousand bytes each is looked through.
    assert looked < 30_000
    assert counted.size(value) == size(value) == 8 + 8 * 5_000


def test_a_variable_at_the_limit_is_measured_once_for_many_that_are_like_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[int] = []

    def counting(value: Any, *more: Any) -> int:
        if isinstance(value, list):
            measured.append(len(value))
        return size(value, *more)

    monkeypatch.setattr(memory, "size", counting)
    counted, scope = Memory(), _Scope()
    scope.values["l"] = large = [0] * 30_000
    for _ in range(1_000):
        counted.assigned(large)
        scope.values["m"] = large
        counted.check(scope)  # type: ignore[arg-type]
    assert measured == [30_000]


def test_what_was_held_before_is_held_in_each_replay() -> None:
    """What an earlier release did not notice, a replay does not notice either; what follows it does."""
    counted, scope = Memory(), _Scope()
    scope.values["l"] = [0] * 70_000
    scope.frame.context.replaying = True
    try:
        counted.assigned(scope.values["l"])
        counted.check(scope)  # type: ignore[arg-type]
    finally:
        scope.frame.context.replaying = False
    counted.assigned(1)
    with pytest.raises(Exception, match="512 KB"):
        counted.check(scope)  # type: ignore[arg-type]
