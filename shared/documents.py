"""
Documents: the small port beneath every transaction.

It has two adapters that must behave alike, Firestore and SQLite, and one suite that holds them to it.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from shared.records import dataclass

MAX_ASKED_BYTES = 1499
"""A longer text is not whole in an index of Firestore: store its digest beside it, and ask for that."""

MAX_LIST = 100
"""How many documents one page of a list holds at the most."""


EXPIRY = "kept_until"
"""The member that says until when a document is kept; a store that can deletes it then. Nobody asks for it."""


class Contended(Exception):
    """Somebody else got there first: the operation may simply be run again."""


Scalar = str | int | bool | None
Op = Literal["==", "<", "<=", ">=", ">", "in", "contains", "contains_any"]

RANGES = frozenset({"<", "<=", ">=", ">"})
OF_A_LIST = frozenset({"contains", "contains_any"})
"""What is asked of a list; a query asks one such thing."""


@dataclass(frozen=True)
class Key:
    """Where a document lives: ``tenants/{tenant}/{collection}/{id}``."""

    tenant: str
    collection: str
    id: str


@dataclass(frozen=True)
class Snapshot:
    """A document as it was read; `revision` changes with every write that changes it."""

    key: Key
    data: dict[str, Any]
    revision: str


@dataclass(frozen=True)
class Condition:
    """One comparison; *field* may be a dotted path."""

    field: str
    op: Op
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True)
class Query:
    """
    Which documents of one collection, in which order.

    Whatever has a range is ordered by too, as Firestore asks. Ties are broken by id, in the direction of
    the last order field. `after` holds the order values and the id of the last
    document seen. Documents are compared within one type; null sorts first.
    """

    collection: str
    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, Literal["asc", "desc"]], ...] = ()
    limit: int = MAX_LIST
    after: tuple[Scalar, ...] = ()


class Absent:
    """The precondition that no such document exists yet."""


class Anything:
    """No precondition."""


ABSENT, ANYTHING = Absent(), Anything()


@dataclass(frozen=True)
class Write:
    """One write: `data` replaces the document, None deletes it; `expected` is what must be so."""

    key: Key
    data: dict[str, Any] | None
    expected: str | Absent | Anything = ANYTHING


class Documents(Protocol):
    """
    Where documents live.

    What no store can hold or be asked is refused before any is (`Invalid`, `TooLarge`, `BadRequest` of a
    cursor, `ValueError` of a wrong query).

    Raises:
        StoreUnavailable: The store cannot be used now; nothing happened.
        Rejected: The store refuses for good what the limits let through: a defect.
    """

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return what `get` returns of each, by asking once."""

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents of one tenant, or of all tenants for the platform's own sweeps."""

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet the query's conditions, whatever its limit."""

    def commit(self, writes: Sequence[Write]) -> None:
        """
        Write all or nothing, durably.

        Raises:
            Contended: A precondition does not hold.
        """
