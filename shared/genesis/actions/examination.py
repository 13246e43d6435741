"""What the checks come to, of something in the catalogue and what it rests on, as they are now."""

from collections.abc import Iterable
from typing import Literal

from shared.entity import Value
from shared.errors import Violation
from shared.genesis.actions import names
from shared.genesis.actions.names import Held
from shared.genesis.models.catalogue import CatalogueEntity
from shared.genesis.models.evidence import Check
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.skills import Skill
from shared.genesis.rules import industry_checks, job_role_checks, lifecycle, skill_checks
from shared.records import dataclass
from shared.store import Transaction


@dataclass(frozen=True)
class Examination:
    """The checks of an entity, the principles that others make it break, and what it would replace."""

    checks: tuple[Check, ...]
    breaches: tuple[Violation, ...]
    older: CatalogueEntity | None
    held: Held


class Outlook(Value):
    """What certification would come to now."""

    outcome: Literal["certified", "rejected", "verdict_missing"]
    """What certifying it now would end in; `verdict_missing` asks somebody first and decides nothing."""
    checks: tuple[Check, ...]
    """Every check, with its result as things stand."""
    breaches: tuple[str, ...]
    """The principles that would be broken, each in a sentence."""


def outlook(entity: CatalogueEntity, found: Examination) -> Outlook:
    """Return what certification would come to now."""
    broken = (*entity.broken, *entity.due_at_certification(), *found.breaches)
    failed = [check for check in found.checks if not check.passed]
    refused = broken or not all(check.awaits for check in failed)
    return Outlook(
        outcome="rejected" if refused else "verdict_missing" if failed else "certified",
        checks=found.checks,
        breaches=tuple(violation.message for violation in broken),
    )


def of_skill(txn: Transaction, skill: Skill) -> Examination:
    """Examine a skill."""
    industry = names.industry_of(txn, skill.industry_code)
    older, held, alone = _place(txn, skill)
    checks = skill_checks.checks(skill, unique=alone)
    return Examination(checks, skill_checks.breaches(skill, industry), older, held)


def of_job_role(txn: Transaction, role: JobRole) -> Examination:
    """Examine a job role."""
    industry = txn.get_or_none(Industry, role.industry_id)
    skills = [txn.get_or_none(Skill, skill_id) for skill_id in role.all_skills]
    older, held, alone = _place(txn, role)
    breaches = (*job_role_checks.breaches(industry, skills), *_displaced(role, alone))
    return Examination(job_role_checks.checks(role, industry, skills), breaches, older, held)


def of_industry(txn: Transaction, industry: Industry) -> Examination:
    """Examine an industry."""
    older, held, alone = _place(txn, industry)
    breaches = tuple(_displaced(industry, alone))
    return Examination(industry_checks.checks(industry), breaches, older, held)


def _place(txn: Transaction, entity: CatalogueEntity) -> tuple[CatalogueEntity | None, Held, bool]:
    """Return what an entity supersedes, who has its names, and whether it may have that place."""
    older = names.predecessor(txn, entity)
    held = names.read(txn, entity, *([older] if older else []))
    return older, held, names.free(held, entity) and lifecycle.replaceable(entity, older)


def _displaced(entity: CatalogueEntity, alone: bool) -> Iterable[Violation]:
    if not alone:
        message = f"another has the name of this {entity.noun.partition(' ')[2]}, or its predecessor is gone"
        yield Violation(rule="duplicate_entity", message=message, field="supersedes")
