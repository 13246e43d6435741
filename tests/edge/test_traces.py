"""Traces: one trace from the first request through events and workflows to the last reaction."""

import json
import logging
import re

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from local.story import acts
from local.story.client import Client
from shared.actors import PLATFORM, Scope
from shared.bus import envelope, opened
from shared.documents import Key, Query
from shared.edge import traces
from shared.edge.traces import current, span
from shared.evidence import Entry
from tests.conftest import broken
from tests.kernel.things import decide, make_thing
from tests.rehearsals.scene import to_the_governor, until, until_over
from tests.worlds import declared

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = PARENT.split("-")[1]
HEADER = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


def test_a_hop_goes_on_with_the_trace_under_a_span_of_its_own():
    with span(PARENT) as outer:
        assert current() == outer.traceparent
        assert outer.trace_id == TRACE
        with span(current()) as inner:
            assert inner.trace_id == TRACE
            assert inner.span_id != outer.span_id
        assert current() == outer.traceparent
    assert current() is None


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "x",
        PARENT.upper(),
        PARENT + "-more",
        PARENT.replace(TRACE, "0" * 32),
        PARENT.replace("00f067aa0ba902b7", "0" * 16),
        "ff" + PARENT[2:],
        "00-" + "g" * 32 + PARENT[35:],
    ],
)
def test_a_malformed_one_is_none_and_a_new_trace_begins(parent):
    with span(parent) as here:
        assert here.trace_id != TRACE
        assert HEADER.fullmatch(here.traceparent)


def test_of_a_later_version_it_takes_what_it_knows():
    with span("01" + PARENT[2:] + "-more") as here:
        assert (here.trace_id, here.sampled) == (TRACE, True)


def test_whoever_begins_a_trace_decides_whether_it_is_sampled():
    for flags, sampled in (("00", False), ("01", True), ("02", False), ("03", True)):
        with span(PARENT[:-2] + flags) as here:
            assert here.sampled is sampled


def test_one_new_trace_in_ten_is_sampled(monkeypatch):
    ids = iter(range(256))
    monkeypatch.setattr(traces.secrets, "token_hex", lambda n: f"{next(ids):0{2 * n}x}")
    sampled = 0
    for n in range(256):
        ids = iter([n, 1])
        with span(None) as here:
            sampled += here.sampled
    assert sampled / 256 == pytest.approx(0.1, abs=0.01)


def test_decisions_denials_and_failures_are_always_sampled(world):
    @declared("GET", "/v1/broken", scopes={Scope.ACCOUNT}, audited=False)
    def broken(call):
        """Break."""
        raise ValueError

    unsampled = {"headers": {"traceparent": PARENT[:-2] + "00"}}
    answers = [
        world.call(decide, "/v1/decide", as_="governor", **unsampled),
        world.call(make_thing, "/v1/things", {"size": 1}, as_="helpdesk_agent", **unsampled),
        world.call(broken, "/v1/broken", as_="viewer", **unsampled),
        world.call(make_thing, "/v1/things", {"size": 1}, as_="admin", **unsampled),
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 500, 201]
    assert [answer.headers["traceparent"][-2:] for answer in answers] == ["01", "01", "01", "00"]


def test_an_event_carries_the_trace_and_is_no_other_evidence_for_it(world):
    headers = {"traceparent": PARENT}
    answer = world.call(make_thing, "/v1/things", {"size": 1}, as_="admin", headers=headers)
    (found,) = world.ports.documents.find(PLATFORM, Query(Entry.collection))
    entry = Entry.model_validate(found.data)
    assert entry.delivery.traceparent == answer.headers["traceparent"]
    without = entry.model_copy(update={"delivery": type(entry.delivery)()})
    assert without.hash == entry.hash
    assert broken(world.ports.documents, world.ports.signer) == []
    message = envelope(entry.model_copy(update={"topic": "things"}), environment="test")
    assert message.attributes["traceparent"] == answer.headers["traceparent"]
    assert opened(message).traceparent == answer.headers["traceparent"]


@pytest.mark.parametrize("given", ["", "x", PARENT.upper(), PARENT + "\r\nX: y"])
def test_a_message_with_a_malformed_trace_is_taken_without_it(world, given):
    world.call(make_thing, "/v1/things", {"size": 1}, as_="admin")
    (found,) = world.ports.documents.find(PLATFORM, Query(Entry.collection))
    entry = Entry.model_validate(found.data | {"topic": "things"})
    message = envelope(entry, environment="test")
    message.attributes["traceparent"] = given
    assert opened(message).traceparent is None


@pytest.mark.slow
def test_one_trace_leads_from_the_request_for_an_agent_to_the_last_reaction(tmp_path, caplog):
    platform = Platform(tmp_path, port=free_port()).start()
    try:
        client = Client(platform.address, platform.secret)
        parts = acts.certify_parts(client, lambda _: None)
        with caplog.at_level(logging.INFO, "waooaw.requests"):
            agent_id, approval = to_the_governor(client, parts, "Traced")
            acts.approve(client, approval)
            until_over(client, agent_id, platform)
            until(platform.idle, jump=platform.jump)
    finally:
        platform.stop()
    found = platform_entries(tmp_path, agent_id)
    of_the_request = found[0].delivery.traceparent.split("-")[1]
    lines = [json.loads(r.message) for r in caplog.records if r.name == "waooaw.requests"]
    seen = [line for line in lines if of_the_request in str(line["logging.googleapis.com/trace"])]
    routes = {line["route"] for line in seen}
    assert {
        "agents.create_agent",  # the first request
        "agents.start_pipeline",  # the reaction to its event, which starts the workflow
        "agents.begin_workflow",  # what the workflow calls
        "agents.settle_stage",
        "approvals.create_approval",
        "approvals.notify_governor",  # a reaction to an event of what the workflow called
    } <= routes, f"the trace was lost; it only saw {sorted(routes)}"
    spans = [line["logging.googleapis.com/spanId"] for line in seen]
    assert len(set(spans)) == len(spans)


def platform_entries(data, agent_id):
    from shared.edge.sqlite import SqliteDocuments

    documents = SqliteDocuments(data / "store.db")
    agent = documents.get(Key(PLATFORM, "agents", agent_id))
    assert agent
    everything = []
    after: tuple[str, ...] = ()
    while page := documents.find(PLATFORM, Query(Entry.collection, limit=500, after=after)):
        everything += [Entry.model_validate(one.data) for one in page]
        after = (page[-1].key.id,)
    documents.close()
    of_the_agent = [one for one in everything if one.entity == f"agents/{agent_id}"]
    return sorted(of_the_agent, key=lambda one: one.eseq)
