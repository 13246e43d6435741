"""Shortcuts through the catalogue: what is submitted, judged and certified before a claim can be made."""

from datetime import UTC, datetime

from functions.genesis.certify_industry import certify_industry
from functions.genesis.certify_job_role import certify_job_role
from functions.genesis.certify_skill import certify_skill
from functions.genesis.create_industry import create_industry
from functions.genesis.create_job_role import create_job_role
from functions.genesis.create_skill import create_skill
from functions.genesis.judge_industry import judge_industry
from local.story import catalogue
from shared.actors import PLATFORM, Actor, Role
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.requests import (
    IndustryContent,
    JobRoleContent,
    Judgement,
    NewIndustry,
    NewJobRole,
    NewSkill,
    Reason,
    SkillContent,
)
from shared.genesis.models.skills import Skill
from shared.genesis.rules import lifecycle
from tests import answered

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
AUTHOR = Actor(id="author", tenant=PLATFORM, roles=frozenset({Role.AGENT_ORCHESTRATOR}))
GENESIS = Actor(id="genesis", tenant=PLATFORM, roles=frozenset({Role.GENESIS}))
ID = "00000000-0000-4000-8000-0000000000{:02d}"

REASON = Reason(reason="The purpose promises more than the steps deliver.")


def an_industry(**changes) -> Industry:
    body = IndustryContent.model_validate(catalogue.healthcare() | changes)
    return lifecycle.submitted(
        Industry, body.content(), id=ID.format(1), by=AUTHOR, at=AT, draft=False
    )


def a_skill(**changes) -> Skill:
    body = SkillContent.model_validate(catalogue.patient_education_writing() | changes)
    return lifecycle.submitted(
        Skill, body.content(), id=ID.format(2), by=AUTHOR, at=AT, draft=False
    )


def a_role(industry=None, **changes) -> JobRole:
    industry = industry or an_industry()
    made = catalogue.healthcare_content_writer(industry.id, [ID.format(2)])
    body = JobRoleContent.model_validate(made | changes)
    return lifecycle.submitted(
        JobRole, body.content(industry), id=ID.format(3), by=AUTHOR, at=AT, draft=False
    )


def judgement(code, verdict="pass"):
    return Judgement(
        check_code=code, verdict=verdict, rationale="Every effect waits for an approval."
    )


def submit_skill(call_as, **changes):
    body = NewSkill.model_validate(catalogue.patient_education_writing() | changes)
    return answered.body(create_skill(call_as(Role.AGENT_ORCHESTRATOR), body))


def submit_industry(call_as, **changes):
    body = NewIndustry.model_validate(catalogue.healthcare() | changes)
    return answered.body(create_industry(call_as(Role.INDUSTRY_MANAGER), body))


def certified_industry(call_as, **changes):
    industry = submit_industry(call_as, **changes)
    judge_industry(call_as(Role.VISION_GUARDIAN), industry.id, judgement("IN-5"))
    return certify_industry(call_as(Role.GENESIS), industry.id)


def certified_skills(call_as):
    made = [
        answered.body(
            create_skill(call_as(Role.AGENT_ORCHESTRATOR), NewSkill.model_validate(skill()))
        )
        for skill in catalogue.SKILLS
    ]
    return [certify_skill(call_as(Role.GENESIS), skill.id) for skill in made]


def submit_role(call_as, industry, skills, **changes):
    made = catalogue.healthcare_content_writer(industry.id, [skill.id for skill in skills])
    body = NewJobRole.model_validate(made | changes)
    return answered.body(create_job_role(call_as(Role.AGENT_ORCHESTRATOR), body))


def certified_role(call_as):
    role = submit_role(call_as, certified_industry(call_as), certified_skills(call_as))
    return certify_job_role(call_as(Role.GENESIS), role.id)


def failed(checks):
    return [check.code for check in checks if not check.passed]


def rules_of(violations):
    return {violation.rule for violation in violations}


def events_of(documents, entity):
    from shared.documents import Query
    from shared.evidence import Entry, stream

    found = documents.find(PLATFORM, Query("events"))
    entries = [Entry.model_validate(one.data) for one in found]
    mine = [entry for entry in entries if entry.entity == stream(entity)]
    return sorted(mine, key=lambda entry: entry.eseq)


def actions(documents, entity):
    return [entry.action for entry in events_of(documents, entity)]
