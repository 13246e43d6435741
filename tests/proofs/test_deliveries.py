"""
Deliveries in any order, and more than once, end where deliveries in order end.

The events of a whole run of the platform are recorded and delivered again to every function that takes them:
first in order and once, then shuffled and one to five times. DELIVERIES says how many are delivered in all.
"""

import logging
import os
import random
from collections import deque
from dataclasses import replace
from datetime import datetime

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from local.rows import everything
from shared.bus import envelope
from shared.canonical import digest
from shared.documents import Write
from shared.edge.catalog import reactions
from shared.edge.delivery import deliver
from shared.edge.sqlite import SqliteDocuments
from shared.errors import Refusal
from shared.events.models import HOT
from shared.evidence import Entry
from tests.conftest import FakeProbe, FakePush, FakeRelay, FakeWorkflows
from tests.e2e.everything import call_everything

pytestmark = pytest.mark.slow

DELIVERIES = int(os.environ.get("DELIVERIES", "100000"))
ON_THE_WAY = {"inbox", "deliveries", "dues", "idempotency", "waits"}
"""What is about messages, and not about what they tell."""

EVIDENCE = {"events"}
"""What proves a message, and grows with what is done."""

REBUILT = {"dashboard_totals", "open_approvals", "recent_vetoes", "agent_cards", "seed_figures"}
"""Read models: they start empty and are built by the deliveries alone."""

OF_THE_WRITE = {"id", "audit", "version_hash", "correlation_id", "created_at", "updated_at"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """One run of everything: its documents, its messages in order, and its ports."""
    platform = Platform(tmp_path_factory.mktemp("recorded"), port=free_port()).start()
    call_everything(platform)
    documents = platform.documents
    kinds = {row[0] for row in documents._rows("select distinct collection from documents", ())}
    kept = [one for kind in kinds - ON_THE_WAY for one in everything(documents, kind)]
    entries = [Entry.model_validate(one.data) for one in everything(documents, "events")]
    platform.stop()
    entries.sort(key=lambda entry: (entry.ts, entry.entity, entry.eseq))
    told = [envelope(entry, environment="local") for entry in entries if entry.topic]
    # The run is longer than an event can be acted on; the oldest one still can.
    now = datetime.fromisoformat(entries[0].ts) + HOT
    return kept, told, platform.ports, now


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
    """Deliver a sequence to a fresh store, and return the digest of what it comes to."""
    kept, _, ports, now = recorded
    documents = SqliteDocuments(folder / "store.db")
    start = [one for one in kept if one.key.collection not in REBUILT]
    for first in range(0, len(start), 400):
        documents.commit([Write(one.key, one.data) for one in start[first : first + 400]])
    world = replace(
        ports,
        documents=documents,
        clock=lambda: now,
        workflows=FakeWorkflows(),
        probe=FakeProbe(),
        entry_relay=FakeRelay(),
        push=FakePush(),
    )
    waiting, refused = deque(sequence), 0
    while waiting:
        reaction, message = waiting.popleft()
        try:
            deliver(reaction, message, world)
            refused = 0
        except Refusal:
            # As the broker does: what cannot be taken yet comes again.
            waiting.append((reaction, message))
            refused += 1
            assert refused <= len(waiting), f"{reaction.id} never takes {message.attributes}"
    kinds = {row[0] for row in documents._rows("select distinct collection from documents", ())}
    state = [
        [kind, {name: value for name, value in one.data.items() if name not in OF_THE_WRITE}]
        for kind in sorted(kinds - ON_THE_WAY - EVIDENCE)
        for one in everything(documents, kind)
    ]
    documents.close()
    # A question that is open in the end has its row in the queue; here every one is answered.
    assert kinds >= REBUILT - {"open_approvals"}
    return digest(sorted(map(digest, state)))


def test_any_order_and_any_number_of_deliveries_end_in_the_same_state(recorded, tmp_path):
    once = deliveries(recorded[1])
    (tmp_path / "in-order").mkdir()
    in_order = delivered(recorded, once, tmp_path / "in-order")
    chance, done, rounds = random.Random(1), len(once), 0
    while done < DELIVERIES:
        sequence = [one for one in once for _ in range(chance.randint(1, 5))]
        chance.shuffle(sequence)
        folder = tmp_path / f"round-{rounds}"
        folder.mkdir()
        assert delivered(recorded, sequence, folder) == in_order, f"round {rounds}"
        done, rounds = done + len(sequence), rounds + 1
    logging.getLogger("proofs").warning(
        "%d deliveries of %d messages in %d orders: one state", done, len(once), rounds
    )
    assert rounds >= 1
