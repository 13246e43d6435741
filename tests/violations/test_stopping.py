"""An agent that breaks a rule critically is stopped by the platform itself."""

from functions.agents.stop_violator import stop_violator
from functions.mobile.get_approval_detail import get_approval_detail
from shared.actors import Role
from shared.agents.models.agents import Agent
from shared.documents import Query
from shared.manifests.models.manifests import Manifest
from shared.violations.events import ViolationOpened
from tests.agents.conftest import story
from tests.agents.test_releases import deployed, get
from tests.conftest import NOON

__all__ = ["story"]

VIOLATION = "00000000-0000-4000-8000-0000000000aa"


def test_a_critical_violation_stops_the_agent_and_what_it_may_do(story, reacting, documents):
    deployed(story, reacting)
    event = ViolationOpened(
        type="constitutional",
        code="EXEC-BYPASS",
        severity="critical",
        agent_id=story.agent_id,
        automatic_response="suspended",
    )
    for _ in range(2):
        stop_violator(reacting(f"violations/{VIOLATION}", at=30), event)
    agent = get(story, Agent, story.agent_id)
    assert (agent.status, agent.suspended_reason) == (
        "suspended",
        "EXEC-BYPASS: a critical violation",
    )
    assert get(story, Manifest, story.agent_id).status == "suspended"
    told = [
        row.data["data"]
        for row in documents.find("platform", Query("events", limit=1000))
        if row.data["action"] == "agent.state_changed" and row.data["data"]["to"] == "suspended"
    ]
    assert [(one["reason"], one["violation_id"]) for one in told] == [("EXEC-BYPASS", VIOLATION)]


def test_an_agents_approval_shows_how_it_works_and_what_was_found(story, reacting, call_as):
    deployed(story, reacting)
    agent = get(story, Agent, story.agent_id)
    seen = get_approval_detail(call_as(Role.GOVERNOR, at=30), agent.approval_id)
    assert seen.card_matches
    assert seen.me_wow.completeness == 100
    assert seen.me_wow.outcomes
    for review in (seen.certification, seen.architecture, seen.ethics):
        assert review.result == "passed"
        assert review.passed == review.checks > 0
        assert review.concerns == ()
    assert [point.stage for point in seen.timeline.stages] == [1, 2, 3, 4, 5, 6, 7]
    assert seen.deadlines.veto_until > NOON
