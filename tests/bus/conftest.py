"""Entries to announce, and the Pub/Sub emulator."""

from datetime import timedelta
from typing import ClassVar

import pytest

from shared.entity import Entity, Event
from shared.evidence import ActorRef, Entry
from shared.promises import Due
from tests.conftest import NOON
from tests.emulators import pubsub_emulator

__all__ = ["pubsub_emulator"]


class Kite(Entity):
    collection: ClassVar[str] = "kites"

    name: str


class KiteFlown(
    Event, action="kite.string.let_out", category="agent_action_complete", topic="kite-events"
):
    height_mm: int
    note: str


KITE = "acme.00000000-0000-4000-8000-00000000000a"


def an_entry(eseq=1, **more):
    given = {
        "id": f"00000000-0000-4000-8000-{eseq:012d}",
        "tenant": "acme",
        "entity": f"kites/{KITE}",
        "eseq": eseq,
        "eprev": "0" * 64,
        "action": KiteFlown.traits.action,
        "category": KiteFlown.traits.category,
        "outcome": "success",
        "severity": "info",
        "actor": ActorRef(type="user", id="u-1"),
        "ts": "2026-01-01T12:00:00.000Z",
        "operation": "kites.let_out",
        "refs": {},
        "data": {"note": "😀", "height_mm": 5},
        "state_hash": "1" * 64,
        "correlation_id": "c-1",
        "causation_id": "req:r-1",
        "retention_class": "standard",
        "shard": 3,
        "topic": KiteFlown.traits.topic,
        "kid": "k",
        "sig": "s",
    }
    return Entry.model_validate(given | more)


def a_due(**more):
    given = {
        "id": "00000000-0000-4000-8000-0000000000d0",
        "at": NOON + timedelta(days=7),
        "tenant": "acme",
        "action": KiteFlown.traits.action,
        "entity": f"kites/{KITE}",
        "data": {"height_mm": 5, "note": "later"},
        "correlation_id": "c-1",
        "causation_id": "00000000-0000-4000-8000-000000000001",
    }
    return Due.model_validate(given | more)


@pytest.fixture
def entry():
    return an_entry()
