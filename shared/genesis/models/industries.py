"""Industries, and the predicates that they obey."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from shared.constitution import wild
from shared.entity import Name, Value
from shared.errors import Violation
from shared.genesis.models.catalogue import CatalogueEntity
from shared.genesis.models.parts import Classification, IndustryCode, Keys, Line, Lines
from shared.handling import PersonalData
from shared.principles import breach
from shared.texts import alike


class Regulation(Value):
    """A law or standard, and the rules that it comes down to here."""

    name: Name
    """What the law or standard is called."""
    jurisdiction: Name
    """Where it holds."""
    requirements: Lines = ()
    """What it comes down to here, one sentence each."""


class DataClass(Value):
    """A class of data that the industry knows, how long it may be kept and how it is masked."""

    name: Name
    """What the class is called."""
    classification: Classification
    """How carefully it is treated."""
    max_retention_days: int = Field(ge=1, le=36_500)
    """For how many days it may be kept at most."""
    masking_rule: Line | None = None
    """How it is masked before anybody sees it; needed for what is confidential or restricted."""


class IndustryFields(Value):
    """What somebody says about an industry."""

    personal: ClassVar = PersonalData(
        nobody="regulations cannot_do data_classes terminology_ref embeddings_ref knowledge_version allowed_data_sources"
    )

    code: IndustryCode
    """By which its skills and job roles cite it."""
    regulated: bool
    """Whether a law of its own rules it."""
    publication_gate: bool
    """Whether whatever an agent publishes in it waits for an approval."""
    regulations: tuple[Regulation, ...] = Field((), max_length=30)
    """The laws and standards, and what they come down to."""
    cannot_do: Lines = ()
    """What no agent of this industry ever does; every way of working must leave it out."""
    allowed_data_sources: Keys
    """Where agents may take data from, by key."""
    data_classes: tuple[DataClass, ...] = Field((), max_length=30)
    """What kinds of data it knows, and how each is treated."""
    terminology_ref: Name | None = None
    """Where its glossary is; null where it has none."""
    embeddings_ref: Name | None = None
    """Where its search index is; null where it has none."""
    knowledge_version: Name | None = None
    """Which version of its knowledge that is; null where it has none."""


class Industry(IndustryFields, CatalogueEntity):
    """An industry: its law, what nobody may do in it, and how its data is treated."""

    collection: ClassVar[str] = "industries"
    prefix: ClassVar[str] = "IND"
    noun: ClassVar[str] = "an industry"
    path: ClassVar[str] = "/v1/genesis/industries"

    entity_type: Literal["industry"] = "industry"
    """What kind of entity this is."""
    launch_status: Literal["draft", "agents_pending", "active", "suspended", "retired"] = "draft"
    """How far it is on the market."""

    @property
    def sector(self) -> str:
        """Its own code."""
        return self.code

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its code."""
        return (f"name|{alike(self.name)}", f"code|{self.code}")

    def due_always(self) -> Iterable[Violation]:
        """Judge L0-01, L0-03 and L0-04."""
        if self.governance_agent_id not in {"genesis", "governor", ""}:
            yield breach(
                "L0-01", "an industry answers to genesis or governor", "governance_agent_id"
            )
        if self.regulated and not self.publication_gate:
            yield breach("L0-03", "a regulated industry needs publication_gate", "publication_gate")
        if wild(self.allowed_data_sources) or wild(self.cannot_do):
            yield breach("L0-04", "allowed_data_sources and cannot_do take no wildcard")

    def due_at_certification(self) -> Iterable[Violation]:
        """Judge L0-02."""
        if not self.cannot_do:
            yield breach("L0-02", "cannot_do is empty", "cannot_do")
        if not self.regulations and self.code != "PL":
            yield breach("L0-02", "regulations is empty", "regulations")
