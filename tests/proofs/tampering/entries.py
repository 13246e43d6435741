"""Changes of entries: what is told."""

from uuid import uuid4

from shared.evidence import hash_of_entry
from tests.proofs.tampering import table
from tests.proofs.tampering.holder import Doc

ENTRIES, noticed_as = table()


def granted(h):
    """Return the approval that was granted last, and its chain."""
    asked = h.chained("approvals", 3)
    return asked, h.chain(asked)


@noticed_as("SIGNATURE_INVALID", "HEAD_MISMATCH", "HASH_MISMATCH")
def the_last_entry_says_something_else(h):
    _, chain = granted(h)
    return h.change(chain[-1], action="approval.requested")


@noticed_as("SIGNATURE_INVALID", "LINK_MISMATCH", "HASH_MISMATCH")
def a_middle_entry_says_something_else(h):
    _, chain = granted(h)
    return h.change(chain[1], operation="approvals.reject_approval")


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def a_decision_is_turned_and_all_hashes_are_made_to_fit(h):
    asked = h.chained("approvals", status="vetoed")
    chain = h.chain(asked)
    chain[-1].data |= {"action": "approval.granted", "category": "approval_granted"}
    asked.data["status"] = "approved"
    h.rechain(asked, chain)
    return chain[-1].id


# --- gaps ----------------------------------------------------------------------------------------


@noticed_as("SEQ_GAP", "LINK_MISMATCH", "MISSING_ENTRY")
def the_first_entry_is_removed(h):
    _, chain = granted(h)
    h.delete(chain[0])
    return "#2"


@noticed_as("SEQ_GAP", "LINK_MISMATCH", "MISSING_ENTRY")
def a_middle_entry_is_removed(h):
    _, chain = granted(h)
    h.delete(chain[1])
    return chain[1].id


@noticed_as("HEAD_MISMATCH", "STATE_MISMATCH", "MISSING_ENTRY")
def the_last_entry_is_removed(h):
    asked, chain = granted(h)
    h.delete(chain[-1])
    return asked.id


@noticed_as("SIGNATURE_INVALID", "MISSING_ENTRY", "HASH_MISMATCH")
def a_middle_entry_is_removed_and_the_chain_made_to_fit(h):
    asked, chain = granted(h)
    h.delete(chain[1])
    h.rechain(asked, [chain[0], *chain[2:]])
    return chain[1].id


@noticed_as("MISSING_ENTRY", "CHAIN_MISSING")
def all_entries_are_removed(h):
    entry = h.one("events")
    h.db.execute("delete from documents where collection = 'events'")
    return entry.id


@noticed_as("MISSING_ENTRY", "KEY_UNTRUSTED")
def everything_is_removed_but_a_foreign_key(h):
    jwk, entry = h.key.jwk, h.one("events")
    h.db.execute("delete from documents")
    h.write(Doc("platform", "verification_keys", jwk["kid"], {"id": jwk["kid"], "jwk": jwk}))
    return entry.id


# --- entries that are too many -------------------------------------------------------------------


@noticed_as("SIGNATURE_INVALID", "HEAD_MISMATCH")
def a_forged_entry_is_appended(h):
    _, chain = granted(h)
    last, id = chain[-1], str(uuid4())
    forged = last.data | {"id": id, "eseq": last.data["eseq"] + 1, "action": "approval.vetoed"}
    forged["eprev"] = hash_of_entry(last.data)
    h.write(Doc(last.tenant, "events", id, forged))
    return id


@noticed_as("SIGNATURE_INVALID")
def a_forged_entry_is_appended_and_the_entity_made_to_fit(h):
    asked, chain = granted(h)
    last, id = chain[-1], str(uuid4())
    forged = last.data | {"id": id, "action": "approval.reopened", "delivery": unpublished()}
    asked.data["status"] = "pending"
    h.rechain(asked, [*chain, Doc(last.tenant, "events", id, forged)])
    return id


def unpublished():
    return {"published_at": None, "attempts": 0, "leaf": None, "traceparent": None}


@noticed_as("CHAIN_MISSING")
def a_forged_chain_for_an_entity_is_of_another_customer(h):
    asked = h.one("approvals", "acme")
    forged = Doc("initech", "approvals", asked.id, asked.data)
    h.write(forged)
    return forged.place


@noticed_as("SEQ_GAP", "LINK_MISMATCH", "ID_MISMATCH")
def an_entry_is_there_twice(h):
    _, chain = granted(h)
    again = Doc(chain[1].tenant, "events", str(uuid4()), chain[1].data)
    h.write(again)
    return again.id


@noticed_as("SIGNATURE_INVALID", "SEQ_GAP")
def a_genuine_entry_is_replayed_under_a_new_id(h):
    _, chain = granted(h)
    id = str(uuid4())
    h.write(Doc(chain[1].tenant, "events", id, chain[1].data | {"id": id}))
    return id


@noticed_as("SIGNATURE_INVALID")
def a_genuine_entry_is_told_of_another_approval(h):
    other = h.one("approvals", status="pending")
    _, chain = granted(h)
    entry, id = chain[-1], str(uuid4())
    forged = entry.data | {"id": id, "entity": other.entity, "eseq": other.data["audit"]["n"] + 1}
    forged["eprev"] = other.data["audit"]["head"]
    h.write(Doc(entry.tenant, "events", id, forged))
    return id


# --- in another order, at another time, elsewhere ------------------------------------------------


@noticed_as("SIGNATURE_INVALID", "LINK_MISMATCH", "HASH_MISMATCH")
def two_entries_change_their_numbers(h):
    _, chain = granted(h)
    one, two = chain[0], chain[1]
    one.data["eseq"], two.data["eseq"] = 2, 1
    h.write(one)
    h.write(two)
    return one.id


@noticed_as("ID_MISMATCH", "HASH_MISMATCH")
def two_events_lie_under_each_others_id(h):
    one, two = h.every("events")[:2]
    h.write(Doc(two.tenant, "events", two.id, one.data))
    h.write(Doc(one.tenant, "events", one.id, two.data))
    return one.id


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def two_events_change_their_content_and_keep_their_ids(h):
    one, two = h.every("events")[:2]
    here, there = one.id, two.id
    one.data, two.data = two.data | {"id": here}, one.data | {"id": there}
    h.write(one)
    h.write(two)
    return here


@noticed_as("ID_MISMATCH", "MISSING_ENTRY")
def an_entry_is_stored_under_another_id(h):
    _, chain = granted(h)
    other = str(uuid4())
    h.db.execute("update documents set id = ? where id = ?", (other, chain[1].id))
    return other


@noticed_as("SIGNATURE_INVALID", "TIME_REGRESSION")
def an_entry_is_dated_back(h):
    _, chain = granted(h)
    return h.change(chain[-1], ts="2020-01-01T00:00:00.000Z")


@noticed_as("TENANT_MISMATCH", "SEQ_GAP")
def an_entry_is_moved_to_another_customer(h):
    _, chain = granted(h)
    h.db.execute("update documents set tenant = 'acme' where id = ?", (chain[1].id,))
    return chain[1].id


@noticed_as("MISSING_ENTRY", "CHAIN_MISSING")
def all_entries_are_moved_to_another_collection(h):
    entry = h.one("events")
    h.db.execute("update documents set collection = 'old_events' where collection = 'events'")
    return entry.id


@noticed_as("TENANT_MISMATCH", "SIGNATURE_INVALID")
def an_entry_says_that_it_is_another_customers(h):
    entry = h.one("events", "acme")
    return h.change(entry, tenant="globex")


# --- types and members ---------------------------------------------------------------------------


@noticed_as("SCHEMA_INVALID")
def the_number_of_an_entry_is_a_text(h):
    _, chain = granted(h)
    return h.change(chain[0], eseq="1")


@noticed_as("SCHEMA_INVALID")
def the_number_of_an_entry_is_true(h):
    _, chain = granted(h)
    return h.change(chain[0], eseq=True)


@noticed_as("SCHEMA_INVALID")
def the_number_of_an_entry_has_a_fraction(h):
    _, chain = granted(h)
    return h.reword(chain[0], '"eseq":1,', '"eseq":1.0,')


@noticed_as("SCHEMA_INVALID")
def the_number_of_an_entry_is_huge(h):
    _, chain = granted(h)
    return h.change(chain[0], eseq=10**40)


@noticed_as("SCHEMA_INVALID")
def a_fact_in_an_entry_gets_a_fraction(h):
    entry = next(e for e in h.every("events") if isinstance(e.data["data"].get("stage"), int))
    stage = f'"stage":{entry.data["data"]["stage"]}'
    return h.reword(entry, stage, f"{stage}.0")


@noticed_as("SCHEMA_INVALID")
def the_entity_of_an_entry_is_missing(h):
    _, chain = granted(h)
    del chain[0].data["entity"]
    return h.change(chain[0])


@noticed_as("SCHEMA_INVALID")
def an_entry_is_nothing(h):
    _, chain = granted(h)
    h.write_text(chain[0], "null")
    return chain[0].id


@noticed_as("SCHEMA_INVALID")
def an_entry_holds_half_a_character(h):
    _, chain = granted(h)
    return h.reword(chain[0], '"operation":"', '"operation":"\\ud800')


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def a_member_is_added_to_an_entry(h):
    _, chain = granted(h)
    return h.change(chain[0], seen=True)


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def a_member_is_taken_from_an_entry(h):
    _, chain = granted(h)
    del chain[0].data["policy"]
    return h.change(chain[0])


@noticed_as("DUPLICATE_MEMBER")
def a_member_of_an_entry_stands_twice(h):
    _, chain = granted(h)
    return h.reword(chain[-1], "{", '{"action":"approval.vetoed",')


@noticed_as("NOT_AS_WRITTEN")
def a_member_of_an_entry_is_escaped(h):
    _, chain = granted(h)
    return h.reword(chain[-1], '"entity":', '"\\u0065ntity":')


# --- signatures ----------------------------------------------------------------------------------


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def a_signature_is_taken_away(h):
    _, chain = granted(h)
    return h.change(chain[0], sig="")


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def a_signature_is_no_text_of_one(h):
    _, chain = granted(h)
    return h.change(chain[0], sig="é" * 86)


@noticed_as("HASH_MISMATCH", "LINK_MISMATCH")
def a_signature_is_spelled_otherwise(h):
    _, chain = granted(h)
    return h.change(chain[0], sig=chain[0].data["sig"] + "==")


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def an_entry_names_another_trusted_key(h):
    entry = h.one("events")
    (other,) = [k.id for k in h.every("verification_keys") if k.id != entry.data["kid"]]
    return h.change(entry, kid=other)


@noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")
def an_entry_has_the_signature_of_another(h):
    one, two = h.every("events")[:2]
    return h.change(one, sig=two.data["sig"])


SIGNED = (
    *("v", "entity", "action", "category", "outcome", "severity", "actor", "ts", "operation"),
    *("policy", "approval", "refs", "data", "decision_context", "correlation_id"),
    *("causation_id", "retention_class", "shard", "topic", "state_hash", "eprev", "kid"),
)
"""Members of an entry whose every change is noticed; `id`, `tenant`, `eseq` and `sig` have changes of their own."""

OTHERWISE = {
    "v": 2,
    "category": "ai_call",
    "outcome": "failure",
    "severity": "critical",
    "actor": {"type": "governor", "id": "somebody", "key": None},
    "ts": "2030-01-01T00:00:00.000Z",
    "policy": {"bundle": "none", "decision_id": "none", "allow": True},
    "approval": {"approval_id": "none", "action_digest": "0" * 64},
    "refs": {"agent_id": "another"},
    "data": {"another": "fact"},
    "decision_context": {"rationale": "so", "authority": "me", "seed_ids": [], "rule_refs": []},
    "retention_class": "financial",
    "shard": 16,
}


def _told_otherwise(member):
    def told_otherwise(h):
        _, chain = granted(h)
        return h.change(chain[1], **{member: OTHERWISE.get(member, "another")})

    told_otherwise.__name__ = f"an_entry_tells_its_{member}_otherwise"
    return told_otherwise


for _member in SIGNED:
    noticed_as("SIGNATURE_INVALID", "HASH_MISMATCH")(_told_otherwise(_member))
