"""
The language of queries in SQLite's SQL, with the meaning that Firestore gives it.

A query reads parts of one index, each from one place in it to another: one part for each value of an `in`, and for
each way to be later than where the last page ended. SQLite merges them. Nothing is read to be left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import product
from typing import Any

from shared.documents import OF_A_LIST, RANGES, Condition, Key, Query, Scalar
from shared.records import dataclass

EQUALITIES = frozenset({"==", "in"})

Bound = tuple[tuple[int, Any], bool]
"""A value with the rank of its type, and whether it is left out itself."""

_NULL, _FALSE, _TRUE = "-9e999", "-1.7976931348623157e308", "-1.7976931348623155e308"
"""Less than any number: of the last two there are numbers too, which are then taken for truth values."""


def key(name: str) -> str:
    """
    Say what a member is compared and sorted by: null, false, true, numbers, texts, then lists and maps.

    That is Firestore's order. SQLite sorts numbers, texts and blobs, and takes truth for a number and a list for
    a text. The key is null where there is no such member, which is found by nothing.
    """
    value = f"json_extract(data, '$.{name}')"
    return (
        f"case json_type(data, '$.{name}') when 'null' then {_NULL} when 'false' then {_FALSE} when 'true' then {_TRUE}"
        f" when 'array' then cast({value} as blob) when 'object' then cast({value} as blob)"
        f" else {value} end"
    )


def _keyed(value: Scalar) -> float | str:
    """Return what a value is compared by."""
    match value:
        case None:
            return float(_NULL)
        case bool():
            return float(_TRUE if value else _FALSE)
    return value


# --- indexes -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Index:
    """What an index is made of: what is the same in a part of it, and what a part is ordered by."""

    collection: str
    equal: frozenset[str]
    order: tuple[str, ...]

    @classmethod
    def of(cls, tenant: str | None, query: Query) -> "Index":
        """Return the index that a query reads: what Firestore would call composite."""
        ordered = query.order or tuple(
            (name, "asc") for name in sorted({c.field for c in query.where if c.op in RANGES})
        )
        equal = {c.field for c in query.where if c.op in EQUALITIES} - {n for n, _ in ordered}
        first, last = (ordered[0][1], ordered[-1][1]) if ordered else ("asc", "asc")
        place = [(name, last) for name in (["id"] if tenant is not None else ["tenant", "id"])]
        # An index is read in both directions, so its order always begins ascending.
        order = [
            name if way == first else f"{name} desc"
            for name, way in [*((f"$.{name}", way) for name, way in ordered), *place]
        ]
        scope = {"tenant"} if tenant is not None else set()
        return cls(query.collection, frozenset({f"$.{n}" for n in equal} | scope), tuple(order))

    @classmethod
    def named(cls, name: str) -> "Index | None":
        """Return the index of a name, if it is one."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        equal = filter(None, (found["equal"] or "").split(", "))
        return cls(found["collection"], frozenset(equal), tuple(found["order"].split(", ")))

    @property
    def name(self) -> str:
        """What it is called: all that it is."""
        equal = f"{', '.join(self._equal)} " if self.equal else ""
        return f"{self.collection}: {equal}by {', '.join(self.order)}"

    @property
    def _equal(self) -> list[str]:
        return sorted(self.equal, key=lambda one: (one != "tenant", one))

    @property
    def of_the_table(self) -> bool:
        """Whether it is the primary key, or that of each tenant, one after the other."""
        of_one = self.equal == {"tenant"} and self.order == ("id",)
        return of_one or (not self.equal and self.order == ("tenant", "id"))

    @property
    def statement(self) -> str:
        """The statement that makes it."""
        columns = [*self._equal, *self.order]
        made = [re.sub(r"\$\.([\w.]+)", lambda found: key(found[1]), one) for one in columns]
        return (
            f'create index if not exists "{self.name}" on documents ({", ".join(made)})'
            f" where collection = '{self.collection}'"
        )


_COLUMNS = r"(?:tenant|id|\$\.[\w.]+)(?: desc)?(?:, (?:tenant|id|\$\.[\w.]+)(?: desc)?)*"
_NAME = re.compile(
    rf"(?P<collection>[A-Za-z_]\w*): (?:(?P<equal>{_COLUMNS}) )?by (?P<order>{_COLUMNS})", re.ASCII
)


def serving(wanted: Index, some: Iterable[Index]) -> Index | None:
    """Return the index that serves a query: its own, or the largest of those that are a part of it."""
    parts = [
        one
        for one in some
        if (one.collection, one.order) == (wanted.collection, wanted.order)
        and one.equal <= wanted.equal
    ]
    return max(parts, key=lambda one: (len(one.equal), one.name), default=None)


# --- queries -------------------------------------------------------------------------------------


def find(tenant: str | None, query: Query, source: str) -> tuple[str, list[Any]] | None:
    """Return the statement that finds what meets a query, in its order; None where nothing can."""
    last = query.order[-1][1] if query.order else "asc"
    place = [(name, last) for name in (["id"] if tenant is not None else ["tenant", "id"])]
    columns = [*((key(name), way) for name, way in query.order), *place]
    values, parts = list[Any](), list[str]()
    for conditions, given in _parts(tenant, query, columns):
        parts.append(conditions)
        values += given
    if not parts:
        return None
    values.append(query.limit)
    keys = ""
    if len(parts) > 1:
        # They are merged by what they select.
        keys = "".join(f", {key(name)} as key_{n}" for n, (name, _) in enumerate(query.order))
        columns = [*((f"key_{n}", way) for n, (_, way) in enumerate(query.order)), *place]
    each = [f"select tenant, id, data, revision{keys} from {source} where {part}" for part in parts]  # noqa: S608
    order = ", ".join(f"{column} {way}" for column, way in columns)
    return f"{' union all '.join(each)} order by {order} limit ?", values


def some(keys: Sequence[Key]) -> tuple[str, list[str]]:
    """Return how documents that are named are read, and the values: a row of each that there is."""
    named = ", ".join(["(?, ?, ?)"] * len(keys))
    # A cross join, as SQLite walks through all documents for those whose three members are in a list.
    statement = (
        f"with asked(t, c, i) as (values {named}) select t, c, i, data, revision"  # noqa: S608 - marks
        " from asked cross join documents on tenant = t and collection = c and id = i"
    )
    return statement, [part for key in keys for part in (key.tenant, key.collection, key.id)]


def count(tenant: str | None, query: Query, source: str) -> tuple[str, list[Any]] | None:
    """Return the statement that counts what meets a query's conditions; None where nothing can."""
    values, parts = list[Any](), list[str]()
    for conditions, given in _parts(tenant, query, ()):
        parts.append(f"(select count(*) from {source} where {conditions})")  # noqa: S608
        values += given
    return (f"select {' + '.join(parts)}", values) if parts else None


def _parts(
    tenant: str | None, query: Query, columns: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the parts of an index that hold what a query finds, no two of them the same of it."""
    alone = f"collection = '{query.collection}'"
    always = [("tenant", Span.only(tenant))] if tenant is not None else []
    always += [(key(c.field), _span(c)) for c in query.where if c.op in RANGES]
    # Nobody finds by an order what has no such member.
    always += [(key(name), Span((_ranked(_keyed(None)), False))) for name, _ in query.order]
    asked = [c for c in query.where if c.op in EQUALITIES]
    contained = [_contains(c) for c in query.where if c.op in OF_A_LIST]
    for equal in product(*map(_alternatives, asked)):
        exact = [(key(c.field), Span.only(one)) for c, one in zip(asked, equal, strict=True)]
        for later in _later(columns, query.after):
            spans = _together([*always, *exact, *later])
            if all(span.possible for span in spans.values()):
                texts = [text for name, span in spans.items() for text in span.texts(name)]
                values = [value for span in spans.values() for value in span.values]
                texts += [text for text, _ in contained]
                values += [value for _, given in contained for value in given]
                yield " and ".join([alone, *texts]), values


def _later(
    columns: Sequence[tuple[str, str]], after: Sequence[Scalar]
) -> Iterator[list[tuple[str, "Span"]]]:
    """Yield each way to be later than a place: the same in the first columns, and beyond it in the next one."""
    if not after:
        yield []
    values = [_keyed(value) for value in after]
    for n in reversed(range(len(values))):
        column, way = columns[n]
        beyond = (_ranked(values[n]), True)
        same = [(name, Span.only(v)) for (name, _), v in zip(columns[:n], values, strict=False)]
        yield [*same, (column, Span(low=beyond) if way == "asc" else Span(high=beyond))]


@dataclass(frozen=True)
class Span:
    """Where the values of a column lie: from one to another."""

    low: Bound | None = None
    high: Bound | None = None

    @classmethod
    def only(cls, value: float | str) -> "Span":
        """Return where one value lies."""
        return cls((_ranked(value), False), (_ranked(value), False))

    def within(self, other: "Span") -> "Span":
        """Return what lies in both."""
        lows = [one for one in (self.low, other.low) if one]
        highs = [one for one in (self.high, other.high) if one]
        return Span(
            max(lows, default=None),
            min(highs, key=lambda one: (one[0], not one[1]), default=None),
        )

    @property
    def possible(self) -> bool:
        """Whether there may be a value."""
        if self.low is None or self.high is None:
            return True
        return self.low[0] < self.high[0] or (self.low == self.high and not self.low[1])

    @property
    def values(self) -> list[Any]:
        """The values of `texts`."""
        ends = [self.low] if self.low == self.high else [self.low, self.high]
        return [end[0][1] for end in ends if end]

    def texts(self, column: str) -> Iterator[str]:
        """Yield what a column is compared with."""
        if self.low == self.high and self.low:
            yield f"{column} = ?"
            return
        if self.low:
            yield f"{column} {'>' if self.low[1] else '>='} ?"
        if self.high:
            yield f"{column} {'<' if self.high[1] else '<='} ?"


def _together(spans: Sequence[tuple[str, Span]]) -> dict[str, Span]:
    """Return where the values of each column lie."""
    of_each: dict[str, list[Span]] = {}
    for column, span in spans:
        of_each.setdefault(column, []).append(span)
    return {column: reduce(Span.within, given) for column, given in of_each.items()}


def _alternatives(condition: Condition) -> list[float | str]:
    return [*dict.fromkeys(map(_keyed, _given(condition)))]


def _given(condition: Condition) -> tuple[Scalar, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def _contains(condition: Condition) -> tuple[str, list[Any]]:
    """Look for any of some values among the items of a list, each compared within its type; no index holds items."""
    name, values = condition.field, _given(condition)
    either = " or ".join(f"(value = ? and type in ({_kinds(value)}))" for value in values)
    items = f"select 1 from json_each(data, '$.{name}') where {either or 'false'}"  # noqa: S608
    return f"json_type(data, '$.{name}') = 'array' and exists ({items})", [*values]


def _kinds(value: Scalar) -> str:
    """Name what SQLite calls the type of a value."""
    if isinstance(value, bool):
        return "'true', 'false'"
    return "'text'" if isinstance(value, str) else "'integer', 'real'"


def _span(condition: Condition) -> Span:
    """Say where what is before or after a value lies, among values of its type."""
    value: Any = condition.value
    least: Bound = ((0, float(_TRUE)), True)
    most: Bound = ((1, ""), True)
    if isinstance(value, str):
        least, most = ((1, ""), False), ((2, b""), True)
    elif isinstance(value, bool):
        least, most = ((0, float(_FALSE)), False), ((0, float(_TRUE)), False)
    bound = (_ranked(_keyed(value)), condition.op in {"<", ">"})
    return Span(bound, most) if condition.op in {">", ">="} else Span(least, bound)


def _ranked(value: float | str) -> tuple[int, Any]:
    """Return a value as it is ordered among those of all types."""
    return (1, value) if isinstance(value, str) else (0, value)
