"""The module json."""

from .table import Page, Raises, Row

_NESTED = {"a": [1, {"b": None}], "c": {}, "d": []}
_FOUR = '{\n    "a": [\n        1,\n        {\n            "b": null\n        }\n    ],\n    "c": {},\n    "d": []\n}'
_ONE_LINE = '{"a":[1,{"b":null}],"c":{},"d":[]}'


def _encoding(function: str, read: str) -> tuple[Row, ...]:
    """Write the rows of both pages, which differ by what is returned; *read* makes it a string."""

    def call(arguments: str) -> str:
        return read.format(f"{function}({arguments})")

    return (
        Row(_ONE_LINE, call("a"), given=_NESTED),
        Row(_ONE_LINE, call("a, false"), given=_NESTED),
        Row(_FOUR, call("a, true"), given=_NESTED),
        Row(_FOUR, call("a.data, a.style"), given={"data": _NESTED, "style": {}}),
        Row(
            _FOUR.replace("    ", "\t"),
            call("a.data, a.style"),
            given={"data": _NESTED, "style": {"indent": "\t"}},
        ),
        Row(
            _FOUR.replace("\n", "\n> "),
            call("a.data, a.style"),
            given={"data": _NESTED, "style": {"prefix": "> "}},
        ),
        Row(
            "[\n>-1\n>]",
            call("[1], a"),
            given={"prefix": ">", "indent": "-"},
        ),
        Row(
            "[\n>1\n>]",
            call("[1], a"),
            given={"prefix": ">", "indent": ""},
        ),
        Row('"x"', call('"x"')),
        Row("null", call("null")),
        Row("true", call("true")),
        Row(Raises("ValueError"), call('text.encode("x")')),
        Row(Raises("ValueError"), call('[[text.encode("x")]]')),
        Row(Raises("ValueError"), call("[http.default_retry_predicate]")),
        Row(Raises("ValueError"), call("1e308 * 10"), chosen="JSON has no infinities"),
        Row(Raises("ValueError"), call("1e308 * 10 - 1e308 * 10"), chosen="and no NaN"),
        Row("[1.0,1]", call("[1.0, 1]"), chosen="a double is a double again when it is read"),
        Row(
            '"ä<>&\u2028"',
            call("a"),
            given="ä<>&\u2028",
            chosen="nothing is escaped that need not be",
        ),
        Row('{"b":1,"a":2}', call("a"), given={"b": 1, "a": 2}, chosen="keys keep their order"),
        Row(Raises("TypeError"), call("[], 4"), chosen="the page: a boolean or a map"),
        Row(Raises("TypeError"), call("[], null"), chosen="the page: a boolean or a map"),
        Row(Raises("TypeError"), call("[], a"), given={"indent": 4}, chosen="the page: strings"),
        Row(Raises("TypeError"), call("[], a"), given={"prefix": None}, chosen="the page: strings"),
        Row("[]", call("[], a"), given={"indentation": 1}, chosen="other keys mean nothing"),
        Row(
            Raises("ValueError"), call("a"), given=["\ud800"], chosen="UTF-8 has no half of a pair"
        ),
    )


PAGES = (
    Page(
        "json/decode",
        "json.decode",
        (
            Row({"a": [1, 2.5, None, True]}, "json.decode(a)", given='{"a": [1, 2.5, null, true]}'),
            Row({"a": [1]}, "json.decode(text.encode(a))", given='{"a": [1]}'),
            # The example of the page, without its call of Pub/Sub.
            Row({"hello": "world"}, 'json.decode(base64.decode("eyJoZWxsbyI6IndvcmxkIn0="))'),
            Row("\ufffd\ufffdx", 'json.decode(base64.decode("IuKCeCI="))'),
            Row(Raises("ValueError"), "json.decode(a)", given="{"),
            Row(Raises("ValueError"), "json.decode(a)", given=""),
            Row(Raises("ValueError"), "json.decode(a)", given="[1] 2"),
            Row(Raises("ValueError"), "json.decode(a)", given="{'a': 1}"),
            Row(Raises("ValueError"), "json.decode(a)", given="[1,]"),
            Row(Raises("ValueError"), "json.decode(a)", given="[NaN]"),
            Row(Raises("ValueError"), "json.decode(a)", given="Infinity"),
            Row(Raises("ValueError"), "json.decode(a)", given="-Infinity"),
            Row(Raises("ValueError"), "json.decode(a)", given="\ufeff1"),
            Row(Raises("ValueError"), 'json.decode(base64.decode("77u/MQ=="))'),
            Row(Raises("ValueError"), 'json.decode(text.encode("1", "UTF-16"))'),
            Row(Raises("ValueError"), "json.decode(a)", given='"a\nb"'),
            Row(Raises("ValueError"), "json.decode(a)", given="01"),
            Row("x", "json.decode(a)", given='"x"', chosen="any JSON value, not objects alone"),
            Row(7, "json.decode(a)", given=" 7\n", chosen="any JSON value"),
            Row({"a": 2}, "json.decode(a)", given='{"a": 1, "a": 2}', chosen="the last one wins"),
            Row(1.0, "json.decode(a)", given="1.0", chosen="a fraction makes a double"),
            Row(100.0, "json.decode(a)", given="1e2", chosen="so does an exponent"),
            Row(
                9223372036854775808.0,
                "json.decode(a)",
                given="9223372036854775808",
                chosen="what 64 bits cannot hold is a double, as JSON knows one kind of number",
            ),
            Row(9223372036854775807, "json.decode(a)", given="9223372036854775807"),
            Row(Raises("ValueError"), "json.decode(a)", given="1e400", chosen="no double holds it"),
            Row(Raises("ValueError"), "json.decode(a)", given="9" * 400, chosen="nor this"),
            Row(Raises("ValueError"), "json.decode(a)", given="9" * 5000, chosen="nor this"),
            Row(
                Raises("ValueError"),
                "json.decode(a)",
                given="[" * 501 + "]" * 501,
                chosen="values nest 500 levels deep at most",
            ),
            Row("😀", "json.decode(a)", given='"\\ud83d\\ude00"'),
            Row(
                Raises("ValueError"),
                "json.decode(a)",
                given='[["\\ud800"]]',
                chosen="half a surrogate pair is no text",
            ),
            Row(Raises("ValueError"), "json.decode(a)", given='"\ud800"', chosen="nor is this"),
            Row(Raises("TypeError"), "json.decode(1)", chosen="neither bytes nor a string"),
            Row(Raises("TypeError"), "json.decode(null)", chosen="as elsewhere for a wrong type"),
        ),
    ),
    Page(
        "json/encode",
        "json.encode",
        (
            Row(
                "eyJoZWxsbyI6IndvcmxkIn0=",
                "base64.encode(json.encode(a))",
                given={"hello": "world"},
            ),
            Row("IsOkIg==", "base64.encode(json.encode(a))", given="ä"),
            Row("bytes", "get_type(json.encode(1))"),
            *_encoding("json.encode", "text.decode({})"),
        ),
    ),
    Page(
        "json/encode_to_string",
        "json.encode_to_string",
        (
            Row(
                'Received {"key1":"hello"}',
                '"Received " + json.encode_to_string(a)',
                given={"key1": "hello"},
            ),
            Row("string", "get_type(json.encode_to_string(1))"),
            *_encoding("json.encode_to_string", "{}"),
        ),
    ),
)
