"""What the page of data types says of the operators."""

from .table import SYNTAX, Page, Raises, Row

_NONE_OF_THE_PAGE = "the page names no such pair"

PAGES = (
    Page(
        SYNTAX + "datatypes",
        "+",
        (
            Row(3, "1 + 2"),
            Row(3.5, "1 + 2.5"),
            Row(3.5, "2.5 + 1"),
            Row(3.0, "1 + 2.0"),
            Row("ab", '"a" + "b"'),
            Row("a1", '"a" + 1'),
            Row("1a", '1 + "a"'),
            Row("a1.5", '"a" + 1.5'),
            Row("1.5a", '1.5 + "a"'),
            Row("atrue", '"a" + true'),
            Row("falsea", 'false + "a"'),
            Row("a2", '"a" + 2.0', chosen="as string() writes it"),
            Row("a1e+21", '"a" + 1e21', chosen="as string() writes it"),
            *(
                Row(Raises("TypeError"), expression)
                for expression in ("true + 1", "1 + true", "1.5 + false", "true + true")
            ),
            *(
                Row(Raises("TypeError"), expression, given={}, chosen=_NONE_OF_THE_PAGE)
                for expression in (
                    *("null + 1", '"a" + null', '"a" + [1]', "[1] + [2]", "a + a", '"a" + a'),
                    'text.encode("a") + "b"',
                )
            ),
            Row(Raises("ValueError"), "9223372036854775807 + 1", chosen="64 bits, signed"),
        ),
    ),
    Page(
        SYNTAX + "datatypes",
        "-*/",
        (
            Row(-1, "1 - 2"),
            Row(-0.5, "1 - 1.5"),
            Row(6, "2 * 3"),
            Row(3.0, "2 * 1.5"),
            Row(3.5, "7 / 2"),
            Row(4.0, "8 / 2"),
            Row(3, "7 // 2"),
            Row(1, "7 % 3"),
            Row(-3, "-(1 + 2)"),
            Row(-4, "-7 // 2", chosen="the page: floor division, so it rounds down"),
            Row(2, "-7 % 3", chosen="what floor division leaves"),
            Row(Raises("ZeroDivisionError"), "1 / 0"),
            Row(Raises("ZeroDivisionError"), "1 // 0"),
            Row(Raises("ZeroDivisionError"), "1 % 0"),
            *(
                Row(Raises("TypeError"), expression, chosen=_NONE_OF_THE_PAGE)
                for expression in (
                    *('"a" - "a"', '"a" * 2', "true * 2", "null / 1", '"4" / 2', "[1] * 2"),
                    *('-"1"', "-true", "-null", '"%d" % 1'),
                )
            ),
            Row(Raises("ValueError"), "-9223372036854775807 - 2", chosen="64 bits, signed"),
            Row(Raises("ValueError"), "9223372036854775807 * 2", chosen="64 bits, signed"),
        ),
    ),
    Page(
        SYNTAX + "datatypes",
        "==",
        (
            Row(True, "1 == 1.0"),
            Row(True, "null == null"),
            Row(False, "null == 0"),
            Row(True, '"a" != null'),
            Row(True, '"a" == "a"'),
            Row(True, "1 < 1.5"),
            Row(True, "2 >= 2.0"),
            Row(False, '"1" == 1', chosen="values of two types are unequal"),
            Row(False, "true == 1", chosen="values of two types are unequal"),
            Row(True, "[1, [2]] == [1.0, [2]]", chosen="element by element"),
            Row(True, "a.x == a.y", given={"x": {"k": 1}, "y": {"k": 1.0}}, chosen="key by key"),
            Row(False, "1e308 * 10 - 1e308 * 10 == 1e308 * 10 - 1e308 * 10", chosen="IEEE 754"),
            Row(False, "9007199254740993 == 9007199254740992.0", chosen="compared exactly"),
            *(
                Row(Raises("TypeError"), expression, chosen="there is no order between them")
                for expression in ('1 < "a"', "true < false", "null < 1", "[1] < [2]")
            ),
        ),
    ),
    Page(
        SYNTAX + "datatypes",
        "and",
        (
            Row(True, "true and not false"),
            Row(True, "false OR true"),
            Row(True, "NOT (false AND true)"),
            Row(True, "true or false and false"),
            *(
                Row(Raises("TypeError"), expression)
                for expression in (
                    "1 and true",
                    'false or "true"',
                    "not 1",
                    "not null",
                    "null or true",
                )
            ),
        ),
    ),
)
