"""Texts beside the record, of everything that was rehearsed: what is told of a thing is what is so of it."""

import re

import pytest

from local.rows import everything
from shared.agents.actions import objections
from shared.agents.models.agents import Agent
from shared.agents.models.releases import Release
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import timeline
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.documents import Key
from shared.edge.sqlite import SqliteDocuments
from shared.entity import written
from shared.evidence import Entry, stream
from shared.instants import instant
from shared.manifests.models.manifests import Manifest
from shared.mobile.models.dashboard import AgentCard
from shared.mobile.rules import subjects
from shared.notifications.models import Notification
from shared.notifications.rules import claims
from shared.notifications.rules.notices import CLAIM
from shared.queries import Reads
from shared.violations.models import OpenedViolation

pytestmark = pytest.mark.slow

KINDS = {one.collection: one for one in (Approval, Agent, OpenedViolation, Veto)}
LATER = instant("2036-01-01T00:00:00.000Z")

SAID = {
    "Answer for it until": lambda it: it.status == "open",
    "Nobody answers for a violation": lambda it: it.status == "open",
    "A plan is overdue": lambda it: it.status == "acknowledged",
    "Review an agent's suspension": lambda it: it.closed_at is None,
    "A veto is not carried out": lambda it: it.effect_completed_at is None,
    "Rolled back:": lambda it: it.deployed_version is not None or it.taken_back,
    "Suspended:": lambda it: it.status == "suspended",
    "Back in service:": lambda it: it.status == "deployed",
    "waits for you until": lambda it: it.open,
    "Nobody answered in time": lambda it: it.status == "expired" and not it.unused,
}
"""What a text says, and what must be so of its subject where it is shown."""


class World:
    """Everything that a rehearsal left."""

    def __init__(self, documents):
        self.documents = documents

    def all(self, kind):
        found = [row.data for row in everything(self.documents, kind.collection)]
        return [kind.from_stored(one) for one in found]

    def get(self, kind, id, tenant="platform"):
        found = self.documents.get(Key(tenant, kind.collection, id or ""))
        return kind.from_stored(found.data) if found else None


@pytest.fixture(scope="module")
def world(rehearsed, tmp_path_factory):
    documents = SqliteDocuments(
        rehearsed.copied(tmp_path_factory.mktemp("told") / "data") / "store.db"
    )
    yield World(documents)
    documents.close()


def test_every_notice_is_so_of_its_subject_when_it_is_shown(world):
    untrue, told = [], set()
    for one in world.all(Notification):
        collection, _, id = one.subject.partition("/")
        kind = KINDS.get(collection)
        about = world.get(kind, id, one.tenant_id) if kind else None
        shown = claims.seen(one, subjects.told(about), LATER)
        if about is None and kind:
            # The platform's people are told of what a customer asks, where it is not known what became of it.
            about = world.get(kind, id, id.partition(".")[0])
        text = f"{shown.title} {shown.body}"
        for words, so in SAID.items():
            told |= {words} if words in f"{one.title} {one.body}" else set()
            if words in text and not so(about):
                untrue.append((text, about.to_stored()))
    assert not untrue, untrue[0]
    assert told > {"Answer for it until", "Rolled back:", "waits for you until"}


def test_every_notice_about_what_changes_says_what_it_claims_of_it(world):
    silent = {
        re.sub(r"[:“].*", "", one.title)
        for one in world.all(Notification)
        if one.subject.partition("/")[0] in KINDS and (one.claim or CLAIM[one.kind]) is None
    }
    assert not silent, f"say it with shared.notifications.rules.notices.saying: {silent}"


def test_every_notice_that_claims_something_is_held_against_its_subject(world):
    claiming = [one for one in world.all(Notification) if claims.claim(one)]
    unheld = {one.subject.partition("/")[0] for one in claiming} - {
        one.kind.collection for one in subjects.subjects()
    }
    assert claiming
    assert not unheld, f"say what holds of them in shared/mobile/rules/subjects.py: {unheld}"


def test_what_happened_to_an_agent_leads_to_what_it_is(world):
    """Whoever reads the activity from its beginning knows how the agent stands."""
    for agent in world.all(Agent):
        found = [e for e in world.all(Entry) if e.entity == stream(agent)]
        status = None
        for entry in sorted(found, key=lambda entry: entry.eseq):
            said = entry.data
            match entry.action:
                case "agent.created":
                    status = "draft"
                case "agent.revised":
                    assert said["from_state"] == status, (agent.name, entry)
                    status = "draft"
                case "agent.pipeline.stage_completed" if said["result"] == "returned":
                    status = "draft"
                case "agent.pipeline.stage_completed" if said["stage"] == 3:
                    status = "certified" if said["result"] == "passed" else status
                case "agent.state_changed":
                    assert said["from"] == status, (agent.name, entry)
                    status = said["to"]
        assert status == agent.status, (agent.name, [entry.action for entry in found])


def test_what_is_said_of_a_pipeline_is_so_of_its_agent(world):
    outcomes = set()
    for agent in world.all(Agent):
        run = world.get(PipelineRun, agent.workflow_id)
        approval = world.get(Approval, run.approval_id) if run.approval_id else None
        veto = objections.against(Reads(world.documents, "platform"), run, approval)
        shown = timeline.of(agent, run, approval, veto)
        outcomes.add(shown.outcome)
        served = (agent.status, agent.release_state) == ("deployed", "live")
        assert (shown.outcome == "in_service") == (served and run.over), agent.name
        assert (shown.outcome == "under_way") == (not run.over), agent.name
        assert (shown.because is None) == (shown.outcome in {"in_service", "under_way"})
    assert outcomes > {"in_service", "vetoed", "suspended", "rolled_back", "expired"}, outcomes


def test_what_a_card_says_of_an_agent_is_so(world):
    for card in world.all(AgentCard):
        agent = world.get(Agent, card.id)
        assert (card.status, card.version, card.taken_back) == (
            agent.status,
            agent.deployed_version,
            agent.release_state in {"failed", "rolled_back"},
        )


def test_what_was_taken_back_gets_nothing_and_may_nothing(world):
    """The words of a roll-back: routing stopped, manifest suspended, nothing is routed."""
    for release in world.all(Release):
        agent, manifest = world.get(Agent, release.agent_id), world.get(Manifest, release.agent_id)
        if release.state in {"failed", "rolled_back"}:
            assert release.traffic_percent == 0
            assert agent.deployed_version != release.release_version
            assert manifest.status != "deployed", agent.name


def test_a_deadline_that_is_told_is_the_one_that_holds(world):
    for one in world.all(Notification):
        collection, _, id = one.subject.partition("/")
        if collection == OpenedViolation.collection and "Answer for it until" in one.body:
            violation = world.get(OpenedViolation, id, one.tenant_id)
            shown = claims.seen(one, subjects.told(violation), LATER)
            told = re.findall(r"\d{4}-[0-9T:.-]+Z", shown.body)
            assert set(told) <= {written(violation.due_at), written(violation.closed_at or LATER)}
