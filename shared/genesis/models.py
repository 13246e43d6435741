"""The catalogue's entities and records, and the facts announced about them."""

import hashlib
from typing import Annotated, ClassVar

from pydantic import Field

from shared.entity import ActorId, Code, Event, Hex64, Id, Record, Said
from shared.genesis.catalogue import ONCE_CERTIFIED, CatalogueEntity, Status
from shared.genesis.evidence import Certification, Check, TestEvidence, Verdict
from shared.genesis.industries import Industry
from shared.genesis.job_roles import JobRole
from shared.genesis.skills import Skill
from shared.judged import Masked

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

Reasons = Annotated[tuple[Annotated[str, Masked(kept=150)], ...], Field(max_length=50)]


class _OfGenesis(
    Event, category="certification", topic="genesis-events", retention="constitutional"
):
    """Something that Genesis decides on."""


class SkillCreated(_OfGenesis, action="genesis.skill.created"):
    """A skill was submitted."""

    name: Said
    category: Code


class SkillCertified(_OfGenesis, action="genesis.skill.certified"):
    """A skill passed every check."""

    certified_by: ActorId
    certificate_hash: Hex64
    l0_results: dict[Code, bool]


class SkillRejected(_OfGenesis, action="genesis.skill.rejected"):
    """A skill did not pass."""

    reasons: Reasons


class JobRoleCreated(_OfGenesis, action="genesis.jobrole.created"):
    """A job role was submitted."""

    name: Said
    required_skills: tuple[Id, ...]


class JobRoleCertified(_OfGenesis, action="genesis.jobrole.certified"):
    """A job role passed every check."""

    certified_by: ActorId
    certificate_hash: Hex64


class JobRoleRejected(_OfGenesis, action="genesis.jobrole.rejected"):
    """A job role did not pass."""

    reasons: Reasons


class IndustryCreated(_OfGenesis, action="genesis.industry.created"):
    """An industry was submitted; its category is its code."""

    name: Said
    category: Code


class IndustryCertified(_OfGenesis, action="genesis.industry.certified"):
    """An industry passed every check."""

    certified_by: ActorId
    certificate_hash: Hex64
    l0_results: dict[Code, bool]


class IndustryRejected(_OfGenesis, action="genesis.industry.rejected"):
    """An industry did not pass."""

    reasons: Reasons
