"""
Documents in Firestore, by its REST API.

A commit is one atomic batch of preconditioned writes, not a server-side transaction: those hold locks, and
contended ones wait for each other for seconds, where a failed comparison is known at once. A document's
revision is the time of its last update as Firestore writes it, which it never gives twice; a write that
changes nothing keeps it.

Why REST: docs/decisions/0011-transports.md.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from shared.documents import (
    ABSENT,
    ANYTHING,
    Condition,
    Contended,
    Key,
    Query,
    Scalar,
    Snapshot,
    Write,
)
from shared.edge import limits, rpc, values
from shared.edge.addresses import path
from shared.edge.google_token import google_token
from shared.edge.http_client import Caller, reading
from shared.edge.http_pool import Answer, pool
from shared.errors import ProviderDown, Rejected, StoreUnavailable

log = logging.getLogger("waooaw.firestore")

GOOGLE = "https://firestore.googleapis.com"
WITHIN_S = 15.0

_OPERATORS = {
    "==": "EQUAL",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">=": "GREATER_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    "contains": "ARRAY_CONTAINS",
    "contains_any": "ARRAY_CONTAINS_ANY",
}
_AROUND = frozenset({"readTime", "skippedResults", "done"})
"""What is told of a query besides what it finds, also where it finds nothing."""

_DIRECTIONS = {"asc": "ASCENDING", "desc": "DESCENDING"}
MOST_BYTES = 512 * 1024 * 1024
"""A page of the largest documents there are."""


class FirestoreDocuments:
    """The `Documents` port on Firestore."""

    def __init__(self, project: str, database: str = "(default)", **options: Any) -> None:
        """
        Name the database; nothing is connected before the first call.

        Args:
            project: The Google Cloud project.

            database: The database of the project.

            options: How it is called, as `Caller` takes it.
        """
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
        base = f"http://{emulator}" if emulator else GOOGLE
        self._tenants = f"projects/{project}/databases/{database}/documents/tenants"
        self._url = f"{base}/v1/{path('projects', project, 'databases', database, 'documents')}"
        given = {
            "token": _owner if emulator else google_token,
            "timeout_s": WITHIN_S,
            "within_s": WITHIN_S,
            "most_bytes": MOST_BYTES,
        }
        self._caller = Caller("firestore", **{**given, **options})

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""
        return self.get_all([key])[0]

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return what there is of some documents, in the order in which they are named."""
        for key in keys:
            limits.check_key(key)
        names = [self._name(key) for key in keys]
        if not names:
            return []
        parts = self._read("", "batchGet", {"documents": [*dict.fromkeys(names)]})
        with _reading():
            # They are told of in any order, and of each once.
            found = dict[str, Snapshot | None]()
            for part in parts:
                if ("found" in part) is ("missing" in part):
                    raise ValueError("a document is there, or it is not")
                if "found" in part:
                    found[part["found"]["name"]] = self._snapshot(part["found"])
                else:
                    found[part["missing"]] = None
            if len(found) < len(parts):
                raise ValueError("more than once")
            return [found[name] for name in names]

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents of one tenant, or of all."""
        limits.check_query(tenant, query)
        if _impossible(query):
            return []
        last = query.order[-1][1] if query.order else "asc"
        structured = _structured(tenant, query) | {
            "orderBy": [
                {"field": {"fieldPath": name}, "direction": _DIRECTIONS[way]}
                for name, way in (*query.order, ("__name__", last))
            ],
            "limit": query.limit,
        }
        if query.after:
            structured["startAt"] = {"values": self._place(tenant, query), "before": False}
        parts = self._read(_parent(tenant), "runQuery", {"structuredQuery": structured})
        with _reading():
            found = [self._snapshot(one["document"]) for one in parts if not one.keys() <= _AROUND]
            for key in (one.key for one in found):
                if key.collection != query.collection or tenant not in {None, key.tenant}:
                    raise ValueError("a document of elsewhere")
            if len(found) > query.limit:
                raise ValueError("more than were asked for")
            return found

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet the query's conditions."""
        limits.check_conditions(tenant, query)
        if _impossible(query):
            return 0
        counting = {
            "structuredQuery": _structured(tenant, query),
            "aggregations": [{"alias": "n", "count": {}}],
        }
        asked = {"structuredAggregationQuery": counting}
        parts = self._read(_parent(tenant), "runAggregationQuery", asked)
        with _reading():
            (one,) = (part for part in parts if not part.keys() <= _AROUND)
            number = int(one["result"]["aggregateFields"]["n"]["integerValue"])
            if number < 0:
                raise ValueError("less than nothing")
            return number

    def commit(self, writes: Sequence[Write]) -> None:
        """
        Write all or nothing; return once it is durable.

        It is not repeated by itself where the answer was lost: a repetition would find its own writes and
        take them for somebody else's.
        """
        if not writes:
            return
        limits.check_writes(writes)
        asked = {"writes": [self._write(write) for write in writes]}
        answer = self._asked(":commit", asked, repeatable=False, outage=_commit_outage)
        said = rpc.code(answer)
        if said in _broken(writes):
            raise Contended("a document is not as it was read")
        if said != rpc.OK:
            raise _rejected(answer)
        with _reading():
            if len(answer.parsed["writeResults"]) != len(writes):
                raise ValueError("not all is written")

    def close(self) -> None:
        """End the connections, which all of this process shares; the next call connects again."""
        pool().clear()

    # --- asking ----------------------------------------------------------------------------------

    def _read(self, parent: str, method: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the parts of an answer, which come as a list; the last may say that it broke off."""
        answer = self._asked(f"{parent}:{method}", asked)
        if rpc.code(answer) != rpc.OK:
            raise _rejected(answer)
        return rpc.parts(answer)

    def _asked(
        self,
        method: str,
        asked: Mapping[str, Any],
        *,
        repeatable: bool = True,
        outage: Callable[[Answer], str | None] = rpc.outage,
    ) -> Answer:
        body = values.text(asked).encode()
        headers = {"Content-Type": "application/json"}
        try:
            return self._caller.request(
                "POST",
                self._url + method,
                body=body,
                headers=headers,
                repeatable=repeatable,
                outage=outage,
            )
        except ProviderDown as down:
            raise StoreUnavailable(down.detail, retry_after_s=down.retry_after_s) from down

    # --- places and documents --------------------------------------------------------------------

    def _name(self, key: Key) -> str:
        return f"{self._tenants}/{key.tenant}/{key.collection}/{key.id}"

    def _place(self, tenant: str | None, query: Query) -> list[Any]:
        """Say where to go on: the order values of the last document seen, and its whole name."""
        *seen, last = query.after
        of = tenant if tenant is not None else seen.pop()
        name = self._name(Key(str(of), query.collection, str(last)))
        return [*map(values.encoded, seen), {"referenceValue": name}]

    def _snapshot(self, document: Mapping[str, Any]) -> Snapshot:
        root, tenant, collection, id = document["name"].rsplit("/", 3)
        if root != self._tenants:
            raise ValueError("a document of elsewhere")
        return Snapshot(Key(tenant, collection, id), values.data(document), document["updateTime"])

    def _write(self, write: Write) -> dict[str, Any]:
        name = self._name(write.key)
        change: dict[str, Any] = {"delete": name}
        if write.data is not None:
            change = {"update": {"name": name, "fields": values.fields(write.data)}}
        if write.expected is ABSENT:
            change["currentDocument"] = {"exists": False}
        elif write.expected is not ANYTHING:
            change["currentDocument"] = {"updateTime": write.expected}
        return change


def _reading() -> AbstractContextManager[None]:
    return reading("the store of documents", StoreUnavailable)


def _owner() -> str:
    """Return what the emulator takes for the token of an administrator."""
    return "owner"


def _parent(tenant: str | None) -> str:
    return "" if tenant is None else f"/{path('tenants', tenant)}"


def _commit_outage(answer: Answer) -> str | None:
    """Return what may pass of a commit; that somebody else was faster is an answer."""
    said = rpc.outage(answer)
    return None if said == "ABORTED" else said


def _broken(writes: Sequence[Write]) -> set[str]:
    """Return the codes that say of a commit that somebody else was faster: by what it expected."""
    found = {"ABORTED"}
    for write in writes:
        if write.expected is ABSENT:
            found.add("ALREADY_EXISTS")
        elif write.expected is not ANYTHING:
            found |= {"FAILED_PRECONDITION", "NOT_FOUND"}
    return found


def _rejected(answer: Answer) -> Rejected:
    # The address that makes a missing index is in the message.
    log.error("Firestore refuses for good: %s, %s", rpc.code(answer), rpc.message(answer))
    return Rejected(f"Firestore refuses this for good ({rpc.code(answer)})")


# --- the language of queries ---------------------------------------------------------------------


def _impossible(query: Query) -> bool:
    """Say whether a query asks for one of no values, which Firestore refuses to look for."""
    return any(condition.value == () for condition in query.where)


def _structured(tenant: str | None, query: Query) -> dict[str, Any]:
    source = {"collectionId": query.collection, "allDescendants": tenant is None}
    filters = [_filter(condition) for condition in query.where]
    return {"from": [source]} | ({"where": _joined("AND", filters)} if filters else {})


def _filter(condition: Condition) -> dict[str, Any]:
    field = {"fieldPath": condition.field}
    match condition.value:
        case None:
            return {"unaryFilter": {"field": field, "op": "IS_NULL"}}
        case tuple(alternatives) if condition.op == "in":
            return _one_of(condition.field, alternatives)
        case value:
            operator = _OPERATORS[condition.op]
            return {"fieldFilter": {"field": field, "op": operator, "value": values.encoded(value)}}


def _one_of(name: str, alternatives: tuple[Scalar, ...]) -> dict[str, Any]:
    """Find any of these values; null is asked for apart, because `in` passes over it."""
    some = [values.encoded(value) for value in alternatives if value is not None]
    among = {"arrayValue": {"values": some}}
    filters = [{"fieldFilter": {"field": {"fieldPath": name}, "op": "IN", "value": among}}]
    null = [_filter(Condition(name, "==", None))] if None in alternatives else []
    return _joined("OR", (filters if some else []) + null)


def _joined(operator: str, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if len(filters) == 1:
        return filters[0]
    return {"compositeFilter": {"op": operator, "filters": filters}}
