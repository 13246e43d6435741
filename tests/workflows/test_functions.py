"""What the standard library answers."""

from typing import Any

import pytest

from local.workflows import Runtime

from .conftest import Failed, outcome
from .test_expressions import value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('base64.encode(text.encode("hello"))', "aGVsbG8="),
        ('base64.encode(text.encode("hello"), false)', "aGVsbG8"),
        ('text.decode(base64.decode("aGVsbG8="))', "hello"),
        ('text.decode(base64.decode("aGVsbG8", false))', "hello"),
        (
            'base64.encode(hash.compute_checksum(text.encode("x"), "SHA256"))',
            "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=",
        ),
        ('len(base64.encode(hash.compute_hmac(text.encode("k"), text.encode("x"), "SHA1")))', 28),
        ('json.decode("{\\"a\\": [1, 2.0, null]}")', {"a": [1, 2.0, None]}),
        ("json.encode_to_string(a)", '{"k":[1,"ä"]}'),
        ("json.encode_to_string([1], true)", "[\n  1\n]"),
        ('text.decode(json.encode("x"))', '"x"'),
        ("list.concat([1], [2])", [1, [2]]),
        ("list.prepend([1], 0)", [0, 1]),
        ('map.delete(a, "k")', {}),
        ('map.delete(a, "none")', {"k": [1, "ä"]}),
        ('map.merge(a, json.decode(\'{"k": 2, "l": 3}\'))', {"k": 2, "l": 3}),
        (
            'map.merge_nested(json.decode(\'{"m": {"x": 1}}\'), json.decode(\'{"m": {"y": 2}}\'))',
            {"m": {"x": 1, "y": 2}},
        ),
        ("[math.abs(-2), math.floor(-1.5), math.max(1, 2.5), math.min(1, 2.5)]", [2, -2, 2.5, 1]),
        ('text.find_all("banana", "an")', [1, 3]),
        (
            'text.find_all_regex("a1b22", "[0-9]+")',
            [{"index": 1, "match": "1"}, {"index": 3, "match": "22"}],
        ),
        ('text.match_regex("hello", "l+o$")', True),
        ('text.replace_all("aXbX", "X", "-")', "a-b-"),
        ('text.replace_all_regex("a1b2", "([0-9])", "<\\\\1>")', "a<1>b<2>"),
        ('text.split("a,b,,c", ",")', ["a", "b", "", "c"]),
        ('text.substring("hello", 1, 3)', "el"),
        ('text.to_upper("ä") + text.to_lower("Ö")', "Äö"),
        ('text.url_encode("a b&ü")', "a%20b%26%C3%BC"),
        ('text.url_encode_plus("a b&")', "a+b%26"),
        ('text.url_decode("a+b%26")', "a b&"),
        ("time.format(1720788633)", "2024-07-12T12:50:33.000000Z"),
        ('time.format(1720788633.5, "Europe/Berlin")', "2024-07-12T14:50:33.500000+02:00"),
        ('time.parse("2024-07-12T12:50:33Z")', 1720788633.0),
        ('time.parse("2024-07-12T14:50:33+02:00")', 1720788633.0),
        ("len(uuid.generate())", 36),
        ("sys.now() > 1700000000", True),
    ],
)
def test_a_function_answers_as_documented(
    shared_runtime: Runtime, expression: str, expected: Any
) -> None:
    assert value(shared_runtime, expression, {"k": [1, "ä"]}) == expected


@pytest.mark.parametrize(
    ("expression", "tag"),
    [
        ('text.match_regex("aa", "(a)\\\\1")', "ValueError"),
        ('text.match_regex("aa", "a(?=b)")', "ValueError"),
        ('json.decode("{")', "ValueError"),
        ('base64.decode("%")', "ValueError"),
        ('base64.encode("text")', "TypeError"),
        ('hash.compute_checksum(text.encode("x"), "CRC")', "ValueError"),
        ('text.substring("abc", 2, 5)', "IndexError"),
        ("text.to_upper(1)", "TypeError"),
        ('time.parse("yesterday")', "ValueError"),
        ('time.format(1, "Nowhere/Land")', "ValueError"),
        ("math.abs(true)", "TypeError"),
        ("list.concat(1, 2)", "TypeError"),
        ('json.encode_to_string(text.encode("x"))', "TypeError"),
    ],
)
def test_a_function_refuses_wrong_arguments(
    shared_runtime: Runtime, expression: str, tag: str
) -> None:
    with pytest.raises(Failed) as caught:
        value(shared_runtime, expression)
    assert tag in caught.value.payload["tags"]


def test_what_is_recalled_does_not_change(shared_runtime: Runtime) -> None:
    first, second = outcome(
        shared_runtime,
        "- a: {assign: [{x: '${uuid.generate()}'}]}\n- r: {return: ['${x}', '${x}']}",
    )
    assert first == second


def test_an_http_step_s_timeout_has_a_maximum(shared_runtime: Runtime) -> None:
    with pytest.raises(Failed, match="timeout must lie between 0 and 1800 seconds"):
        outcome(
            shared_runtime,
            "- a: {call: http.get, args: {url: 'http://127.0.0.1:9/', timeout: 1801}}",
        )
