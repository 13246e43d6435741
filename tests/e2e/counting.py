"""Count what the platform takes: every function once, an agent's creation, and what runs by itself."""

from datetime import timedelta
from typing import get_origin

from benchmarks.costs import SHARDED
from benchmarks.counts import COUNTED
from benchmarks.spawn import free_port
from local.platform import Platform
from local.story import acts, blueprints
from local.story.client import Client
from shared.actors import PLATFORM
from shared.documents import Key, Query, Write
from shared.edge.catalog import operations, reactions
from shared.edge.delivery import run, woken
from shared.edge.meter import Metered, doing
from shared.edge.ports import connect, utc_now
from shared.edge.queue import QueueBus
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.evidence import Entry
from shared.schedules import LastMoment
from tests.rehearsals.scene import until, until_over

MOVES_MANY = {one.id for one in reactions() if one.scheduled or one.stored}
MOVES_MANY |= {"platform.fold_again", "platform.forget_jobs"}
"""What moves or folds many entries at once, or forgets many jobs: its cost is theirs."""

AGAIN = {"edge.again"}
"""What somebody reads only who met somebody else on the way."""

LOOKS = {
    *("agents.get_pipeline", "agents.get_agent"),
    *("edge.enforcement", "edge.identify", "edge.roster", "edge.sides"),
}
"""
What only those who measure ask for; and who is asking, what is shown and which rules are in force, which an instance
remembers for a while.
"""


TALLIED = {"mobile.follow_agent": 0, "mobile.follow_decision": 1}
"""
How many documents these delete besides a shard that comes to nothing, which they write where others are counted in it:
that is the luck of ids.
"""

LOOKS_AT_ALL = {
    "approvals.get_oversight_report",
    "audit.export_entries",
    "mobile.push_notification",
    "mobile.push_later",
    *("policy.activate_policy", "policy.preview_policy", "policy.watch_drift"),
    *("policy.judge_policy_bundle", "policy.publish_policy_bundle"),
    "precedents.match_precedent_seeds",
}
"""What looks at every entry of some time, every question of some days, every notice that nobody read and what it is about, what was decided lately, or every no to
an act until one stands against it, in an order that nobody knows."""


def measured(seen, folder):
    """Return what was counted in the rehearsal, in three agents' creations, and of the schedules."""
    left_out = MOVES_MANY | AGAIN
    most = {id: _taken(count) for id, count in sorted(seen.most.items()) if id not in left_out}
    cpu_ms = {
        id: round(count.cpu_ms / count.runs, 1)
        for id, count in sorted(seen.total.items())
        if count.runs and id not in AGAIN
    }
    for id in (_varying() | LOOKS_AT_ALL) & set(most):
        most[id]["reads"] = None
    for id, deletes in TALLIED.items():
        most[id] |= {"writes": seen.most[id].changes - deletes, "deletes": deletes}
    return {
        "functions": most,
        "main_job": _main_job(folder / "story"),
        "relay": _relayed(folder / "story"),
        "schedules": _schedules(folder / "rest"),
        "cpu_ms": cpu_ms,
    }


def platform_in(data):
    return Platform(data, port=free_port()).start()


def _varying():
    """Return the functions whose reads depend on how much there is to read."""
    found = set(SHARDED)
    for one in operations():
        fields = getattr(get_origin(one.result) or one.result, "model_fields", {})
        if "items" in fields or get_origin(one.result) is tuple or one.tells:
            found.add(one.id)
    return found


def _main_job(data):
    """
    Make three agents, one after the other, and count the least: who met nobody on the way.

    One agent's creation is all that follows from it within two days: reactions, promises, messages.
    """
    platform = platform_in(data)
    client = Client(platform.address, platform.secret)
    parts = acts.certify_parts(client, lambda _: None)
    until(platform.idle)
    # What has a time of day is counted by itself, and belongs to no agent.
    schedules = platform.schedules._next
    for one in [one for one in schedules if one.schedule]:
        del schedules[one]
    found = [_creation(platform, client, parts, f"Agent {n}") for n in range(3)]
    platform.stop()
    least = min(found, key=lambda one: sum(f["runs"] for f in one["functions"].values()))
    for id, count in least["functions"].items():
        others = [one["functions"].get(id, count) for one in found]
        least["functions"][id] = {name: min(o[name] for o in others) for name in count}
    return least


def _creation(platform, client, parts, name):
    platform.meter.total.clear()
    platform.bus.sent.clear()
    platform.bus.sent_bytes.clear()
    before = set(platform.runtime.billed())
    agent_id = acts.request_agent(client, parts, name)["agent"]["id"]
    until(platform.idle)
    seen = acts.pipeline(client, agent_id)
    acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
    until(platform.idle)
    people = 2
    for _ in acts.EVALUATORS:
        people += len(acts.judge_stage(client, acts.pipeline(client, agent_id)))
        until(platform.idle)
    client.sign_in("governor")
    approval = acts.open_approval(client, agent_id)
    client.get("governor", f"/v1/approvals/{approval['id']}")
    acts.approve(client, approval)
    assert until_over(client, agent_id, platform)["status"] == "deployed"
    end = platform.clock.now() + timedelta(days=2)
    until(lambda: platform.idle() and not platform.jump(end) and platform.idle())
    (steps,) = [s for id, s in platform.runtime.billed().items() if id not in before]
    functions = {
        id: {name: getattr(count, name) for name in ("runs", *COUNTED)}
        for id, count in sorted(platform.meter.total.items())
        if id not in LOOKS | MOVES_MANY | AGAIN
    }
    for id, deletes in TALLIED.items():
        functions[id]["writes"] += functions[id]["deletes"] - deletes * functions[id]["runs"]
        functions[id]["deletes"] = deletes * functions[id]["runs"]
    return {
        "functions": functions,
        "requests_of_people": people + 3,
        # Of people who hold what their token says, and of the rules that came with the release.
        "reads_for_who_asks": platform.meter.most["edge.identify"].reads,
        "reads_for_the_rules": platform.meter.most["edge.enforcement"].reads,
        "steps": steps.internal,
        "external_steps": steps.external,
        "messages": dict(sorted(platform.bus.sent.items())),
        "message_bytes": dict(sorted(platform.bus.sent_bytes.items())),
    }


def _schedules(data):
    """Count what one run of each schedule takes where there is nothing to do."""
    platform = platform_in(data)
    until(platform.idle)
    found = {}
    for one in reactions():
        if one.scheduled:
            # The first run may find something to set up.
            for _ in range(2):
                until(platform.idle)
                _come_due(platform, one)
                platform.meter.most.pop(one.id, None)
                with doing(one.id):
                    woken(one, platform.ports)
            found[one.id] = _taken(platform.meter.most[one.id])
    platform.stop()
    return found


def _come_due(platform, reaction):
    """Let the moment of a schedule have come that has a time of day."""
    if reaction.schedule:
        now = platform.clock.now()
        before = LastMoment(id=reaction.id, moment=now - timedelta(days=365))
        place = Key(PLATFORM, LastMoment.collection, reaction.id)
        platform.documents.commit([Write(place, before.to_stored())])


def _relayed(data):
    """Count what it takes to publish one entry that a stopped platform has kept."""
    documents = SqliteDocuments(data / "store.db")
    (entry,) = documents.find(PLATFORM, Query(Entry.collection, limit=1))
    unpublished = entry.data["delivery"] | {"published_at": None}
    documents.commit([Write(entry.key, entry.data | {"delivery": unpublished})])
    meter = Metered(documents)
    bus = QueueBus(documents, data / "tap.jsonl")
    ports = connect(Settings({"DATA": str(data)}), utc_now, meter, bus)
    (relay,) = (one for one in reactions() if one.stored)
    with doing(relay.id):
        run(relay, ports, entry.key.id)
    documents.close()
    return _taken(meter.most[relay.id])


def _taken(count):
    return {name: getattr(count, name) for name in COUNTED}
