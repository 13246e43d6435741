"""The expression helpers."""

from typing import Any

from .table import Page, Raises, Row

_PATH = "expression-helpers"
_INTEGERS = {"least": -(2**63), "greatest": 2**63 - 1}
_ANY_TYPE: list[Any] = [1, 1.5, "s", True, None, [], {}]
_NOT_NULL: list[Any] = [False, 0, "", [], {}]

PAGES = (
    Page(
        _PATH,
        "int",
        (
            Row(12, 'int("12")'),
            Row(2, "int(2.7)"),
            Row(-2, "int(-2.7)", chosen="the fraction is cut off, as of a positive number"),
            Row(2, "int(2)", chosen="an integer is its own: samples convert without looking"),
            *(
                Row(wanted, f'int("{text}")', chosen="decimal digits, which a sign may precede")
                for text, wanted in {"-5": -5, "+5": 5, "-0": 0, "007": 7}.items()
            ),
            *(
                Row(Raises("ValueError"), "int(a)", given=text, chosen="decimal digits alone")
                for text in (
                    *(
                        "",
                        "x",
                        "1_000",
                        " 5",
                        "5 ",
                        "5\n",
                        "0x10",
                        "0b1",
                        "\uff11\uff12",
                        "\u0661",
                        "²",
                        "--5",
                        "+",
                    ),
                    *("1.5", "1.0", "1e3", "true", "null", "1,000", "∞"),
                )
            ),
            Row(2**63 - 1, "int(string(a.greatest))", given=_INTEGERS),
            Row(-(2**63), "int(string(a.least))", given=_INTEGERS),
            Row(Raises("ValueError"), 'int("9223372036854775808")', chosen="64 bits, signed"),
            Row(Raises("ValueError"), "int(a)", given="9" * 5000, chosen="64 bits, signed"),
            Row(Raises("ValueError"), "int(1e300)", chosen="64 bits, signed"),
            Row(Raises("ValueError"), "int(9223372036854775808.0)", chosen="64 bits, signed"),
            Row(-(2**63), "int(-9223372036854775808.0)", chosen="64 bits, signed"),
            Row(Raises("ValueError"), "int(1e308 * 10)", chosen="no integer is infinite"),
            Row(Raises("ValueError"), "int(1e308 * 10 - 1e308 * 10)", chosen="nor NaN"),
            *(
                Row(Raises("TypeError"), f"int({value})", chosen="none of the types of the page")
                for value in ("true", "null", "[1]", 'text.encode("1")')
            ),
        ),
    ),
    Page(
        _PATH,
        "double",
        (
            Row(2.7, 'double("2.7")'),
            Row(1.0, "double(1)"),
            Row(1.5, "double(1.5)", chosen="a double is its own: samples convert without looking"),
            Row(9223372036854775808.0, "double(a.greatest)", given=_INTEGERS, chosen="the nearest"),
            *(
                Row(wanted, "double(a)", given=text, chosen="a decimal number, as in programs")
                for text, wanted in (
                    *(("1", 1.0), ("-1.5", -1.5), ("+2", 2.0), ("1.", 1.0), (".5", 0.5)),
                    *(("1e3", 1000.0), ("1E-2", 0.01), ("-0", 0.0), ("1e-400", 0.0)),
                )
            ),
            *(
                Row(Raises("ValueError"), "double(a)", given=text, chosen="a decimal number alone")
                for text in (
                    *(
                        "",
                        ".",
                        "e5",
                        "x",
                        "1_0",
                        " 1",
                        "1 ",
                        "0x1p3",
                        "\uff11.\uff15",
                        "1,5",
                        "--1",
                        "1e",
                    ),
                    *("nan", "NaN", "inf", "Infinity", "-infinity", "+Inf"),
                )
            ),
            Row(Raises("ValueError"), 'double("1e400")', chosen="no double holds it"),
            Row(Raises("ValueError"), 'double("-1e400")', chosen="no double holds it"),
            *(
                Row(Raises("TypeError"), f"double({value})", chosen="none of the types of the page")
                for value in ("true", "null", "[1]", 'text.encode("1")')
            ),
        ),
    ),
    Page(
        _PATH,
        "string",
        (
            Row("1", "string(1)"),
            Row("-9223372036854775808", "string(a.least)", given=_INTEGERS),
            Row("1.7", "string(1.7)"),
            Row("true", "string(true)"),
            Row("false", "string(false)"),
            # The page of the overview writes sys.now() so.
            Row("1635892223.4459958", "string(a)", given=1635892223.4459958),
            Row("1", "string(1.0)", chosen="the page of math.max writes the double 123 as `123`"),
            *(
                Row(wanted, "string(a)", given=value, chosen="as Go and JavaScript write JSON")
                for value, wanted in (
                    *((1e15, "1000000000000000"), (1e20, "100000000000000000000")),
                    *((123456789012345680000.0, "123456789012345680000"), (1e21, "1e+21")),
                    *((1.5e300, "1.5e+300"), (0.1, "0.1"), (0.00001, "0.00001")),
                    *((1e-6, "0.000001"), (1.5e-7, "1.5e-7"), (5e-324, "5e-324"), (-2.5, "-2.5")),
                    *((-0.0, "-0"), (100.0, "100"), (0.30000000000000004, "0.30000000000000004")),
                )
            ),
            Row("+Inf", "string(1e308 * 10)", chosen="as Go writes it"),
            Row("-Inf", "string(-1e308 * 10)", chosen="as Go writes it"),
            Row("NaN", "string(1e308 * 10 - 1e308 * 10)", chosen="as Go writes it"),
            Row(
                "s", 'string("s")', chosen="a string is its own: a sample of Firestore relies on it"
            ),
            *(
                Row(Raises("TypeError"), f"string({value})", chosen="none of the types of the page")
                for value in ("null", "[1]", "a", 'text.encode("1")')
            ),
        ),
    ),
    Page(
        _PATH,
        "keys",
        (
            Row(["b", "a"], "keys(a)", given={"b": 1, "a": 2}),
            Row([], "keys(a)", given={}),
            Row("b", "keys(a)[0]", given={"b": 1, "a": 2}, chosen="in the order of the map"),
            *(
                Row(Raises("TypeError"), f"keys({value})", chosen="the page: a map")
                for value in ("null", "[1]", '"a"', "1")
            ),
        ),
    ),
    Page(
        _PATH,
        "len",
        (
            Row(3, "len([1, null, [2, 3]])"),
            Row(0, "len([])"),
            Row(2, "len(a)", given={"a": {"b": 1}, "c": 2}),
            Row(5, 'len("hello")'),
            Row(2, 'len("äö")'),
            Row(0, 'len("")'),
            Row(1, 'len("😀")', chosen="a character is a code point, as in the module text"),
            *(
                Row(Raises("TypeError"), f"len({value})", chosen="none of the types of the page")
                for value in ("null", "1", "true", 'text.encode("1")')
            ),
        ),
    ),
    Page(
        _PATH,
        "default",
        (
            Row(1, "default(1, 2)"),
            Row(2, "default(null, 2)"),
            Row("red", 'default(map.get(a, "colour"), "red")', given={}),
            Row(2, args={"val": None, "defaultVal": 2}),
            *(
                Row(value, "default(a[0], 9)", given=[value], chosen="only null is null")
                for value in _NOT_NULL
            ),
            Row(None, "default(null, null)", chosen="nothing else is left"),
            Row(Raises("KeyError"), "default(a.colour, 1)", given={}, chosen="it catches no error"),
        ),
    ),
    Page(
        _PATH,
        "if",
        (
            Row("yes", 'if(1 < 2, "yes", "no")'),
            Row("no", 'if(1 > 2, "yes", "no")'),
            Row(2, "if(null, 1, 2)"),
            Row(1, args={"condition": True, "ifTrue": 1, "ifFalse": 2}),
            Row(Raises("ZeroDivisionError"), "if(true, 1, 1 / 0)", chosen="both are evaluated"),
            *(
                Row(Raises("TypeError"), f"if({value}, 1, 2)", chosen="neither a boolean nor null")
                for value in ("1", "0", '""', '"true"', "[]")
            ),
        ),
    ),
    Page(
        _PATH,
        "get_type",
        (
            *(
                Row(name, "get_type(a[0])", given=[value])
                for value, name in zip(
                    _ANY_TYPE,
                    ("integer", "double", "string", "boolean", "null", "list", "map"),
                    strict=True,
                )
            ),
            Row("bytes", 'get_type(text.encode("s"))'),
            Row("double", "get_type(4 / 2)"),
            Row("integer", "get_type(4 // 2)"),
            Row("function", "get_type(http.default_retry_predicate)", chosen="named as what it is"),
        ),
    ),
)
