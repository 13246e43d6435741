"""The module list, and what the page about lists says of values."""

from .table import SYNTAX, Page, Raises, Row

_THREE = ["zero", "one", "two"]

PAGES = (
    Page(
        "list/concat",
        "list.concat",
        (
            Row([*_THREE, "three"], 'list.concat(a, "three")', given=_THREE),
            Row([*_THREE, "three"], args={"objs": _THREE, "val": "three"}),
            Row([_THREE, [*_THREE, 3]], "[a, list.concat(a, 3)]", given=_THREE),
            Row([1, [2]], "list.concat([1], [2])"),
            Row([None], "list.concat([], null)"),
            Row(Raises("TypeError"), "list.concat(1, 2)"),
            Row(Raises("TypeError"), "list.concat(null, 2)"),
            Row(Raises("TypeError"), 'list.concat("list", 2)'),
            Row(Raises("TypeError"), "list.concat(a, 2)", given={}),
        ),
    ),
    Page(
        "list/prepend",
        "list.prepend",
        (
            Row(["three", *_THREE], 'list.prepend(a, "three")', given=_THREE),
            Row(["three", *_THREE], args={"objs": _THREE, "val": "three"}),
            Row([_THREE, [3, *_THREE]], "[a, list.prepend(a, 3)]", given=_THREE),
            Row([[2], 1], "list.prepend([1], [2])"),
            Row([None], "list.prepend([], null)"),
            Row(Raises("TypeError"), "list.prepend(1, 2)"),
            Row(Raises("TypeError"), "list.prepend(null, 2)"),
        ),
    ),
    Page(
        SYNTAX + "lists",
        "in",
        (
            Row("two", "a[2]", given=_THREE),
            Row("two", "a[len(a) - 1]", given=_THREE),
            Row(21, "a[1][1]", given=[[10, 11], [20, 21]]),
            Row(True, '"one" in a', given=_THREE),
            Row(False, '"three" in a', given=_THREE),
            Row(True, "not (3 in a)", given=_THREE),
            Row(Raises("IndexError"), "a[3]", given=_THREE),
            Row(
                Raises("IndexError"), "a[-1]", given=_THREE, chosen="an index counts from the start"
            ),
            Row(Raises("TypeError"), 'a["one"]', given=_THREE),
            Row(Raises("TypeError"), "a[1.0]", given=_THREE, chosen="the page: an integer"),
            Row(Raises("TypeError"), "a[true]", given=_THREE, chosen="the page: an integer"),
            Row(True, "2.0 in [1, 2]", chosen="elements are compared as by =="),
            Row(True, "[1] in [[1.0]]", chosen="elements are compared as by =="),
            Row(False, '1 in ["1", true]', chosen="elements are compared as by =="),
        ),
    ),
)
