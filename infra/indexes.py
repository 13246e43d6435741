"""
Which indexes Firestore needs for a query, by its documented rules.

- Every field of a collection is indexed by itself, both ways; of a collection group only where it is asked for.
- Equalities alone are served by merging the indexes of their fields; `in` and null are equalities, and so is what a list
  contains, whose index is one of items.
- Equalities with an order, or with a range, which orders by its field, need an index of the field and the order for each
  equality; those are merged.
- Ties are broken by `__name__` in the direction of the last order, which every index ends with by itself.

https://firebase.google.com/docs/firestore/query-data/index-overview
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from infra.stack import ROOT
from shared.documents import EXPIRY, OF_A_LIST, RANGES, Condition, Query
from shared.edge import sql
from shared.entity import Entity, Record
from shared.projections import PROJECTED, placed

FILE = ROOT / "firestore.indexes.json"
DIRECTIONS: dict[Literal["asc", "desc"], str] = {"asc": "ASCENDING", "desc": "DESCENDING"}

ITEMS = "CONTAINS"
"""Stands for a direction where an index is of the items of a list."""

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, order=True)
class Index:
    """One index, on one field or on several, of a collection or of all of that name."""

    collection: str
    scope: str
    fields: Fields

    @property
    def automatic(self) -> bool:
        """Whether Firestore has it by itself."""
        return len(self.fields) == 1 and self.scope == "COLLECTION"


@dataclass(frozen=True)
class Shape:
    """What of a query decides which index serves it."""

    collection: str
    everywhere: bool
    """Whether it looks in all tenants at once."""

    equal: frozenset[str]
    order: Fields
    items: frozenset[str] = frozenset()
    """The list that it asks what is in it."""

    @classmethod
    def of(cls, tenant: str | None, query: Query) -> "Shape":
        """Return the shape of a query, or of a count with the same conditions."""
        ranged = sorted(c.field for c in query.where if c.op in RANGES)
        # A count gives no order; a range orders by its field all the same.
        given = query.order or tuple((field, "asc") for field in dict.fromkeys(ranged))
        order = tuple((field, DIRECTIONS[way]) for field, way in given)
        equal = {c.field for c in query.where if c.op in sql.EQUALITIES}
        return cls(
            query.collection,
            tenant is None,
            frozenset(equal - {f for f, _ in order}),
            order,
            frozenset(c.field for c in query.where if c.op in OF_A_LIST),
        )

    @property
    def indexes(self) -> frozenset[Index]:
        """The indexes that serve it together."""
        scope = "COLLECTION_GROUP" if self.everywhere else "COLLECTION"
        rows = {((field, "ASCENDING"), *self.order) for field in self.equal}
        rows |= {((field, ITEMS), *self.order) for field in self.items}
        return frozenset(
            Index(self.collection, scope, row)
            for row in rows or ({self.order} if self.order else ())
        )

    @property
    def embedded(self) -> sql.Index:
        """The one index that serves it in the embedded store."""
        ways = {direction: way for way, direction in DIRECTIONS.items()}
        where = tuple(Condition(name, "==", None) for name in self.equal)
        order = tuple((name, ways[direction]) for name, direction in self.order)
        return sql.Index.of(
            None if self.everywhere else "any", Query(self.collection, where, order)
        )


def on_both_sides(shapes: Iterable[Shape]) -> frozenset[Shape]:
    """Return the shapes of queries, and where they ask for what is projected, those of its other side too."""
    shapes = frozenset(shapes)
    return shapes | {
        replace(one, collection=placed(one.collection, 1))
        for one in shapes
        if one.collection in PROJECTED
    }


def declared(shapes: Iterable[Shape], expiring: Iterable[type[Record]]) -> dict[str, Any]:
    """Return what firestore.indexes.json declares for these queries and these records."""
    wanted = {index for shape in shapes for index in shape.indexes if not index.automatic}
    overrides: dict[tuple[str, str], dict[str, Any]] = {}
    for kind in expiring:
        # Nobody looks for it, and an index of times that only grow would be hot.
        overrides[kind.collection, EXPIRY] = {"ttl": True, "indexes": []}
    for index in sorted(wanted):
        if len(index.fields) == 1:
            ((field, order),) = index.fields
            place = overrides.setdefault((index.collection, field), {"indexes": _automatic()})
            place["indexes"].append(_way(order) | {"queryScope": index.scope})
    return {
        "indexes": [
            {
                "collectionGroup": index.collection,
                "queryScope": index.scope,
                "fields": [{"fieldPath": f} | _way(order) for f, order in index.fields],
            }
            for index in sorted(wanted)
            if len(index.fields) > 1
        ],
        "fieldOverrides": [
            {"collectionGroup": collection, "fieldPath": field, **override}
            for (collection, field), override in sorted(overrides.items())
        ],
    }


def embedded(shapes: Iterable[Shape], expiring: Iterable[type[Record]]) -> list[str]:
    """Return the names of the indexes that the embedded store has: one of its own for each query."""
    wanted = {one.embedded for one in shapes}
    wanted |= {
        sql.Index.of(None, Query(kind.collection, order=((EXPIRY, "asc"),))) for kind in expiring
    }
    return sorted(one.name for one in wanted if not one.of_the_table)


def expiring() -> list[type[Record]]:
    """Return the records that say until when they are kept; entities are kept for good."""
    from shared.edge import idempotency, rates  # noqa: F401 - their records are among them
    from shared.edge.catalog import catalog

    catalog()
    kinds = {kind for kind in _below(Record) if not issubclass(kind, Entity)}
    return sorted((k for k in kinds if EXPIRY in k.model_fields), key=lambda k: k.collection)


def served(file: Path = FILE) -> frozenset[Index]:
    """Return every index that a file declares."""
    read = json.loads(file.read_text())
    composite = {
        Index(
            one["collectionGroup"],
            one["queryScope"],
            tuple((field["fieldPath"], _of(field)) for field in one["fields"]),
        )
        for one in read["indexes"]
    }
    single = {
        Index(one["collectionGroup"], by["queryScope"], ((one["fieldPath"], _of(by)),))
        for one in read["fieldOverrides"]
        for by in one["indexes"]
    }
    return frozenset(composite | single)


def _way(order: str) -> dict[str, str]:
    return {"arrayConfig": order} if order == ITEMS else {"order": order}


def _of(way: dict[str, str]) -> str:
    return way.get("order") or way["arrayConfig"]


def _automatic() -> list[dict[str, str]]:
    return [{"order": order, "queryScope": "COLLECTION"} for order in DIRECTIONS.values()]


def _below(kind: type[Record]) -> Iterable[type[Record]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
