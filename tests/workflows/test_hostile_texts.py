"""What a text costs grows with its length alone, whatever is in it: whoever sends one can stop nobody else."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import product

import pytest

from local.workflows import http, messages
from local.workflows.errors import Failure, LoadError
from local.workflows.functions import FUNCTIONS
from local.workflows.functions.registry import EARLIER, REQUIRED, Function
from local.workflows.loader import load
from local.workflows.values import STRING_LIMIT, from_json, text

from .test_functions import NOWHERE

# Shapes that a pattern which gives back what it took would read in many ways.
SHAPES = (
    *("9", "1.1", "0", " ", "a", '"', "\\", "%", "%41", "\n", "\t", "\r\n ", "[", '{"a":'),
    *(";", "; ", ";a=b", 'a="b', "/", "../", "_", "-", "é", "$", "+"),
)
# What any text of this length may take, of the CPU; what is quadratic takes minutes.
MOST_S = 0.5


def hostile(size: int = STRING_LIMIT) -> list[str]:
    """Return texts of *size* bytes, which end otherwise than they began."""
    texts = [shape * (size // len(shape.encode()) - 1) + "x" for shape in SHAPES]
    return [*texts, "1e" + "9" * (size - 3) + "x", "2020-01-01T00:00:00." + "1" * (size - 21) + "x"]


def spent(act: Callable[[str], object], given: str) -> float:
    """Return the seconds of the CPU that something takes, whatever it answers."""
    began = time.thread_time()
    with suppress(Failure, LoadError, ValueError):
        act(given)
    return time.thread_time() - began


def slow(name: str, act: Callable[[str], object], texts: list[str]) -> list[str]:
    return [f"{name}({t[:12]!r}…)" for t in texts if spent(act, t) > MOST_S]


def calls(function: Function) -> list[Callable[[str], object]]:
    """Return one call for each parameter, in which that one is the text and what else is needed is short."""
    needed = {p: "a" for p, default in function.parameters.items() if default is REQUIRED}

    def call(name: str, coded: bool, given: str) -> object:
        return function(NOWHERE, {**needed, name: given.encode() if coded else given})

    return [partial(call, *one) for one in product(function.parameters, (False, True))]


@pytest.mark.parametrize("size", [16 * 1024, STRING_LIMIT])
def test_no_function_takes_longer_than_its_text(size: int) -> None:
    """Of release 0.1.0 too: what an execution of it waits for may be sent now."""
    texts, found = hostile(size), []
    for functions in (FUNCTIONS, EARLIER):
        for name, function in functions.items():
            # Of a search the time is bounded, not its growth: see test_searches.
            if not (function.waits or function.wants_context or "regex" in name):
                for call in calls(function):
                    found += slow(name, call, texts)
    assert not found


@pytest.mark.parametrize(
    "act",
    [
        from_json,
        text,
        lambda t: messages.written("x", t),
        lambda t: messages.received(b"x", t),
        lambda t: messages.received(b"{}", f"application/json;{t}"),
        lambda t: messages.written({"a": t}, "application/x-www-form-urlencoded"),
        lambda t: http._address(f"http://a/{t}", None),
        lambda t: http._address(f"http://{t}", None),
        lambda t: http._headers({"a": t, t: "a"}),
        lambda t: http._FOLD.sub(" ", t),
    ],
)
def test_no_part_of_a_request_takes_longer_than_its_text(act: Callable[[str], object]) -> None:
    assert not slow("", act, hostile())


@pytest.mark.parametrize(
    "source",
    [
        *(
            "a:\n" + "\t" * 16_000,
            "\t" * 16_000,
            "[a," + "\t" * 16_000 + "]",
            "a: 1\n" + " \t" * 8_000,
        ),
        *(
            "{" * 16_000,
            "[" * 16_000,
            "[{" * 8_000,
            "{? " * 5_000,
            "- " * 8_000,
            "[" * 90 + "a," * 6_000,
        ),
        *(
            "a: " + "9" * 16_000 + "x",
            "a: " + "1.1" * 5_000,
            'a: "' + "\\n" * 8_000,
            "a: b" + "\t" * 16_000 + "c",
        ),
    ],
    ids=lambda source: ascii(source[:8]),
)
def test_no_source_takes_longer_than_its_text(source: str) -> None:
    """Sixteen thousand tabs took half a minute, and as many brackets two seconds."""
    assert spent(lambda s: load(s, "w.yaml"), source) < 1.5
