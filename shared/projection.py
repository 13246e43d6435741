"""
Declare a projection.

A projection is one function in one file that folds one event into documents of its own kinds, and does nothing
else: it changes no entity, announces nothing and reaches nothing outside. It is delivered to as a reaction is, and
that it was done commits with what it did; so a message that comes twice is folded once. Because the documents
follow from the events alone, they can be made from them again: `python -m local rebuild NAME`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, TypeVar

from shared.documents import Write
from shared.entity import Event
from shared.projections import PROJECTED, View, placed
from shared.reaction import Reaction, ReactionCall
from shared.records import dataclass

F = TypeVar("F", bound=Callable[..., None])

MOST = 4
"""How many documents one event may be folded into: a rebuild folds a hundred events in one commit."""


@dataclass(frozen=True, kw_only=True)
class Fold(ReactionCall):
    """The call of a projection, whose `now` is when the event happened: a fold knows no other time."""

    changes: ClassVar[bool] = True
    side: int = 0
    """Which side it folds into."""

    @property
    def writes(self) -> list[Write]:
        """Everything that it writes, where its side lies."""
        found = super().writes
        if len(found) > MOST:
            raise RuntimeError(f"{self.operation} folds one event into more than {MOST} documents")
        return [
            replace(one, key=replace(one.key, collection=placed(one.key.collection, self.side)))
            for one in found
        ]


@dataclass(frozen=True)
class Projection(Reaction):
    """Everything the deployment needs to know: a reaction that writes views alone."""

    into: tuple[type[View], ...] = ()

    @property
    def name(self) -> str:
        """The projection that it is a part of: what is rebuilt together."""
        return self.into[0].projection


def projection(
    *,
    of: type[Event] | tuple[type[Event], ...],
    into: tuple[type[View], ...],
    repeatable: bool = False,
) -> Callable[[F], F]:
    """
    Declare what the decorated function folds.

    It takes a `Fold` and the event. It looks up documents by their ids, its own and those that the event is about,
    and asks no query. Events come in any order, so what it counts must come to the same in all of them.

    Args:
        of: This event, or one of these events of one topic.

        into: The kinds that it writes, all of one projection.

        repeatable: Whether folding an event again changes nothing, as it brings its documents to where things
            are. It is not noted then that it was folded.
    """
    events = of if isinstance(of, tuple) else (of,)
    if len({kind.projection for kind in into}) != 1:
        raise TypeError("what is folded into is of one projection")

    def declare(function: F) -> F:
        vars(function)["declared"] = Projection(function, events, repeatable=repeatable, into=into)
        return function

    return declare


def collections(name: str) -> tuple[str, ...]:
    """Return the collections of a projection's documents, as its kinds name them."""
    return tuple(sorted(one for one, projected in PROJECTED.items() if projected == name))
