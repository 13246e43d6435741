"""Two releases side by side: what one begins, the other goes on with, and neither loses what the other wrote."""

from collections import Counter
from zlib import crc32

import pytest

from benchmarks.spawn import free_port
from local.accounts import accounts
from local.story import acts, blueprints
from local.story.client import Client
from local.verify import examined
from shared.actors import HOLDERS, Role
from shared.documents import Query
from shared.edge.catalog import operations, reactions
from tests.rehearsals import rehearse
from tests.rehearsals.scene import at_stage, to_the_governor, until, until_over
from tests.rolling.deployment import RELEASES, Deployment

pytestmark = pytest.mark.slow

THIS, NEXT = RELEASES
REACTIONS = {reaction.id for reaction in reactions()}
LISTS = [
    op
    for op in operations()
    if op.method == "GET" and not op.in_path and op.function.__name__.startswith("list_")
]
COMPARED = {
    "platform.list_circuit_breakers",
    "platform.list_feature_flags",
    "platform.put_feature_flag",
    "platform.reset_circuit_breaker",
}
"""Whose answers the rehearsal compares to the letter, so that one release must give both."""

BOTH_WAYS = pytest.mark.parametrize(
    ("one", "other"), [(THIS, NEXT), (NEXT, THIS)], ids=["roll out", "roll back"]
)


@pytest.fixture
def cloud(tmp_path):
    cloud = Deployment(tmp_path, port=free_port()).start()
    yield cloud
    cloud.stop()


def taking_turns(first):
    """Route the calls of each function to both releases by turns; *first* swaps all of them."""
    calls = Counter()

    def route(function):
        calls[function] += 1
        turn = calls[function] + crc32(function.encode()) + first
        return THIS if function in COMPARED else RELEASES[turn % 2]

    return route


def everything_holds(cloud, given_up=0):
    """Nothing of the other release was lost, no message given up, and the evidence verifies."""
    until(cloud.idle)
    assert cloud.lost() == []
    assert len(cloud.documents.find(None, Query("dead_letters"))) == given_up
    report = examined(cloud.settings.data)
    assert report.breaks == []
    assert sum(report.counts.values()) > 100


def stored(cloud, collection, id):
    return next(s.data for s in cloud.documents.find(None, Query(collection)) if s.key.id == id)


def lists_answer(client, agent_id):
    """Ask for every list, as somebody who may; the documents of the other release are in them."""
    for op in LISTS:
        holders = set().union(*(HOLDERS[scope] for scope in op.scopes)) or {Role.VIEWER}
        able = next(one for one in accounts() if one.partition("@")[0] in holders)
        client.get(able, op.path)
    assert agent_id in {agent["id"] for agent in client.get("viewer", "/v1/agents")["items"]}


@pytest.mark.parametrize("first", [0, 1], ids=RELEASES)
def test_everything_goes_on_while_each_call_meets_the_other_release(cloud, first):
    cloud.route = taking_turns(first)
    rehearse(cloud)
    everything_holds(cloud, given_up=1)
    again = {function for function, calls in cloud.calls.items() if calls > 1} - COMPARED
    assert {f for f in again if cloud.served[f] != set(RELEASES)} == set()


@BOTH_WAYS
def test_what_one_release_began_the_other_finishes(cloud, one, other):
    client = Client(cloud.address, cloud.secret)
    cloud.route = lambda _: one
    parts = acts.certify_parts(client, lambda _: None)
    decided, approval = to_the_governor(client, parts, "Decided")
    silent, _ = to_the_governor(client, parts, "Silent")
    begun = acts.request_agent(client, parts, "Begun")["agent"]["id"]
    at_stage(client, begun, 2)
    # What one announces from here on, the other reacts to.
    cloud.route = lambda function: other if function in REACTIONS else one
    told = acts.request_agent(client, parts, "Told")["agent"]["id"]
    at_stage(client, told, 2)
    until(cloud.idle)

    cloud.route = lambda _: other
    lists_answer(client, decided)
    client.sign_in("governor")
    acts.approve(client, approval)
    for agent_id in (begun, told):
        acts.submit(
            client,
            at_stage(client, agent_id, 2),
            blueprints.blueprint(parts.job_role, parts.skills),
        )
        for stage in acts.EVALUATORS:
            acts.judge_stage(client, at_stage(client, agent_id, stage))
        at_stage(client, agent_id, 6)
        acts.approve(client, until(lambda id=agent_id: acts.open_approval(client, id)))
    for agent_id in (decided, begun, told):
        assert until_over(client, agent_id, cloud)["status"] == "deployed"
    assert until_over(client, silent, cloud)["status"] != "deployed"
    lists_answer(client, decided)
    everything_holds(cloud)
    agent = stored(cloud, "agents", decided)
    assert agent["saved_by"] == "next"
    asked = stored(cloud, "approvals", approval["id"])
    assert asked["saved_by"] == "next"


def test_after_a_roll_back_the_release_before_goes_on_alone(cloud):
    client = Client(cloud.address, cloud.secret)
    cloud.route = lambda _: NEXT
    parts = acts.certify_parts(client, lambda _: None)
    waiting, approval = to_the_governor(client, parts, "Waiting")
    until(cloud.idle)
    cloud.withdraw(NEXT)

    cloud.route = lambda _: THIS
    lists_answer(client, waiting)
    client.sign_in("governor")
    acts.approve(client, approval)
    assert until_over(client, waiting, cloud)["status"] == "deployed"
    another, approval = to_the_governor(client, parts, "Another")
    acts.approve(client, approval)
    assert until_over(client, another, cloud)["status"] == "deployed"
    everything_holds(cloud)
    assert stored(cloud, "agents", waiting)["saved_by"] == "next"
    assert stored(cloud, "agents", waiting)["later"] == "next"
    assert "saved_by" not in stored(cloud, "agents", another)
