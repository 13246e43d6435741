"""Stage 1: what may be made, and what is refused and leaves nothing behind."""

import pytest

from functions.agents.get_agent import get_agent
from functions.agents.get_workflow import get_workflow
from functions.agents.list_agents import AgentFilter, list_agents
from shared.actors import Role
from shared.agents.actions import gathering
from shared.agents.rules import composition
from shared.errors import Conflict, ConstitutionalAlignment, Invalid
from shared.evidence import Entry
from shared.genesis.models.catalogue import Status
from shared.genesis.models.skills import Skill
from shared.manifests.models.manifests import Manifest
from tests.agents import catalogue
from tests.agents.catalogue import Kept

UNKNOWN = "99999999-9999-4999-8999-999999999999"


def rules_of(refusal):
    return {violation.rule for violation in refusal.value.violations}


def test_a_new_agent_is_a_draft_whose_author_is_awaited(story, call_as):
    agent = story.create()
    run = get_workflow(call_as(Role.VIEWER), story.workflow_id)
    assert (agent.status, agent.creation_stage, agent.default_posture) == ("draft", 2, "deny")
    assert [record.result for record in run.stages] == ["passed", "running"]
    assert get_agent(call_as(Role.VIEWER), agent.id) == agent


def test_its_creation_is_announced_with_the_workflow_to_start(story, call_as):
    agent = story.create()
    with call_as(Role.ADMIN).transaction() as txn:
        entries = txn.find(Entry, entity=f"agents/{agent.id}").items
    assert [entry.action for entry in entries] == ["agent.created"]
    assert entries[0].data["workflow_id"] == story.workflow_id


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"governance_agent_id": "somebody"}, "L0-01"),
        ({"skills": list(catalogue.SKILL_IDS[:2])}, "L0-02"),
        ({"skills": [*catalogue.SKILL_IDS, catalogue.SKILL_IDS[0]]}, "L0-02"),
        ({"trial_mode_sandbox_url": None}, "L0-03"),
        ({"trial_mode_sandbox_url": "ftp://example.com"}, "L0-03"),
        ({"external_systems": ["*"]}, "L0-04"),
        ({"required_capabilities": ["all"]}, "L0-04"),
    ],
)
def test_what_breaks_the_constitution_is_refused(story, call_as, changes, rule):
    with pytest.raises(ConstitutionalAlignment) as refusal:
        story.create(**changes)
    assert rule in rules_of(refusal)
    assert list_agents(call_as(Role.VIEWER), AgentFilter()).items == ()


def need(**changes):
    granted = catalogue.skills()[0].data_access[0].model_dump(mode="json")
    return {"data_access_requirements": [granted | changes]}


def test_data_is_asked_for_only_as_far_as_the_skills_may_touch_it(story):
    with pytest.raises(ConstitutionalAlignment) as refusal:
        story.create(**need(fields=["everything"]))
    assert rules_of(refusal) == {"L0-06"}
    with pytest.raises(ConstitutionalAlignment) as refusal:
        story.create(**need(fields=["*"]))
    assert "L0-04" in rules_of(refusal)
    assert story.create(**need()).status == "draft"


def test_parts_that_are_not_certified_are_named(story, call_as):
    with call_as(Role.ADMIN).transaction() as txn:
        skill = txn.get(Skill, catalogue.SKILL_IDS[1])
        txn.save(skill.model_copy(update={"status": Status.REVOKED}), Kept())
    with pytest.raises(Invalid) as refusal:
        story.create()
    assert rules_of(refusal) == {"dependency_uncertified"}
    assert refusal.value.violations[0].field == "skills"


@pytest.mark.parametrize("part", ["industry_id", "job_role_id", "skills"])
def test_a_part_that_does_not_exist_is_a_dependency_that_is_missing(story, part):
    given = (UNKNOWN,) if part == "skills" else UNKNOWN
    with pytest.raises(Invalid) as refusal:
        story.create(**{part: given})
    assert rules_of(refusal) == {"dependency_missing"}
    assert refusal.value.violations[0].field == part


def test_an_agent_cannot_depend_on_what_does_not_exist(story):
    with pytest.raises(Invalid, match="there is no agent"):
        story.create(depends_on=[{"agent_id": UNKNOWN, "kind": "hard"}])


@pytest.mark.parametrize(
    "name",
    [
        "clinic content writer",
        "Clinic  content writer",
        "Clinic\u00a0content writer",
        "\uff23linic content writer",
        " Clinic content writer ",
    ],
)
def test_a_name_is_taken_by_all_that_look_like_it(story, name):
    story.create()
    with pytest.raises(Conflict, match="exists already"):
        story.create(name=name)


def test_agents_are_listed_by_status_and_role(story, call_as):
    agent = story.create()
    found = list_agents(
        call_as(Role.VIEWER), AgentFilter(status=("draft",), job_role_id=catalogue.ROLE_ID)
    )
    assert [a.id for a in found.items] == [agent.id]
    assert list_agents(call_as(Role.VIEWER), AgentFilter(status=("deployed",))).items == ()
    either = AgentFilter(status=("deployed", "draft"))
    assert [a.id for a in list_agents(call_as(Role.VIEWER), either).items] == [agent.id]


def test_a_circle_of_dependencies_is_found_however_long():
    ring = {str(n): (str((n + 1) % 5),) for n in range(5)}
    assert composition.cyclic(ring, "0")
    assert not composition.cyclic({"a": ("b", "c"), "b": ("c",), "c": ()}, "a")


def test_what_an_agent_leans_on_is_read_to_its_end(story, call_as):
    first = story.create()
    second = story.create(name="Second", depends_on=[{"agent_id": first.id, "kind": "soft"}])
    third = story.create(name="Third", depends_on=[{"agent_id": second.id, "kind": "hard"}])
    with call_as(Role.ADMIN).transaction() as txn:
        graph = gathering.dependencies(txn, third)
    assert graph == {third.id: (second.id,), second.id: (first.id,), first.id: ()}


def test_nothing_of_a_manifest_exists_before_its_author_wrote_one(story, call_as):
    agent = story.create()
    with call_as(Role.ADMIN).transaction() as txn:
        assert txn.get_or_none(Manifest, agent.id) is None
