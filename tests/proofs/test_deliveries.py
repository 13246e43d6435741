"""
Deliveries in any order, and more than once, end where deliveries in order end.

The events of a whole run of the platform are recorded and delivered again to every function that takes them:
first in order and once, then shuffled and one to five times. DELIVERIES says how many are delivered in all.
"""

import json
import logging
import os
import random
import shutil
from collections import Counter, deque
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from local.rows import everything
from shared.bus import Message, due_message, envelope, opened
from shared.documents import Snapshot, Write
from shared.edge.catalog import reactions
from shared.edge.delivery import deliver
from shared.edge.ports import Ports, connect
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.errors import Invalid, Refusal
from shared.events.models import HOT
from shared.evidence import Entry, Unproven
from shared.promises import Due
from tests.conftest import FakeProbe, FakePush, FakeRelay, FakeWorkflows

pytestmark = pytest.mark.slow

DELIVERIES = int(os.environ.get("DELIVERIES", "100000"))
ON_THE_WAY = {"inbox", "deliveries", "dues", "idempotency", "waits"}
"""What is about messages, and not about what they tell."""

EVIDENCE = {"events"}
"""What proves a message, and grows with what is done."""

REBUILT = {
    "dashboard_totals",
    "open_approvals",
    "recent_vetoes",
    "agent_cards",
    "seed_figures",
    "policy_denials",
}
"""Read models: they start empty and are built by the deliveries alone."""

SIDES = {"projections"} | {f"{kind}_again" for kind in REBUILT}
"""Where a rebuild of the run has put them: they begin where each begins."""

CLAIMS_NOTHING = {"source", "datacontenttype", "traceparent"}
"""What a message says for its way, and no reaction is given."""

OF_THE_WRITE = {"id", "audit", "version_hash", "correlation_id", "created_at", "updated_at"} | {
    "saved_again",  # how often a record was saved as it was read: a fence, and nothing that it says
    "provider_message_id",  # how many the provider had taken before
}


@dataclass(frozen=True)
class Run:
    """One run of everything: what it left, and what it said."""

    data: Path
    kept: list[Snapshot]
    told: list[Message]
    """The messages of its events, in order."""

    promised: list[Message]
    """The messages of its promises, all of which were kept or are still to come."""

    ports: Ports
    now: datetime

    def world(self, documents):
        """Return the ports of the platform on other documents, with nothing outside."""
        outside = {
            "workflows": FakeWorkflows(),
            "probe": FakeProbe(),
            "entry_relay": FakeRelay(),
            "push": FakePush(),
        }
        return replace(self.ports, documents=documents, clock=lambda: self.now, **outside)


@pytest.fixture(scope="module")
def recorded(rehearsed, tmp_path_factory):
    data = rehearsed.copied(tmp_path_factory.mktemp("recorded") / "data")
    ports = connect(Settings({"DATA": str(data)}))
    kept = [
        one for kind in collections(ports.documents) for one in everything(ports.documents, kind)
    ]
    entries = [Entry.from_stored(one.data) for one in everything(ports.documents, "events")]
    entries.sort(key=lambda entry: (entry.ts, entry.entity, entry.eseq))
    told = [envelope(entry, environment="local") for entry in entries if entry.topic]
    promised = [due_message(Due.from_stored(one.data)) for one in rehearsed.seen.promises]
    # The run is longer than an event can be acted on; the oldest one still can.
    now = datetime.fromisoformat(entries[0].ts) + HOT
    return Run(data, kept, told, promised, ports, now)


def collections(documents):
    return sorted(
        row[0] for row in documents._rows("select distinct collection from documents", ())
    )


def deliveries(told):
    takers = [one for one in reactions() if one.on]
    return [
        (reaction, message)
        for message in told
        for reaction in takers
        if message.topic == reaction.topic
        and message.attributes["type"].removeprefix("com.waooaw.").removesuffix(".v1")
        in reaction.events
    ]


def delivered(recorded, sequence, folder):
    """Deliver a sequence to a fresh store, and return what it comes to."""
    documents = SqliteDocuments(folder / "store.db")
    start = [one for one in recorded.kept if one.key.collection not in REBUILT | SIDES | ON_THE_WAY]
    for first in range(0, len(start), 400):
        documents.commit([Write(one.key, one.data) for one in start[first : first + 400]])
    world = recorded.world(documents)
    waiting, refused = deque(sequence), 0
    while waiting:
        reaction, message = waiting.popleft()
        try:
            deliver(reaction, message, world)
            refused = 0
        except Refusal as refusal:
            # As the broker does: what cannot be taken yet comes again.
            waiting.append((reaction, message))
            refused += 1
            assert refused <= len(waiting), (
                f"{reaction.id} never takes {message.attributes}: {refusal}"
            )
    kinds = set(collections(documents))
    state = [
        [kind, {name: value for name, value in one.data.items() if name not in OF_THE_WRITE}]
        for kind in sorted(kinds - ON_THE_WAY - EVIDENCE)
        for one in everything(documents, kind)
    ]
    documents.close()
    # A question that is open in the end has its row in the queue; here every one is answered.
    assert kinds >= REBUILT - {"open_approvals"}
    return Counter(json.dumps(one, sort_keys=True) for one in state)


def send_again(reaction, message, world):
    """Deliver what was delivered; a promise that is still to come is refused."""
    try:
        deliver(reaction, message, world)
    except Unproven as refusal:
        assert reaction.due, refusal


def rows(documents):
    found = documents._rows("select tenant, collection, id, data from documents", ())
    return {tuple(row[:3]): row[3] for row in found}


def test_any_order_and_any_number_of_deliveries_end_in_the_same_state(recorded, tmp_path):
    once = deliveries(recorded.told)
    (tmp_path / "in-order").mkdir()
    in_order = delivered(recorded, once, tmp_path / "in-order")
    chance, done, rounds = random.Random(1), len(once), 0
    while done < DELIVERIES:
        sequence = [one for one in once for _ in range(chance.randint(1, 5))]
        chance.shuffle(sequence)
        folder = tmp_path / f"round-{rounds}"
        folder.mkdir()
        found = delivered(recorded, sequence, folder)
        other = {"only in order": list(in_order - found), "only now": list(found - in_order)}
        assert found == in_order, f"round {rounds}: {json.dumps(other, indent=1)}"
        done, rounds = done + len(sequence), rounds + 1
    logging.getLogger("proofs").warning(
        "%d deliveries of %d messages in %d orders: one state", done, len(once), rounds
    )
    assert rounds >= 1


def test_what_was_done_is_not_done_again_however_and_how_often_it_is_sent(recorded, tmp_path):
    """Every message of the run once more, twice, and three times as a replay, long after everything has ended."""
    for file in recorded.data.glob("store.db*"):
        shutil.copy(file, tmp_path)
    documents = SqliteDocuments(tmp_path / "store.db")
    world, before = recorded.world(documents), rows(documents)
    keepers = {action: one for one in reactions() if one.due for action in one.events}
    due = [(keepers[opened(message).action], message) for message in recorded.promised]
    once = deliveries(recorded.told) + due
    again = [
        (one, replace(m, attributes=m.attributes | {"consumer": one.id, "replayid": str(n)}))
        for one, m in once
        for n in (1, 2, 3)
    ]
    sequence = once * 2 + again
    random.Random(1).shuffle(sequence)
    for reaction, message in sequence:
        send_again(reaction, message, world)
    after = rows(documents)
    documents.close()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert not changed, f"done again: let it be noted, or let it know what it did: {changed}"
    assert world.workflows.started == world.push.messages == []
    logging.getLogger("proofs").warning("%d deliveries again: nothing", len(sequence))


def test_no_message_of_any_type_is_believed_when_it_says_anything_else(recorded, tmp_path):
    """One of each type, to everybody who takes it, with each claim changed or left out, and none ever done before."""
    for file in recorded.data.glob("store.db*"):
        shutil.copy(file, tmp_path)
    documents = SqliteDocuments(tmp_path / "store.db")
    world = recorded.world(documents)
    for one in everything(documents, "inbox"):
        documents.commit([Write(one.key, None)])
    before, tried = rows(documents), 0
    of_each_type = {message.attributes["type"]: message for message in recorded.told}
    for reaction, message in deliveries(list(of_each_type.values())):
        for forgery in forgeries(message):
            with pytest.raises((Unproven, Invalid)):
                deliver(reaction, forgery, world)
            tried += 1
    assert rows(documents) == before
    documents.close()
    assert world.workflows.started == world.workflows.woken == world.push.messages == []
    logging.getLogger("proofs").warning("%d types, %d forgeries: nothing", len(of_each_type), tried)


def forgeries(message):
    """Return a message in every way in which it could say something else than its entry."""
    for name, value in message.attributes.items():
        if name not in {"type", *CLAIMS_NOTHING}:
            other = (
                f"{value}0"
                if name != "subject"
                else value[:-1] + ("0" if value[-1] != "0" else "1")
            )
            changed = message.attributes | {name: other}
            yield replace(message, attributes=changed, subject=changed["subject"])
        # What is empty claims no more than what is left out.
        if value and name not in {"type", "dataschema", *CLAIMS_NOTHING}:
            left = {key: said for key, said in message.attributes.items() if key != name}
            yield replace(message, attributes=left)
    for data in (b"{}", b"{ " + message.data[1:], message.data[:-1] + b',"x":1}'):
        if data != message.data:
            yield replace(message, data=data)
