"""Verdicts on what is certified: asked for, given once, by whoever may."""

import pytest

from functions.genesis.certify_skill import certify_skill
from functions.genesis.get_skill import get_skill
from functions.genesis.judge_skill import judge_skill
from functions.genesis.reject_skill import reject_skill
from functions.genesis.revise_skill import revise_skill
from local.story import catalogue
from shared.actors import Role
from shared.errors import (
    AlreadyDecided,
    Conflict,
    Forbidden,
    Invalid,
    SelfApproval,
)
from shared.genesis.models.catalogue import Status
from shared.genesis.models.requests import SkillContent
from tests.genesis.samples import (
    REASON,
    events_of,
    failed,
    judgement,
    rules_of,
    submit_skill,
)

RISKY = catalogue.patient_education_writing()["think_phase"] | {"risk": "high"}


def test_a_risky_skill_passes_with_the_vision_guardian(call_as, documents, industry):
    skill = submit_skill(call_as, think_phase=RISKY)
    judged = judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("SK-9"))
    assert (judged.verdicts[0].by, judged.verdicts[0].verdict) == ("vision_guardian", "pass")
    entry = events_of(documents, judged)[-1]
    assert (entry.action, entry.data["fields"]) == ("entity.amended", ["verdicts"])
    assert entry.decision_context.rationale == judged.verdicts[0].rationale
    assert certify_skill(call_as(Role.GENESIS), skill.id).status is Status.CERTIFIED


def test_a_verdict_that_is_missing_is_asked_for(call_as, industry):
    skill = submit_skill(call_as, think_phase=RISKY)
    with pytest.raises(Conflict, match="SK-9 of the vision guardian") as refused:
        certify_skill(call_as(Role.GENESIS), skill.id)
    assert rules_of(refused.value.violations) == {"verdict_missing"}
    assert f"POST /v1/genesis/skills/{skill.id}/verdict" in str(refused.value)
    assert get_skill(call_as(Role.VIEWER), skill.id) == skill


def test_what_fails_anyhow_is_rejected_before_anybody_is_asked(call_as, industry):
    skill = submit_skill(call_as, think_phase=RISKY, samples=[])
    rejected = certify_skill(call_as(Role.GENESIS), skill.id)
    assert failed(rejected.certification.checks) == ["SK-3", "SK-9"]


def test_a_verdict_cannot_be_changed(call_as):
    skill = submit_skill(call_as)
    judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("SK-9", "fail"))
    with pytest.raises(AlreadyDecided):
        judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("SK-9"))


def test_a_revision_needs_a_new_verdict(call_as, industry):
    skill = submit_skill(call_as, think_phase=RISKY)
    judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("SK-9"))
    reject_skill(call_as(Role.GENESIS), skill.id, REASON)
    content = SkillContent.model_validate(
        catalogue.patient_education_writing() | {"think_phase": RISKY}
    )
    revise_skill(call_as(Role.ADMIN), skill.id, content)
    with pytest.raises(Conflict, match="SK-9"):
        certify_skill(call_as(Role.GENESIS), skill.id)


def test_only_the_right_role_judges_and_never_an_author(call_as):
    skill = submit_skill(call_as)
    with pytest.raises(Forbidden):
        judge_skill(call_as(Role.GENESIS), skill.id, judgement("SK-9"))
    with pytest.raises(SelfApproval):
        judge_skill(
            call_as(Role.VISION_GUARDIAN, id="agent_orchestrator"), skill.id, judgement("SK-9")
        )
    with pytest.raises(Invalid):
        judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("IN-5"))


def test_only_what_waits_is_judged(call_as):
    skill = submit_skill(call_as)
    reject_skill(call_as(Role.GENESIS), skill.id, REASON)
    with pytest.raises(Conflict):
        judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("SK-9"))


def test_a_rationale_is_kept_without_personal_data(call_as):
    skill = submit_skill(call_as)
    said = judgement("SK-9").model_copy(update={"rationale": "Ask asha.rao@clinic.example first."})
    judged = judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, said)
    assert judged.verdicts[0].rationale == "Ask a***@clinic.example first."
