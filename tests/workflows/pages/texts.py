"""The module text."""

from collections.abc import Iterable

from .table import Page, Raises, Row

_URL = "a/b/c?item=d+e f"
_NOT_UTF8 = "UTF-8 has no half of a surrogate pair"
_OTHER_PAGES = "as the module's other pages"
_NO_CHARSET = (
    *("unicode_escape", "raw_unicode_escape", "rot13", "rot_13", "idna", "punycode", "hex", "zlib"),
    *("base64", "bz2", "quopri", "uu", "undefined", "mbcs", "oem", "charmap", "palmos"),
    *("utf8", "utf_8", "u8", "utf-8-sig", "latin-1", "8859", "", "utf-8\0", "x" * 1000, "nowhere"),
)


def _wrong_types(function: str, *arguments: str, chosen: str = "") -> Iterable[Row]:
    """Write a row for each argument that is no string."""
    for at in range(len(arguments)):
        for wrong in ("1", "null", 'text.encode("x")'):
            given = [*arguments[:at], wrong, *arguments[at + 1 :]]
            yield Row(Raises("TypeError"), f"{function}({', '.join(given)})", chosen=chosen)


def _halves(function: str, arguments: int, documented: tuple[int, ...] = ()) -> Iterable[Row]:
    """Write a row for each argument that UTF-8 cannot carry; the page speaks of those at *documented*."""
    for at in range(arguments):
        given = ["x"] * arguments
        given[at] = "x\ud800"
        names = ", ".join(f"a[{n}]" for n in range(arguments))
        chosen = "" if at in documented else _NOT_UTF8
        yield Row(Raises("ValueError"), f"{function}({names})", given=given, chosen=chosen)


PAGES = (
    Page(
        "text/decode",
        "text.decode",
        (
            Row("Hello World", 'text.decode(base64.decode("SGVsbG8gV29ybGQ="), "UTF-8")'),
            Row("ä", 'text.decode(base64.decode("w6Q="))'),
            Row("ä", 'text.decode(base64.decode("5A=="), "ISO-8859-2")'),
            Row("ä", 'text.decode(base64.decode("5A=="), "iso-8859-2")'),
            Row("a", 'text.decode(base64.decode("YQ=="), "US-ASCII")'),
            # Each byte that is no text, also of a sequence that breaks off.
            Row("\ufffd", 'text.decode(base64.decode("5A=="))'),
            Row("x\ufffd\ufffdy", 'text.decode(base64.decode("eOKCeQ=="))'),
            Row("\ufffd\ufffd\ufffd", 'text.decode(base64.decode("7aCA"))'),
            Row("\ufffd", 'text.decode(base64.decode("5A=="), "US-ASCII")'),
            Row("\ufffd", 'text.decode(base64.decode("gQ=="), "windows-1252")'),
            *(
                Row(Raises("ValueError"), 'text.decode(text.encode("x"), a)', given=name)
                for name in _NO_CHARSET
            ),
            Row(
                "\ufeffx",
                'text.decode(base64.decode("77u/eA=="))',
                chosen="a mark is text in UTF-8",
            ),
            Row(
                "ä", 'text.decode(base64.decode("AOQ="), "UTF-16")', chosen="RFC 2781, section 4.3"
            ),
            Row("ä", 'text.decode(base64.decode("//7kAA=="), "UTF-16")', chosen="RFC 2781"),
            Row("ä", 'text.decode(base64.decode("/v8A5A=="), "UTF-16")', chosen="RFC 2781"),
            Row(Raises("TypeError"), 'text.decode("x")', chosen="a string is no bytes"),
            Row(Raises("TypeError"), 'text.decode(text.encode("x"), 8)', chosen="as elsewhere"),
            Row(Raises("TypeError"), 'text.decode(text.encode("x"), null)', chosen="as elsewhere"),
        ),
    ),
    Page(
        "text/encode",
        "text.encode",
        (
            Row("SGVsbG8gV29ybGQ=", 'base64.encode(text.encode("Hello World", "UTF-8"))'),
            Row("w6Q=", 'base64.encode(text.encode("ä"))'),
            Row("bytes", 'get_type(text.encode("ä"))'),
            Row("5A==", 'base64.encode(text.encode("ä", "ISO-8859-2"))'),
            Row("5A==", 'base64.encode(text.encode("ä", "iso-8859-2"))'),
            Row("5A==", 'base64.encode(text.encode("ä", "latin1"))'),
            Row("5A==", 'base64.encode(text.encode("ä", "Windows-1252"))'),
            Row("gqA=", 'base64.encode(text.encode("あ", "Shift_JIS"))'),
            Row("pKI=", 'base64.encode(text.encode("あ", "EUC-JP"))'),
            Row(Raises("ValueError"), 'text.encode("ä", "US-ASCII")'),
            Row(Raises("ValueError"), 'text.encode("€", "ISO-8859-1")'),
            *(Row(Raises("ValueError"), 'text.encode("x", a)', given=name) for name in _NO_CHARSET),
            Row("/v8A5A==", 'base64.encode(text.encode("ä", "UTF-16"))', chosen="RFC 2781, 3.3"),
            Row("AOQ=", 'base64.encode(text.encode("ä", "UTF-16BE"))'),
            Row("5AA=", 'base64.encode(text.encode("ä", "UTF-16LE"))'),
            Row(Raises("ValueError"), "text.encode(a)", given="\ud800"),
            Row(Raises("TypeError"), "text.encode(1)", chosen="as elsewhere for a wrong type"),
            Row(Raises("TypeError"), 'text.encode("x", 8)', chosen="as elsewhere"),
        ),
    ),
    Page(
        "text/find_all",
        "text.find_all",
        (
            Row([0, 2], 'text.find_all("00000", "00")'),
            Row([2, 3, 9], 'text.find_all("Hello World", "l")'),
            Row([1], args={"source": "äbc", "substr": "bc"}),
            Row([1], 'text.find_all("😀b", "b")'),
            Row([], 'text.find_all("Hello World", "x")'),
            Row([], 'text.find_all("", "x")'),
            *_wrong_types("text.find_all", '"x"', '"x"'),
            *_halves("text.find_all", 2, (1,)),
            Row(
                [0, 1, 2, 3],
                'text.find_all("abc", "")',
                chosen="as replace_all: at the beginning and after each code point",
            ),
            Row([0], 'text.find_all("", "")', chosen="as replace_all"),
        ),
    ),
    Page(
        "text/find_all_regex",
        "text.find_all_regex",
        (
            Row(
                [{"index": 0, "match": "Hello"}, {"index": 5, "match": "World"}],
                'text.find_all_regex("HelloWorld", "Hello|World")',
            ),
            Row([{"index": 0, "match": "ab"}], args={"source": "abcd", "regexp": "a|ab"}),
            Row([{"index": 0, "match": "aaa"}], 'text.find_all_regex("aaa", "a+?")'),
            Row([{"index": 0, "match": "aba"}], 'text.find_all_regex("ababa", "aba")'),
            Row([], 'text.find_all_regex("HelloWorld", "x")'),
            Row(
                [{"index": 1, "match": "b"}, {"index": 3, "match": "d"}],
                'text.find_all_regex("😀bäd", "[a-z]")',
                chosen="code points, as find_all counts",
            ),
            *(
                Row(Raises("ValueError"), "text.find_all_regex(a, a)", given=regexp)
                for regexp in (
                    "(",
                    "[",
                    "a**",
                    "(?=a)",
                    "(?<!a)",
                    "(a)\\1",
                    "\\",
                    "a{2,1}",
                    "(?P<n",
                    "\\Z",
                )
            ),
            Row(Raises("ValueError"), 'text.find_all_regex("a", "(((a{100}){100}){100})")'),
            *_wrong_types("text.find_all_regex", '"x"', '"x"'),
            *_halves("text.find_all_regex", 2, (1,)),
            Row(
                [{"index": 0, "match": ""}, {"index": 1, "match": "aa"}, {"index": 4, "match": ""}],
                'text.find_all_regex("baac", "a*")',
                chosen="as RE2 replaces: no empty match where another one ends",
            ),
        ),
    ),
    Page(
        "text/match_regex",
        "text.match_regex",
        (
            Row(True, 'text.match_regex("HelloWorld", "Hello|Goodbye")'),
            Row(False, 'text.match_regex("HelloWorld", "Goodbye")'),
            Row(True, args={"source": "HelloWorld", "regexp": "oW"}),
            Row(True, 'text.match_regex("hello", "l+o$")'),
            Row(False, 'text.match_regex("hello", "^ello")'),
            Row(True, 'text.match_regex("x", "")'),
            Row(True, 'text.match_regex("HELLO", "(?i)hello")'),
            Row(True, 'text.match_regex("ä", a)', given="^\\pL\\z"),
            *(
                Row(Raises("ValueError"), 'text.match_regex("a", a)', given=regexp)
                for regexp in ("(", "a(?=b)", "(a)\\1")
            ),
            *_wrong_types("text.match_regex", '"x"', '"x"'),
            *_halves("text.match_regex", 2, (1,)),
        ),
    ),
    Page(
        "text/replace_all",
        "text.replace_all",
        (
            Row("Goodbye World", 'text.replace_all("Hello World", "Hello", "Goodbye")'),
            Row("xa", args={"source": "aaa", "substr": "aa", "repl": "x"}),
            Row("-ä-b-", 'text.replace_all("äb", "", "-")'),
            Row("-", 'text.replace_all("", "", "-")'),
            Row("acd", 'text.replace_all("abcd", "b", "")'),
            Row("abcd", 'text.replace_all("abcd", "x", "y")'),
            Row(
                "a\\1",
                "text.replace_all(a.source, a.substr, a.repl)",
                given={"source": "ab", "substr": "b", "repl": "\\1"},
            ),
            *_wrong_types("text.replace_all", '"x"', '"x"', '"x"'),
            *_halves("text.replace_all", 3, (1, 2)),
        ),
    ),
    Page(
        "text/replace_all_regex",
        "text.replace_all_regex",
        (
            Row("three three", 'text.replace_all_regex("one two", "one|two", "three")'),
            Row("xcd", args={"source": "abcd", "regexp": "a|ab", "repl": "x"}),
            Row("xba", 'text.replace_all_regex("ababa", "aba", "x")'),
            Row("-ä-b-", 'text.replace_all_regex("äb", "", "-")'),
            Row("-", 'text.replace_all_regex("", "", "-")'),
            *(
                Row(f"<{repl}>", 'text.replace_all_regex("<a>", "(a)", a)', given=repl)
                for repl in ("\\", "\\1", "\\0", "$1", "${1}", "\\g<1>", "\\n", "\\x", "&", "\n")
            ),
            Row("abcd", 'text.replace_all_regex("abcd", "x", "y")'),
            *(
                Row(Raises("ValueError"), 'text.replace_all_regex("a", a, "")', given=regexp)
                for regexp in ("(", "a(?=b)", "(a)\\1")
            ),
            *_wrong_types("text.replace_all_regex", '"x"', '"x"', '"x"'),
            *_halves("text.replace_all_regex", 3, (1, 2)),
            Row(
                "-b-c-",
                'text.replace_all_regex("baac", "a*", "-")',
                chosen="as RE2 replaces: no empty match where another one ends",
            ),
        ),
    ),
    Page(
        "text/split",
        "text.split",
        (
            Row(["a", "b", "", "c"], 'text.split("a,b,,c", ",")'),
            Row(["a", "b"], args={"source": "a, b", "separator": ", "}),
            Row(["", "a", ""], 'text.split(",a,", ",")'),
            Row(["abc"], 'text.split("abc", ",")'),
            *_wrong_types("text.split", '"x"', '"x"', chosen=_OTHER_PAGES),
            *_halves("text.split", 2),
            Row([""], 'text.split("", ",")', chosen="one part more than there are separators"),
            Row(Raises("ValueError"), 'text.split("abc", "")', chosen="nothing separates nothing"),
        ),
    ),
    Page(
        "text/substring",
        "text.substring",
        (
            Row("ell", 'text.substring("Hello", 1, 4)'),
            Row("ö", args={"source": "äöü", "start": 1, "end": 2}),
            Row("b", 'text.substring("😀b", 1, 2)'),
            Row("Hello", 'text.substring("Hello", 0, len("Hello"))'),
            Row("", 'text.substring("Hello", 2, 2)'),
            *(
                Row(
                    wanted,
                    f'text.substring("Hello", {start}, {end})',
                    chosen="as far as there is text: samples cut at 50 without looking",
                )
                for start, end, wanted in (
                    (0, 50, "Hello"),
                    (-3, 2, "He"),
                    (5, 9, ""),
                    (7, 9, ""),
                    (-3, -1, ""),
                )
            ),
            Row("", 'text.substring("Hello", 3, 1)', chosen="nothing is between"),
            Row(Raises("TypeError"), "text.substring(1, 0, 1)", chosen=_OTHER_PAGES),
            Row(Raises("TypeError"), 'text.substring("Hello", "0", 1)', chosen=_OTHER_PAGES),
            Row(Raises("TypeError"), 'text.substring("Hello", 0, null)', chosen=_OTHER_PAGES),
            Row(
                Raises("TypeError"),
                'text.substring("Hello", 0.0, 1)',
                chosen="an index is an integer",
            ),
            Row(
                Raises("TypeError"),
                'text.substring("Hello", true, 1)',
                chosen="an index is an integer",
            ),
            Row(Raises("ValueError"), "text.substring(a, 0, 1)", given="x\ud800", chosen=_NOT_UTF8),
        ),
    ),
    Page(
        "text/to_lower",
        "text.to_lower",
        (
            Row("hello world", 'text.to_lower("Hello World")'),
            Row("äж", args={"source": "ÄЖ"}),
            *_wrong_types("text.to_lower", '"x"'),
            *_halves("text.to_lower", 1),
            Row("οδοσ", 'text.to_lower("ΟΔΟΣ")', chosen="each letter to its one small letter"),
            Row("i", 'text.to_lower("İ")', chosen="each letter to its one small letter"),
            Row("ß", 'text.to_lower("ẞ")', chosen="each letter to its one small letter"),
        ),
    ),
    Page(
        "text/to_upper",
        "text.to_upper",
        (
            Row("HELLO WORLD", 'text.to_upper("Hello World")'),
            Row("ÄЖ", args={"source": "äж"}),
            *_wrong_types("text.to_upper", '"x"'),
            *_halves("text.to_upper", 1),
            Row(
                "STRAßE", 'text.to_upper("straße")', chosen="each letter to its one capital letter"
            ),
            Row("ΟΔΟΣ", 'text.to_upper("οδος")', chosen="each letter to its one capital letter"),
            Row("I", 'text.to_upper("i")', chosen="in no language"),
            Row("ﬁᾼŉA", 'text.to_upper("ﬁᾳŉa")', chosen="each letter to its one capital letter"),
        ),
    ),
    Page(
        "text/url_decode",
        "text.url_decode",
        (
            Row("a/b/c?item=d+e", 'text.url_decode("a%2Fb%2Fc%3Fitem%3Dd%2Be")'),
            Row("a b c", args={"source": "a+b%20c"}),
            Row("ä", 'text.url_decode("%C3%A4")'),
            Row("ä", 'text.url_decode("%c3%a4")'),
            Row("äπ", 'text.url_decode("ä%CF%80")'),
            *(
                Row(Raises("ValueError"), "text.url_decode(a)", given=wrong)
                for wrong in ("%", "%4", "%zz", "100%", "%%", "a%2", "%\uff14\uff11", "%+1", "% 1")
            ),
            *_wrong_types("text.url_decode", '"x"'),
            *_halves("text.url_decode", 1),
            Row("\ufffdx", 'text.url_decode("%E4x")', chosen="as text.decode: each such byte"),
            Row("\ufffd\ufffd\ufffd", 'text.url_decode("%ED%A0%80")', chosen="as text.decode"),
        ),
    ),
    Page(
        "text/url_encode",
        "text.url_encode",
        (
            Row("a%2Fb%2Fc%3Fitem%3Dd%2Be%20f", f'text.url_encode("{_URL}")'),
            Row("aZ09.-_", args={"source": "aZ09.-_"}),
            Row("%7E%2A%21%27%28%29%25%22", "text.url_encode(a)", given="~*!'()%\""),
            Row("%C3%A4%0A%00", "text.url_encode(a)", given="ä\n\0"),
            *_wrong_types("text.url_encode", '"x"'),
            *_halves("text.url_encode", 1),
        ),
    ),
    Page(
        "text/url_encode_plus",
        "text.url_encode_plus",
        (
            Row("a%2Fb%2Fc%3Fitem%3Dd%2Be+f", f'text.url_encode_plus("{_URL}")'),
            Row("aZ09.-_", args={"source": "aZ09.-_"}),
            Row("%7E%2A%2B+%26%3D", 'text.url_encode_plus("~*+ &=")'),
            Row("%C3%A4", 'text.url_encode_plus("ä")'),
            *_wrong_types("text.url_encode_plus", '"x"'),
            *_halves("text.url_encode_plus", 1),
        ),
    ),
)
