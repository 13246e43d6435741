"""What industries, skills and job roles have in common: they are of no use before Genesis certifies them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.constitution import FIRST_VERSION, GovernedEntity
from shared.entity import Id, Name, Text
from shared.errors import Violation
from shared.genesis.models.evidence import GENESIS, Certification, TestEvidence, Verdict
from shared.genesis.models.parts import Prose
from shared.handling import Blanked, ForEver, Handling, PersonalData
from shared.principles import breach


class Status(StrEnum):
    """How far something of the catalogue is."""

    DRAFT = "draft"
    PENDING = "pending_certification"
    CERTIFIED = "certified"
    REJECTED = "rejected"
    DEPRECATED = "deprecated"
    REVOKED = "revoked"
    ARCHIVED = "archived"
    DELETED = "deleted"


ONCE_CERTIFIED = frozenset({Status.CERTIFIED, Status.DEPRECATED, Status.REVOKED, Status.ARCHIVED})
"""From here on the stricter predicates are enforced; before, they only warn."""


class CatalogueEntity(GovernedEntity, ABC):
    """What Genesis certifies."""

    unversioned: ClassVar[frozenset[str]] = GovernedEntity.unversioned | {"warnings"}
    unjudged: ClassVar[frozenset[str]] = GovernedEntity.unjudged | {"warnings"}

    prefix: ClassVar[str]
    handling: ClassVar = Handling(
        kept=ForEver("agents are made of it, and their certificates name it"),
        export="tenant",
        erasure=Blanked("agents of others are made of it"),
    )
    personal: ClassVar = PersonalData(
        ids="authors", texts="deprecated_reason", nobody="name description test_evidence warnings"
    )
    """How its external id begins."""

    noun: ClassVar[str]
    """What people call it, with its article."""

    path: ClassVar[str]
    """Where the API has it."""

    name: Name
    """What people call it."""
    description: Prose
    """What it is, in a few sentences."""
    status: Status = Status.PENDING
    """How far its certification is."""
    authors: tuple[str, ...] = Field(min_length=1, max_length=100)
    """Who wrote it; none of them judges it."""

    test_evidence: tuple[TestEvidence, ...] = Field((), max_length=10)
    """Reports of tests that ran elsewhere."""
    verdicts: tuple[Verdict, ...] = Field((), max_length=20)
    """What those who judge it said about the content as it is."""
    certification: Certification | None = None
    """The last decision of Genesis about it; null before the first."""
    warnings: tuple[str, ...] = ()
    """What would stand in the way of certification."""

    supersedes: Id | None = None
    """What it improves on and will replace; it may have the same names."""

    superseded_by: Id | None = None
    """What took its place; null while nothing did."""
    deprecated_reason: Text | None = None
    """Why nobody should use it any more; null while it may be used."""

    @property
    @abstractmethod
    def sector(self) -> str:
        """The code of its industry."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The keys that no other of its kind may have."""

    @property
    def standing(self) -> str:
        """Its status, and what has taken its place."""
        successor = f"; {self.superseded_by} has taken its place" if self.superseded_by else ""
        return f"{self.status}{successor}"

    def violations(self) -> tuple[Violation, ...]:
        """Return every predicate that is broken and enforced at this status."""
        strict = self.due_at_certification() if self.status in ONCE_CERTIFIED else ()
        return (*super().violations(), *self.due_always(), *self._certified(), *strict)

    def advice(self) -> tuple[str, ...]:
        """Return the messages of what is not enforced at this status."""
        later = () if self.status in ONCE_CERTIFIED else self.due_at_certification()
        return tuple(violation.message for violation in (*later, *self.hints()))

    @abstractmethod
    def due_always(self) -> Iterable[Violation]:
        """Return the broken predicates of this kind that are enforced from the first draft."""

    def due_at_certification(self) -> Iterable[Violation]:
        """Return the broken predicates of this kind that are enforced once it is certified."""
        return ()

    def hints(self) -> Iterable[Violation]:
        """Return what is never enforced and still worth saying."""
        return ()

    def _certified(self) -> Iterable[Violation]:
        if self.status not in ONCE_CERTIFIED:
            return
        if self.certification is None or self.certification.decision != "certified":
            yield breach("L0-07", "certification missing", "certification")
        elif self.certification.certified_by != GENESIS:
            yield breach("L0-07", "certified by somebody other than genesis", "certification")
        if self.version == FIRST_VERSION or not self.evolution_markers:
            yield breach("L1-ENT-05", "version has no evolution marker", "version")
        if not self.external_id:
            yield breach("L0-07", "external_id missing after certification", "external_id")
