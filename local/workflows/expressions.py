"""
The nodes of an expression, which are parsed once and evaluated often.

A subworkflow that is called inside an expression may wait for days, so evaluation can be suspended:
`run` is a generator for nodes that `suspends` says may wait, and `value` is the plain way for all
others, which are nearly all.
"""
# Every node answers the same two questions, and most need only a part of what they are given.
# A comprehension cannot wait, so lists are built by loops.
# ruff: noqa: ARG002, D102, PERF401

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.workflows import operators
from local.workflows.boundary import translated, within
from local.workflows.errors import NOWHERE, Failure, Position, raised
from local.workflows.retries import computed, waited
from local.workflows.values import Value
from local.workflows.values import field as element

if TYPE_CHECKING:
    from local.workflows.functions.registry import Function
    from local.workflows.scopes import Scope

# What a suspended evaluation hands to the scheduler, gets back, and returns.
Suspended = Generator[Any, Any, Value]
_UNSET: Any = object()
# Where the functions that make a list longer put the new element.
LONGER = {"list.concat": -1, "list.prepend": 0}


@dataclass(eq=False)
class Node:
    """A part of an expression whose operands are all evaluated, from left to right."""

    operands: Sequence[Node] = ()
    suspends: bool = False
    offset: int = 0
    position: Position = NOWHERE
    whole: Position | None = None
    """Where `${…}` stands, in the node that is all of it."""

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        yield self
        for operand in self.operands:
            yield from operand.walk()

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        """Compute the node from its operands' values."""
        raise TypeError(type(self).__name__)

    def value(self, scope: Scope) -> Value:
        """Evaluate without waiting."""
        values = [operand.value(scope) for operand in self.operands]
        try:
            return self.apply(scope, values)
        except Exception as error:  # noqa: BLE001 - it is the boundary
            raise translated(error, "an expression") from None

    def run(self, scope: Scope) -> Suspended:
        """Evaluate, waiting where a subworkflow waits."""
        values = []
        for operand in self.operands:
            values.append(
                (yield from operand.run(scope)) if operand.suspends else operand.value(scope)
            )
        return within("an expression", self.apply, scope, values)


def evaluate(node: Node, scope: Scope) -> Suspended:
    """Evaluate an expression that may wait."""
    try:
        if node.suspends:
            return (yield from node.run(scope))
        return node.value(scope)
    except Failure as failure:
        stands(failure, node, scope)
        raise


def stands(failure: Failure, node: Node, scope: Scope) -> None:
    """Note that an expression failed, if *node* is all of one."""
    if node.whole is not None:
        failure.stands(node.whole, scope.frame)


@dataclass(eq=False)
class Const(Node):
    """A literal."""

    constant: Value = None

    def value(self, scope: Scope) -> Value:
        return self.constant


@dataclass(eq=False)
class Name(Node):
    """A variable, or a subworkflow named as a value."""

    name: str = ""
    constant: Value = _UNSET

    def value(self, scope: Scope) -> Value:
        return scope.get(self.name) if self.constant is _UNSET else self.constant


@dataclass(eq=False)
class Field(Node):
    """A dotted access, or a dotted name of the standard library."""

    name: str = ""
    constant: Value = _UNSET

    def value(self, scope: Scope) -> Value:
        if self.constant is not _UNSET:
            return self.constant
        return element(self.operands[0].value(scope), self.name)

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        return element(values[0], self.name)


@dataclass(eq=False)
class Index(Node):
    """`container[key]`."""

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        return element(values[0], values[1])


@dataclass(eq=False)
class Unary(Node):
    """`not` or a minus sign."""

    operator: str = ""

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        if self.operator == "not":
            return not operators.boolean(values[0], "the operand of 'not'")
        return operators.negative(values[0])


@dataclass(eq=False)
class Binary(Node):
    """An operator with two operands that are both evaluated."""

    operator: str = ""

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        return operators.BINARY[self.operator](values[0], values[1])

    def value(self, scope: Scope) -> Value:
        # As every node is evaluated; this one is in most loops.
        one, other = self.operands
        left, right = one.value(scope), other.value(scope)
        try:
            return operators.BINARY[self.operator](left, right)
        except Exception as error:  # noqa: BLE001 - it is the boundary
            raise translated(error, "an expression") from None


@dataclass(eq=False)
class Logic(Node):
    """`and` or `or`, which leave out the right operand when the left one decides."""

    operator: str = ""

    def _checked(self, value: Value) -> bool:
        return operators.boolean(value, f"an operand of '{self.operator}'")

    def value(self, scope: Scope) -> Value:
        left = self._checked(self.operands[0].value(scope))
        if left is (self.operator == "or"):
            return left
        return self._checked(self.operands[1].value(scope))

    def run(self, scope: Scope) -> Suspended:
        first, second = self.operands
        left = (yield from first.run(scope)) if first.suspends else first.value(scope)
        if self._checked(left) is (self.operator == "or"):
            return left
        right = (yield from second.run(scope)) if second.suspends else second.value(scope)
        return self._checked(right)


@dataclass(eq=False)
class ListOf(Node):
    """A list whose elements are evaluated."""

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        return values


@dataclass(eq=False)
class MapOf(Node):
    """A map whose keys and values are evaluated; the operands alternate."""

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        keys = values[::2]
        for key in keys:
            if not isinstance(key, str):
                raise raised("TypeError", "the key of a map must be a string")
        return dict(zip(keys, values[1::2], strict=True))


@dataclass(eq=False)
class Call(Node):
    """A call of a function or a subworkflow with positional arguments."""

    name: str = ""
    function: Function | None = None

    def apply(self, scope: Scope, values: list[Value]) -> Value:
        assert self.function is not None  # noqa: S101 - the load checks bound it
        return self.function(scope.frame.context, values)

    def run(self, scope: Scope) -> Suspended:
        if self.function is not None and self.function.long is not None:
            values = yield from ListOf(self.operands).run(scope)
            return (yield from computed(self.function, scope.frame.context, values))
        if self.function is not None:
            result = yield from super().run(scope)
            waits = self.function.waits
            return (yield from waited(waits, result)) if waits else result
        values = yield from ListOf(self.operands).run(scope)
        return (yield from scope.frame.call(self.name, values))


def longer(node: Node | None, name: str) -> int | None:
    """Return where the new element is, if *node* adds one to the list of a variable; it may not wait meanwhile."""
    if not isinstance(node, Call) or node.suspends or node.name not in LONGER:
        return None
    grows = node.operands and isinstance(node.operands[0], Name) and node.operands[0].name == name
    return LONGER[node.name] if grows else None
