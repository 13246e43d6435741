"""The documents of a store as they lie there, to the letter: of a file in one snapshot, or through the port."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.documents import Documents, Key, Query, Snapshot
from shared.edge.catalog import catalog
from shared.edge.layout import EARLIER, SCHEMA
from shared.edge.queue import Delivery
from shared.edge.sql import Index
from shared.entity import Entity, Record
from shared.errors import Violation
from shared.verification import where


@dataclass(frozen=True)
class Row:
    """One document; without *data* where it is none, as *breaks* say."""

    place: Key
    text: str = ""
    data: dict[str, Any] | None = None
    fractions: bool = False
    """Whether it holds a number that is not whole, which evidence never does: 5.0 hashes as 5 does."""

    breaks: tuple[Violation, ...] = ()


def entity_kinds() -> frozenset[str]:
    """Return the collections whose documents are evidence."""
    return frozenset(kind.collection for kind in _kinds() if issubclass(kind, Entity))


def record_kinds() -> dict[str, type[Record]]:
    """Return the kinds of all other documents, by their collections."""
    return {kind.collection: kind for kind in _kinds() if not issubclass(kind, Entity)}


def everything(documents: Documents, collection: str) -> Iterator[Snapshot]:
    """Return every document of a collection, of all tenants."""
    after: tuple[str, ...] = ()
    while found := documents.find(None, Query(collection, limit=500, after=after)):
        yield from found
        last = found[-1].key
        after = (last.tenant, last.id)


def in_port(documents: Documents) -> Iterator[Row]:
    """Return every document that the port can find: of the kinds there are, and nothing else."""
    for collection in sorted({kind.collection for kind in _kinds()}):
        for one in everything(documents, collection):
            text = _spelled(one.data)
            yield Row(one.key, text, one.data, _read(text)[1])


BROKEN = (sqlite3.Error, UnicodeDecodeError)
"""What reading a broken file raises: Python decodes SQLite's message as UTF-8, and that quotes what the file holds."""


@contextmanager
def snapshot(store: Path, tap: Path | None) -> Iterator[tuple[sqlite3.Connection, int]]:
    """
    Open a store as it is at one moment, whoever writes to it, and say how long the tap was before.

    An entry is committed before the tap has it: what the tap had before the moment is in the snapshot.
    """
    size = tap.stat().st_size if tap and tap.exists() else 0
    with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.isolation_level = None
        connection.text_factory = bytes
        connection.execute("begin")
        yield connection, size


def in_file(connection: sqlite3.Connection) -> Iterator[Row]:
    """Return every row of the table, after whatever is wrong with the file itself."""
    try:
        for (said,) in connection.execute("pragma integrity_check"):
            if said != b"ok":
                yield _unreadable(said.decode(errors="replace"))
        for parts in connection.execute("select type, name, coalesce(sql, '') from sqlite_schema"):
            kind, name, made = (part.decode(errors="replace") for part in parts)
            if not _ours(kind, name, made):
                said = f"a {kind} is none of ours, and may change what is read or written: {name!r:.500}"
                yield Row(NOWHERE, breaks=(Violation(rule="STORE_ALTERED", message=said),))
    except BROKEN as error:
        yield _unreadable(str(error))
    yield from _walked(connection)


def _ours(kind: str, name: str, made: str) -> bool:
    """
    Say whether something of a file's schema is as the store makes it, to the letter.

    An index says in its name what it is. One of a release of before may be there under that release's name, so what
    it reads is held to words that cannot refuse a row, and not to the queries of today.
    """
    if (kind, name) == ("table", "documents"):
        return made.split() in (_made(SCHEMA), _made(EARLIER))
    if (kind, name, made) == ("index", "sqlite_autoindex_documents_1", ""):
        return True
    index = Index.named(name)
    statement = index.statement if index else _earlier(name)
    return kind == "index" and statement is not None and made.split() == _made(statement)


def _earlier(name: str) -> str | None:
    """Return the statement that made the index of a name in the releases until 0.1.0, if it is one."""
    if _INDEX.fullmatch(name) is None:
        return None
    collection, _, columns = name.partition(": ")
    return f"create index \"{name}\" on documents ({columns}) where collection = '{collection}'"


def _made(statement: str) -> list[str]:
    """Return what SQLite keeps of a statement, in words: its first two in capitals, and no condition."""
    first, second, *rest = statement.replace(" if not exists", "", 1).split()
    return [first.upper(), second.upper(), *rest]


_INDEX = re.compile(
    r"[a-z_]+: (?:case|when|then|else|end|asc?|desc|blob|cast|tenant|id|data|json_(?:type|extract)"
    r"|'\$\.[a-z0-9_.]+'|'(?:false|true|array|object)'|-[0-9][0-9.e]*+|[(), ])++"
)


def _walked(connection: sqlite3.Connection) -> Iterator[Row]:
    """Read from the front, and, where SQLite cannot go on, from the back up to the same place."""
    last: list[bytes] = []
    try:
        for row in connection.execute(_ROWS.format("asc")):
            last = row[:3]
            yield _row(*row)
    except BROKEN as error:
        yield _unreadable(f"it cannot be read on from {b'/'.join(last)!r}: {error}")
    else:
        return
    try:
        for row in connection.execute(_ROWS.format("desc")):
            if _order(row) <= _order(last):
                return
            yield _row(*row)
    except BROKEN as error:
        yield _unreadable(f"nor from the other end: {error}")


_ROWS = """
select tenant, collection, id, data,
typeof(tenant) || ' ' || typeof(collection) || ' ' || typeof(id) || ' ' || typeof(data),
typeof(revision) = 'integer' and revision >= 0 from documents order by tenant {0}, collection {0}, id {0}
"""


def _order(row: Sequence[Any]) -> list[tuple[int, Any]]:
    """Return what two keys are compared by, as SQLite does: nothing, then numbers, then texts."""
    ranks = {type(None): 0, int: 1, float: 1}
    return [(ranks.get(type(part), 2), 0 if part is None else part) for part in row[:3]]


def _row(*columns: Any) -> Row:
    *parts, raw, kinds, revised = columns
    place = Key(*(p.decode(errors="replace") if isinstance(p, bytes) else str(p) for p in parts))
    if kinds != b"text text text text":
        return _malformed(place, f"its columns are {kinds.decode()}, and not text")
    try:
        text = raw.decode()
        data, fractions = _read(text)
    except (ValueError, RecursionError) as error:
        return _malformed(place, f"it is no JSON: {str(error)[:200]}")
    if not isinstance(data, dict):
        return _malformed(place, "it is no JSON object")
    breaks = [] if text == _spelled(data) else [*_spelling(place, text)]
    if not revised:
        said = f"{where(place)}: its revision is none that the store gives"
        breaks.append(Violation(rule="SCHEMA_INVALID", message=said))
    return Row(place, text, data, fractions, tuple(breaks))


def _spelling(place: Key, text: str) -> Iterator[Violation]:
    """Judge a text that the store would not have written: its queries may see what its readers do not."""
    twice: set[str] = set()

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.update(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
        return dict(pairs)

    json.loads(text, object_pairs_hook=note)
    for name in sorted(twice):
        said = f"{where(place)}: it has the member {name[:100]!r} twice"
        yield Violation(rule="DUPLICATE_MEMBER", message=said)
    if not twice:
        said = f"{where(place)}: its text is not spelled as the store spells it"
        yield Violation(rule="NOT_AS_WRITTEN", message=said)


def _malformed(place: Key, said: str) -> Row:
    breaks = (Violation(rule="SCHEMA_INVALID", message=f"{where(place)}: {said}"),)
    return Row(place, breaks=breaks)


def _unreadable(said: str) -> Row:
    return Row(NOWHERE, breaks=(Violation(rule="STORE_CORRUPT", message=f"the store: {said}"),))


def _spelled(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _read(text: str) -> tuple[Any, bool]:
    """Return what a text says, and whether a number in it is not whole."""
    fractions = list[str]()

    def fraction(number: str) -> float:
        fractions.append(number)
        return float(number)

    decoder = json.JSONDecoder(parse_float=fraction, parse_constant=_refused)
    return decoder.decode(text), bool(fractions)


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


NOWHERE = Key("", "", "")
"""The place of what is about the whole file."""


def _kinds() -> set[type[Record]]:
    """Return every kind of document that any function knows."""
    catalog()
    found, waiting = set[type[Record]](), list[type[Record]]([Record, Delivery])
    for kind in waiting:
        waiting += kind.__subclasses__()
        found |= {kind} if hasattr(kind, "collection") else set()
    return found
