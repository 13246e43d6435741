"""What becomes of the catalogue, as it is announced."""

from typing import Annotated

from pydantic import Field

from shared.entity import ActorId, Code, Event, Hex64, Id, Said
from shared.judged import Masked

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
