"""
Declare an operation.

An operation is one function in one file. Its area and name are where the file lives; its inputs and its
result are its signature; its description is its docstring. The decorator takes only what the code cannot
say for itself, and hands the function back unchanged, so that a test calls it like any other function.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import InitVar, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, ParamSpec, Protocol, TypedDict, TypeVar, Unpack
from uuid import uuid4

from shared.actors import PLATFORM, Actor, Scope, id_in
from shared.dialects import Dialect
from shared.documents import Documents, Write
from shared.entity import Record
from shared.evidence import Circumstances, Entry, Signer
from shared.facts import Acts, acts
from shared.ports import Outside, Port, named
from shared.records import dataclass
from shared.signature import Method, Signature
from shared.store import Transaction, Writable

if TYPE_CHECKING:
    from shared.deciding import Attestation, Question

P = ParamSpec("P")
R = TypeVar("R")

EVERY_TENANT = "*"
"""How a crossing names all of them."""


@dataclass(frozen=True)
class Crossing:
    """One look or change outside the call's own tenant, and why it is right."""

    tenant: str
    """Its name, or `EVERY_TENANT`."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """
    One request: who asked, when, in which story, and in which tenant.

    It opens transactions, and has neither the store nor a key to hand out. It cannot be changed, nor copied
    with another tenant.
    """

    changes: ClassVar[bool] = False
    """Whether what it reads may be ground for a change though it may not write everything."""

    actor: Actor
    now: datetime
    tenant: str
    """The one tenant this call can open."""

    operation: str
    correlation_id: str
    documents: InitVar[Documents]
    signer: InitVar[Signer]
    causation_id: str | None = None
    story_named: bool = True
    """Whether the caller named the story; without it a change goes on with that of its entity."""

    traceparent: str | None = None
    """Where in which trace this call is (W3C Trace Context)."""

    if_match: frozenset[str] | None = None
    """The versions of which the caller saw one: `*` is any, the empty one is none."""

    addressed: frozenset[str] = frozenset()
    writable: Writable = None
    """What its transactions may write; a read writes at most the note that it was made."""

    commits: bool = True
    """Whether leaving a transaction commits it; the kernel commits by itself, with the reply."""

    crossings: list[Crossing] = field(default_factory=list, init=False)
    told: dict[str, str] = field(default_factory=dict, init=False)
    """What whoever asks is told beside the answer, or the refusal, by the names of headers."""

    route: Mapping[str, str] | None = field(default=None, init=False)
    """Where its calls to the outside go instead, as the rules decided; None where they go where they are meant to."""

    _opened: dict[str, Transaction] = field(default_factory=dict, init=False, repr=False)
    _begun: dict[str, Transaction] = field(default_factory=dict, init=False, repr=False)
    _open: Callable[[str, Writable], Transaction] = field(init=False, repr=False)
    _documents: Documents = field(init=False, repr=False)

    def __post_init__(self, documents: Documents, signer: Signer) -> None:
        """Keep the way to the store to itself."""
        circumstances = Circumstances(
            actor=self.actor,
            at=self.now,
            operation=self.operation,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            named=self.story_named,
            traceparent=self.traceparent,
        )

        def begin(tenant: str, writable: Writable) -> Transaction:
            return Transaction(
                documents,
                signer,
                tenant=tenant,
                circumstances=circumstances,
                if_match=self.if_match,
                addressed=self.addressed,
                writable=writable,
                changing=self.changes or self.writable is None,
            )

        object.__setattr__(self, "_open", begin)
        object.__setattr__(self, "_documents", documents)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open the one transaction of this call, in the one tenant it may see."""
        if self.tenant in self._opened:
            raise RuntimeError("one operation is one transaction")
        with self._transaction(self.tenant) as txn:
            yield txn

    @contextmanager
    def platform(self, why: str) -> Iterator[Transaction]:
        """Read what belongs to the platform as a whole; nothing can be written there."""
        self._cross(PLATFORM, why)
        yield self._open(PLATFORM, frozenset())

    def begin(self) -> Transaction:
        """Begin its transaction before the operation does, which goes on with it: there it is decided."""
        if self.tenant not in self._begun:
            self._begun[self.tenant] = self._open(self.tenant, self.writable)
        return self._begun[self.tenant]

    def keep_alongside(self) -> None:
        """Keep what comes with the act, also where it changed something in a way that brings nothing along."""
        with self._transaction(self.tenant) as txn:
            txn.keep_alongside()

    def routed(self, route: Mapping[str, str] | None) -> None:
        """Have its calls to the outside go elsewhere."""
        object.__setattr__(self, "route", route)

    @property
    def writes(self) -> list[Write]:
        """Everything that its transactions write, and what one holds for another that writes."""
        opened = self._opened.values()
        if not any(txn.writes for txn in opened):
            return []
        return [write for txn in opened for write in txn.writes or txn.holding]

    @property
    def entries(self) -> list[Entry]:
        """Everything that its transactions enter into evidence."""
        return [entry for txn in self._opened.values() for entry in txn.entries]

    @property
    def urgent(self) -> bool:
        """Whether the tap must have the entries before the caller gets an answer."""
        return any(txn.urgent for txn in self._opened.values())

    def new_id(self) -> str:
        """Return a fresh public id of this tenant: random, never ordered by time."""
        return id_in(self.tenant, str(uuid4()))

    @contextmanager
    def _transaction(self, tenant: str) -> Iterator[Transaction]:
        if tenant in self._opened:
            yield self._opened[tenant]
            return
        begun = self._begun.pop(tenant) if tenant in self._begun else None
        txn = self._opened[tenant] = begun or self._open(tenant, self.writable)
        yield txn
        if self.commits:
            self._documents.commit(txn.writes)
            del self._opened[tenant]

    def _cross(self, tenant: str, why: str) -> None:
        if not why.strip():
            raise ValueError("whoever leaves their tenant says why")
        self.crossings.append(Crossing(tenant, why))


class DecisionPoint(Port, Protocol):
    """Has the rules in force decide what is no operation of its own: what agents, runs and tools are about to do."""

    def decide(self, call: Call, txn: Transaction, question: "Question") -> "Attestation":
        """
        Look up the facts and ask the rules; return the decision, signed. Nothing is kept but what the caller keeps.

        Raises:
            EnforcementUnavailable: Nobody can decide now, so nothing may happen.
        """

    def admit(self, call: Call, txn: Transaction, question: "Question") -> "Attestation":
        """
        Likewise of what is done now: return the decision that lets it be done.

        The approval that is presented is used up with what the caller keeps.

        Raises:
            Refusal: It may not be done, or not with this approval; it is entered as a denial, and nothing is used up.
        """


@dataclass(frozen=True)
class Operation(Signature):
    """Everything the gateway, the deployment and the documentation need to know."""

    scopes: frozenset[Scope]
    audited: bool = True
    tenant: str | None = None
    max_bytes: int = 1024 * 1024
    recognises: bool = False
    notes: type[Record] | None = None
    versioned: bool | None = None
    in_freeze: bool = False
    kind: Acts | None = None

    @property
    def id(self) -> str:
        """Where it lives: ``area.name``."""
        return place(self.function)

    @property
    def area(self) -> str:
        """The folder it lives in."""
        return self.id.partition(".")[0]

    @property
    def acts(self) -> Acts:
        """What kind of act it is to the rules: by its method and its verb, unless it says otherwise."""
        return self.kind or acts(self.method, self.function.__name__)

    @property
    def function_name(self) -> str:
        """The name of the deployed Cloud Function."""
        return deployed(self.id)

    @property
    def public(self) -> bool:
        """Whether anybody may call it."""
        return not self.scopes

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that its address takes: HEAD is a GET whose answer nobody reads (RFC 9110, 9.3.2)."""
        return (self.method, "HEAD") if self.method == "GET" else (self.method,)

    @property
    def takes_version(self) -> bool:
        """Whether a request may say which version it changes."""
        return self.mutates and (bool(self.in_path) if self.versioned is None else self.versioned)

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def description(self) -> str:
        """The rest of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n\n")[2]

    @cached_property
    def ports(self) -> dict[str, type]:
        """
        The ports it names, by parameter.

        Raises:
            TypeError: One of them leads outside, where an operation may not go.
        """
        found = named(self.function)
        outside = sorted(kind.__name__ for kind in found.values() if Outside in kind.__mro__)
        if outside:
            raise TypeError(f"{self.id} is an operation; {', '.join(outside)} is for reactions")
        return found

    @property
    def writable(self) -> Writable:
        """What it may write: anything, or where it reads, the one note that it was read."""
        if self.mutates:
            return None
        return frozenset({self.notes} if self.notes else ())


class Options(TypedDict, total=False):
    """What an operation says of itself where it is not as most are."""

    status: int
    """The status of a plain result, else 200; `Created` and its like have their own."""

    audited: bool
    """Whether refusals and changes are recorded. Switch it off only for plain reads."""

    tenant: str
    """
    The tenant it always acts in, for what belongs to the platform as a whole; without it, the tenant of the
    thing addressed, else the caller's.
    """

    max_bytes: int
    """The largest body it takes."""

    recognises: bool
    """Whether a public operation looks who asks, where a person shows a good token. Nobody is refused for theirs."""

    notes: type[Record]
    """What a GET leaves behind of having been made (RFC 9110, 9.2.1): a record, no entity."""

    versioned: bool
    """
    Whether a change must say with `If-Match` which version it is of, or has none to say; without it, a PUT or
    PATCH must and any other may.
    """

    in_freeze: bool
    """
    Whether it goes on while the platform is frozen: what ends harm, decides, keeps evidence, or only answers and
    changes nothing.
    """

    kind: Acts
    """What kind of act it is to the rules, where its method and its verb say something else (`acts` of `shared/facts.py`)."""

    takes: tuple[str, ...]
    """The media types of a `Content`, where it may not be of any."""

    dialect: Dialect
    """In what the standard of its clients differs from ours: addresses, media types, refusals."""


def operation(
    method: Method, path: str, *, scopes: AbstractSet[Scope], **options: Unpack[Options]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Declare the decorated function to be an API operation.

    Args:
        method: The HTTP method.

        path: The path; each ``{name}`` in it is a parameter of the function.

        scopes: Of which the caller needs at least one; PUBLIC lets anybody in. There is no default.

        options: What else it says, as `Options` names it.
    """
    if method in {"PUT", "PATCH"}:
        options.setdefault("versioned", True)

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        declared = Operation(function, method, path, frozenset(scopes), **options)
        vars(function)["declared"] = declared
        return function

    return declare


def deployed(id: str) -> str:
    """Return the name of the Cloud Function that serves what lives at ``area.name``."""
    return re.sub(r"[._]", "-", id)


def place(function: Callable[..., object]) -> str:
    """Say where a function lives, as ``area.name``."""
    return function.__module__.removeprefix("functions.")
