"""Job roles: certified of certified parts, priced, revised, succeeded."""

import pytest

from functions.genesis.certify_industry import certify_industry
from functions.genesis.certify_job_role import certify_job_role
from functions.genesis.certify_skill import certify_skill
from functions.genesis.get_job_role import get_job_role
from functions.genesis.judge_industry import judge_industry
from functions.genesis.judge_job_role import judge_job_role
from functions.genesis.reject_job_role import reject_job_role
from functions.genesis.revise_job_role import revise_job_role
from local.story import catalogue
from shared.actors import Role
from shared.errors import (
    ConstitutionalAlignment,
    Forbidden,
    Invalid,
)
from shared.genesis.models.catalogue import Status
from shared.genesis.models.requests import JobRoleContent
from shared.genesis.rules import announcements
from tests.genesis.samples import (
    ID,
    REASON,
    actions,
    certified_role,
    certified_skills,
    events_of,
    failed,
    judgement,
    rules_of,
    submit_industry,
    submit_role,
    submit_skill,
)


def test_a_job_role_is_certified_of_certified_parts(call_as, documents):
    role = certified_role(call_as)
    assert (role.status, role.external_id, role.version) == (
        Status.CERTIFIED,
        "JOB-HC-001",
        "1.0.0",
    )
    created, certified = events_of(documents, role)
    assert created.data == {"name": role.name, "required_skills": list(role.required_skills)}
    assert set(certified.data) == {"certified_by", "certificate_hash"}
    assert get_job_role(call_as(Role.VIEWER), role.id) == role


def test_a_job_role_is_made_of_certified_skills(call_as, industry):
    pending = submit_skill(call_as)
    with pytest.raises(Invalid) as refused:
        submit_role(call_as, industry, [pending])
    assert rules_of(refused.value.violations) == {"dependency_uncertified"}
    with pytest.raises(Invalid) as refused:
        submit_role(call_as, industry, [], optional_skills=[ID.format(77)])
    assert rules_of(refused.value.violations) == {"dependency_missing"}


def test_a_job_role_belongs_to_an_industry(call_as, industry):
    skills = certified_skills(call_as)
    with pytest.raises(Invalid) as refused:
        submit_role(call_as, industry, skills, industry_id=ID.format(77))
    assert rules_of(refused.value.violations) == {"dependency_missing"}


def test_a_job_role_breaking_a_principle_is_not_kept(call_as, industry):
    with pytest.raises(ConstitutionalAlignment) as refused:
        submit_role(call_as, industry, [], confirmation_gates=[])
    assert rules_of(refused.value.violations) == {"L0-03", "L1-JOBROLE-01"}


@pytest.mark.parametrize(
    ("level", "price"), [("generic", 8_000), ("specialized", 12_000), ("expert", 18_000)]
)
def test_the_price_follows_the_expertise(call_as, industry, level, price):
    role = submit_role(
        call_as, industry, certified_skills(call_as), expertise_level=level, base_price_inr=None
    )
    assert role.base_price_inr == price


def test_a_sensitive_role_needs_the_governor(call_as, industry):
    role = submit_role(call_as, industry, certified_skills(call_as), sensitivity=["legal"])
    with pytest.raises(Forbidden):
        judge_job_role(call_as(Role.DEPUTY_GOVERNOR), role.id, judgement("JR-9"))
    judge_job_role(call_as(Role.GOVERNOR), role.id, judgement("JR-9"))
    assert certify_job_role(call_as(Role.GENESIS), role.id).status is Status.CERTIFIED


def test_a_role_whose_skill_was_deprecated_meanwhile_is_rejected(call_as, industry):
    skills = certified_skills(call_as)
    role = submit_role(call_as, industry, skills)
    new = submit_skill(call_as, supersedes=skills[0].id)
    certify_skill(call_as(Role.GENESIS), new.id)
    rejected = certify_job_role(call_as(Role.GENESIS), role.id)
    assert failed(rejected.certification.checks) == ["JR-2", "L0-07"]


def test_a_rejected_role_is_revised(call_as, documents, industry):
    skills = certified_skills(call_as)
    role = submit_role(call_as, industry, skills)
    rejected = reject_job_role(call_as(Role.GENESIS), role.id, REASON)
    assert actions(documents, rejected)[-1] == "genesis.jobrole.rejected"
    body = catalogue.healthcare_content_writer(industry.id, [skill.id for skill in skills])
    content = JobRoleContent.model_validate(body | {"name": "Clinic Writer"})
    revised = revise_job_role(call_as(Role.ADMIN), role.id, content)
    assert (revised.name, revised.status) == ("Clinic Writer", Status.PENDING)


def test_a_job_role_gets_a_successor_and_leaves_it_the_name(call_as, industry):
    skills = certified_skills(call_as)
    old = certify_job_role(call_as(Role.GENESIS), submit_role(call_as, industry, skills).id)
    new = submit_role(call_as, industry, skills, name="Clinic writer", supersedes=old.id)
    new = certify_job_role(call_as(Role.GENESIS), new.id)
    old = get_job_role(call_as(Role.VIEWER), old.id)
    assert (new.status, new.external_id) == (Status.CERTIFIED, "JOB-HC-002")
    assert (old.status, old.superseded_by) == (Status.DEPRECATED, new.id)
    assert submit_role(call_as, industry, skills, name=old.name).status is Status.PENDING


def test_of_two_successors_of_a_role_the_second_is_rejected(call_as, industry):
    skills = certified_skills(call_as)
    old = certify_job_role(call_as(Role.GENESIS), submit_role(call_as, industry, skills).id)
    first, second = (submit_role(call_as, industry, skills, supersedes=old.id) for _ in range(2))
    certify_job_role(call_as(Role.GENESIS), first.id)
    late = certify_job_role(call_as(Role.GENESIS), second.id)
    assert failed(late.certification.checks) == ["duplicate_entity"]


def test_a_role_of_an_industry_that_was_superseded_is_told_the_successor(call_as, industry):
    role = submit_role(call_as, industry, certified_skills(call_as))
    new = submit_industry(call_as, supersedes=industry.id)
    judge_industry(call_as(Role.VISION_GUARDIAN), new.id, judgement("IN-5"))
    certify_industry(call_as(Role.GENESIS), new.id)
    rejected = certify_job_role(call_as(Role.GENESIS), role.id)
    assert f"{new.id} has taken its place" in announcements.refusal(rejected)
