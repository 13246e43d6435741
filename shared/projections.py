"""
Projections: documents that are folded from events, and can be folded from them again.

Each projection has two sides, of which one is shown. A rebuild fills the other one from the events that were
entered before a moment, while those since then are folded into both as they are delivered; then the other side is
shown, in one commit. So every event is folded into each side once, told by when it happened. How a fold is
declared: `shared/projection.py`. Why: docs/decisions/0032-projections.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Protocol

from shared.documents import Snapshot, Write
from shared.entity import Record, Timestamp, Value
from shared.handling import ForEver, Handling, Nobody, Stays
from shared.judged import Exact
from shared.ports import Port

PROJECTED: dict[str, str] = {}
"""By collection, the projection that its documents are of: of every kind that was imported."""


class View(Record):
    """A document that one projection alone writes; subclasses name it, as `<area>.<thing>`."""

    projection: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Remember where its documents are."""
        super().__pydantic_init_subclass__(**kwargs)
        if "collection" in vars(cls):
            PROJECTED[cls.collection] = cls.projection


class Side(Value):
    """One of the two sides of a projection, and which events are folded into it as they are delivered."""

    number: Annotated[Literal[0, 1], Exact] = 0
    """Which one it is."""
    since: Timestamp | None = None
    """Those since then, as a rebuild fed those before; null where no rebuild did."""

    def takes(self, at: datetime) -> bool:
        """Say whether an event of a moment is folded into it when it is delivered."""
        return self.since is None or at >= self.since


class Sides(Record):
    """Which side of a projection is shown, and which are kept; its id is the projection's name."""

    collection: ClassVar[str] = "projections"
    handling: ClassVar = Handling(
        kept=ForEver("one document a projection, written over"),
        export=Nobody("it says where documents lie"),
        erasure=Stays("it is about nobody"),
    )

    shown: Annotated[Literal[0, 1], Exact] = 0
    """The side that readers see."""
    kept: tuple[Side, ...] = (Side(),)
    """The sides that events are folded into: the one that is shown, and during a rebuild the other one too."""
    changed_at: Timestamp | None = None
    """When that changed last."""
    job: str | None = None
    """The job of the rebuild that was begun last."""

    @property
    def other(self) -> Literal[0, 1]:
        """The side that is not shown."""
        return 0 if self.shown else 1


class Beside(Protocol):
    """A step of a job, which commits what is written beside its transactions."""

    @property
    def _beside(self) -> list[Write]: ...


class Projections(Port, Protocol):
    """What a rebuild does with the projections of this platform."""

    @property
    def patience(self) -> timedelta:
        """For how long others may still go by what was so before, and what they began may still commit."""

    def names(self) -> tuple[str, ...]:
        """Return what can be rebuilt."""

    def feed(self, step: Beside, name: str, side: int, entries: Sequence[Snapshot]) -> int:
        """
        Fold entries, as they are stored, into a side in one commit with the step; return how many cannot be.

        That is what is no entry, what nobody entered whom we trust, and what the projection refuses.
        """

    def clear(self, step: Beside, name: str, side: int) -> bool:
        """Remove some documents of a side in one commit with the step, and say whether there were any."""


def placed(collection: str, side: int) -> str:
    """Return the collection in which the documents of a side lie."""
    return f"{collection}_again" if side else collection


def alone(sides: Sides, *, at: datetime) -> Sides:
    """Return the sides with only the one kept that is shown."""
    kept = tuple(one for one in sides.kept if one.number == sides.shown)
    return sides if kept == sides.kept else _changed(sides, at, kept=kept)


def beside(sides: Sides, *, since: datetime, at: datetime) -> Sides:
    """Return the sides with the other one kept too, for events since a moment."""
    return _changed(sides, at, kept=(*sides.kept, Side(number=sides.other, since=since)))


def switched(sides: Sides, *, at: datetime) -> Sides:
    """Return the sides with the other one shown."""
    return _changed(sides, at, shown=sides.other)


def _changed(sides: Sides, at: datetime, **changes: Any) -> Sides:
    return sides.model_copy(update=changes | {"changed_at": at})
