"""
What somebody does to the evidence who holds the files of a data folder, or its database, and no key.

Each change is a function of the table of its sort, named as what it does; it returns words that the finding must
say, so that it is told where as well as what.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.proofs.tampering.holder import Holder

Act = Callable[[Holder], str | None]


@dataclass(frozen=True)
class Change:
    """One change, and the rules that must be found broken."""

    act: Act
    rules: frozenset[str]

    @property
    def name(self) -> str:
        return self.act.__name__.replace("_", " ")


def table() -> tuple[list[Change], Callable[..., Callable[[Act], Act]]]:
    """Return an empty table, and the decorator that puts a change into it with what must be found."""
    changes: list[Change] = []

    def noticed_as(*rules: str) -> Callable[[Act], Act]:
        def keep(act: Act) -> Act:
            changes.append(Change(act, frozenset(rules)))
            return act

        return keep

    return changes, noticed_as
