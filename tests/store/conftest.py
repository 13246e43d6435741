"""Both stores, one suite: every test here that asks for `documents` runs on each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.documents import Condition, Documents, Key, Query, Write
from shared.edge.firestore import FirestoreDocuments
from shared.edge.sql import Index
from shared.edge.sqlite import SqliteDocuments
from tests.emulators import firestore_emulator, fresh_project, needs_emulator

__all__ = ["firestore_emulator"]

BOTH = ["sqlite", pytest.param("firestore", marks=needs_emulator)]


class Indexed(SqliteDocuments):
    """Has an index for whatever it is asked, as a store has for every query that is declared."""

    def _source(self, tenant: str | None, query: Query) -> str:
        index = Index.of(tenant, query)
        # SQLite takes names of other capitals for the same.
        alike = {one.name.lower() for one in self._indexes}
        if not index.of_the_table and index.name.lower() not in alike:
            self._rows(index.statement, ())
            self._indexes = (*self._indexes, index)
        return super()._source(tenant, query)


@pytest.fixture(params=BOTH)
def documents(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[SqliteDocuments | FirestoreDocuments]:
    if request.param == "firestore":
        request.getfixturevalue("firestore_emulator")
        yield FirestoreDocuments(fresh_project())
        return
    store = Indexed(tmp_path / "store.db")
    yield store
    store.close()


def key(id: str, tenant: str = "acme") -> Key:
    return Key(tenant, "things", id)


def put(documents: Documents, things: dict[str, dict[str, Any]], tenant: str = "acme") -> None:
    documents.commit([Write(key(name, tenant), data) for name, data in things.items()])


def query(*where: tuple[str, Any, Any], order: str = "", **more: Any) -> Query:
    """Write a query briefly: ``query(("n", ">=", 3), order="n -t", limit=2)``."""
    named = tuple((n.removeprefix("-"), "desc" if n[0] == "-" else "asc") for n in order.split())
    return Query("things", tuple(Condition(*test) for test in where), named, **more)  # type: ignore[arg-type]


@pytest.fixture
def ids(documents: Documents) -> Callable[..., list[str]]:
    """Find, and return the ids: of the tenant acme, or of `tenant`."""

    def find(*where: tuple[str, Any, Any], tenant: str | None = "acme", **more: Any) -> list[str]:
        return [found.key.id for found in documents.find(tenant, query(*where, **more))]

    return find
