"""Which event says what became of something in the catalogue."""

from shared.entity import Event
from shared.errors import Conflict
from shared.genesis.events import (
    IndustryCertified,
    IndustryCreated,
    IndustryRejected,
    JobRoleCertified,
    JobRoleCreated,
    JobRoleRejected,
    SkillCertified,
    SkillCreated,
    SkillRejected,
)
from shared.genesis.models.catalogue import CatalogueEntity, Status
from shared.genesis.models.evidence import Certification
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.skills import Skill

_MAX_REASONS = 50


def creation(entity: CatalogueEntity) -> Event:
    """Return the event that announces something new in the catalogue."""
    match entity:
        case Skill():
            return SkillCreated(name=entity.name, category=entity.category)
        case JobRole():
            return JobRoleCreated(name=entity.name, required_skills=entity.required_skills)
        case _:
            return IndustryCreated(name=entity.name, category=entity.sector)


def decision(entity: CatalogueEntity) -> Event:
    """Return the event that announces how a certification went."""
    record = entity.certification
    if record is None:
        raise Conflict(f"nothing was decided on {entity.id}", rule="illegal_transition")
    if entity.status is not Status.CERTIFIED:
        return {
            "skill": SkillRejected,
            "job_role": JobRoleRejected,
            "industry": IndustryRejected,
        }[entity.entity_type](reasons=reasons(record))
    said = {"certified_by": record.certified_by, "certificate_hash": record.certificate_hash}
    results = {"l0_results": entity.l0_compliance_status}
    match entity:
        case Skill():
            return SkillCertified(**said, **results)
        case JobRole():
            return JobRoleCertified(**said)
        case _:
            return IndustryCertified(**said, **results)


def reasons(certification: Certification) -> tuple[str, ...]:
    """Return why a certification was refused, as the event says it."""
    failed = [check for check in certification.checks if not check.passed]
    texts = [f"{check.code}: {check.detail.removeprefix(f'{check.code}: ')}" for check in failed]
    return tuple(texts[:_MAX_REASONS])


def refusal(entity: CatalogueEntity) -> str:
    """Return why an entity was rejected, in one text."""
    return "; ".join(reasons(entity.certification)) if entity.certification else ""
