"""
Which documents unrelated agents share, and who writes them.

Firestore takes about one sustained write a second on one document, so what many callers share must be
known, spread, and written by as few functions as can be. Three agents are made one after the other; what is
written for more than one of them is shared. docs/scaling.md says what follows from it.
"""

from collections import defaultdict
from pathlib import Path

import pytest

from local.story import acts
from local.story.client import Client
from shared.edge import meter
from tests.e2e.counting import platform_in
from tests.rehearsals.kept import shared_as
from tests.rehearsals.scene import to_the_governor, until, until_over

pytestmark = pytest.mark.slow

AGENTS = 3
SHARED = {
    "dashboard_totals": {
        "mobile.follow_agent",
        "mobile.follow_decision",
        "mobile.follow_request",
        "platform.fold_again",
    },
    "external_ids": {
        "agents.settle_stage",
        "genesis.certify_job_role",
        "genesis.certify_industry",
        "genesis.certify_skill",
        "precedents.validate_precedent_seed",
    },
    "seed_figures": {
        "platform.fold_again",
        "precedents.count_answers",
        "precedents.count_predictions",
        "precedents.count_requests",
    },
    # One person's own: what the person opened, and said yes to without having opened it.
    "attention": {
        "approvals.approve_approval",
        "approvals.get_approval",
        "mobile.get_approval_detail",
    },
    # One Governor's: whoever shows them more waits for the others who do.
    "desks": {"approvals.create_approval"},
    # Once in five minutes by its schedule, once a minute while something is wrong; for an agent only where
    # what was approved is not carried out.
    "guards/incidents": {
        "agents.end_stranded_run",
        "agents.rollback_agent",
        "approvals.report_unused",
        "approvals.settle_stranded",
        "platform.create_incident",
        "platform.probe_services",
        "platform.rest_incident",
        "platform.transition_incident",
    },
    "service_status": {"platform.probe_services"},
}
"""The collections whose documents unrelated agents share, and the only functions that may write them."""


class Watched:
    """Who wrote what while which agent was made."""

    def __init__(self):
        self.agent = None
        self.writers = defaultdict(set)
        self.agents = defaultdict(set)

    def committed(self, writes):
        for write in writes:
            self.writers[shared_as(write.key)].add(meter.current())
            if self.agent is not None:
                self.agents[write.key].add(self.agent)


@pytest.fixture(scope="module")
def watched(rehearsed, tmp_path_factory):
    platform, watched = platform_in(tmp_path_factory.mktemp("hot")), Watched()
    platform.documents.on_commit(watched.committed)
    client = Client(platform.address, platform.secret)
    parts = acts.certify_parts(client, lambda _: None)
    for number in range(AGENTS):
        until(platform.idle)
        watched.agent = number
        agent_id, approval = to_the_governor(client, parts, f"Agent {number}")
        acts.approve(client, approval)
        until_over(client, agent_id, platform)
        until(platform.idle)
    platform.stop()
    for collection, writers in rehearsed.seen.writers.items():
        watched.writers[collection] |= writers
    return watched


def test_unrelated_agents_share_only_what_is_known_to_be_shared(watched):
    shared = {shared_as(key): key for key, agents in watched.agents.items() if len(agents) > 1}
    for collection, key in shared.items():
        assert collection in SHARED, (
            f"{key.collection}/{key.id} is written for unrelated agents by"
            f" {sorted(watched.writers[collection])}: spread it, or it becomes hot"
        )


@pytest.mark.parametrize("collection", SHARED)
def test_a_shared_document_has_no_other_writers_than_those_known(watched, collection):
    more = watched.writers[collection] - SHARED[collection]
    assert not more, (
        f"{sorted(more)} writes {collection}, which all agents share: it may become hot"
    )


@pytest.mark.parametrize("collection", SHARED)
def test_those_known_to_write_do_write(watched, collection):
    assert not SHARED[collection] - watched.writers[collection]


@pytest.mark.parametrize("collection", SHARED)
def test_what_is_shared_is_explained(collection):
    assert f"`{collection}`" in Path("docs/scaling.md").read_text()
