"""
Believe a message by its proof: the stored document that it tells of.

Whoever may publish can say anything. So what arrives is compared with what is stored, and a reaction is given
what is stored.
"""

from dataclasses import fields, replace
from datetime import datetime

from shared.bus import DUES, Message, Received, Unproven, due_message, envelope, opened
from shared.canonical import digest
from shared.documents import Documents, Key, Snapshot
from shared.errors import Invalid
from shared.events.letters import Undelivered
from shared.events.models import HOT
from shared.evidence import Entry
from shared.store import Due

_NO_CLAIM = frozenset({"consumer", "traceparent", "data"})
"""What a message says for its way; its data is compared to the letter, as bytes."""


def announced(message: Message, documents: Documents, *, now: datetime) -> Received:
    """
    Return the event that a message tells of, as its entry has it.

    Raises:
        Unproven: There is no such entry, it says something else, or it is older than 90 days.
        Invalid: The message is malformed.
    """
    claim = opened(message)
    found = documents.get(Key(claim.tenant, Entry.collection, claim.id))
    if found is None:
        raise Unproven(f"there is no entry {claim.id} in {claim.tenant}: nobody entered this event")
    event = _compared(message, claim, found)
    if event.at + HOT < now:
        raise Unproven(f"{claim.id} is over {HOT.days} days old: whether it was done is forgotten")
    return event


def promised(message: Message, due: Snapshot, *, now: datetime) -> Received:
    """
    Return the event of a promise that came due, as the promise has it.

    Raises:
        Unproven: The promise says something else, or is for later.
        Invalid: The message is malformed.
    """
    event = _compared(message, opened(message), due)
    if event.at > now:
        raise Unproven(f"{event.id} is promised for {due.data['at']} and comes again then")
    return event


def judged(given: Undelivered, documents: Documents, *, now: datetime) -> Undelivered:
    """Return what was given up, with whether it is proven; a promise that is gone may have been one."""
    message = given.message
    try:
        if message.topic == DUES:
            claim = opened(message)
            due = documents.get(Key(claim.tenant, Due.collection, claim.id))
            if due is not None:
                promised(message, due, now=now)
        else:
            announced(message, documents, now=now)
    except (Unproven, Invalid) as refusal:
        return replace(given, proven=False, code=refusal.code, error=refusal.detail)
    return given


def again(
    documents: Documents, topic: str, tenant: str, id: str, *, environment: str, now: datetime
) -> Message | None:
    """
    Return the message of an event once more, or None where there is nothing left to send.

    Raises:
        Unproven: What is stored announces nothing.
    """
    kind = Due if topic == DUES else Entry
    found = documents.get(Key(tenant, kind.collection, id))
    message = None if found is None else told(found, environment=environment)
    forgotten = message and kind is Entry and opened(message).at + HOT < now
    return None if forgotten else message


def told(found: Snapshot, *, environment: str) -> Message:
    """
    Return the message of what is stored, be it an entry or a promise.

    Raises:
        Unproven: It announces nothing, or is not as it was entered.
    """
    try:
        if found.key.collection == Due.collection:
            return due_message(Due.from_stored(found.data))
        entry = Entry.from_stored(found.data)
        # A reader may take a value of another type for the right one; a hash does not.
        if entry.hash == digest({n: v for n, v in found.data.items() if n != "delivery"}):
            return envelope(entry, environment=environment)
    except (ValueError, Invalid) as error:
        raise Unproven(f"what is stored as {found.key.id} announces nothing") from error
    raise Unproven(f"what is stored as {found.key.id} is not as it was entered")


def _compared(message: Message, claim: Received, found: Snapshot) -> Received:
    """Return what the document that was found tells, where that is what was claimed, at its place."""
    if (found.data.get("id"), found.data.get("tenant")) != (found.key.id, found.key.tenant):
        raise Unproven(f"what lies at {claim.id} in {claim.tenant} belongs somewhere else")
    stored = told(found, environment="")
    event = opened(stored)
    names = [one.name for one in fields(Received) if one.name not in _NO_CLAIM]
    wrong = [name for name in names if getattr(claim, name) != getattr(event, name)]
    if message.data != stored.data:
        wrong.append("data")
    if wrong:
        raise Unproven(
            f"the message about {claim.id} differs from what is stored: {', '.join(wrong)}"
        )
    return event
