"""
Notice at once that the variables of an execution take more than they may.

What is assigned is measured, and a large list or map once: its size is remembered for as long as a variable holds it.
Of a list that one element is added to, and of a container that is changed in one place, only that is measured, as a
loop that lets one grow would else take a time by the square of its turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.workflows.errors import limit
from local.workflows.values import MEMORY_LIMIT, Value, length, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from local.workflows.scopes import Scope

# What is smaller is measured each time.
_SMALL = 1024
EIGHT_BYTES = frozenset({int, float, bool})


class Memory:
    """Count what the variables of one execution take; what is counted is never less than what they do."""

    def __init__(self) -> None:
        self._routines: dict[int, Scope] = {}
        self.taken = 0
        """What was counted; past the limit, `check` says whether it is too much."""

        # Large values by their identity, which is theirs for as long as they are here.
        self._known: dict[int, tuple[Value, int]] = {}

    def enter(self, scope: Scope) -> None:
        """Note that a routine has begun, and count its parameters."""
        self._routines[id(scope)] = scope
        self.opened(scope.values)

    def leave(self, scope: Scope) -> None:
        """Note that a routine has ended."""
        del self._routines[id(scope)]

    def opened(self, values: Mapping[str, Value]) -> None:
        """Count the variables that a block begins with."""
        for value in values.values():
            self.taken += 8 if type(value) in EIGHT_BYTES else self.size(value)

    def size(self, value: Value) -> int:
        """Return the size of a value; past the limit the count may stop anywhere."""
        kind = type(value)
        if kind in EIGHT_BYTES:
            return 8
        if kind is not list and kind is not dict:
            return size(value)
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        taken = size(value, MEMORY_LIMIT, self._known)
        self._know(value, taken)
        return taken

    def _know(self, value: Value, taken: int) -> None:
        if _SMALL < taken <= MEMORY_LIMIT:
            self._known[id(value)] = value, taken

    def assigned(self, value: Value) -> None:
        """Count what a variable holds now."""
        self.taken += 8 if type(value) in EIGHT_BYTES else self.size(value)

    def changed(self, before: Value, value: Value, path: Sequence[Value], new: Value) -> None:
        """Count what a variable holds now, which is what it held *before* with something *new* at *path*."""
        more, inside = 0, before
        for at, key in enumerate(path):
            if isinstance(inside, dict) and key not in inside:
                more, inside = sum(16 + length(name) for name in path[at:]), None
                break
            inside = inside[key]
        self._grown(before, value, more + self._place(new) - self._place(inside))
        self._known.pop(id(inside), None)

    def longer(self, before: Value, value: list[Value], new: Value) -> None:
        """Count what a variable holds now, which is the list it held *before* with one *new* element more."""
        self._grown(before, value, self._place(new))

    def _place(self, value: Value) -> int:
        return max(8, self.size(value))

    def _grown(self, before: Value, value: Value, more: int) -> None:
        known = self._known.pop(id(before), None)
        if known is None:
            self.assigned(value)
        else:
            self._know(value, known[1] + more)
            self.taken += more

    def check(self, scope: Scope) -> None:
        """
        Refuse what all variables take together; what is replayed went well before.

        Raises:
            Fatal: MemoryLimitExceededError.
        """
        if self.taken > MEMORY_LIMIT and not scope.frame.context.replaying:
            self.taken = self._measured(list(self._held(scope)))
            if self.taken > MEMORY_LIMIT:
                raise limit("the variables take more than 512 KB", "MemoryLimitExceededError")

    def _held(self, scope: Scope | None) -> Iterator[Value]:
        """Yield the variables of all routines, and of the blocks around the present step."""
        found = dict(self._routines)
        while scope is not None:
            found[id(scope)] = scope
            scope = scope.parent
        for one in found.values():
            yield from one.values.values()

    def _measured(self, held: Sequence[Value]) -> int:
        before = self._known
        self._known = {id(value): before[id(value)] for value in held if id(value) in before}
        total = 0
        for value in held:
            total += self.size(value)
            if total > MEMORY_LIMIT:
                break
        return total
