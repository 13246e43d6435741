"""Changes of entities: what is, without what says how it came to be."""

from copy import deepcopy
from uuid import uuid4

from shared.evidence import state_hash
from tests.proofs.tampering import table
from tests.proofs.tampering.holder import Doc

ENTITIES, noticed_as = table()


@noticed_as("STATE_MISMATCH")
def a_field_is_edited(h):
    return h.change(h.one("approvals", status="pending"), risk="low")


@noticed_as("STATE_MISMATCH")
def a_status_is_set_to_approved(h):
    asked = h.one("approvals", status="pending")
    return h.change(asked, status="approved", decided_by="governor.platform")


@noticed_as("STATE_MISMATCH")
def a_field_is_edited_and_its_hash_with_it(h):
    agent = h.one("agents", status="deployed")
    agent.data["status"] = "suspended"
    agent.data["audit"]["state_hash"] = state_hash(agent.data)
    h.write(agent)
    return agent.id


@noticed_as("STATE_MISMATCH")
def a_member_is_added(h):
    return h.change(h.one("agents", status="deployed"), exempt=True)


@noticed_as("STATE_MISMATCH")
def a_member_is_taken_away(h):
    agent = h.one("agents", status="deployed")
    del agent.data["integrity_hold"]
    h.write(agent)
    return agent.id


@noticed_as("STATE_MISMATCH", "SCHEMA_INVALID")
def a_number_becomes_the_same_number_with_a_fraction(h):
    flag = h.one("feature_flags")
    h.change(flag, rollout_bp=flag.data["rollout_bp"] - 1)
    return h.reword(flag, f'"rollout_bp":{flag.data["rollout_bp"]}', '"rollout_bp":9999.5')


@noticed_as("SCHEMA_INVALID")
def a_number_gets_a_fraction_of_zero(h):
    return h.reword(h.one("feature_flags"), '"rollout_bp":10000', '"rollout_bp":10000.0')


@noticed_as("SCHEMA_INVALID")
def a_number_becomes_huge(h):
    return h.reword(h.one("feature_flags"), '"rollout_bp":10000', '"rollout_bp":1' + "0" * 40)


@noticed_as("SCHEMA_INVALID")
def a_number_is_no_number(h):
    h.unindex()
    return h.reword(h.one("feature_flags"), '"rollout_bp":10000', '"rollout_bp":NaN')


@noticed_as("SCHEMA_INVALID")
def an_entity_is_a_list(h):
    asked = h.one("approvals", status="pending")
    h.write_text(asked, "[]")
    return asked.id


@noticed_as("SCHEMA_INVALID")
def an_entity_is_no_json(h):
    h.unindex()
    agent = h.one("agents", status="deployed")
    return h.reword(agent, "{", "{,")


@noticed_as("SCHEMA_INVALID")
def an_entity_is_nested_without_end(h):
    h.unindex()
    agent = h.one("agents", status="deployed")
    h.write_text(agent, '{"id":' + "[" * 100_000 + "]" * 100_000 + "}")
    return agent.id


@noticed_as("SCHEMA_INVALID")
def an_entity_is_stored_as_bytes(h):
    agent = h.one("agents", status="deployed")
    h.write_text(agent, h.text(agent).encode())
    return agent.id


@noticed_as("SCHEMA_INVALID")
def an_entity_is_no_utf_8(h):
    h.unindex()
    agent = h.one("agents", status="deployed")
    h.db.execute(
        "update documents set data = cast(x'7b22ff227d' as text) where id = ?", (agent.id,)
    )
    return agent.id


@noticed_as("DUPLICATE_MEMBER")
def a_member_stands_twice_so_that_queries_see_another(h):
    asked = h.one("approvals", status="consumed")
    return h.reword(asked, "{", '{"status":"pending",')


@noticed_as("DUPLICATE_MEMBER")
def a_member_within_stands_twice(h):
    asked = h.one("approvals", status="consumed")
    return h.reword(asked, '"subject":{', '"subject":{"typ":"another",')


@noticed_as("NOT_AS_WRITTEN")
def a_name_is_escaped_so_that_queries_do_not_find_it(h):
    asked = h.one("approvals", status="pending")
    return h.reword(asked, '"status":', '"st\\u0061tus":')


@noticed_as("NOT_AS_WRITTEN")
def white_space_is_added(h):
    return h.reword(h.one("approvals", status="pending"), ":", ": ")


# --- without a chain, without an entity ----------------------------------------------------------


@noticed_as("CHAIN_MISSING")
def a_forged_approval_is_inserted(h):
    forged = h.one("approvals", status="approved")
    forged.id = forged.data["id"] = str(uuid4())
    h.change(forged, audit=None)
    return forged.id


@noticed_as("CHAIN_MISSING")
def a_deployed_agent_is_inserted_that_names_a_chain(h):
    forged = h.one("agents", status="deployed")
    forged.id = forged.data["id"] = str(uuid4())
    forged.data["audit"] |= {"n": 1, "state_hash": state_hash(forged.data)}
    h.write(forged)
    return forged.id


@noticed_as("CHAIN_MISSING")
def a_seed_in_force_is_inserted(h):
    forged = h.one("precedent_seeds", status="active")
    forged.id = forged.data["id"] = str(uuid4())
    forged.data["audit"] = None
    h.write(forged)
    return forged.id


@noticed_as("CHAIN_MISSING")
def a_device_key_is_inserted_for_the_governor(h):
    forged = h.one("devices")
    forged.id = forged.data["id"] = str(uuid4())
    forged.data |= {"public_key": h.key.jwk["x"], "audit": None}
    h.write(forged)
    return forged.id


@noticed_as("CHAIN_MISSING")
def an_entity_of_a_new_customer_is_inserted(h):
    forged = h.one("approvals", "acme")
    forged.tenant = forged.data["tenant_id"] = "initech"
    forged.id = forged.data["id"] = f"initech.{uuid4()}"
    h.change(forged, audit=None)
    return forged.id


@noticed_as("CHAIN_MISSING", "MISSING_ENTRY")
def an_approval_loses_all_its_entries_and_is_edited(h):
    asked = h.chained("approvals", status="rejected")
    h.delete(*h.chain(asked))
    return h.change(asked, status="approved", audit=None)


@noticed_as("ENTITY_MISSING")
def an_entity_is_removed_and_its_entries_stay(h):
    agent = h.one("agents", status="deployed")
    h.delete(agent)
    return agent.id


@noticed_as("MISSING_ENTRY")
def an_approval_is_removed_with_its_chain(h):
    asked = h.chained("approvals", status="rejected")
    entries = h.chain(asked)
    h.delete(asked, *entries)
    return entries[-1].id


@noticed_as("MISSING_ENTRY")
def all_vetoes_are_removed_with_their_chains(h):
    entries = []
    for veto in h.every("vetoes"):
        entries += h.chain(veto)
        h.delete(veto, *h.chain(veto))
    assert entries
    return entries[0].id


@noticed_as("MISSING_ENTRY")
def an_agent_is_removed_with_all_that_is_told_of_it(h):
    agent = h.one("agents", status="deployed")
    entries = [e for e in h.every("events") if agent.id in str(e.data)]
    entities = {e.data["entity"].partition("/")[2] for e in entries}
    for entry in h.every("events"):
        if entry.data["entity"].partition("/")[2] in entities:
            h.delete(entry)
    h.db.executemany("delete from documents where id = ?", [(id,) for id in entities])
    return entries[0].id


@noticed_as("MISSING_ENTRY")
def a_persons_refusals_are_removed_with_their_principal(h):
    caller = next(
        p
        for p in h.every("principals")
        if any(e.data["action"] == "policy.denied" for e in h.chain(p))
    )
    entries = h.chain(caller)
    h.delete(caller, *entries)
    return entries[0].id


@noticed_as("MISSING_ENTRY")
def a_sign_out_is_removed_with_its_principal(h):
    out = h.one("events", action="auth.logout")
    caller = next(p for p in h.every("principals") if p.entity == out.data["entity"])
    h.delete(caller, *h.chain(caller))
    return out.id


@noticed_as("MISSING_ENTRY")
def a_customer_is_removed_whole(h):
    entry = h.one("events", "acme")
    h.db.execute("delete from documents where tenant = 'acme'")
    return entry.id


# --- older copies --------------------------------------------------------------------------------


@noticed_as("MISSING_ENTRY")
def an_entity_and_its_chain_are_put_back_to_an_older_copy(h):
    asked, was = h.grown("approvals")
    later = h.chain(asked)[was.data["audit"]["n"] :]
    h.delete(*later)
    h.write(was)
    return later[0].id


@noticed_as("MISSING_ENTRY")
def a_veto_is_taken_back_by_building_the_state_before_it(h):
    asked = h.chained("approvals", status="vetoed")
    chain = h.chain(asked)
    h.delete(chain[-1])
    before = {"status": "pending", "decided_by": None, "decided_at": None, "decided_via": None}
    asked.data |= {k: v for k, v in before.items() if k in asked.data}
    last = chain[-2].data
    asked.data["audit"] = {
        "n": last["eseq"],
        "head": chain[-1].data["eprev"],
        "state_hash": last["state_hash"],
        "entry": chain[-2].id,
    }
    h.write(asked)
    return chain[-1].id


@noticed_as("MISSING_ENTRY")
def the_whole_store_is_put_back_to_an_older_copy(h):
    later = h.lines[-1]["id"]
    h.store.write_bytes((h.older / "store.db").read_bytes())
    return later


@noticed_as("STATE_MISMATCH")
def an_entity_alone_is_put_back_to_an_older_copy(h):
    asked, was = h.grown("approvals")
    h.change(asked, **{k: v for k, v in was.data.items() if k != "audit"})
    return asked.id


# --- elsewhere -----------------------------------------------------------------------------------


@noticed_as("TENANT_MISMATCH")
def an_approval_and_its_chain_are_copied_to_another_customer(h):
    asked = h.one("approvals", "acme")
    for doc in (asked, *h.chain(asked)):
        doc.tenant = "globex"
        h.write(doc)
    return asked.id


@noticed_as("TENANT_MISMATCH")
def a_customer_is_renamed(h):
    h.db.execute("update documents set tenant = 'acme2' where tenant = 'acme'")
    return "acme2"


@noticed_as("ENTITY_MISSING")
def an_entity_is_moved_to_another_collection(h):
    asked = h.one("approvals", status="rejected")
    h.db.execute(
        "update documents set collection = 'old_approvals' where collection = 'approvals' and id = ?",
        (asked.id,),
    )
    return asked.id


@noticed_as("ID_MISMATCH", "ENTITY_MISSING", "CHAIN_MISSING")
def an_entity_is_moved_to_another_id(h):
    asked, other = h.one("approvals", status="rejected"), str(uuid4())
    h.db.execute("update documents set id = ? where id = ?", (other, asked.id))
    return other


@noticed_as("STATE_MISMATCH", "HEAD_MISMATCH", "ID_MISMATCH")
def two_entities_change_places(h):
    one, two = h.every("agents")[:2]
    h.write(Doc(one.tenant, one.collection, one.id, two.data))
    h.write(Doc(two.tenant, two.collection, two.id, one.data))
    return one.id


@noticed_as("STATE_MISMATCH", "TENANT_MISMATCH")
def an_entity_says_that_it_belongs_to_another(h):
    return h.change(h.one("approvals", "acme"), tenant_id="globex")


@noticed_as("SCHEMA_INVALID")
def a_tenants_name_is_stored_as_bytes(h):
    asked = h.one("approvals", "acme")
    h.db.execute("update documents set tenant = x'61636d65' where id = ?", (asked.id,))
    return asked.id


@noticed_as("CHAIN_MISSING")
def a_collections_name_holds_a_slash(h):
    asked = h.one("approvals", status="rejected")
    forged = Doc(asked.tenant, "approvals/x", asked.id, deepcopy(asked.data))
    h.write(forged)
    return f"approvals/x/{asked.id}"


# --- what an entity says of its chain ------------------------------------------------------------


@noticed_as("HEAD_MISMATCH")
def an_entity_says_that_its_chain_is_shorter(h):
    asked = h.chained("approvals")
    asked.data["audit"]["n"] -= 1
    return h.change(asked)


@noticed_as("HEAD_MISMATCH")
def an_entity_names_another_entry_as_its_last(h):
    asked = h.chained("approvals")
    asked.data["audit"]["entry"] = h.chain(asked)[0].id
    return h.change(asked)


@noticed_as("HEAD_MISMATCH")
def an_entity_names_another_hash_as_its_head(h):
    asked = h.chained("approvals")
    asked.data["audit"]["head"] = "0" * 64
    return h.change(asked)


@noticed_as("SCHEMA_INVALID")
def an_entity_says_the_length_of_its_chain_as_a_text(h):
    asked = h.chained("approvals")
    asked.data["audit"]["n"] = str(asked.data["audit"]["n"])
    return h.change(asked)


@noticed_as("SCHEMA_INVALID")
def an_entity_says_that_its_chain_is_longer_than_any_number(h):
    asked = h.chained("approvals")
    asked.data["audit"]["n"] = 10**30
    return h.change(asked)


@noticed_as("CHAIN_MISSING", "ENTITY_MISSING")
def an_entity_says_nothing_of_its_chain(h):
    asked = h.chained("approvals")
    del asked.data["audit"]
    h.write(asked)
    return asked.id
