"""Skills, and what holds for all that is certified: submitted, judged, certified or rejected, listed."""

import pytest

from functions.genesis.certify_skill import certify_skill
from functions.genesis.create_skill import create_skill
from functions.genesis.examine_industry import examine_industry
from functions.genesis.examine_job_role import examine_job_role
from functions.genesis.examine_skill import examine_skill
from functions.genesis.get_skill import get_skill
from functions.genesis.judge_industry import judge_industry
from functions.genesis.list_job_roles import list_job_roles
from functions.genesis.list_skills import list_skills
from functions.genesis.reject_skill import reject_skill
from functions.genesis.revise_skill import revise_skill
from local.story import catalogue
from shared.actors import Role
from shared.constitution import CONSTITUTION_VERSION
from shared.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    SelfApproval,
)
from shared.genesis.models.catalogue import Status
from shared.genesis.models.requests import JobRoleListing, NewSkill, SkillContent, SkillListing
from shared.genesis.rules import announcements, lifecycle
from tests import answered
from tests.genesis.samples import (
    AT,
    GENESIS,
    ID,
    REASON,
    a_skill,
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

# --- skills --------------------------------------------------------------------------------------


def test_a_skill_is_submitted_and_certified(call_as, documents, industry):
    submitted = submit_skill(call_as)
    assert (submitted.status, submitted.version) == (Status.PENDING, "0.1.0")
    assert submitted.authors == ("agent_orchestrator",)
    skill = certify_skill(call_as(Role.GENESIS, at=1), submitted.id)
    assert (skill.status, skill.version, skill.external_id) == (
        Status.CERTIFIED,
        "1.0.0",
        "SKILL-HC-001",
    )
    record = skill.certification
    assert (record.decision, record.certified_by) == ("certified", "genesis")
    assert record.constitution_version == CONSTITUTION_VERSION
    assert failed(record.checks) == []
    assert skill.violations() == ()
    assert get_skill(call_as(Role.VIEWER), skill.id) == skill


def test_its_events_say_so(call_as, documents, industry, breaks):
    skill = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    created, certified = events_of(documents, skill)
    assert created.data == {"name": skill.name, "category": "domain_expertise"}
    assert (created.action, created.category, created.topic) == (
        "genesis.skill.created",
        "certification",
        "genesis-events",
    )
    assert certified.action == "genesis.skill.certified"
    assert certified.retention_class == "constitutional"
    assert certified.data["certified_by"] == "genesis"
    assert certified.data["certificate_hash"] == skill.certification.certificate_hash
    assert all(certified.data["l0_results"].values())
    assert breaks() == []


def test_external_ids_count_within_a_code(call_as, industry):
    ids = [skill.external_id for skill in certified_skills(call_as)]
    assert ids == ["SKILL-HC-001", "SKILL-HC-002", "SKILL-HC-003"]


def test_a_failed_check_rejects_and_says_why(call_as, documents, industry):
    submitted = submit_skill(call_as, test_evidence=[])
    skill = certify_skill(call_as(Role.GENESIS), submitted.id)
    assert (skill.status, skill.version, skill.external_id) == (Status.REJECTED, "0.1.0", None)
    assert failed(skill.certification.checks) == ["SK-7", "SK-8"]
    assert actions(documents, skill)[-1] == "genesis.skill.rejected"
    (first, second) = events_of(documents, skill)[-1].data["reasons"]
    assert first.startswith("SK-7: no evidence")
    assert second.startswith("SK-8: ")


def test_data_without_an_industry_that_knows_it_is_rejected(call_as):
    skill = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    assert (skill.status, failed(skill.certification.checks)) == (Status.REJECTED, ["L0-06"])
    assert [code for code, kept in skill.l0_compliance_status.items() if not kept] == ["L0-06"]


def test_the_same_skill_twice_is_refused_with_the_one_that_exists(call_as):
    first = submit_skill(call_as)
    with pytest.raises(Conflict, match=first.id) as refused:
        submit_skill(call_as, name=first.name.upper(), skill_key="another-key")
    assert rules_of(refused.value.violations) == {"duplicate_entity"}
    with pytest.raises(Conflict):
        submit_skill(call_as, name="Another name")
    with pytest.raises(Conflict):
        submit_skill(call_as, name=first.name.replace(" ", "\u00a0 "), skill_key="a-third-key")


def test_a_key_is_made_of_the_name(call_as):
    assert submit_skill(call_as, name="Ward Round (Notes)", skill_key=None).skill_key == (
        "ward-round-notes"
    )
    with pytest.raises(Invalid, match="skill_key"):
        submit_skill(call_as, name="健康", skill_key=None)


def test_a_draft_waits_for_its_author(call_as, industry):
    body = NewSkill.model_validate(catalogue.patient_education_writing() | {"as_draft": True})
    draft = answered.body(create_skill(call_as(Role.ADMIN), body))
    assert draft.status is Status.DRAFT
    with pytest.raises(Conflict) as refused:
        certify_skill(call_as(Role.GENESIS), draft.id)
    assert rules_of(refused.value.violations) == {"illegal_transition"}
    content = SkillContent.model_validate(catalogue.patient_education_writing())
    assert revise_skill(call_as(Role.ADMIN), draft.id, content).status is Status.PENDING


def test_a_rejected_skill_is_revised_and_certified(call_as, documents, industry):
    submitted = submit_skill(call_as)
    rejected = reject_skill(call_as(Role.GENESIS), submitted.id, REASON)
    assert rejected.status is Status.REJECTED
    assert rejected.certification.checks[0].detail == REASON.reason
    content = SkillContent.model_validate(
        catalogue.patient_education_writing() | {"name": "Another Name"}
    )
    revised = revise_skill(call_as(Role.INDUSTRY_MANAGER), rejected.id, content)
    assert (revised.status, revised.certification) == (Status.PENDING, None)
    assert revised.authors == ("agent_orchestrator", "industry_manager")
    assert certify_skill(call_as(Role.GENESIS), revised.id).status is Status.CERTIFIED
    assert actions(documents, revised) == [
        "genesis.skill.created",
        "genesis.skill.rejected",
        "entity.amended",
        "genesis.skill.certified",
    ]
    amended = events_of(documents, revised)[2]
    assert amended.data["version_hash"] == revised.version_hash
    assert "name" in amended.data["fields"]
    reasoned = events_of(documents, revised)[1]
    assert REASON.reason in reasoned.decision_context.rationale


def test_a_name_that_was_given_up_is_free(call_as):
    first = reject_skill(call_as(Role.GENESIS), submit_skill(call_as).id, REASON)
    renamed = catalogue.patient_education_writing() | {"name": "Renamed", "skill_key": "renamed"}
    revise_skill(call_as(Role.ADMIN), first.id, SkillContent.model_validate(renamed))
    assert submit_skill(call_as).id != first.id
    with pytest.raises(Conflict):
        submit_skill(call_as, name="Renamed")


def test_a_revision_may_not_take_anothers_name(call_as):
    submit_skill(call_as)
    other = submit_skill(call_as, name="Other", skill_key="other")
    reject_skill(call_as(Role.GENESIS), other.id, REASON)
    content = SkillContent.model_validate(catalogue.patient_education_writing())
    with pytest.raises(Conflict):
        revise_skill(call_as(Role.ADMIN), other.id, content)


@pytest.mark.parametrize("certified", [True, False])
def test_only_drafts_and_rejected_skills_are_revised(call_as, industry, certified):
    skill = submit_skill(call_as)
    if certified:
        certify_skill(call_as(Role.GENESIS), skill.id)
    content = SkillContent.model_validate(catalogue.patient_education_writing())
    with pytest.raises(Conflict) as refused:
        revise_skill(call_as(Role.ADMIN), skill.id, content)
    assert rules_of(refused.value.violations) == {"illegal_transition"}


def test_nobody_certifies_or_rejects_their_own(call_as, industry):
    skill = submit_skill(call_as)
    for decide, more in ((certify_skill, ()), (reject_skill, (REASON,))):
        with pytest.raises(SelfApproval):
            decide(call_as(Role.GENESIS, id="agent_orchestrator"), skill.id, *more)
        with pytest.raises(Forbidden):
            decide(call_as(Role.ADMIN), skill.id, *more)


def test_a_decision_is_taken_once(call_as, industry):
    skill = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    for decide, more in ((certify_skill, ()), (reject_skill, (REASON,))):
        with pytest.raises(Conflict):
            decide(call_as(Role.GENESIS), skill.id, *more)


# --- successors ----------------------------------------------------------------------------------


def test_a_certified_successor_deprecates_its_predecessor(call_as, documents, industry):
    old = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    new = submit_skill(call_as, supersedes=old.id)
    assert get_skill(call_as(Role.VIEWER), old.id).status is Status.CERTIFIED
    new = certify_skill(call_as(Role.GENESIS), new.id)
    old = get_skill(call_as(Role.VIEWER), old.id)
    assert (new.status, new.external_id) == (Status.CERTIFIED, "SKILL-HC-002")
    assert (old.status, old.superseded_by) == (Status.DEPRECATED, new.id)
    assert old.deprecated_reason == "superseded by SKILL-HC-002"
    with pytest.raises(Conflict, match=new.id):
        submit_skill(call_as)


def test_of_two_successors_the_second_is_rejected(call_as, industry):
    old = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    first, second = (submit_skill(call_as, supersedes=old.id) for _ in range(2))
    assert certify_skill(call_as(Role.GENESIS), first.id).status is Status.CERTIFIED
    late = certify_skill(call_as(Role.GENESIS), second.id)
    assert failed(late.certification.checks) == ["SK-1"]


def test_only_a_certified_skill_is_superseded(call_as):
    pending = submit_skill(call_as)
    with pytest.raises(Invalid) as refused:
        submit_skill(call_as, name="Better", skill_key="better", supersedes=pending.id)
    assert rules_of(refused.value.violations) == {"dependency_uncertified"}
    with pytest.raises(Invalid) as refused:
        submit_skill(call_as, name="Better", skill_key="better", supersedes=ID.format(77))
    assert rules_of(refused.value.violations) == {"dependency_missing"}


def test_a_rejected_successor_changes_nothing(call_as, industry):
    old = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    new = submit_skill(call_as, supersedes=old.id)
    reject_skill(call_as(Role.GENESIS), new.id, REASON)
    content = catalogue.patient_education_writing() | {"supersedes": old.id, "purpose": "Better."}
    revise_skill(call_as(Role.ADMIN), new.id, SkillContent.model_validate(content))
    assert get_skill(call_as(Role.VIEWER), old.id) == old


def test_a_renamed_successor_leaves_its_predecessor_the_name(call_as, industry):
    old = certify_skill(call_as(Role.GENESIS), submit_skill(call_as).id)
    new = submit_skill(call_as, supersedes=old.id)
    reject_skill(call_as(Role.GENESIS), new.id, REASON)
    renamed = {"name": "Renamed", "skill_key": "renamed", "supersedes": old.id}
    content = SkillContent.model_validate(catalogue.patient_education_writing() | renamed)
    revise_skill(call_as(Role.ADMIN), new.id, content)
    with pytest.raises(Conflict, match=old.id):
        submit_skill(call_as)


# --- lists and states ----------------------------------------------------------------------------


def test_skills_are_listed_page_by_page(call_as, industry):
    made = {skill.id for skill in certified_skills(call_as)}
    first = list_skills(call_as(Role.VIEWER), SkillListing(limit=2))
    second = list_skills(call_as(Role.VIEWER), SkillListing(limit=2, cursor=first.next_cursor))
    assert {skill.id for skill in (*first.items, *second.items)} == made
    assert second.next_cursor is None


def test_lists_take_filters(call_as):
    role = certified_role(call_as)
    assert list_job_roles(call_as(Role.VIEWER), JobRoleListing(status="certified")).items == (role,)
    assert list_job_roles(call_as(Role.VIEWER), JobRoleListing(industry_code="MK")).items == ()
    assert list_skills(call_as(Role.VIEWER), SkillListing(category="technical")).items == ()


def test_what_does_not_exist_is_not_found(call_as):
    with pytest.raises(NotFound):
        get_skill(call_as(Role.VIEWER), ID.format(1))


@pytest.mark.parametrize("start", Status)
@pytest.mark.parametrize("to", Status)
def test_a_status_leads_only_where_it_may(start, to):
    skill = a_skill().model_copy(update={"status": start})
    if to in lifecycle.NEXT[start]:
        assert lifecycle.moved(skill, to).status is to
    else:
        with pytest.raises(Conflict) as refused:
            lifecycle.moved(skill, to)
        assert rules_of(refused.value.violations) == {"illegal_transition"}


def test_certified_is_nothing_without_a_certificate():
    skill = lifecycle.moved(a_skill(), Status.CERTIFIED)
    assert rules_of(skill.violations()) == {"L0-07", "L1-ENT-05"}


def test_only_genesis_makes_a_certificate(call_as):
    role = certified_role(call_as)
    forged = role.certification.model_copy(update={"certified_by": "somebody"})
    assert rules_of(role.model_copy(update={"certification": forged}).violations()) == {"L0-07"}


def test_nothing_is_announced_before_a_decision():
    with pytest.raises(Conflict):
        announcements.decision(a_skill())
    assert announcements.refusal(a_skill()) == ""


def test_a_certificate_is_about_what_was_judged():
    def certificate(**changes):
        judged = lifecycle.certified(
            a_skill().model_copy(update=changes),
            [],
            by=GENESIS,
            at=AT,
            certification_id=ID.format(9),
            number=1,
        )
        return judged.certification.certificate_hash

    assert certificate() == certificate()
    assert certificate() != certificate(version_hash="a" * 64)


# --- what certification would come to ------------------------------------------------------------


def test_whose_verdict_is_missing_is_seen_before_anything_is_decided(call_as):
    industry = submit_industry(call_as)
    seen = examine_industry(call_as(Role.VIEWER), industry.id)
    assert seen.outcome == "verdict_missing"
    assert [(c.code, c.awaits) for c in seen.checks if not c.passed] == [
        ("IN-5", "vision guardian")
    ]
    judge_industry(call_as(Role.VISION_GUARDIAN), industry.id, judgement("IN-5"))
    assert examine_industry(call_as(Role.VIEWER), industry.id).outcome == "certified"


def test_what_would_be_broken_is_seen_before_anything_is_decided(call_as):
    industry = submit_industry(call_as, regulations=[])
    seen = examine_industry(call_as(Role.VIEWER), industry.id)
    assert (seen.outcome, seen.breaches) == ("rejected", ("L0-02: regulations is empty",))


def test_a_role_is_examined_as_it_is_certified(call_as, industry):
    skills = certified_skills(call_as)
    assert examine_skill(call_as(Role.VIEWER), skills[0].id).outcome == "certified"
    role = submit_role(call_as, industry, skills, sensitivity=["legal"])
    seen = examine_job_role(call_as(Role.VIEWER), role.id)
    assert [(c.code, c.awaits) for c in seen.checks if not c.passed] == [("JR-9", "governor")]
