from datetime import timedelta

import pytest
from pydantic import ValidationError

from functions.genesis.create_skill import create_skill
from functions.genesis.judge_skill import judge_skill
from local.story import catalogue
from shared.actors import Role
from shared.constitution import EntityAmended, amended, amendment, promoted, wild
from shared.documents import Query
from shared.errors import Conflict, ConstitutionalAlignment
from shared.genesis.models.requests import NewSkill
from shared.genesis.models.skills import Skill
from shared.principles import PRINCIPLES, breach, l0_results
from tests.genesis.samples import (
    AT,
    a_role,
    a_skill,
    an_industry,
    judgement,
    rules_of,
    submit_skill,
)


def test_there_are_seven_principles_in_order():
    assert [p.code for p in PRINCIPLES] == [f"L0-0{n}" for n in range(1, 8)]


def test_a_violation_says_what_is_wrong_where():
    found = breach("L0-01", "governance_agent_id missing", "governance_agent_id")
    assert found.message == "L0-01: governance_agent_id missing"
    assert (found.rule, found.principle) == ("L0-01", "Single Governor")


def test_an_invariant_is_no_principle():
    assert breach("L1-ENT-09", "x").principle is None


@pytest.mark.parametrize("word", ["*", "any", " ALL "])
def test_a_wildcard_is_a_whole_item(word):
    assert wild(["reports", word])
    assert not wild(["all reports", "any*"])


def test_the_seven_results_name_what_is_broken():
    results = l0_results([breach("L0-03", "x"), breach("L1-ENT-09", "y")])
    assert len(results) == 7
    assert [code for code, kept in results.items() if not kept] == ["L0-03"]


@pytest.mark.parametrize(
    "entity", [an_industry(), a_skill(), a_role()], ids=lambda e: e.entity_type
)
def test_the_samples_keep_every_principle(entity):
    assert entity.violations() == ()
    assert all(entity.l0_compliance_status.values())


@pytest.mark.parametrize(
    ("governor", "problem"),
    [
        ("", "governance_agent_id missing"),
        (a_skill().id, "governance_agent_id is the entity itself"),
        ("somebody", "governance_agent_id is no governance identity"),
    ],
)
def test_an_entity_answers_to_one_governor(governor, problem):
    found = a_skill(governance_agent_id=governor).violations()
    assert [violation.message for violation in found] == [f"L0-01: {problem}"]


def test_an_engagement_has_its_own_governor():
    assert a_skill(governance_agent_id="engagement_governor:u-17").violations() == ()


def test_without_a_governor_nothing_is_kept(call_as, documents):
    body = NewSkill.model_validate(
        {
            k: v
            for k, v in catalogue.patient_education_writing().items()
            if k != "governance_agent_id"
        }
    )
    with pytest.raises(ConstitutionalAlignment) as refused:
        create_skill(call_as(Role.ADMIN), body)
    assert refused.value.violations[0].message == "L0-01: governance_agent_id missing"
    assert documents.count(None, Query("skills")) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": ["asha.rao@clinic.example"]},
        {"custom_attributes": {"owner": {"phone": "+91 98765 43210"}}},
        {"governance_notes": "password: hunter22x"},
    ],
)
def test_no_personal_data_and_no_secrets_in_free_members(changes):
    (found,) = a_skill(**changes).violations()
    assert (found.rule, found.field) == ("L0-06", next(iter(changes)))


def test_time_does_not_run_backwards():
    skill = a_skill().model_copy(update={"updated_at": AT - timedelta(seconds=1)})
    assert rules_of(skill.violations()) == {"L1-ENT-09"}


def test_deleted_is_a_status_and_a_time():
    assert rules_of(amended(a_skill(), deleted_at=AT).violations()) == {"L1-ENT-10"}
    assert amended(a_skill(), deleted_at=AT, status="deleted").violations() == ()


def test_markers_lead_to_the_version():
    skill = a_skill()
    first = promoted(skill, "1.0.0", classification="evolution", change_types=("certified",), at=AT)
    assert amended(skill, **first).violations() == ()
    assert rules_of(amended(skill, **first | {"version": "1.1.0"}).violations()) == {"L1-ENT-05"}
    broken = (*first["evolution_markers"], *first["evolution_markers"])
    assert rules_of(amended(skill, **first | {"evolution_markers": broken}).violations()) == {
        "L1-ENT-05"
    }


def test_identity_never_changes():
    with pytest.raises(ConstitutionalAlignment) as refused:
        amended(a_skill(), id="00000000-0000-4000-8000-000000000099")
    assert rules_of(refused.value.violations) == {"L1-ENT-07"}
    assert amended(a_skill(), id=a_skill().id).id == a_skill().id


def test_a_held_entity_takes_no_write(call_as):
    skill = submit_skill(call_as, think_phase=catalogue.multichannel_posting()["think_phase"])
    with call_as(Role.GENESIS).transaction() as txn:
        held = txn.get(Skill, skill.id).model_copy(update={"integrity_hold": True})
        txn.save(held, amendment(skill, held))
    with pytest.raises(Conflict) as refused:
        judge_skill(call_as(Role.VISION_GUARDIAN), skill.id, judgement("SK-9"))
    assert rules_of(refused.value.violations) == {"integrity_hold"}


def test_an_amendment_names_what_changed():
    before = a_skill()
    after = amended(before, tags=("new",), purpose="Another purpose.")
    event = amendment(before, after)
    assert isinstance(event, EntityAmended)
    assert event.fields == ("purpose", "tags")
    assert event.traits.topic is None


def test_a_hold_is_no_content():
    skill = a_skill()
    assert amendment(skill, skill.model_copy(update={"integrity_hold": True})).fields == ()


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": 0.5},
        {"a": 2**53},
        {"a": [[1]]},
        {"": 1},
        {"a": "\ud800"},
        {"a": "x" * 17_000},
        deep(20),
    ],
    ids=["float", "huge", "list of lists", "nameless", "surrogate", "large", "deep"],
)
def test_free_members_are_bounded_and_storable(attributes):
    with pytest.raises(ValidationError):
        a_skill(custom_attributes=attributes)


def test_free_members_hold_plain_json():
    attributes = {"a": [1, "x", None, True, {"b": []}]}
    assert a_skill(custom_attributes=attributes).custom_attributes == attributes
