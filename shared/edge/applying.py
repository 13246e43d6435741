"""
The writes of one commit in SQL.

A statement that writes opens every index of the table, of whatever collection, before its first row and closes them
after its last; that takes as long as several rows do. So what is written in one way is written by one statement. Of
those there are few, as each is prepared for all indexes: one for so many rows, with nulls for those that there are
not.
"""

import sqlite3
from collections.abc import Iterator, Sequence

from shared.documents import ABSENT, ANYTHING, Contended, Key, Write

Change = tuple[Write, str | None]
"""A write, and the text of its document."""

_ROWS = 8
"""How many rows a statement takes: few commits have more."""

_NONE = (None, None, None, None)
_GIVEN = f"(values {', '.join(['(?, ?, ?, ?)'] * _ROWS)})"
_PLACE = "tenant = column1 and collection = column2 and id = column3"

_FIND = f"select tenant, collection, id, revision from {_GIVEN} join documents on {_PLACE}"  # noqa: S608
_NEW = f"select column1, column2, column3, abs(random()), column4 from {_GIVEN} where column1 is not null"  # noqa: S608
_ADD = f"insert or fail into documents {_NEW}"
_CHANGE = f"""
update documents set data = column4, revision = abs(random()) from {_GIVEN} where {_PLACE} and data <> column4
"""  # noqa: S608
_PUT = f"""
insert into documents {_NEW} on conflict do update set data = excluded.data, revision = excluded.revision
where documents.data <> excluded.data
"""
"""It looks at every index twice, so it is not for those who know what is there."""

_REMOVE = "delete from documents where tenant = ? and collection = ? and id = ?"


def apply(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """
    Carry out the writes of one commit.

    Raises:
        Contended: A document is not as it was expected; what is carried out already is for the caller to undo.
    """
    added, changed, put, removed = list[Change](), list[Change](), list[Change](), list[Write]()
    for change in changes:
        write, text = change
        if text is None:
            removed.append(write)
        elif write.expected is ABSENT:
            added.append(change)
        elif write.expected is ANYTHING:
            put.append(change)
        else:
            changed.append(change)
    _hold(connection, [*(write for write, _ in changed), *removed])
    for statement, some in ((_ADD, added), (_CHANGE, changed), (_PUT, put)):
        for given in _parts([(*_place(write.key), text) for write, text in some]):
            try:
                connection.execute(statement, given)
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                    raise
                raise Contended("what was to be new is there") from error
    for write in removed:
        connection.execute(_REMOVE, _place(write.key))


def _hold(connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
    """Compare what is there with what was read, where that is said."""
    told = [write for write in writes if write.expected is not ANYTHING]
    found = {
        row[:3]: str(row[3])
        for given in _parts([(*_place(write.key), None) for write in told])
        for row in connection.execute(_FIND, given)
    }
    for write in told:
        if found.get(_place(write.key), ABSENT) != write.expected:
            raise Contended(f"{write.key} is not as it was read")


def _place(key: Key) -> tuple[str, str, str]:
    return key.tenant, key.collection, key.id


def _parts(rows: Sequence[tuple[str | None, ...]]) -> Iterator[list[str | None]]:
    """Yield the values of one statement after the other."""
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        yield [value for row in (*some, *[_NONE] * (_ROWS - len(some))) for value in row]
