"""
Deliver a message to a reaction: proven, at least once, and done once.

A reaction is given what is stored, and nothing where the message says otherwise. What it writes and the note
that it is done are one commit, so a message that comes twice does nothing the second time. A promise is done
when its document is gone.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from shared.actors import PLATFORM, Actor, Role, story_of
from shared.bus import Message, Received, opened
from shared.documents import ABSENT, Key, Write
from shared.edge.calling import given, reaction_call
from shared.edge.contention import settled
from shared.edge.folding import folds
from shared.edge.logs import log_line
from shared.edge.meter import doing
from shared.edge.ports import Ports
from shared.edge.proof import announced, judged, promised
from shared.edge.traces import current, span
from shared.errors import Refusal
from shared.events.models import Inbox
from shared.evidence import Unproven
from shared.operation import Crossing
from shared.projection import Projection
from shared.promises import Due
from shared.reaction import Reaction, ReactionCall
from shared.schedules import LastMoment, Schedule

if TYPE_CHECKING:
    from shared.events.actions.letters import Undelivered
    from shared.job import JobKind

log = logging.getLogger("waooaw.delivery")

AHEAD = timedelta(seconds=30)
"""How far the clock of whoever wakes a reaction may be before ours."""

LATE = timedelta(hours=2)
"""How late the first moment may be that a reaction ever runs for; what came earlier, it does not make up for."""


def deliver(reaction: Reaction, message: Message, ports: Ports) -> bool:
    """
    Run a reaction for a message that it takes, unless that was done before; return whether it ran.

    Raises:
        Refusal: The reaction refused, or something outside does not answer; the broker decides on it.
        Unproven: What is stored does not say what the message says.
        Invalid: The message is malformed.
    """
    claim = opened(message)
    if claim.action not in reaction.events or claim.consumer not in {None, reaction.id}:
        # A broker's filter may let through more than a reaction takes; what is sent again is for one alone.
        return False
    with _told(reaction, ports, claim) as crossings:

        def attempt(_: int) -> bool:
            with doing(reaction.id):
                return _once(reaction, message, claim, ports, crossings)

        try:
            if reaction.in_steps:
                from shared.edge.jobs import carry

                return carry(cast("JobKind", reaction), message, claim, ports, crossings)
            return settled(attempt)
        except Unproven as refusal:
            log.error("%s did nothing: %s", reaction.id, refusal)  # noqa: TRY400 - no defect of ours
            raise


@contextmanager
def _told(reaction: Reaction, ports: Ports, received: Received | None) -> Iterator[list[Crossing]]:
    """Go on with the event's trace, and log how it went as a request would be."""
    started, status, code = time.perf_counter(), 200, None
    crossings: list[Crossing] = []
    always = reaction.id.startswith("approvals.")
    with span(received.traceparent if received else None, always=always) as here:
        try:
            yield crossings
        except Refusal as refusal:
            status, code = refusal.status, refusal.code
            raise
        except Exception:
            status, code = 500, "internal"
            raise
        finally:
            here.sampled = here.sampled or status == Unproven.status or status >= 500
            ids = {}
            if received:
                ids = {"correlation_id": received.correlation_id, "causation_id": received.id}
            log_line(
                reaction.id,
                status,
                round((time.perf_counter() - started) * 1000, 1),
                code=code,
                tenant=received.tenant if received else PLATFORM,
                ids=ids,
                trace=here.log_fields(ports.settings.project),
                crossings=crossings,
            )


def _once(
    reaction: Reaction,
    message: Message,
    claim: Received,
    ports: Ports,
    crossings: list[Crossing],
) -> bool:
    pending = _pending(reaction, message, claim, ports)
    if pending is None:
        return False
    event, note = pending
    calls: list[ReactionCall] = (
        [*folds(reaction, ports, event)]
        if isinstance(reaction, Projection)
        else [_call(reaction, ports, event)]
    )
    event_type = reaction.events[event.action]
    fact = event_type.from_stored(event.data, event.data_version)
    for call in calls:
        reaction.function(call, fact, **given(reaction, ports, call.tenant))
        crossings.extend(call.crossings)
    # What looked at nothing but the event, and reached nothing, does the same again; that is not worth a note.
    noted = reaction.due or reaction.ports or any(call.looked for call in calls)
    writes = [write for call in calls for write in call.writes]
    if note and noted:
        writes.append(note)
    if writes:
        ports.documents.commit(writes)
    return True


def run(reaction: Reaction, ports: Ports, *arguments: object, tenant: str = PLATFORM) -> None:
    """Run a reaction to what is no event: the clock, a document, a dead letter. It may run twice without harm."""
    with _told(reaction, ports, None) as crossings:

        def attempt(_: int) -> None:
            with doing(reaction.id):
                call = _call(reaction, ports, None, tenant)
                reaction.function(call, *arguments, **given(reaction, ports, tenant))
                crossings.extend(call.crossings)
                ports.documents.commit(call.writes)

        settled(attempt)


def woken(reaction: Reaction, ports: Ports) -> bool:
    """
    Run a reaction that the clock has woken, and say whether it ran.

    One with a time of day runs once for each moment, however often and however late it is woken, and for the
    last one alone where several have passed: what it does and the note of the moment are one commit.
    """
    schedule = reaction.schedule
    if schedule is None:
        run(reaction, ports)
        return True
    with _told(reaction, ports, None) as crossings:

        def attempt(_: int) -> bool:
            with doing(reaction.id):
                return _on_time(reaction, schedule, ports, crossings)

        return settled(attempt)


def _on_time(
    reaction: Reaction, schedule: Schedule, ports: Ports, crossings: list[Crossing]
) -> bool:
    key = Key(PLATFORM, LastMoment.collection, reaction.id)
    found, now = ports.documents.get(key), ports.clock()
    moment = schedule.last(now + AHEAD)
    known = LastMoment.from_stored(found.data) if found else None
    if known and known.moment >= moment:
        return False
    runs = known is not None or now - moment <= LATE
    call = _call(reaction, ports, None, moment=moment)
    if runs:
        reaction.function(call, **given(reaction, ports, PLATFORM))
        crossings.extend(call.crossings)
    note = (known or LastMoment(id=reaction.id, moment=moment)).model_copy(
        update={"moment": moment}
    )
    noted = Write(key, note.to_stored(), found.revision if found else ABSENT)
    ports.documents.commit([*call.writes, noted])
    return runs


def give_up(reaction: Reaction, given: "Undelivered", ports: Ports) -> None:
    """Run the reaction that keeps what the broker gave up, and say whether it is proven."""
    run(reaction, ports, judged(given, ports.documents, ports.trusted, now=ports.clock()))


def _pending(
    reaction: Reaction, message: Message, claim: Received, ports: Ports
) -> tuple[Received, Write | None] | None:
    """Return the proven event and the write that notes it as done, or None where there is nothing to do."""
    documents, now = ports.documents, ports.clock()
    if reaction.due:
        due = documents.get(Key(claim.tenant, Due.collection, claim.id))
        if due is None:
            # It was kept already, or nobody ever promised it.
            return None
        return promised(message, due, now=now), Write(due.key, None, due.revision)
    event = announced(message, documents, ports.trusted, now=now)
    if reaction.repeatable:
        return event, None
    key = Key(event.tenant, Inbox.collection, f"{reaction.id}:{event.id}")
    if documents.get(key):
        return None
    note = Inbox.of(key.id, event_at=event.at)
    return event, Write(key, note.to_stored(), ABSENT)


def _call(
    reaction: Reaction,
    ports: Ports,
    received: Received | None,
    tenant: str = PLATFORM,
    *,
    moment: datetime | None = None,
) -> ReactionCall:
    area = reaction.id.partition(".")[0]
    tenant = received.tenant if received else tenant
    # What no event began, or one of an entity of an earlier release without a story, begins a story of its own.
    told = received.correlation_id if received else ""
    return reaction_call(
        ports,
        actor=Actor(id=f"service:{area}", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
        tenant=tenant,
        operation=reaction.id,
        correlation_id=told or story_of(tenant, None)[0],
        causation_id=received.id if received else None,
        traceparent=current(),
        subject=received.subject if received else "",
        moment=moment,
    )
