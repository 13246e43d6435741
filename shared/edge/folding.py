"""Fold events into projections: as they are delivered, or from their entries again."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from shared.actors import PLATFORM, Actor, Role, story_of
from shared.bus import Received, envelope, opened
from shared.documents import MAX_LIST, Documents, Query, Snapshot, Write
from shared.edge.ports import Ports
from shared.edge.proof import entered
from shared.edge.sides import PATIENCE, PATIENCE_HERE, OfSide, Staged, sides
from shared.edge.traces import current
from shared.edge.walking import readable
from shared.errors import Refusal
from shared.evidence import Entry
from shared.projection import Fold, Projection, collections
from shared.projections import Beside, placed

NAMES = ("budgets.usage", "mobile.dashboard", "mobile.recent_vetoes", "precedents.figures")
"""The projections that there are: whoever only asks for their names does not load every function."""


def folds(part: Projection, ports: Ports, event: Received) -> list[Fold]:
    """Return the calls by which an event that was delivered is folded into each side that takes it."""
    return [
        _fold(part, ports, OfSide(ports.documents, side.number), event, side.number)
        for side in sides(ports, part.name).kept
        if side.takes(event.at)
    ]


class Rebuilding:
    """Folds entries of any age into one side of a projection, many in one commit."""

    def __init__(self, ports: Ports) -> None:
        """Use the ports of this process."""
        self._ports = ports

    @property
    def patience(self) -> timedelta:
        """For how long others may still go by what was so before."""
        return PATIENCE_HERE if self._ports.settings.local else PATIENCE

    def names(self) -> tuple[str, ...]:
        """Return what can be rebuilt."""
        return NAMES

    def feed(self, step: Beside, name: str, side: int, entries: Sequence[Snapshot]) -> int:
        """Fold entries into a side, and return how many cannot be."""
        staged = Staged(self._ports.documents)
        parts = [part for part in self._parts if part.name == name]
        read = readable(entries, lambda found: (found, Entry.from_stored(found.data)))
        passed = len(entries) - len(read)
        for found, entry in read:
            try:
                for part in parts:
                    if _takes(part, entry):
                        self._fold(part, found, staged, side)
            except Refusal as refusal:
                if refusal.status >= 500:
                    raise
                passed += 1
        step._beside.extend(staged.writes)  # noqa: SLF001 - a port of the kernel's
        return passed

    def clear(self, step: Beside, name: str, side: int) -> bool:
        """Remove a page of the documents of a side, and say whether there were any."""
        for collection in collections(name):
            query = Query(placed(collection, side), limit=MAX_LIST)
            if found := self._ports.documents.find(None, query):
                step._beside.extend(Write(one.key, None) for one in found)  # noqa: SLF001 - likewise
                return True
        return False

    def _fold(self, part: Projection, found: Snapshot, staged: Staged, side: int) -> None:
        event = opened(envelope(entered(found, self._ports.trusted), environment=""))
        call = _fold(part, self._ports, OfSide(staged, side), event, side)
        fact = part.events[event.action].from_stored(event.data, event.data_version)
        part.function(call, fact)
        staged.stage(call.writes)

    @cached_property
    def _parts(self) -> tuple[Projection, ...]:
        from shared.edge.catalog import catalog

        return tuple(one for one in catalog() if isinstance(one, Projection))


def _takes(part: Projection, entry: Entry) -> bool:
    return entry.action in part.events and entry.topic == part.topic


def _fold(part: Projection, ports: Ports, documents: Documents, event: Received, side: int) -> Fold:
    area = part.id.partition(".")[0]
    return Fold(
        actor=Actor(id=f"service:{area}", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
        now=event.at,
        tenant=event.tenant,
        operation=part.id,
        correlation_id=event.correlation_id or story_of(event.tenant, None)[0],
        causation_id=event.id,
        documents=documents,
        signer=ports.signer,
        traceparent=current(),
        subject=event.subject,
        writable=frozenset(part.into),
        commits=False,
        side=side,
    )
