"""The module map, and what the page about maps says of values."""

from .table import SYNTAX, Page, Raises, Row

_TWO = {"key1": "hello", "key2": "world"}
_DEEP = {"key1": {"key2": {"key3": 3}, "list": [1]}}


def _both(first: object, second: object) -> dict[str, object]:
    return {"first": first, "second": second}


PAGES = (
    Page(
        "map/get",
        "map.get",
        (
            Row("world", 'map.get(a, "key2")', given=_TWO),
            Row("world", args={"map": _TWO, "keys": "key2"}),
            Row(None, 'map.get(a, "key3")', given=_TWO),
            Row(3, 'map.get(a, ["key1", "key2", "key3"])', given=_DEEP),
            Row(3, 'map.get(map.get(map.get(a, "key1"), "key2"), "key3")', given=_DEEP),
            Row(None, 'map.get(a, ["key1", "none", "key3"])', given=_DEEP),
            Row(None, 'map.get(a, ["key1", "list", "key3"])', given=_DEEP),
            Row(None, 'map.get(a, ["key1", "key2", "key3", "key4"])', given=_DEEP),
            Row("default", 'default(map.get(a, "key3"), "default")', given=_TWO),
            Row(None, 'map.get(null, "key")'),
            Row(None, 'map.get("no map", "key")'),
            Row(None, 'map.get(["key"], "key")'),
            Row(None, 'map.get(a, "key")', given={"key": None}),
            Row(Raises("TypeError"), "map.get(a, 1)", given=_TWO),
            Row(Raises("TypeError"), "map.get(a, null)", given=_TWO),
            Row(Raises("TypeError"), 'map.get(a, ["key1", 2])', given=_TWO),
            Row(Raises("TypeError"), 'map.get(a, ["none", 2])', given=_TWO),
            Row(Raises("TypeError"), "map.get(null, 1)"),
            Row(_TWO, "map.get(a, [])", given=_TWO, chosen="no key leads nowhere else"),
            Row(1, 'map.get(a, "x.y")', given={"x.y": 1}, chosen="a dot in a key is a dot"),
        ),
    ),
    Page(
        "map/delete",
        "map.delete",
        (
            Row({"key1": "hello"}, 'map.delete(a, "key2")', given=_TWO),
            Row({"key1": "hello"}, args={"map": _TWO, "key": "key2"}),
            Row(_TWO, 'map.delete(a, "key3")', given=_TWO),
            Row([_TWO, {"key2": "world"}], '[a, map.delete(a, "key1")]', given=_TWO),
            Row(Raises("TypeError"), 'map.delete(["key"], "key")'),
            Row(Raises("TypeError"), 'map.delete(null, "key")'),
            Row(Raises("TypeError"), "map.delete(a, 1)", given=_TWO),
            Row(Raises("TypeError"), 'map.delete(a, ["key1"])', given=_TWO),
        ),
    ),
    Page(
        "map/merge",
        "map.merge",
        (
            Row(
                {**_TWO, "key3": "good", "key4": "morning"},
                "map.merge(a.first, a.second)",
                given=_both(_TWO, {"key3": "good", "key4": "morning"}),
            ),
            Row(
                {"key1": "good", "key2": "morning"},
                "map.merge(a.first, a.second)",
                given=_both(_TWO, {"key1": "good", "key2": "morning"}),
            ),
            Row({"key1": "value2"}, args=_both({"key1": "value1"}, {"key1": "value2"})),
            Row(
                {"key1": {"keyy": 2}},
                "map.merge(a.first, a.second)",
                given=_both({"key1": {"keyx": 1}}, {"key1": {"keyy": 2}}),
            ),
            Row(
                {"key": None},
                "map.merge(a.first, a.second)",
                given=_both({"key": 1}, {"key": None}),
            ),
            Row(Raises("TypeError"), "map.merge(a, null)", given=_TWO),
            Row(Raises("TypeError"), "map.merge(null, a)", given=_TWO),
            Row(Raises("TypeError"), "map.merge(a, [])", given=_TWO),
            Row(
                '{"key1":"good","key2":"world","key3":3}',
                "json.encode_to_string(map.merge(a.first, a.second))",
                given=_both(_TWO, {"key3": 3, "key1": "good"}),
                chosen="keys keep the place they had first",
            ),
        ),
    ),
    Page(
        "map/merge_nested",
        "map.merge_nested",
        (
            Row(
                {"key1": {"key2": "value2", "key3": "value3"}},
                "map.merge_nested(a.first, a.second)",
                given=_both({"key1": {"key2": "value2"}}, {"key1": {"key3": "value3"}}),
            ),
            Row({"key1": "value2"}, args=_both({"key1": "value1"}, {"key1": "value2"})),
            Row(
                {"key1": {"keyx": "valuex", "keyy": "valuey"}},
                args=_both({"key1": {"keyx": "valuex"}}, {"key1": {"keyy": "valuey"}}),
            ),
            Row(
                {"a": {"b": {"c": 1, "d": 3, "e": 4}}},
                args=_both({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"d": 3, "e": 4}}}),
            ),
            Row({"a": 1}, args=_both({"a": {"b": 2}}, {"a": 1})),
            Row({"a": {"b": 2}}, args=_both({"a": 1}, {"a": {"b": 2}})),
            Row({"a": [2]}, args=_both({"a": [1]}, {"a": [2]})),
            Row(Raises("TypeError"), "map.merge_nested(a, null)", given=_TWO),
            Row(Raises("TypeError"), "map.merge_nested([], a)", given=_TWO),
        ),
    ),
    Page(
        SYNTAX + "maps",
        "in",
        (
            Row("hello", "a.key1", given=_TWO),
            Row("hello", 'a["key1"]', given=_TWO),
            Row("world", 'a["key" + "2"]', given=_TWO),
            Row(3, "a.key1.key2.key3", given=_DEEP),
            Row(3, 'a["key1"].key2["key3"]', given=_DEEP),
            Row(1, 'a["special!key"]', given={"special!key": 1}),
            Row(True, '"key1" in a', given=_TWO),
            Row(False, '"hello" in a', given=_TWO),
            Row(["key1", "key2"], "keys(a)", given=_TWO),
            Row("none", 'default(map.get(a, "key3"), "none")', given=_TWO),
            Row(Raises("KeyError"), "a.key3", given=_TWO),
            Row(Raises("KeyError"), 'a["key3"]', given=_TWO),
            Row(Raises("TypeError"), "a[1]", given=_TWO, chosen="keys are strings"),
            Row(Raises("TypeError"), "a.key1.x", given=_TWO, chosen="a string has no fields"),
            Row(Raises("TypeError"), "a.x", chosen="null has no fields"),
            Row(False, "1 in a", given={"1": 1}, chosen="no key is a number"),
        ),
    ),
)
