"""The language of queries in SQLite's SQL, with the meaning that Firestore gives it."""

from collections.abc import Sequence
from typing import Any

from shared.documents import OF_A_LIST, Condition, Query, Scalar


def columns(tenant: str | None, query: Query, order: Sequence[tuple[str, str]]) -> list[str]:
    """
    Say what the index for a query of this shape holds: what Firestore would call composite.

    An index is read in both directions, so its order always begins ascending.
    """
    equal = sorted({key(c.field) for c in query.where if c.op == "=="})
    ordered = [(key(name), way) for name, way in order]
    if not ordered:
        ordered = [(key(c.field), "asc") for c in query.where if c.op not in {"==", *OF_A_LIST}]
    if not equal and not ordered:
        return []
    first, last = (order[0][1], order[-1][1]) if order else ("asc", "asc")
    ordered += [(column, last) for column in (["id"] if tenant is not None else ["tenant", "id"])]
    ways = [f"{column} {'asc' if way == first else 'desc'}" for column, way in ordered]
    return [*dict.fromkeys([*(["tenant"] if tenant is not None else []), *equal, *ways])]


def index_name(collection: str, columns: Sequence[str]) -> str:
    """Name an index by all that it is."""
    return f"{collection}: {', '.join(columns)}"


def index(name: str) -> str:
    """Return the statement that makes the index of a name."""
    collection, _, columns = name.partition(": ")
    return (
        f'create index if not exists "{name}" on documents ({columns})'
        f" where collection = '{collection}'"
    )


def where(tenant: str | None, query: Query) -> tuple[list[str], list[Any]]:
    """Say what a query asks of documents, and of which values."""
    conditions, values = [f"collection = '{query.collection}'"], list[Any]()
    if tenant is not None:
        conditions.append("tenant = ?")
        values.append(tenant)
    for condition in query.where:
        text, given = _comparison(condition)
        conditions.append(text)
        values += given
    return conditions, values


def key(name: str) -> str:
    """
    Say what a member is compared and sorted by: null, false, true, numbers, texts, then lists and maps.

    That is Firestore's order. SQLite sorts null, numbers, texts and blobs, and takes truth for a number and
    a list for a text.
    """
    value = f"json_extract(data, '$.{name}')"
    return (
        f"case {kind(name)} when 'false' then {_FALSE} when 'true' then {_TRUE}"
        f" when 'array' then cast({value} as blob) when 'object' then cast({value} as blob)"
        f" else {value} end"
    )


def kind(name: str) -> str:
    """Say what a member is; it is null (and not 'null') where there is no such member."""
    return f"json_type(data, '$.{name}')"


_FALSE, _TRUE = "-9e999", "-1.7976931348623157e308"
"""Less than any number: of the last one there is a number too, which then sorts beside true."""


def _keyed(value: Scalar) -> float | str | None:
    """Return what a value is compared by."""
    if isinstance(value, bool):
        return float(_TRUE if value else _FALSE)
    return value


def _comparison(condition: Condition) -> tuple[str, list[Any]]:
    value = condition.value
    if condition.op in OF_A_LIST:
        return _contains(condition.field, value if isinstance(value, tuple) else (value,))
    if isinstance(value, tuple):
        equals = [_equal(condition.field, one) for one in value]
        either = " or ".join(text for text, _ in equals)
        return f"({either or 'false'})", [one for _, given in equals for one in given]
    if condition.op == "==":
        return _equal(condition.field, value)
    name = condition.field
    return f"{key(name)} {condition.op} ? and {kind(name)} in ({_kinds(value)})", [_keyed(value)]


def _kinds(value: Scalar) -> str:
    """Name what SQLite calls the type of a value."""
    if isinstance(value, bool):
        return "'true', 'false'"
    return "'text'" if isinstance(value, str) else "'integer', 'real'"


def _contains(name: str, values: Sequence[Scalar]) -> tuple[str, list[Any]]:
    """Look for any of some values among the items of a list, each compared within its type; no index holds items."""
    either = " or ".join(f"(value = ? and type in ({_kinds(value)}))" for value in values)
    items = f"select 1 from json_each(data, '$.{name}') where {either or 'false'}"  # noqa: S608
    return f"({kind(name)} = 'array' and exists ({items}))", [*values]


def _equal(name: str, value: Scalar) -> tuple[str, list[Any]]:
    """Compare within one type: null is not what is absent, and true is no number."""
    if value is None:
        return f"({key(name)} is null and {kind(name)} = 'null')", []
    if isinstance(value, bool):
        which = str(value).lower()
        return f"({key(name)} = ? and {kind(name)} = '{which}')", [_keyed(value)]
    return f"{key(name)} = ?", [value]


def beyond(columns: Sequence[str], directions: Sequence[str]) -> str:
    """Say "later in this order than": (a > ?) or (a = ? and b > ?) and so on."""
    cases = []
    for position, column in enumerate(columns):
        equal = [f"{before} is ?" for before in columns[:position]]
        sign = "<" if directions[position] == "desc" else ">"
        null_is_first = (
            f" or ({column} is not null and ? is null)"
            if sign == ">"
            else (f" or ({column} is null and ? is not null)")
        )
        cases.append(" and ".join([*equal, f"({column} {sign} ?{null_is_first})"]))
    return f"({' or '.join(f'({case})' for case in cases)})"


def beyond_values(after: Sequence[Scalar]) -> list[Any]:
    """Return the values of `beyond`, for the place where a page ended."""
    values, before = list[Any](), list[Any]()
    for value in after:
        values += [*before, _keyed(value), _keyed(value)]
        before.append(_keyed(value))
    return values
