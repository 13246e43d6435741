"""Where the functions of the standard library are declared, by their own signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from local.workflows.boundary import translated
from local.workflows.errors import raised
from local.workflows.values import Value, string, text, type_name

REQUIRED: Any = object()
_F = TypeVar("_F", bound=Callable[..., Value])


class Context(Protocol):
    """What a function may need of the execution it is called in."""

    environment: Mapping[str, str]

    @property
    def replaying(self) -> bool:
        """Tell whether what is computed now was computed before, to its end."""

    def instant(self, kind: str, arguments: Value, compute: Callable[[], Value]) -> Value:
        """Compute once, and answer the same after every restart."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    def create_callback(self, method: str) -> Value:
        """Open an endpoint of this execution."""

    def log(self, severity: str, data: Value) -> None:
        """Write one line to the log, once."""


@dataclass(frozen=True)
class Function:
    """
    A function, its parameters with their defaults, and what kind it is.

    *waits* names the operation that a waiting function starts: its body then only checks the
    arguments and returns them in normal form. *long* tells of arguments whether the body may take so long that other
    executions must not wait for it. *call_only* ones are refused inside expressions; of the
    waiting ones only connectors are not.
    """

    name: str
    parameters: Mapping[str, Value]
    body: Callable[..., Value]
    waits: str
    call_only: bool
    wants_context: bool
    long: Callable[..., bool] | None = None

    def positional(self, values: Sequence[Value]) -> dict[str, Value]:
        """Bind the arguments of an expression."""
        if len(values) > len(self.parameters):
            raise raised("TypeError", f"{self.name} takes at most {len(self.parameters)} arguments")
        return self.named(dict(zip(self.parameters, values, strict=False)))

    def named(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Bind the arguments of a call step."""
        bound = {**self.parameters, **values}
        if len(bound) > len(self.parameters):
            unknown = ", ".join(sorted(bound.keys() - self.parameters.keys()))
            raise raised("TypeError", f"{self.name} has no argument {unknown}")
        if len(values) == len(bound):
            return bound
        missing = [name for name, value in bound.items() if value is REQUIRED]
        if missing:
            raise raised("TypeError", f"{self.name} needs the argument {', '.join(missing)}")
        return bound

    def __call__(self, context: Context, given: dict[str, Value] | list[Value]) -> Value:
        """Bind the arguments, by name those of a call step, by place those of an expression, and run the body."""
        try:
            bound = self._bound(given)
            result = self.body(context, **bound) if self.wants_context else self.body(**bound)
            return string(text(result)) if isinstance(result, str) else result
        except Exception as error:  # noqa: BLE001 - it is the boundary
            raise translated(error, self.name) from None

    def takes_long(self, given: dict[str, Value] | list[Value]) -> bool:
        """Tell whether it may take long; what fails here fails at once."""
        try:
            return self.long is not None and self.long(**self._bound(given))
        except Exception:  # noqa: BLE001 - it is met again where it is called, and becomes an error there
            return False

    def _bound(self, given: dict[str, Value] | list[Value]) -> dict[str, Value]:
        return self.named(given) if isinstance(given, dict) else self.positional(given)


FUNCTIONS: dict[str, Function] = {}
EARLIER: dict[str, Function] = {}
"""What functions were, where they answered otherwise, for executions that an earlier release began."""


def function(
    name: str,
    *,
    waits: str = "",
    call_only: bool = False,
    in_expressions: bool = False,
    long: Callable[..., bool] | None = None,
    among: dict[str, Function] = FUNCTIONS,
) -> Callable[[_F], _F]:
    """Declare a function of the standard library; its signature is the documentation's."""

    def declare(body: _F) -> _F:
        found = inspect.signature(body).parameters
        among[name] = Function(
            name=name,
            parameters={
                p.name: REQUIRED if p.default is p.empty else p.default
                for p in found.values()
                if p.name != "context"
            },
            body=body,
            waits=waits,
            call_only=call_only or (bool(waits) and not in_expressions),
            wants_context="context" in found,
            long=long,
        )
        return body

    return declare


def expect(value: Value, name: str, *types: type) -> Value:
    """Refuse an argument of another type, and a string that is no text; a boolean is not a number here."""
    if isinstance(value, types) and not (isinstance(value, bool) and bool not in types):
        return text(value) if isinstance(value, str) else value
    wanted = " or ".join(type_name(t()) for t in types)
    raise raised("TypeError", f"{name} must be a {wanted}; got: {type_name(value)}")
