"""
Documents in Firestore.

A commit is one atomic batch of preconditioned writes, not a server-side transaction: those hold locks, and
contended ones wait for each other for seconds, where a failed comparison is known at once. A document's
revision is the time of its last update, which Firestore never gives twice; a write that changes nothing
keeps it.

The generated client is used, because the other one cannot replace a document under a precondition.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

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
from shared.edge import limits
from shared.errors import StoreUnavailable

if TYPE_CHECKING:
    from google.cloud.firestore_v1.services.firestore import FirestoreClient

READ_TIMEOUT_S = 10.0
COMMIT_TIMEOUT_S = 15.0

T = TypeVar("T")

_OPERATORS = {
    "==": "EQUAL",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">=": "GREATER_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
}
_DIRECTIONS = {"asc": "ASCENDING", "desc": "DESCENDING"}

_MEMBERS = (
    (str, "string_value"),
    (bool, "boolean_value"),
    (int, "integer_value"),
    (float, "double_value"),
)
"""How Firestore calls a value, by its type; a boolean is asked for before the integer it also is."""

_INNER = "[]"
"""The one member of a map that stands for a list within a list, which Firestore does not take."""


class FirestoreDocuments:
    """The `Documents` port on Firestore."""

    def __init__(self, project: str, database: str = "(default)") -> None:
        """Name the database; nothing is connected before the first call."""
        self._database = f"projects/{project}/databases/{database}"
        self._root = f"{self._database}/documents"
        self._connected: FirestoreClient | None = None
        self._metadata: tuple[tuple[str, str], ...] = ()
        self._connecting = threading.Lock()

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""
        from google.api_core.exceptions import NotFound

        limits.check_key(key)

        def read() -> Snapshot | None:
            try:
                document = self._client.get_document(
                    request={"name": self._name(key)}, **self._reading
                )
            except NotFound:
                return None
            return self._snapshot(type(document).pb(document))

        return _answered(read)

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents of one tenant, or of all."""
        limits.check_query(tenant, query)
        if _impossible(query):
            return []
        last = query.order[-1][1] if query.order else "asc"
        structured = _structured(tenant, query) | {
            "order_by": [
                {"field": {"field_path": name}, "direction": _DIRECTIONS[way]}
                for name, way in (*query.order, ("__name__", last))
            ],
            "limit": query.limit,
        }
        if query.after:
            structured["start_at"] = {"values": self._place(tenant, query), "before": False}
        request = {"parent": self._parent(tenant), "structured_query": structured}

        def read() -> list[Snapshot]:
            answers = self._client.run_query(request=request, **self._reading)
            found = (type(answer).pb(answer) for answer in answers)
            return [self._snapshot(raw.document) for raw in found if raw.HasField("document")]

        return _answered(read)

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet the query's conditions."""
        limits.check_conditions(tenant, query)
        if _impossible(query):
            return 0
        counting = {
            "structured_query": _structured(tenant, query),
            "aggregations": [{"alias": "n", "count": {}}],
        }
        request = {"parent": self._parent(tenant), "structured_aggregation_query": counting}

        def read() -> int:
            answers = self._client.run_aggregation_query(request=request, **self._reading)
            return sum(answer.result.aggregate_fields["n"].integer_value for answer in answers)

        return _answered(read)

    def commit(self, writes: Sequence[Write]) -> None:
        """
        Write all or nothing; return once it is durable.

        It is not repeated by itself: where the answer was lost, a repetition would find its own writes
        and take them for somebody else's.
        """
        from google.api_core.exceptions import Aborted, AlreadyExists, FailedPrecondition, NotFound

        if not writes:
            return
        limits.check_writes(writes)
        request = {"database": self._database, "writes": [self._write(write) for write in writes]}

        def write() -> None:
            try:
                self._client.commit(
                    request=request, retry=None, timeout=COMMIT_TIMEOUT_S, metadata=self._metadata
                )
            except (Aborted, AlreadyExists, FailedPrecondition, NotFound) as error:
                raise Contended("a document is not as it was read") from error

        _answered(write)

    def close(self) -> None:
        """End the connection."""
        with self._connecting:
            if self._connected is not None:
                self._connected.transport.close()  # type: ignore[no-untyped-call]
                self._connected = None

    @property
    def _client(self) -> "FirestoreClient":
        """The client, connected on first use: a server forks after it has imported us."""
        with self._connecting:
            if self._connected is None:
                emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
                self._connected = _connect(emulator)
                self._metadata = (("authorization", "Bearer owner"),) if emulator else ()
            return self._connected

    @property
    def _reading(self) -> dict[str, Any]:
        from google.api_core.retry import Retry

        return {
            "retry": Retry(initial=0.05, maximum=1.0, timeout=READ_TIMEOUT_S),
            "timeout": READ_TIMEOUT_S,
            "metadata": self._metadata,
        }

    # --- places and documents --------------------------------------------------------------------

    def _name(self, key: Key) -> str:
        return f"{self._root}/tenants/{key.tenant}/{key.collection}/{key.id}"

    def _parent(self, tenant: str | None) -> str:
        return self._root if tenant is None else f"{self._root}/tenants/{tenant}"

    def _place(self, tenant: str | None, query: Query) -> list[Any]:
        """Say where to go on: the order values of the last document seen, and its whole name."""
        *values, last = query.after
        of = tenant if tenant is not None else values.pop()
        name = self._name(Key(str(of), query.collection, str(last)))
        return [*map(_encoded, values), {"reference_value": name}]

    def _snapshot(self, document: Any) -> Snapshot:
        place = document.name.removeprefix(f"{self._root}/tenants/").split("/")
        updated = document.update_time
        return Snapshot(
            Key(*place),
            {name: _decoded(value) for name, value in document.fields.items()},
            f"{updated.seconds}.{updated.nanos:09d}",
        )

    def _write(self, write: Write) -> dict[str, Any]:
        name = self._name(write.key)
        change: dict[str, Any] = {"delete": name}
        if write.data is not None:
            change = {"update": {"name": name, "fields": _fields(write.data)}}
        if write.expected is ABSENT:
            change["current_document"] = {"exists": False}
        elif write.expected is not ANYTHING:
            seconds, _, nanos = str(write.expected).partition(".")
            change["current_document"] = {
                "update_time": {"seconds": int(seconds), "nanos": int(nanos)}
            }
        return change


def _connect(emulator: str | None) -> "FirestoreClient":
    from google.cloud.firestore_v1.services.firestore import FirestoreClient

    if not emulator:
        return FirestoreClient()
    import grpc  # type: ignore[import-untyped]
    from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

    channel = grpc.insecure_channel(emulator)
    return FirestoreClient(transport=FirestoreGrpcTransport(host=emulator, channel=channel))


def _answered(ask: Callable[[], T]) -> T:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        return ask()
    except (GoogleAPIError, GoogleAuthError) as error:
        raise StoreUnavailable(
            f"the store does not answer now ({type(error).__name__}); try again", retry_after_s=5
        ) from error


# --- the language of queries ---------------------------------------------------------------------


def _impossible(query: Query) -> bool:
    """Say whether a query asks for one of no values, which Firestore refuses to look for."""
    return any(condition.value == () for condition in query.where)


def _structured(tenant: str | None, query: Query) -> dict[str, Any]:
    source = {"collection_id": query.collection, "all_descendants": tenant is None}
    filters = [_filter(condition) for condition in query.where]
    return {"from_": [source], "where": _joined("AND", filters) if filters else None}


def _filter(condition: Condition) -> dict[str, Any]:
    field = {"field_path": condition.field}
    match condition.value:
        case None:
            return {"unary_filter": {"field": field, "op": "IS_NULL"}}
        case tuple(values):
            return _one_of(condition.field, values)
        case value:
            operator = _OPERATORS[condition.op]
            return {"field_filter": {"field": field, "op": operator, "value": _encoded(value)}}


def _one_of(name: str, values: tuple[Scalar, ...]) -> dict[str, Any]:
    """Find any of these values; null is asked for apart, because `in` passes over it."""
    some = [_encoded(value) for value in values if value is not None]
    among = {"array_value": {"values": some}}
    filters = [{"field_filter": {"field": {"field_path": name}, "op": "IN", "value": among}}]
    null = [_filter(Condition(name, "==", None))] if None in values else []
    return _joined("OR", (filters if some else []) + null)


def _joined(operator: str, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if len(filters) == 1:
        return filters[0]
    return {"composite_filter": {"op": operator, "filters": filters}}


# --- values --------------------------------------------------------------------------------------


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encoded(value) for name, value in data.items()}


def _encoded(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"null_value": 0}
        case dict():
            return {"map_value": {"fields": _fields(value)}}
        case list() | tuple():
            return {"array_value": {"values": [_encoded(_outside(item)) for item in value]}}
    return next({member: value} for kind, member in _MEMBERS if isinstance(value, kind))


def _outside(item: Any) -> Any:
    """Put a list within a list into a map of its own, and a map that looks like one of those too."""
    alike = isinstance(item, dict) and list(item) == [_INNER]
    return {_INNER: item} if alike or isinstance(item, list | tuple) else item


def _inside(item: Any) -> Any:
    return item[_INNER] if isinstance(item, dict) and list(item) == [_INNER] else item


def _decoded(value: Any) -> Any:
    kind = value.WhichOneof("value_type")
    if kind == "null_value":
        return None
    if kind == "map_value":
        return {name: _decoded(member) for name, member in value.map_value.fields.items()}
    if kind == "array_value":
        items: Iterable[Any] = value.array_value.values
        return [_inside(_decoded(item)) for item in items]
    return getattr(value, kind)
