"""What notices may say of their subjects: each area says for its own entities what holds, and in which words."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from shared.entity import Entity
from shared.notifications.models import Claim
from shared.records import dataclass

T = TypeVar("T", bound=Entity)


def _nothing(_: Any) -> dict[str, str]:
    return {}


def _nobody(_: Any) -> None:
    return None


@dataclass(frozen=True)
class Subject(Generic[T]):
    """A kind of entity that notices are about."""

    kind: type[T]
    """Which entities."""
    claims: Callable[[T, datetime], Mapping[Claim, bool]]
    """Whether each thing that notices say of it is so at that moment."""
    became: Callable[[T], tuple[str, str]]
    """What became of it once that is over: a title and a body."""
    details: Callable[[T], dict[str, str]] = _nothing
    """What the app may show of it: no content, no names of people."""
    concerns: Callable[[T], str | None] = _nobody
    """What else its notices show details of: ``<collection>/<id>``."""
    deadline: Callable[[T], datetime | None] = _nobody
    """Until when it waits, where its notices name that."""


@dataclass(frozen=True)
class Told:
    """One entity that a notice is about."""

    subject: Subject[Any]
    entity: Entity

    def so(self, claim: Claim | None, at: datetime) -> bool:
        """Say whether what a notice says of it is so."""
        return self.subject.claims(self.entity, at).get(claim, True) if claim else True

    @property
    def became(self) -> tuple[str, str]:
        """What became of it: a title and a body."""
        return self.subject.became(self.entity)

    @property
    def details(self) -> dict[str, str]:
        """What the app may show of it."""
        return self.subject.details(self.entity)

    @property
    def concerns(self) -> str | None:
        """What else its notices show details of."""
        return self.subject.concerns(self.entity)

    @property
    def deadline(self) -> datetime | None:
        """Until when it waits."""
        return self.subject.deadline(self.entity)


Subjects = Callable[[], Iterator[Subject[Any]]]
"""All that notices are about, one after the other."""


def of(subjects: Subjects, collection: str) -> Subject[Any] | None:
    """Return what is said of the entities of a collection; None where notices say nothing of them."""
    return next((one for one in subjects() if one.kind.collection == collection), None)
