"""
Declare an operation.

An operation is one function in one file. Its area and name are where the file lives; its inputs and its
result are its signature; its description is its docstring. The decorator takes only what the code cannot
say for itself, and hands the function back unchanged, so that a test calls it like any other function.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal, ParamSpec, TypeVar, get_type_hints
from uuid import uuid4

from shared.documents import Documents
from shared.evidence import Circumstances, Signer, Verify
from shared.files import Content, Files, NoFiles
from shared.identity import PLATFORM, Actor, Scope
from shared.observing import Memory, NoTraffic, Traffic
from shared.store import Transaction

P = ParamSpec("P")
R = TypeVar("R")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


def believe_nothing(public_key: str, message: bytes, signature: str) -> bool:
    """Take no signature for good: what a call does that nobody gave a way to check one."""
    del public_key, message, signature
    return False


@dataclass
class Call:
    """One request: who asked, when, in which story, and what they can reach."""

    actor: Actor
    now: datetime
    documents: Documents
    signer: Signer
    tenant: str
    """The one tenant this call can open."""

    operation: str
    correlation_id: str
    causation_id: str | None = None
    story_named: bool = True
    """Whether the caller named the story; without it a change goes on with that of its entity."""

    traceparent: str | None = None
    """Where in which trace this call is (W3C Trace Context)."""

    if_match: str | None = None
    addressed: frozenset[str] = frozenset()
    callbacks: str = ""
    """How the address of every callback of this project's workflows begins."""

    environment: str = "local"
    """One of `local`, `dev`, `staging`, `prod`."""

    files: Files = field(default_factory=NoFiles)
    """Where people's documents are kept."""

    memory: Memory = field(default_factory=Memory)
    """What this process remembers for a minute; never what decides who may do what."""

    traffic: Traffic = field(default_factory=NoTraffic)
    """The requests that were answered, counted."""

    commits: bool = True
    """Whether leaving a transaction commits it; the kernel commits by itself, with the reply."""

    verify: Verify = believe_nothing
    """``verify(public_key, message, signature)``: whether a person's own key made the signature."""

    opened: Transaction | None = field(default=None, init=False)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open the one transaction of this call, in the one tenant it may see."""
        if self.opened is not None:
            raise RuntimeError("one operation is one transaction")
        circumstances = Circumstances(
            actor=self.actor,
            at=self.now,
            operation=self.operation,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            named=self.story_named,
            traceparent=self.traceparent,
        )
        self.opened = Transaction(
            self.documents, self.tenant, circumstances, self.signer, self.if_match, self.addressed
        )
        yield self.opened
        if self.commits:
            self.documents.commit(self.opened.writes)
            self.opened = None

    def new_id(self) -> str:
        """Return a fresh public id of this tenant: random, never ordered by time."""
        return str(uuid4()) if self.tenant == PLATFORM else f"{self.tenant}.{uuid4()}"


class PlainText(str):
    """A result that is text and not JSON, of the media type that its class names."""

    __slots__ = ()
    media_type: ClassVar[str] = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Operation:
    """Everything the gateway, the deployment and the documentation need to know."""

    function: Callable[..., Any]
    method: Method
    path: str
    scopes: frozenset[Scope]
    status: int
    audited: bool
    tenant: str | None
    max_bytes: int
    recognises: bool

    @property
    def id(self) -> str:
        """Where it lives: ``area.name``."""
        return place(self.function)

    @property
    def area(self) -> str:
        """The folder it lives in."""
        return self.id.partition(".")[0]

    @property
    def function_name(self) -> str:
        """The name of the deployed Cloud Function."""
        return deployed(self.id)

    @property
    def public(self) -> bool:
        """Whether anybody may call it."""
        return not self.scopes

    @property
    def mutates(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def description(self) -> str:
        """The rest of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n\n")[2]

    @cached_property
    def result(self) -> Any:
        """What it returns."""
        return self._hints["return"]

    @cached_property
    def in_path(self) -> dict[str, Any]:
        """The parameters that are named in the path."""
        return {n: t for n, t in self._inputs.items() if f"{{{n}}}" in self.path}

    @cached_property
    def in_body(self) -> dict[str, Any]:
        """The one parameter that is not: the body, or the query of a GET."""
        return {n: t for n, t in self._inputs.items() if n not in self.in_path}

    @property
    def content(self) -> str | None:
        """The parameter that takes a body which is not JSON, if there is one."""
        return next((name for name, kind in self.in_body.items() if kind is Content), None)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a request's path must look like."""
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/:]+)", self.path))

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @property
    def _inputs(self) -> dict[str, Any]:
        return {n: t for n, t in self._hints.items() if n != "return" and t is not Call}


def operation(
    method: Method,
    path: str,
    *,
    scopes: AbstractSet[Scope],
    status: int = 200,
    audited: bool = True,
    tenant: str | None = None,
    max_bytes: int = 1024 * 1024,
    recognises: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Declare the decorated function to be an API operation.

    Args:
        method: The HTTP method.

        path: The path; each ``{name}`` in it is a parameter of the function.

        scopes: Of which the caller needs at least one; PUBLIC lets anybody in. There is no default.

        status: The status of a success.

        audited: Whether refusals and changes are recorded. Switch it off only for plain reads.

        tenant: The tenant it always acts in, for what belongs to the platform as a whole; without it,
            the tenant of the thing addressed, else the caller's.

        max_bytes: The largest body it takes.

        recognises: Whether a public operation looks who asks, where a person shows a good token. Nobody
            is refused for theirs.
    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        vars(function)["declared"] = Operation(
            function,
            method,
            path,
            frozenset(scopes),
            status,
            audited,
            tenant,
            max_bytes,
            recognises,
        )
        return function

    return declare


def deployed(id: str) -> str:
    """Return the name of the Cloud Function that serves what lives at ``area.name``."""
    return re.sub(r"[._]", "-", id)


def place(function: Callable[..., object]) -> str:
    """Say where a function lives, as ``area.name``."""
    return function.__module__.removeprefix("functions.")
