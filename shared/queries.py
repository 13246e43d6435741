"""
The language of queries: what operations may ask of documents, page by page.

A list is a page and says where the next begins. Whoever needs all of something says so, and whoever needs
one; nobody gets a part that looks like the whole.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.canonical import digest
from shared.documents import MAX_LIST, RANGES, Condition, Documents, Op, Query, Scalar, Snapshot
from shared.entity import Coded, Record, written
from shared.errors import BadRequest
from shared.inputs import Parameters
from shared.records import dataclass

MAX_ALL = 1000
"""How many documents `all` returns at the most: what may be more is read page by page."""

_LAST_ID = "\U0010ffff"
"""What comes after every id."""

R = TypeVar("R", bound=Record)
T = TypeVar("T")
S = TypeVar("S")


class Page(BaseModel, Generic[T]):
    """Some of what a list holds, and how to get more of it."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    items: tuple[T, ...]
    """What was found, in the order of the list."""

    next_cursor: str | None = None
    """The `cursor` that the next page is asked with; null on the last page."""

    def map(self, shown: Callable[[T], S]) -> "Page[S]":
        """Return the page with something else of each item."""
        return Page(items=tuple(map(shown, self.items)), next_cursor=self.next_cursor)


class Paging(Parameters):
    """Which page of a list; what else a query names is, as it is or one of several, what the list is about."""

    limit: int = Field(20, ge=1, le=MAX_LIST)
    """How many to return at most."""

    cursor: Coded | None = None
    """The `next_cursor` of the page before; without one the list begins."""

    def tests(self, *names: str) -> dict[str, "Test"]:
        """Return what its other members, or those named, ask for; one that was left out asks for nothing."""
        asked = self.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)
        return {
            name: _any_of(value)
            for name, value in asked.items()
            if value != [] and (not names or name in names)
        }


@dataclass(frozen=True)
class AtLeast:
    """The condition ``>=``."""

    value: Scalar


@dataclass(frozen=True)
class AtMost:
    """The condition ``<=``."""

    value: Scalar


@dataclass(frozen=True)
class Prefix:
    """The condition that a text starts so."""

    value: str


@dataclass(frozen=True)
class OneOf:
    """The condition that a value is one of at most 30."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Between:
    """The condition that a value is neither less than the one nor more than the other."""

    least: Scalar
    most: Scalar


@dataclass(frozen=True)
class Contains:
    """The condition that a list holds a value."""

    value: Scalar


@dataclass(frozen=True)
class ContainsAny:
    """The condition that a list holds one of at most 30 values at the least."""

    values: tuple[Scalar, ...]


Test = Scalar | AtLeast | AtMost | Between | Prefix | OneOf | Contains | ContainsAny


def _any_of(value: Any) -> Test:
    """Return what a value, or several, ask for: the same in whatever order they come, and however often."""
    match sorted(set(value)) if isinstance(value, list) else value:
        case [one]:
            return one  # type: ignore[no-any-return]
        case [*several]:
            return OneOf(tuple(several))
        case _:
            return value  # type: ignore[no-any-return]


class Reads:
    """Looks for documents, in one tenant or, where that is None, in all."""

    def __init__(self, documents: Documents, tenant: str | None) -> None:
        """Look in *documents*."""
        self._documents, self._tenant = documents, tenant

    @property
    def tenant(self) -> str | None:
        """Where it looks; None for all tenants."""
        return self._tenant

    def find(
        self,
        kind: type[R],
        *,
        order: str = "",
        limit: int = MAX_LIST,
        cursor: str | None = None,
        **tests: Test,
    ) -> "Page[R]":
        """
        Return a page of the documents that pass all tests.

        Args:
            kind: What to look for.

            order: The field to order by, ``-`` before it for descending; then, or without one, by what
                has a range, and by id.

            limit: At most so many, up to 100.

            cursor: Where the last page ended.

            tests: A value for equality, or a condition; ``__`` in a name means a dot.
        """
        return self._page(kind, order, limit, cursor, tests)

    def find_stored(
        self,
        kind: type[Record],
        *,
        order: str = "",
        limit: int = MAX_LIST,
        cursor: str | None = None,
        **tests: Test,
    ) -> "Page[Snapshot]":
        """Return such a page as it is stored: one that is no document of its kind keeps out no other."""
        return self._pages(kind, order, limit, cursor, tests, lambda found: found)

    def page(self, kind: type[R], asked: Paging, *, order: str = "", **tests: Test) -> "Page[R]":
        """Return the page of the documents that pass all tests which a request asks for."""
        return self.find(kind, order=order, limit=asked.limit, cursor=asked.cursor, **tests)

    def all(self, kind: type[R], *, order: str = "", **tests: Test) -> tuple[R, ...]:
        """
        Return every document that passes all tests.

        Raises:
            RuntimeError: There are more than 1,000; nothing is left out silently.
        """
        page = self._page(kind, order, MAX_LIST, None, tests)
        items = page.items
        while page.next_cursor:
            if len(items) >= MAX_ALL:
                raise RuntimeError(f"more than {MAX_ALL} {kind.collection}: read them page by page")
            page = self._page(kind, order, MAX_LIST, page.next_cursor, tests)
            items += page.items
        return items

    def first(self, kind: type[R], *, order: str = "", **tests: Test) -> R | None:
        """Return the first document that passes all tests, or None; the others are not of interest."""
        found = self._page(kind, order, 1, None, tests)
        return found.items[0] if found.items else None

    def tenant_after(self, kind: type[Record], tenant: str = "") -> str | None:
        """Return the next tenant, in the order of their names, that has any document of a kind."""
        after = (tenant, _LAST_ID) if tenant else ()
        found = self._documents.find(None, Query(kind.collection, limit=1, after=after))
        return found[0].key.tenant if found else None

    def count(self, kind: type[R], **tests: Test) -> int:
        """Return how many documents pass all tests."""
        self._asking(kind, tests)
        return self._documents.count(self._tenant, _query(kind, "", MAX_LIST, tests))

    def _page(
        self,
        kind: type[R],
        order: str,
        limit: int,
        cursor: str | None,
        tests: Mapping[str, Test],
    ) -> "Page[R]":
        return self._pages(kind, order, limit, cursor, tests, lambda found: self._read(kind, found))

    def _pages(
        self,
        kind: type[Record],
        order: str,
        limit: int,
        cursor: str | None,
        tests: Mapping[str, Test],
        read: Callable[[Snapshot], S],
    ) -> "Page[S]":
        self._asking(kind, tests)
        query = _query(kind, order, min(limit, MAX_LIST) + 1, tests)
        if cursor:
            after = _opened(cursor, query)
            query = Query(query.collection, query.where, query.order, query.limit, after)
        found = self._documents.find(self._tenant, query)
        items = tuple(map(read, found[: query.limit - 1]))
        more = len(found) == query.limit
        return Page(items=items, next_cursor=self._sealed(query, found[-2]) if more else None)

    def _asking(self, kind: type[Record], tests: Mapping[str, Test]) -> None:
        """Notice what is asked, or refuse where reading is over."""

    def _read(self, kind: type[R], snapshot: Snapshot) -> R:
        """Return a document as what it is."""
        return kind.from_stored(snapshot.data)

    def _sealed(self, query: Query, last: Snapshot) -> str:
        values = [_at(last.data, name) for name, _ in query.order]
        place = [last.key.id] if self._tenant is not None else [last.key.tenant, last.key.id]
        sealed = json.dumps([_shape(query), *values, *place])
        return base64.urlsafe_b64encode(sealed.encode()).decode()


def _query(kind: type[Record], order: str, limit: int, tests: Mapping[str, Test]) -> Query:
    where: list[Condition] = []
    for name, test in tests.items():
        where += _conditions(name.replace("__", "."), test)
    way: Literal["asc", "desc"] = "desc" if order.startswith("-") else "asc"
    ranged = [condition.field for condition in where if condition.op in RANGES]
    ordered = dict.fromkeys([*filter(None, [order.removeprefix("-")]), *ranged])
    return Query(kind.collection, tuple(where), tuple((name, way) for name in ordered), limit)


def _conditions(name: str, test: Test) -> list[Condition]:
    pairs: list[tuple[Op, Scalar | tuple[Scalar, ...]]]
    match test:
        case AtLeast(value):
            pairs = [(">=", value)]
        case AtMost(value):
            pairs = [("<=", value)]
        case Between(least, most):
            pairs = [(">=", least), ("<=", most)]
        case Prefix(value):
            pairs = [(">=", value), ("<", value + "\U0010ffff")]
        case OneOf(values):
            pairs = [("in", values)]
        case Contains(value):
            pairs = [("contains", value)]
        case ContainsAny(values):
            pairs = [("contains_any", values)]
        case _:
            pairs = [("==", test)]
    return [Condition(name, op, value) for op, value in pairs]


def _opened(cursor: str, query: Query) -> tuple[Scalar, ...]:
    """Return where the last page ended; a cursor belongs to the list that gave it."""
    try:
        shape, *after = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_cursor("is not one of ours") from error
    if not all(one is None or isinstance(one, str | int) for one in (shape, *after)):
        raise _no_cursor("is not one of ours")
    if shape != _shape(query):
        raise _no_cursor("is of another list")
    return tuple(after)


def _no_cursor(why: str) -> BadRequest:
    return BadRequest(f"this cursor {why}; start without one", rule="cursor")


def _shape(query: Query) -> str:
    where = [[c.field, c.op, c.value] for c in query.where]
    return digest([query.collection, where, [*map(list, query.order)]])[:16]


def _at(data: Mapping[str, Any], name: str) -> Scalar:
    value: Any = data
    for part in name.split("."):
        value = value[part]
    return value  # type: ignore[no-any-return]


def equal(tests: Mapping[str, Test]) -> dict[str, tuple[Scalar, ...]]:
    """Return which values of which members tests let pass."""
    found = dict[str, tuple[Scalar, ...]]()
    for name, test in tests.items():
        match test:
            case OneOf(values):
                found[name] = values
            case str() | int() | None:
                found[name] = (test,)
    return found


def moment(at: datetime) -> str:
    """Write a moment as documents hold it, for comparisons in queries."""
    return written(at)
