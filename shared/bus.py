"""
Messages: what is published of committed entries, and what a consumer reads from it.

A message is a CloudEvents 1.0 event: its attributes are read off the entry, its body is the entry's data.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn, Protocol

from shared.actors import TENANT
from shared.canonical import canonical
from shared.entity import written
from shared.errors import Invalid
from shared.evidence import MAX_DATA_BYTES, Entry
from shared.instants import instant
from shared.promises import Due
from shared.records import dataclass

TAP = "tap"
DUES = "dues"
JOBS = "jobs"
PROMISED = frozenset({DUES, JOBS})
"""Where promises are published whose time has come; those of jobs apart, as each message is billed to every subscription."""

_TYPE = re.compile(r"com\.waooaw\.([a-z0-9_]+(?:\.[a-z0-9_]+)*)\.v1")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_SCHEMA = re.compile(r"urn:waooaw:event:([a-z0-9_.]+):([1-9][0-9]{0,3})")
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SUBJECT = re.compile(rf"[a-z_]+/(?:(?P<tenant>{TENANT})\.(?=[0-9a-f]{{8}}-))?[^/\s]+")


@dataclass(frozen=True)
class Message:
    """One message on its way."""

    topic: str
    subject: str
    """The entity it is about, whose messages stay in order: the ordering key."""

    attributes: dict[str, str]
    data: bytes


class Bus(Protocol):
    """The broker, as those who publish see it."""

    def publish(self, messages: Sequence[Message]) -> None:
        """
        Hand messages over, those of one subject and topic in this order, and return once they are kept.

        Raises:
            StoreUnavailable: The broker does not have them all; publish them again.
        """


@dataclass(frozen=True)
class Received:
    """One event, as a consumer sees it."""

    id: str
    action: str
    subject: str
    tenant: str
    at: datetime
    correlation_id: str
    causation_id: str | None
    sequence: int
    """The position in the entity's stream, from 1; 0 for what is not in it: a promise that came due."""

    actor: str
    entry_hash: str
    consumer: str | None
    """The one reaction it is for, where it is sent again; else it is for all that take its type."""

    traceparent: str | None
    """The trace in which it came about (CloudEvents' distributed tracing extension)."""

    data: dict[str, Any]
    data_version: int
    """The version of the data, which the name of its schema ends in."""


def type_of(action: str) -> str:
    """Return the CloudEvents type of an action."""
    return f"com.waooaw.{action}.v1"


def envelope(entry: Entry, *, environment: str) -> Message:
    """Return the message that announces an entry on its topic; one without a topic is not announced."""
    if entry.topic is None:
        raise ValueError(f"{entry.action} is for the audit log alone and has no topic")
    area = entry.operation.partition(".")[0]
    attributes = {
        **_attributes(entry, f"/waooaw/{environment}/{area}"),
        "time": entry.ts,
        "tenantid": entry.tenant,
        "correlationid": entry.correlation_id,
        "sequence": f"{entry.eseq:012d}",
        "actor": f"{entry.actor.type}:{entry.actor.id}",
        "entryhash": entry.hash,
    }
    attributes |= _told(causationid=entry.causation_id, traceparent=entry.delivery.traceparent)
    return Message(entry.topic, entry.entity, attributes, canonical(entry.data))


def tap(entry: Entry) -> Message:
    """Return what a witness keeps of an entry, whoever may write the database: its id and its hash."""
    body = canonical({"id": entry.id, "entry_hash": entry.hash})
    return Message(TAP, entry.entity, {}, body)


def due_message(due: Due) -> Message:
    """Return the message of a promise that came due; it bears the promise's id."""
    attributes = {
        **_attributes(due, "/waooaw/dues"),
        "time": written(due.at),
        "tenantid": due.tenant,
        "correlationid": due.correlation_id,
    }
    attributes |= _told(causationid=due.causation_id, traceparent=due.traceparent)
    return Message(due.topic, due.entity, attributes, canonical(due.data))


def opened(message: Message) -> Received:
    """
    Read a message as the event it announces.

    Raises:
        Invalid: It is no event of ours; sending it again would not help.
    """
    given = message.attributes
    if given.get("specversion") != "1.0":
        _refuse("a message must be a CloudEvents 1.0 event")
    named = _TYPE.fullmatch(_required(given, "type"))
    if named is None:
        _refuse(f"{given['type'][:100]!r} is no type of ours")
    return Received(
        id=_id(given, "id") or _refuse("a message must have the attribute id"),
        action=named[1],
        subject=_subject(message),
        tenant=given["tenantid"],
        at=_moment(_required(given, "time")),
        correlation_id=_id(given, "correlationid"),
        causation_id=_id(given, "causationid") or None,
        sequence=_sequence(given.get("sequence", "0")),
        actor=given.get("actor", ""),
        entry_hash=given.get("entryhash", ""),
        consumer=given.get("consumer"),
        traceparent=_trace(given.get("traceparent", "")),
        data=_data(message.data),
        data_version=_version(given.get("dataschema"), named[1]),
    )


def _attributes(told: Entry | Due, source: str) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": told.id,
        "type": type_of(told.action),
        "source": source,
        "subject": told.entity,
        "datacontenttype": "application/json",
        "dataschema": f"urn:waooaw:event:{told.action}:{told.data_version}",
    }


def _told(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}


def _refuse(detail: str, rule: str = "message") -> NoReturn:
    raise Invalid(detail, rule=rule)


def _required(given: Mapping[str, str], name: str) -> str:
    return given.get(name) or _refuse(f"a message must have the attribute {name}")


def _id(given: Mapping[str, str], name: str) -> str:
    """Return an id, which is empty where there is none; whatever it is will be looked up and logged."""
    id = given.get(name, "")
    if id and not _ID.fullmatch(id):
        _refuse(f"the attribute {name} must be at most 128 letters, digits and . _ : -")
    return id


def _subject(message: Message) -> str:
    """Return the entity a message is about, which must be one of the tenant it says it is of."""
    subject = _required(message.attributes, "subject")
    place = _SUBJECT.fullmatch(subject)
    if place is None or message.subject not in {"", subject}:
        _refuse("the subject of a message is one entity, and its ordering key")
    tenant = _required(message.attributes, "tenantid")
    if place["tenant"] not in {None, tenant}:
        _refuse(f"{subject} does not belong to the tenant {tenant}", "tenant_mismatch")
    return subject


def _moment(text: str) -> datetime:
    try:
        return instant(text)
    except ValueError as error:
        _refuse(f"the time of a message: {error}")


def _sequence(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        _refuse("the sequence of a message is a number of at most 12 digits")
    return int(text)


def _version(schema: str | None, action: str) -> int:
    """Return the version of a message's data; what names no schema is of the first."""
    named = _SCHEMA.fullmatch(schema or f"urn:waooaw:event:{action}:1")
    if named is None or named[1] != action:
        _refuse("the dataschema of a message is that of its type, with its version")
    return int(named[2])


def _trace(text: str) -> str | None:
    """Return a trace as we write it; a malformed one is none, and no reason to refuse a message."""
    return text if _TRACE.fullmatch(text) else None


def _data(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_DATA_BYTES:
        _refuse("the data of one event is at most 32 KiB")
    try:
        data = json.loads(raw, parse_constant=lambda _: _refuse("a number must be finite"))
    except (ValueError, RecursionError):
        data = None
    return data if isinstance(data, dict) else _refuse("the body of a message is a JSON object")
