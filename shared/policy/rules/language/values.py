"""
What operands come to, and what is asked of two of them.

Truth has three values: true, false, and `None` where it is undefined, since something is missing or of another type.
A comparison of texts is made to the letter, or *widely*: true also where one of their spellings makes it true.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from shared import detectors
from shared.policy.rules.language.nodes import EACH
from shared.policy.rules.language.patterns import MAX_TEXT, pattern
from shared.policy.rules.language.spelling import spelling

Truth = bool | None
Spend = Callable[[int], None]


class Several(list[Any]):
    """What a path with a step into each item of a list leads to."""


class _Undefined:
    """What is not there."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = _Undefined()

_KINDS: dict[type, str] = {
    str: "text",
    bool: "truth",
    int: "number",
    float: "number",
    type(None): "null",
    list: "list",
    Several: "list",
    dict: "object",
}


def kind_of(value: Any) -> str | None:
    """Return of what type a value is; a text that is a member of an enumeration is a text."""
    return _KINDS.get(type(value)) or ("text" if isinstance(value, str) else None)


def opposite(truth: Truth) -> Truth:
    """Return the opposite; that of what is undefined is undefined."""
    return None if truth is None else not truth


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return whether one is true; undefined where none is, and one is undefined."""
    found: Truth = False
    for one in truths:
        if one:
            return True
        if one is None:
            found = None
    return found


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return whether all are true; undefined where none is false, and one is undefined."""
    found: Truth = True
    for one in truths:
        if one is False:
            return False
        if one is None:
            found = None
    return found


def at(steps: tuple[str | int, ...], document: Any, spend: Spend) -> Any:
    """Return what a path leads to; with a step into each item, the list of all that it leads to."""
    for place, step in enumerate(steps):
        if step == EACH:
            if not isinstance(document, list):
                return UNDEFINED
            spend(len(document))
            rest = steps[place + 1 :]
            found = [at(rest, one, spend) for one in document]
            # Of a path into the items of items, all of those.
            return Several(
                item for one in found for item in (one if isinstance(one, Several) else [one])
            )
        if isinstance(step, str):
            document = document.get(step, UNDEFINED) if isinstance(document, dict) else UNDEFINED
        elif isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return UNDEFINED
        if document is UNDEFINED:
            return UNDEFINED
    return document


def equal(left: Any, right: Any, wide: bool, spend: Spend) -> Truth:
    """Say whether two values are one; undefined where they are of two types, or objects."""
    kind = kind_of(left)
    if kind is None or kind != kind_of(right) or kind == "object":
        return None
    if kind == "list":
        spend(len(left))
        if len(left) != len(right):
            return False
        return all_of(equal(a, b, wide, spend) for a, b in zip(left, right, strict=True))
    if left == right or not wide or kind != "text":
        return bool(left == right)
    return _spelled(left, right, "same", spend)


def ordered(left: Any, operator: str, right: Any) -> Truth:
    """Compare two numbers, or two texts by their code points."""
    kind = kind_of(left)
    if kind not in {"number", "text"} or kind != kind_of(right):
        return None
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


def among(item: Any, items: Any, wide: bool, spend: Spend) -> Truth:
    """Say whether a list has an item."""
    if not isinstance(items, list) or item is UNDEFINED:
        return None
    spend(len(items))
    return any_of(equal(item, one, wide, spend) for one in items)


def contains(whole: Any, part: Any, wide: bool, spend: Spend) -> Truth:
    """Say whether a list has an item, or a text another text."""
    if isinstance(whole, list):
        return among(part, whole, wide, spend)
    return _of_texts(whole, part, "holds", wide, spend)


def begins(text: Any, begin: Any, wide: bool, spend: Spend) -> Truth:
    """Say how a text begins."""
    return _of_texts(text, begin, "begins", wide, spend)


def ends(text: Any, end: Any, wide: bool, spend: Spend) -> Truth:
    """Say how a text ends."""
    return _of_texts(text, end, "ends", wide, spend)


def matches(text: Any, wanted: Any, wide: bool, spend: Spend) -> Truth:
    """Say whether a pattern is found in a text."""
    if not isinstance(text, str) or not isinstance(wanted, str) or len(text) > MAX_TEXT:
        return None
    if pattern(wanted).found(text, spend):
        return True
    if not wide:
        return False
    spend(len(text) // 8)
    spelled, read = spelling(text), pattern(wanted, folded=True)
    if any(read.found(one, spend) for one in spelled.forms):
        return True
    return False if spelled.plain else None


def there(value: Any) -> Truth:
    """
    Say whether something is there, and is not null.

    Of what a path into each item of a list leads to, whether each has it: undefined where some have and others do not.
    """
    if not isinstance(value, Several):
        return value is not UNDEFINED and value is not None
    has = {one is not UNDEFINED and one is not None for one in value}
    return None if len(has) == 2 else True in has


def size(value: Any) -> Any:
    """Return how many characters, or items, something has."""
    return len(value) if isinstance(value, str | list) else UNDEFINED


def is_all(text: Any, kind: str, spend: Spend) -> Truth:
    """Say whether all of a text is an address, a number of a card and the like."""
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        return None
    spend(len(text) // 8)
    return detectors.is_all(text, kind)


def personal(value: Any, spend: Spend) -> Truth:
    """Say whether something about people, or a secret, is anywhere inside."""
    if value is UNDEFINED:
        return None
    spend(_weight(value))
    return bool(detectors.findings_in(value))


def labels_of(value: Any) -> Any:
    """Return the labels that something bears: its member of that name, or itself where it is a list."""
    found = value.get("labels", UNDEFINED) if isinstance(value, dict) else value
    return found if isinstance(found, list) else UNDEFINED


_How = Literal["same", "holds", "begins", "ends"]


def _of_texts(left: Any, right: Any, how: _How, wide: bool, spend: Spend) -> Truth:
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    if how == "holds":
        exactly = right in left
    else:
        exactly = left.startswith(right) if how == "begins" else left.endswith(right)
    return True if exactly else wide and _spelled(left, right, how, spend)


def _spelled(left: str, right: str, how: _How, spend: Spend) -> Truth:
    if len(left) > MAX_TEXT or len(right) > MAX_TEXT:
        return None
    spend((len(left) + len(right)) // 8)
    one, other = spelling(left), spelling(right)
    if not one.plain or not other.plain:
        return None
    if how == "same":
        return one.same(other)
    if how == "holds":
        return one.holds(other)
    return one.begins(other) if how == "begins" else one.ends(other)


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value) // 2 + 1
    if isinstance(value, dict):
        return sum(len(name) // 2 + 1 + _weight(one) for name, one in value.items())
    return sum(map(_weight, value)) if isinstance(value, list) else 1
