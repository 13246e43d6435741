"""The catalogue's entities and records, and the facts announced about them."""

import hashlib
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.entity import Category, Event, Hex64, Id, Record
from shared.genesis.catalogue import ONCE_CERTIFIED, CatalogueEntity, Status
from shared.genesis.evidence import Certification, Check, TestEvidence, Verdict
from shared.genesis.industries import Industry
from shared.genesis.job_roles import JobRole
from shared.genesis.skills import Skill

__all__ = [
    "ONCE_CERTIFIED",
    "CatalogueEntity",
    "Certification",
    "Check",
    "ExternalIds",
    "Industry",
    "IndustryCertified",
    "IndustryCreated",
    "IndustryRejected",
    "JobRole",
    "JobRoleCertified",
    "JobRoleCreated",
    "JobRoleRejected",
    "Skill",
    "SkillCertified",
    "SkillCreated",
    "SkillRejected",
    "Status",
    "TakenName",
    "TestEvidence",
    "Verdict",
    "name_id",
]

# --- records -------------------------------------------------------------------------------------


class TakenName(Record):
    """A name that somebody has; its id is the digest of the kind and the name."""

    collection: ClassVar[str] = "taken_names"

    holder: Id


class ExternalIds(Record):
    """How many external ids were given out under one prefix and code; its id is ``SKILL-HC``."""

    collection: ClassVar[str] = "external_ids"

    given: int = Field(0, ge=0)


def name_id(entity_type: str, name: str) -> str:
    """Return the id of the record that holds a name."""
    return hashlib.sha256(f"{entity_type}|{name}".encode()).hexdigest()


# --- events --------------------------------------------------------------------------------------

Reasons = Annotated[tuple[str, ...], Field(max_length=50)]


class _OfGenesis(Event):
    model_config = ConfigDict(serialize_by_alias=True)

    category: ClassVar[Category] = "certification"
    topic: ClassVar[str | None] = "genesis-events"
    retention: ClassVar[Literal["standard", "financial", "constitutional"]] = "constitutional"


class SkillCreated(_OfGenesis):
    """A skill was submitted."""

    action: ClassVar[str] = "genesis.skill.created"

    name: str
    of_category: str = Field(alias="category")


class SkillCertified(_OfGenesis):
    """A skill passed every check."""

    action: ClassVar[str] = "genesis.skill.certified"

    certified_by: str
    certificate_hash: Hex64
    l0_results: dict[str, bool]


class SkillRejected(_OfGenesis):
    """A skill did not pass."""

    action: ClassVar[str] = "genesis.skill.rejected"

    reasons: Reasons


class JobRoleCreated(_OfGenesis):
    """A job role was submitted."""

    action: ClassVar[str] = "genesis.jobrole.created"

    name: str
    required_skills: tuple[Id, ...]


class JobRoleCertified(_OfGenesis):
    """A job role passed every check."""

    action: ClassVar[str] = "genesis.jobrole.certified"

    certified_by: str
    certificate_hash: Hex64


class JobRoleRejected(_OfGenesis):
    """A job role did not pass."""

    action: ClassVar[str] = "genesis.jobrole.rejected"

    reasons: Reasons


class IndustryCreated(_OfGenesis):
    """An industry was submitted; its category is its code."""

    action: ClassVar[str] = "genesis.industry.created"

    name: str
    of_category: str = Field(alias="category")


class IndustryCertified(_OfGenesis):
    """An industry passed every check."""

    action: ClassVar[str] = "genesis.industry.certified"

    certified_by: str
    certificate_hash: Hex64
    l0_results: dict[str, bool]


class IndustryRejected(_OfGenesis):
    """An industry did not pass."""

    action: ClassVar[str] = "genesis.industry.rejected"

    reasons: Reasons
