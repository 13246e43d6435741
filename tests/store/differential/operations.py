"""Operations on a store as plain data, so that they can be printed and done again."""

from dataclasses import dataclass, replace
from typing import Any

from shared.documents import ABSENT, ANYTHING, Key, Query, Write

PRESENT, EARLIER = "the revision seen last", "the revision seen before that"
"""What a write may expect besides nothing and anything: what the store itself gave."""


@dataclass(frozen=True)
class Get:
    """Read one document."""

    key: Key

    def run(self, store, memory):
        return memory.seen(store.get(self.key))


@dataclass(frozen=True)
class GetAll:
    """Read some documents at once."""

    keys: tuple[Key, ...]

    def run(self, store, memory):
        return [memory.seen(one) for one in store.get_all(self.keys)]


@dataclass(frozen=True)
class Find:
    """Read a list page by page, at most so many pages, each from where the one before ended."""

    tenant: str | None
    query: Query
    pages: int = 1

    def run(self, store, memory):
        asked, told = self.query, []
        for _ in range(self.pages):
            found = store.find(self.tenant, asked)
            told.append([memory.seen(one) for one in found])
            if len(found) < asked.limit:
                break
            after = _place(found[-1], self.tenant, asked)
            asked = Query(asked.collection, asked.where, asked.order, asked.limit, after)
        return told


@dataclass(frozen=True)
class Count:
    """Count what meets a query."""

    tenant: str | None
    query: Query

    def run(self, store, memory):
        return store.count(self.tenant, self.query)


@dataclass(frozen=True)
class Change:
    """One write of a commit."""

    key: Key
    data: Any
    expected: Any = ANYTHING


@dataclass(frozen=True)
class Commit:
    """Write some documents, all or nothing."""

    changes: tuple[Change, ...]

    def run(self, store, memory):
        store.commit([Write(c.key, c.data, memory.expected(c)) for c in self.changes])
        return "done"


class Memory:
    """What one store gave so far: the revisions of each document."""

    def __init__(self):
        self._revisions = {}

    def seen(self, snapshot):
        """Return a snapshot as it can be compared: how it is written down, and whether it is another one."""
        if snapshot is None:
            return None
        known = self._revisions.setdefault(snapshot.key, [])
        changed = not known or known[-1] != snapshot.revision
        if changed:
            known.append(snapshot.revision)
        return snapshot.key, snapshot.data, "changed" if changed else "the same"

    def expected(self, change):
        known = self._revisions.get(change.key, [])
        if change.expected == PRESENT:
            return known[-1] if known else ABSENT
        if change.expected == EARLIER:
            return known[-2] if len(known) > 1 else ABSENT
        return change.expected


def _place(last, tenant, query):
    values = [_at(last.data, name) for name, _ in query.order]
    return (*values, *([last.key.tenant] if tenant is None else []), last.key.id)


def _at(data, path):
    for part in path.split("."):
        data = data[part]
    return data


def simpler(operation):
    """Yield operations that do less than this one."""
    match operation:
        case Commit(changes) if len(changes) > 1:
            yield from (Commit(rest) for rest in _without_one(changes))
        case Commit((Change(key, dict(data), expected),)):
            yield from (
                Commit((Change(key, dict(rest), expected),))
                for rest in _without_one([*data.items()])
            )
        case GetAll(keys) if len(keys) > 1:
            yield from (GetAll(rest) for rest in _without_one(keys))
        case Find(tenant, query, pages):
            if pages > 1:
                yield Find(tenant, query, pages - 1)
            for rest in _without_one(query.where):
                yield Find(tenant, replace(query, where=rest), pages)
        case Count(tenant, query):
            for rest in _without_one(query.where):
                yield Count(tenant, replace(query, where=rest))


def _without_one(items):
    return (items[:n] + items[n + 1 :] for n in range(len(items)))


def written(operation):
    """Write an operation as Python, to be pasted into a test."""
    match operation:
        case Commit(changes):
            return f"Commit(({''.join(f'{_change(one)}, ' for one in changes)}))"
        case Get(key):
            return f"Get({_key(key)})"
        case GetAll(keys):
            return f"GetAll(({''.join(f'{_key(one)}, ' for one in keys)}))"
        case Find(tenant, query, pages):
            return f"Find({_value(tenant)}, {_query(query)}, pages={pages})"
        case Count(tenant, query):
            return f"Count({_value(tenant)}, {_query(query)})"
    raise TypeError(operation)


def _key(key):
    return f"Key({_value(key.tenant)}, {key.collection!r}, {_value(key.id)})"


def _change(change):
    expected = {id(ABSENT): "ABSENT", id(ANYTHING): "ANYTHING"}.get(id(change.expected))
    if expected is None:
        expected = "PRESENT" if change.expected == PRESENT else "EARLIER"
    return f"Change({_key(change.key)}, {_value(change.data)}, {expected})"


def _query(query):
    where = "".join(f"Condition({c.field!r}, {c.op!r}, {_value(c.value)}), " for c in query.where)
    order, after = query.order, _value(query.after)
    return f"Query({query.collection!r}, ({where}), {order!r}, {query.limit}, {after})"


def _value(value):
    """Write a value, and a long text of one letter shortly."""
    match value:
        case str() if len(value) > 40 and len(set(value)) == 1:
            return f"{value[0]!r} * {len(value)}"
        case dict():
            return f"{{{', '.join(f'{_value(k)}: {_value(v)}' for k, v in value.items())}}}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case tuple():
            return f"({''.join(f'{_value(one)}, ' for one in value)})"
    return repr(value)
