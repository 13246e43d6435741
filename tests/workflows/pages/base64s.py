"""The module base64."""

from .table import Page, Raises, Row

_DECODED = "text.decode(base64.decode({}))"

PAGES = (
    Page(
        "base64/decode",
        "base64.decode",
        (
            Row("hello", _DECODED.format('"aGVsbG8="')),
            Row("bytes", 'get_type(base64.decode("aGVsbG8="))'),
            # The example of the page, without its call of Pub/Sub.
            Row({"hello": "world"}, 'json.decode(base64.decode("eyJoZWxsbyI6IndvcmxkIn0="))'),
            Row("hello", _DECODED.format('"aGVsbG8=", true')),
            Row("hello", _DECODED.format('"aGVsbG8", false')),
            Row("hello", _DECODED.format("a"), given="aGVs\r\nbG8=\n"),
            Row("hello", _DECODED.format("a, false"), given="a\rGVs\nbG8"),
            Row(Raises("ValueError"), 'base64.decode("aGVsbG8")'),
            Row(Raises("ValueError"), 'base64.decode("aGVs%G8=")'),
            Row(Raises("ValueError"), 'base64.decode("aGVs bG8=")'),
            Row(Raises("ValueError"), 'base64.decode("-_-_")'),
            Row(Raises("ValueError"), 'base64.decode("äöüß")'),
            Row("+/+/", 'base64.encode(base64.decode("+/+/"))'),
            Row("", _DECODED.format('""')),
            Row(
                Raises("ValueError"),
                'base64.decode("aGVsbG8=", false)',
                chosen="padding is outside of the alphabet where none is expected",
            ),
            Row(Raises("ValueError"), 'base64.decode("=aGVsbG8")', chosen="padding is at the end"),
            Row(Raises("ValueError"), 'base64.decode("aGVsbG8=aGVsbG8=")', chosen="and ends"),
            Row(Raises("ValueError"), 'base64.decode("a", false)', chosen="six bits are no byte"),
            Row("aA==", 'base64.encode(base64.decode("aB=="))', chosen="spare bits are not read"),
            Row(Raises("TypeError"), "base64.decode(1)", chosen="as elsewhere for a wrong type"),
            Row(Raises("TypeError"), 'base64.decode("", 1)', chosen="as elsewhere"),
            Row(Raises("TypeError"), 'base64.decode("", null)', chosen="null is no boolean"),
        ),
    ),
    Page(
        "base64/encode",
        "base64.encode",
        (
            Row("aGVsbG8=", 'base64.encode(text.encode("hello"))'),
            Row("aGVsbG8=", 'base64.encode(text.encode("hello"), true)'),
            Row("aGVsbG8", 'base64.encode(text.encode("hello"), false)'),
            # The example of the page, without its call of Pub/Sub.
            Row(
                "eyJoZWxsbyI6IndvcmxkIn0=",
                "base64.encode(json.encode(a))",
                given={"hello": "world"},
            ),
            Row("", 'base64.encode(text.encode(""))'),
            Row("+/8=", 'base64.encode(base64.decode("+/8="))'),
            Row(Raises("TypeError"), 'base64.encode("text")', chosen="a string is no bytes"),
            Row(Raises("TypeError"), 'base64.encode(text.encode(""), "no")', chosen="as elsewhere"),
        ),
    ),
)
