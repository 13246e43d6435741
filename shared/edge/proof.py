"""
Believe a message by its proof: the stored document that it tells of.

Whoever may publish can say anything. So what arrives is compared with what is stored, and a reaction is given
what is stored.
"""

from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from shared.bus import PROMISED, Message, Received, due_message, envelope, opened
from shared.documents import Documents, Key, Snapshot
from shared.errors import Invalid
from shared.events.models import HOT
from shared.evidence import Entry, Unproven, Verify, hash_of_entry, signed_bytes
from shared.promises import Due
from shared.verification import disagreement

if TYPE_CHECKING:
    from shared.events.actions.letters import Undelivered

_NO_CLAIM = frozenset({"consumer", "traceparent", "data"})
"""What a message says for its way; its data is compared to the letter, as bytes."""


def announced(
    message: Message, documents: Documents, trusted: Verify, *, now: datetime
) -> Received:
    """
    Return the event that a message tells of, as its entry has it.

    Raises:
        Unproven: There is no such entry, it says something else, nobody who is trusted signed it, or it is older
            than 90 days.
        Invalid: The message is malformed.
    """
    claim = opened(message)
    found = documents.get(Key(claim.tenant, Entry.collection, claim.id))
    if found is None:
        raise Unproven(f"there is no entry {claim.id} in {claim.tenant}: nobody entered this event")
    event = _compared(message, claim, _told_by_entry(found, trusted))
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
    event = _compared(message, opened(message), _told_by_promise(due))
    if event.at > now:
        raise Unproven(f"{event.id} is promised for {due.data['at']} and comes again then")
    return event


def judged(
    given: "Undelivered", documents: Documents, trusted: Verify, *, now: datetime
) -> "Undelivered":
    """Return what was given up, with whether it is proven; a promise that is gone may have been one."""
    message = given.message
    try:
        if message.topic in PROMISED:
            claim = opened(message)
            due = documents.get(Key(claim.tenant, Due.collection, claim.id))
            if due is not None:
                promised(message, due, now=now)
        else:
            announced(message, documents, trusted, now=now)
    except (Unproven, Invalid) as refusal:
        return replace(given, proven=False, code=refusal.code, error=refusal.detail)
    return given


def again(
    documents: Documents,
    trusted: Verify,
    topic: str,
    tenant: str,
    id: str,
    *,
    environment: str,
    now: datetime,
) -> Message | None:
    """
    Return the message of an event once more, or None where there is nothing left to send.

    Raises:
        Unproven: What is stored announces nothing.
    """
    kind = Due if topic in PROMISED else Entry
    found = documents.get(Key(tenant, kind.collection, id))
    if found is None:
        return None
    if kind is Due:
        return _told_by_promise(found)
    message = _told_by_entry(found, trusted, environment=environment)
    return None if opened(message).at + HOT < now else message


def stands(found: Snapshot, documents: Documents, trusted: Verify) -> bool:
    """Say whether an entity is what its last entry says, and somebody whom we trust signed that."""
    named = (found.data.get("audit") or {}).get("entry")
    last = documents.get(Key(found.key.tenant, Entry.collection, str(named))) if named else None
    try:
        return (
            last is not None
            and entered(last, trusted).entity == f"{found.key.collection}/{found.key.id}"
            and disagreement(found.data, last.data) is None
        )
    except Unproven:
        return False


def entered(found: Snapshot, trusted: Verify) -> Entry:
    """
    Return the entry that lies at its own place, as it was entered and signed by whom we trust.

    Raises:
        Unproven: It is none.
        StoreUnavailable: It cannot be said now, as the keys cannot be read.
    """
    _at_home(found)
    try:
        entry = Entry.from_stored(found.data)
        # A reader may take a value of another type for the right one; a hash does not.
        changed = entry.hash != hash_of_entry(found.data)
        signed = changed or trusted(entry.kid, signed_bytes(found.data), entry.sig)
    except (ValueError, Invalid) as error:
        raise Unproven(f"what is stored as {found.key.id} announces nothing") from error
    if changed:
        raise Unproven(f"what is stored as {found.key.id} is not as it was entered")
    if not signed:
        raise Unproven(f"what is stored as {found.key.id} is signed by no key that is trusted")
    return entry


def _told_by_entry(found: Snapshot, trusted: Verify, *, environment: str = "") -> Message:
    try:
        return envelope(entered(found, trusted), environment=environment)
    except (ValueError, Invalid) as error:
        raise Unproven(f"what is stored as {found.key.id} announces nothing") from error


def _told_by_promise(found: Snapshot) -> Message:
    _at_home(found)
    try:
        return due_message(Due.from_stored(found.data))
    except (ValueError, Invalid) as error:
        raise Unproven(f"what is stored as {found.key.id} announces nothing") from error


def _at_home(found: Snapshot) -> None:
    if (found.data.get("id"), found.data.get("tenant")) != (found.key.id, found.key.tenant):
        raise Unproven(f"what lies at {found.key.id} in {found.key.tenant} belongs somewhere else")


def _compared(message: Message, claim: Received, stored: Message) -> Received:
    """Return what is told by what is stored, where that is what was claimed."""
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
