"""The ten sections of a way of working: what each must hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.story import blueprints
from shared.agents.models.me_wow import Ground, MeWow
from shared.agents.rules.composition import act_steps
from shared.agents.rules.me_wow import SECTIONS, completeness, gaps
from shared.manifests.models.manifests import ManifestContent
from tests.agents import catalogue

ROLE = catalogue.job_role()
SKILLS = [
    skill.model_copy(update={"version_hash": "0" * 64}).model_dump(mode="json")
    for skill in catalogue.skills()
]
GROUND = Ground(cannot_do=ROLE.cannot_do, steps=tuple(act_steps(catalogue.skills())))


def blueprint():
    return blueprints.blueprint(ROLE.model_dump(mode="json"), SKILLS)


def found(body):
    me_wow = MeWow.model_validate(body["me_wow"])
    return gaps(me_wow, ManifestContent.model_validate(body["manifest"]), GROUND)


def test_the_story_s_way_of_working_is_complete():
    assert found(blueprint()) == ()
    assert completeness(()) == 100


@given(st.sets(st.sampled_from(sorted(SECTIONS)), min_size=1))
def test_without_any_of_its_sections_it_is_incomplete(dropped):
    body = blueprint()
    for section in dropped:
        del body["me_wow"][section]
    lacking = found(body)
    assert {gap.section for gap in lacking} == dropped
    assert completeness(lacking) == 100 - 10 * len(dropped)


def emptied(section, **changes):
    def change(body):
        part = body["me_wow"][section]
        body["me_wow"][section] = (part | changes) if isinstance(part, dict) else changes["items"]

    return section, change


def scope(**changes):
    def change(body):
        for part in (body["me_wow"], body["manifest"]):
            part["scope_boundaries"] = part["scope_boundaries"] | changes

    return "scope_boundaries", change


def rights(**changes):
    def change(body):
        body["me_wow"]["decision_rights"] = body["me_wow"]["decision_rights"] | changes

    return "decision_rights", change


@pytest.mark.parametrize(
    ("section", "change"),
    [
        emptied("outcome_definition", outcomes=[]),
        emptied("outcome_definition", stop_conditions=[]),
        scope(**{"in": []}),
        scope(refusal_classes=[]),
        scope(out=["something else"]),
        scope(**{"in": [ROLE.cannot_do[0]]}),
        emptied("scope_boundaries", refusal_classes=["another"]),
        emptied("required_inputs", items=[]),
        emptied("outputs", items=[]),
        emptied("outputs", items=[{"name": "x", "artifact_type": "y", "acceptance_criteria": []}]),
        emptied("interfaces", items=[]),
        rights(autonomous=[]),
        rights(requires_approval=[]),
        rights(autonomous=[*blueprint()["me_wow"]["decision_rights"]["autonomous"], "other.1"]),
        rights(
            autonomous=[
                *blueprint()["me_wow"]["decision_rights"]["autonomous"],
                "wordpress.publish",
            ]
        ),
        emptied("self_critique", assumptions=[]),
        emptied("self_critique", failure_modes=[]),
        emptied("escalation_triggers", items=[]),
        emptied("safety_containment", default_posture="executing"),
        emptied("safety_containment", measures=[]),
        emptied("safety_containment", measures=[{"measure": "somebody looks"}]),
        emptied("auditability", logged_events=["skill.started"]),
        emptied("auditability", evidence_retention_days=None),
    ],
)
def test_a_section_that_lacks_something_is_the_gap(section, change):
    body = blueprint()
    change(body)
    assert {gap.section for gap in found(body)} == {section}


def test_what_the_story_leaves_out_is_what_it_says():
    body = blueprints.incomplete(ROLE.model_dump(mode="json"), SKILLS)
    assert {gap.section for gap in found(body)} == set(blueprints.GAPS)
