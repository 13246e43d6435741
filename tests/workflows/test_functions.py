"""What holds of the standard library beyond what its pages say."""

from typing import Any

import pytest

from local.workflows import Runtime
from local.workflows.errors import Fatal, Raised
from local.workflows.functions import EARLIER, FUNCTIONS
from local.workflows.functions.charsets import CODECS, decoded, encoded

from .conftest import outcome

NOWHERE: Any = None
"""The pure functions need nothing of an execution."""


def test_what_is_recalled_does_not_change(shared_runtime: Runtime) -> None:
    first, second = outcome(
        shared_runtime,
        "- a: {assign: [{x: '${uuid.generate()}'}]}\n- r: {return: ['${x}', '${x}']}",
    )
    assert first == second


@pytest.mark.parametrize(
    ("function", "more"),
    [("text.match_regex", []), ("text.find_all_regex", []), ("text.replace_all_regex", [""])],
)
def test_a_search_that_would_take_minutes_is_an_error(function: str, more: list[str]) -> None:
    text = "x" * 200_000
    with pytest.raises(Raised, match="too large for so long a text"):
        FUNCTIONS[function](NOWHERE, [text, text, *more])
    assert FUNCTIONS["text.match_regex"](NOWHERE, [text, "x" * 1000])


def _nested(levels: int) -> Any:
    """Build a list that holds the same list twice, which holds the same list twice, and so on."""
    value: Any = [0]
    for _ in range(levels):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("text.replace_all", ["a" * 200_000, "a", "b" * 200_000]),
        ("text.replace_all", ["a" * 200_000, "", "b" * 200_000]),
        ("text.replace_all_regex", ["a" * 20_000, "a", "b" * 200_000]),
        ("text.find_all", ["a" * 200_000, "a"]),
        ("text.find_all_regex", ["a" * 200_000, "a"]),
        ("text.split", ["," * 200_000, ","]),
        ("json.encode", [[0] * 50_000, {"indent": " " * 200_000}]),
        ("json.encode_to_string", [[0] * 50_000, {"prefix": " " * 200_000}]),
        ("json.encode_to_string", [[[0]] * 5_000, {"indent": " " * 1_000}]),
        ("json.encode_to_string", [_nested(60), True]),
        ("json.encode", [_nested(60)]),
    ],
)
def test_what_would_be_too_large_is_refused_before_it_is_built(
    function: str, arguments: list[Any]
) -> None:
    with pytest.raises(Fatal):
        FUNCTIONS[function](NOWHERE, arguments)


@pytest.mark.parametrize(("prefix", "indent"), [("", ""), (">", "--"), ("ä", "\t")])
def test_the_room_of_an_indented_text_is_what_it_takes(prefix: str, indent: str) -> None:
    """A text of just the limit is written, and one more character is too much."""
    value = [0, {"a": [1, [], {}], "b": {"c": 2}}]
    style = {"prefix": prefix, "indent": indent}
    taken = len(FUNCTIONS["json.encode"](NOWHERE, [["", value], style]))
    most = 256 * 1024 - taken
    full = FUNCTIONS["json.encode_to_string"](NOWHERE, [["x" * most, value], style])
    assert len(full.encode()) == 256 * 1024
    with pytest.raises(Fatal):
        FUNCTIONS["json.encode_to_string"](NOWHERE, [["x" * (most + 1), value], style])


def test_every_charset_reads_what_it_wrote() -> None:
    for name in CODECS:
        assert decoded(encoded("Aa0", name), name.upper()) == "Aa0"


@pytest.mark.parametrize("function", ["text.to_lower", "text.to_upper"])
def test_a_letter_is_one_letter_in_either_case(function: str) -> None:
    plane = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x1F000))))
    for at in range(0, len(plane), 1000):
        part = plane[at : at + 1000]
        assert len(FUNCTIONS[function](NOWHERE, [part])) == len(part)


@pytest.mark.parametrize(
    ("function", "arguments", "answer"),
    [
        ("int", ["1_000"], 1000),
        ("double", [" 1.5"], 1.5),
        ("string", [2.0], "2.0"),
        ("math.max", [60, 1.5], 60),
        ("math.min", [1, 2.5], 1),
        ("base64.decode", ["aGVsbG8=", False], b"hello"),
        ("json.encode", [[1], True], b"[\n  1\n]"),
        ("json.encode_to_string", [[1], {}], "[\n  1\n]"),
        ("text.decode", [b"\xe9", "latin-1"], "é"),
        ("text.encode", {"data": "é", "charset": "latin-1"}, b"\xe9"),
        ("text.find_all_regex", ["ab", "a|ab"], [{"index": 0, "match": "a"}]),
        ("text.replace_all_regex", ["a1", "([0-9])", r"<\1>"], "a<1>"),
        ("text.split", ["ab", ""], ["a", "b"]),
        ("text.to_lower", ["ΟΣ"], "ος"),
        ("text.to_upper", ["ß"], "SS"),
        ("text.url_decode", ["100%"], "100%"),
        ("text.url_encode", ["~ "], "~%20"),
        ("text.url_encode_plus", ["~ "], "~+"),
    ],
)
def test_what_release_0_1_0_answered_is_known(function: str, arguments: Any, answer: Any) -> None:
    """An execution that began under it is computed again, and would otherwise do something else."""
    found = EARLIER[function](NOWHERE, arguments)
    assert found == answer
    assert type(found) is type(answer)
