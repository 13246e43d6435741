"""
How evidence is verified: each document by itself, then each chain against its entity.

Pure: documents come as they lie in a store, to the letter, and none is trusted. Each break has the name that
``audit.md`` section 7 gives it, where it gives it one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.canonical import canonical, digest
from shared.documents import Key
from shared.entity import ZERO_HASH, Audit, Record, written
from shared.errors import Invalid, Violation
from shared.evidence import Entry, Verify, hash_of_entry, signed_bytes, state_hash
from shared.texts import in_words

_OWNED = re.compile(r"(?P<tenant>[a-z][a-z0-9-]{1,30})\.(?=[0-9a-f]{8}-)")
"""How an id begins that says which tenant's it is."""


class Link(NamedTuple):
    """One entry as a part of its chain."""

    eseq: int
    eprev: str
    id: str
    hash: str
    ts: str
    state_hash: str


class Head(NamedTuple):
    """What an entity says of its chain, and what it hashes to."""

    audit: Audit
    state: str


def where(place: Key) -> str:
    """Name a document."""
    return f"{place.tenant}/{place.collection}/{place.id}"


def entry_breaks(
    place: Key, entry: Mapping[str, Any], text: str, verify: Verify
) -> list[Violation]:
    """
    Return what is wrong with one entry by itself.

    Args:
        place: Where it lies.

        entry: The entry.

        text: The same as JSON, whose types are taken strictly: "1" is no number.

        verify: Checks one signature.
    """
    try:
        Entry.model_validate_json(text, strict=True)
        message = signed_bytes(entry)
    except (ValidationError, Invalid) as error:
        return [_break("SCHEMA_INVALID", place, f"it is no entry: {_why(error)}")]
    breaks = [*_misplaced(place, entry, entry["tenant"])]
    _, _, id = entry["entity"].partition("/")
    owner = _OWNED.match(id)
    if owner and owner["tenant"] != place.tenant:
        said = f"it is about {entry['entity']}, which belongs to another tenant"
        breaks.append(_break("TENANT_MISMATCH", place, said))
    if not verify(entry["kid"], message, entry["sig"]):
        said = f"no trusted key signed it so; it names the key {entry['kid'][:100]}"
        breaks.append(_break("SIGNATURE_INVALID", place, said))
    policy = entry.get("policy") or {}
    if policy.get("decision") is not None:
        breaks += decision_breaks(place, policy["decision"])
        breaks += _citation_breaks(place, policy)
    return [*breaks, *_delivery_breaks(place, entry.get("delivery", {}))]


def decision_breaks(place: Key, decision: Mapping[str, Any]) -> Iterator[Violation]:
    """Yield what is wrong with a decision that is kept at a place, whose id is its own: it is what was decided on."""
    if decision.get("decision_id") != place.id:
        said = f"the decision in it says that it is {decision.get('decision_id')!r:.200}"
        yield _break("DECISION_MISMATCH", place, said)
    try:
        asked = digest(decision.get("input"))
    except Invalid as error:
        asked = f"none: {_why(error)}"
    if asked != decision.get("input_digest"):
        said = f"its decision was made on what has the digest {decision.get('input_digest')!r:.80}"
        yield _break(
            "DECISION_MISMATCH", place, f"{said}, and the digest of what it shows is {asked}"
        )


def _citation_breaks(place: Key, policy: Mapping[str, Any]) -> Iterator[Violation]:
    decision = policy["decision"]
    said = (policy.get("decision_id"), policy.get("bundle"), policy.get("allow"))
    allows = decision.get("verdict") in {"allow", "allow_with_obligations"}
    if said != (decision.get("decision_id"), decision.get("bundle"), allows):
        yield _break("DECISION_MISMATCH", place, "it says of its decision what that does not say")


def unreadable(kind: type[Record], record: Mapping[str, Any]) -> str | None:
    """Say why a record is none of its kind, for whoever reads it; None where it is one."""
    try:
        kind.from_stored(record)
    except (ValidationError, Invalid) as error:
        return f"it is no {in_words(kind)}: {_why(error)}"
    return None


def link(entry: Mapping[str, Any]) -> Link:
    """Return an entry without breaks of its own as a part of its chain."""
    return Link(
        eseq=entry["eseq"],
        eprev=entry["eprev"],
        id=entry["id"],
        hash=hash_of_entry(entry),
        ts=entry["ts"],
        state_hash=entry["state_hash"],
    )


def entity_breaks(place: Key, entity: Mapping[str, Any]) -> tuple[Head | None, list[Violation]]:
    """Return what an entity says of its chain, if it says it well, and what is wrong with it by itself."""
    breaks = [*_misplaced(place, entity, entity.get("tenant_id"))]
    if entity.get("audit") is None:
        return None, [*breaks, _break("CHAIN_MISSING", place, "it names no entry at all")]
    try:
        head = head_of(entity)
    except (ValidationError, Invalid) as error:
        return None, [*breaks, _break("SCHEMA_INVALID", place, f"it is no entity: {_why(error)}")]
    return head, breaks


def head_of(entity: Mapping[str, Any]) -> Head:
    """
    Return what a stored entity says of its chain.

    Raises:
        ValidationError: It says nothing of that kind.
        Invalid: It has no canonical form.
    """
    audit = Audit.model_validate(entity.get("audit"), strict=True)
    canonical(entity.get("audit"))
    return Head(audit, state_hash(entity))


def chain_breaks(entity: str, links: Iterable[Link], head: Head | None) -> Iterator[Violation]:
    """
    Return every break of one chain: gaps, links, times, and where it ends.

    Args:
        entity: The entity, for the reader.

        links: All its entries, in the order of their `eseq`.

        head: What the entity says; None where there is no such entity, or it says nothing.
    """
    last: Link | None = None
    for one in links:
        for rule, said in _joints(last, one):
            yield Violation(rule=rule, message=f"{entity} #{one.eseq}: {said}")
        last = one
    for rule, said in ending(head, last):
        yield Violation(rule=rule, message=f"{entity}: {said}")


def self_disagreement(entity: Mapping[str, Any]) -> str | None:
    """Return how a stored entity disagrees with what it says of itself, as a rule; None where it does not."""
    if entity.get("audit") is None:
        return "CHAIN_MISSING"
    try:
        head = head_of(entity)
    except (ValidationError, Invalid):
        return "SCHEMA_INVALID"
    return None if head.state == head.audit.state_hash else "STATE_MISMATCH"


def disagreement(entity: Mapping[str, Any], last: Mapping[str, Any] | None) -> str | None:
    """Return how a stored entity disagrees with its last entry, as a rule; None where it does not."""
    if entity.get("audit") is None:
        return "CHAIN_MISSING"
    try:
        found = ending(head_of(entity), link(last) if last else None)
        return next((rule for rule, _ in found), None)
    except (ValidationError, Invalid, KeyError):
        return "SCHEMA_INVALID"


def _joints(before: Link | None, one: Link) -> Iterator[tuple[str, str]]:
    n, hash, ts = (before.eseq, before.hash, before.ts) if before else (0, ZERO_HASH, "")
    if one.eseq != n + 1:
        yield "SEQ_GAP", f"it comes after #{n}"
    if one.eprev != hash:
        yield "LINK_MISMATCH", "the entry before it is not the one that it names"
    if one.ts < ts:
        yield "TIME_REGRESSION", "it is earlier than the entry before it"


def ending(head: Head | None, last: Link | None) -> Iterator[tuple[str, str]]:
    """Return how an entity and the last entry of its chain disagree: rules, and what is wrong."""
    if head is None:
        if last is not None:
            yield "ENTITY_MISSING", "it has entries, and is not there or names no chain"
        return
    if last is None:
        yield "CHAIN_MISSING", "it is there, and no entry says how it came to be"
        return
    audit = head.audit
    if (audit.n, audit.head) != (last.eseq, last.hash) or audit.entry not in {None, last.id}:
        yield (
            "HEAD_MISMATCH",
            f"it names #{audit.n} as its last entry, not the #{last.eseq} there is",
        )
    if not head.state == audit.state_hash == last.state_hash:
        yield "STATE_MISMATCH", f"it is not what its last entry, #{last.eseq}, says"


def _misplaced(place: Key, document: Mapping[str, Any], tenant: object) -> Iterator[Violation]:
    if document.get("id") != place.id:
        yield _break("ID_MISMATCH", place, f"it says that it is {document.get('id')!r:.200}")
    if tenant != place.tenant:
        yield _break("TENANT_MISMATCH", place, f"it says that it belongs to {tenant!r:.100}")


def _delivery_breaks(place: Key, delivery: Mapping[str, Any]) -> Iterator[Violation]:
    """Judge the unsigned part, as far as it can be known: it is marked once it was published."""
    if not {"published_at", "attempts"} <= delivery.keys():
        yield _break("DELIVERY_MISMATCH", place, "it does not say whether it was published")
        return
    if delivery["attempts"] < 0:
        yield _break("DELIVERY_MISMATCH", place, "nobody attempts less than nothing")
    if not _instant(delivery["published_at"]):
        said = "the time of its publication is none as the platform writes it (RFC 3339)"
        yield _break("DELIVERY_MISMATCH", place, said)
    trace = delivery.get("traceparent")
    if trace is not None and not _TRACE.fullmatch(trace):
        yield _break("DELIVERY_MISMATCH", place, "its trace is none (W3C Trace Context)")
    if (delivery.get("published_at") is None) != (delivery.get("attempts", 0) == 0):
        said = "an entry has a time of publication if there was an attempt"
        yield _break("DELIVERY_MISMATCH", place, said)
    if delivery.get("leaf") is not None:
        yield _break("DELIVERY_MISMATCH", place, "it has a leaf, and there is no log yet")


_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def _instant(text: str | None) -> bool:
    """Say whether a time is written as the platform writes times; none at all is as well."""
    try:
        return text is None or written(datetime.fromisoformat(text)) == text
    except (ValueError, OverflowError):
        return False


def _break(rule: str, place: Key, said: str) -> Violation:
    return Violation(rule=rule, message=f"{where(place)}: {said}")


def _why(error: ValidationError | Invalid) -> str:
    if isinstance(error, Invalid):
        return error.detail
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'all of it'}: {one['msg']}"
        for one in error.errors()[:5]
    )
