"""
The event document: audit entry, outgoing message and event at once.

Each entity has its own chain: an event names the hash of the one before it, and the entity carries the
hash of the last. There is no global head, which would be one hot document for everybody.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import uuid4

from shared.actors import Actor
from shared.canonical import canonical, digest, digests
from shared.entity import (
    ZERO_HASH,
    Asked,
    Audit,
    Because,
    Code,
    Entity,
    Event,
    Record,
    Value,
    written,
)
from shared.errors import Invalid, Refusal
from shared.handling import ByClass, Handling, PersonalData, Stays
from shared.masking import for_evidence
from shared.records import dataclass

ENTRY_TYPE = "event/v1"
"""What the signed bytes of an entry say that they are; nothing else that is signed may say so."""

MAX_DATA_BYTES = 32 * 1024
MAX_ENTRY_BYTES = 60 * 1024
REFS = ("agent_id", "workflow_id", "run_id", "step_id", "approval_id", "receipt_id", "customer_id")
"""Members of an event's data that an auditor looks entries up by; what a runtime reports has its own."""

_REFS = (*REFS, *(f"reported_{name}" for name in REFS))

E = TypeVar("E", bound=Entity)

REPORTED = "reported."
"""How the name of whatever was reported begins; nothing that the platform does is called so."""


class Signer(Protocol):
    """The writer's key."""

    def sign(self, message: bytes) -> tuple[str, str]:
        """Return the key's id and the Ed25519 signature (RFC 8032), base64url without padding."""


Verify = Callable[[str, bytes, str], bool]
"""``verify(kid, message, signature)``: whether the key of that id made the signature."""


class ApprovalRef(Value):
    """The approval that a change was made under."""

    approval_id: Code
    """Which approval it was."""
    action_digest: Code
    """What exactly was approved: the digest of its subject."""


class ActorRef(Value):
    """Who acted, as the entry names them: never a person's name or address."""

    personal: ClassVar = PersonalData(ids="id")

    type: str
    """What kind of actor it was."""
    id: str
    """Who it was, as their token names them."""
    key: str | None = None
    """The key they signed with; null where they did not."""


class Delivery(Value):
    """How far the entry got on its way out: the only part that changes, and the only unsigned one."""

    published_at: Asked | None = None
    """When it was published; null while it waits."""
    attempts: int = 0
    """How often that was tried."""
    leaf: int | None = None
    """Its place in a Merkle log; null where it is in none."""
    traceparent: str | None = None
    """The trace it was made in; a trace is no evidence."""


class PolicyRef(Value):
    """The policy decision behind a change."""

    personal: ClassVar = PersonalData(ids="decision")

    bundle: str
    """The version of the rules that were asked."""
    decision_id: str
    """The id of their answer."""
    allow: bool
    """What they answered."""
    decision: Mapping[str, Any] | None = None
    """
    The whole of it, as `Decision` of `shared/deciding.py` has it; null in the further entries of one act, which cite
    the first.
    """


class Entry(Record):
    """
    One event document, as it is stored (``audit.md`` section 2).

    What an event's class chooses from a list (`Traits`) is a text here: an entry of the next release, whose
    list is longer, must still be published and verified by this one.
    """

    collection: ClassVar[str] = "events"
    handling: ClassVar = Handling(
        kept=ByClass(),
        export="tenant",
        erasure=Stays(
            "it is signed: free text was masked before, and people are in it by their ids alone"
        ),
    )
    personal: ClassVar = PersonalData(ids="entity refs", texts="data")

    v: int = 1
    """The version of the entry's shape."""
    tenant: str
    """Whose entry it is."""
    entity: Asked
    """The chain it belongs to: `<collection>/<id>`."""
    eseq: int
    """Which entry of that chain it is, from 1."""
    eprev: str
    """The hash of the entry before; 64 zeros in the first."""
    action: Asked
    """What happened, such as `agent.created`."""
    category: str
    """What kind of act it was."""
    outcome: str
    """How it went."""
    severity: str
    """How serious it is."""
    actor: ActorRef
    """Who did it."""
    ts: Asked
    """When it happened, in UTC."""
    operation: str
    """Which function did it."""
    policy: PolicyRef | None = None
    """The policy decision behind it; null where none was asked."""
    approval: ApprovalRef | None = None
    """The approval it was done under; null where none was needed."""
    refs: Mapping[str, str]
    """The ids it can be looked up by."""
    data: Mapping[str, Any]
    """What else the fact says, with personal data masked."""
    data_version: int = 1
    """The version of the shape of `data`."""
    decision_context: Because | None = None
    """Why a governance decision was taken; null where it is none."""
    state_hash: str
    """The entity after it: the SHA-256 over the canonical JSON of the stored document without `audit`."""
    correlation_id: str
    """The story it is part of."""
    causation_id: str | None = None
    """The entry that led to it; null where a request did."""
    retention_class: str
    """How long it is kept."""
    shard: int
    """The part of the log it is published in."""
    topic: str | None = None
    """Where it was published; null where it was not."""
    kid: str
    """The key that signed it, see `/.well-known/jwks.json`."""
    sig: str
    """
    The Ed25519 signature over the canonical JSON of the entry without `kid`, `sig` and `delivery`, with `typ`
    added.
    """
    delivery: Delivery = Delivery()
    """How far it got on its way out; it is not signed."""

    @cached_property
    def hash(self) -> str:
        """The entry's hash: the entity's head, the next entry's `eprev`, and what the tap keeps."""
        return hash_of_entry(self.to_stored())


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What an entry says about the act besides the fact: who, when, by which operation, in which story."""

    actor: Actor
    at: datetime
    operation: str
    correlation_id: str
    causation_id: str | None = None
    named: bool = True
    """Whether the story was named by whoever asked, or is the request's own."""

    traceparent: str | None = None


def stream(entity: Entity) -> str:
    """Name an entity's chain: ``<collection>/<id>``."""
    return f"{entity.collection}/{entity.id}"


def content(entity: Entity) -> dict[str, Any]:
    """Return what `version_hash` covers."""
    return entity.to_stored(exclude=entity.unversioned)


def state_hash(document: Mapping[str, Any]) -> str:
    """Return the digest of a stored entity: all of it but its `audit`."""
    return digest({name: value for name, value in document.items() if name != "audit"})


@dataclass(frozen=True)
class Sealed(Generic[E]):
    """A changed entity with its hashes, as it is stored, and the entry of its change."""

    entity: E
    stored: dict[str, Any]
    entry: Entry


def seal(
    entity: E,
    event: Event,
    *,
    circumstances: Circumstances,
    signer: Signer,
    because: Because | None = None,
    approval: ApprovalRef | None = None,
    policy: Mapping[str, Any] | None = None,
    entry_id: str | None = None,
) -> Sealed[E]:
    """
    Give a changed entity its hashes, and write the entry of its change.

    Raises:
        Invalid: The entity or the event's data has no canonical form, or the data is over its size.
    """
    data = entity.to_stored(exclude={"audit"})
    version, state = digests(data, apart=entity.unversioned, name="version_hash")
    entry = record(
        entity,
        event,
        state,
        entry_id=entry_id or str(uuid4()),
        shard=secrets.randbelow(16),
        circumstances=circumstances,
        signer=signer,
        because=because,
        approval=approval,
        policy=policy,
    )
    audit = Audit(n=entry.eseq, head=entry.hash, state_hash=state, entry=entry.id)
    stored = data | {"version_hash": version, "audit": audit.to_stored()}
    changed = entity.model_copy(update={"version_hash": version, "audit": audit})
    return Sealed(changed, stored, entry)


def record(  # noqa: PLR0913 - each by its name
    entity: Entity,
    event: Event,
    state: str,
    *,
    entry_id: str,
    shard: int,
    circumstances: Circumstances,
    signer: Signer,
    because: Because | None = None,
    approval: ApprovalRef | None = None,
    policy: Mapping[str, Any] | None = None,
) -> Entry:
    """
    Write the entry of a change: *entity* as it was read, whose new state has the digest *state*.

    Free text is masked first, so that what is signed is what is kept.

    Raises:
        Invalid: The event's data is over its size or has no canonical form.
    """
    traits, data = event.as_told(), for_evidence(event)
    reported = traits.action.startswith(REPORTED) and traits.topic is None
    if traits.action != event.traits.action and not reported:
        raise TypeError(
            f"{type(event).__name__} is not called {traits.action}: reports alone bring a name"
        )
    entry = {
        "v": 1,
        "id": entry_id,
        "tenant": entity.tenant_id,
        "entity": stream(entity),
        "eseq": entity.audit.n + 1 if entity.audit else 1,
        "eprev": entity.audit.head if entity.audit else ZERO_HASH,
        "action": traits.action,
        "category": traits.category,
        "outcome": traits.outcome,
        "severity": traits.severity,
        "actor": {"type": circumstances.actor.type, "id": circumstances.actor.id, "key": None},
        "ts": written(circumstances.at),
        "operation": circumstances.operation,
        "policy": policy,
        "approval": for_evidence(approval) if approval else None,
        "refs": {name: str(data[name]) for name in _REFS if data.get(name)},
        "data": data,
        "data_version": event.data_version(),
        "decision_context": for_evidence(because) if because else None,
        "state_hash": state,
        "correlation_id": circumstances.correlation_id,
        "causation_id": circumstances.causation_id,
        "retention_class": traits.retention,
        "shard": shard,
        "topic": traits.topic,
    }
    message = signed_bytes(entry)
    # The data are a part of it, and mostly all of it is shorter than they may be.
    if len(message) > MAX_DATA_BYTES and len(canonical(data)) > MAX_DATA_BYTES:
        raise Invalid("the data of one event is at most 32 KiB", rule="event_too_large")
    if len(message) > MAX_ENTRY_BYTES:
        raise Invalid("one audit entry is at most 60 KiB", rule="event_too_large")
    kid, signature = signer.sign(message)
    delivery = Delivery(traceparent=circumstances.traceparent).to_stored()
    stored = entry | {"kid": kid, "sig": signature, "delivery": delivery}
    made = Entry.from_stored(stored)
    vars(made)["hash"] = hash_of_entry(stored)
    return made


def signed_bytes(entry: Mapping[str, Any]) -> bytes:
    """Return what the signature of a stored entry is over."""
    unsigned = {k: v for k, v in entry.items() if k not in {"kid", "sig", "delivery"}}
    return canonical({"typ": ENTRY_TYPE, **unsigned})


def hash_of_entry(entry: Mapping[str, Any]) -> str:
    """Return the hash of a stored entry: all of it but its `delivery`."""
    return digest({name: value for name, value in entry.items() if name != "delivery"})


def digest_of(document: bytes) -> str:
    """Return the SHA-256 of raw bytes, as 64 lower-case hex digits."""
    return hashlib.sha256(document).hexdigest()


class Unproven(Refusal):
    """What is stored does not say what a message says."""

    status, code, title = 403, "unproven", "Nothing proves it"
