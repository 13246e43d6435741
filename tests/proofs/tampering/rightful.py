"""What looks odd and is right; and what nobody can see before there is a log, told as `docs/architecture.md` tells it."""

from functions.genesis.create_skill import create_skill
from local.accounts import SignIn
from local.story import catalogue
from local.story.acts import AUTHOR
from shared.bus import tap
from shared.edge.ports import connect, utc_now
from shared.edge.settings import Settings
from shared.evidence import Entry, hash_of_entry, signed_bytes
from tests.proofs.tampering import table
from tests.proofs.tampering.holder import Doc
from tests.worlds import World

RIGHTFUL, rightfully = table()
OPEN, unseen = table()


def proposed(h):
    """Do something through the platform, of which nothing is published yet."""
    settings = Settings({"DATA": str(h.folder)})
    world = World(connect(settings, utc_now), SignIn(settings), utc_now())
    skill = catalogue.SKILLS[0]() | {"name": "Late", "skill_key": "late"}
    answer = world.call(create_skill, "/v1/genesis/skills", skill, as_=AUTHOR)
    assert answer.status_code == 201, answer.json
    world.ports.documents.close()
    skill = h.one("skills", id=answer.json["id"])
    return world.ports, skill, h.chain(skill)


@rightfully()
def nothing_at_all(h):
    return None


@rightfully()
def an_entry_that_is_not_published_yet(h):
    proposed(h)


@rightfully()
def a_relay_that_crashed_before_it_marked_an_entry(h):
    ports, _, chain = proposed(h)
    ports.bus.publish([tap(Entry.from_stored(entry.data)) for entry in chain])


@rightfully()
def an_entry_that_was_published_twice(h):
    ports, _, chain = proposed(h)
    ports.bus.publish([tap(Entry.from_stored(entry.data)) for entry in chain])
    assert ports.entry_relay.sweep() == 1
    ports.documents.close()


@rightfully()
def a_last_line_of_the_tap_that_a_crash_cut_short(h):
    with h.tap.open("ab") as out:
        out.write(b'{"entry_hash":"123')


@rightfully()
def a_line_of_the_tap_behind_one_that_a_crash_cut_short(h):
    a_last_line_of_the_tap_that_a_crash_cut_short(h)
    an_entry_that_was_published_twice(h)


@rightfully()
def a_tap_of_before_lines_had_a_running_hash(h):
    h.lines = [{k: line[k] for k in ("entry_hash", "id")} for line in h.lines]


@rightfully()
def a_tap_of_before_that_is_written_on(h):
    a_tap_of_before_lines_had_a_running_hash(h)
    an_entry_that_was_published_twice(h)
    assert "running_hash" in h.lines[-1]


@rightfully()
def records_that_expired(h):
    for kind in ("idempotency", "inbox", "spent_nonces"):
        h.delete(*h.every(kind))


@rightfully()
def an_entity_of_before_entities_named_their_last_entry(h):
    asked = h.chained("approvals")
    del asked.data["audit"]["entry"]
    h.write(asked)


@rightfully()
def a_record_of_a_kind_of_a_later_release(h):
    h.write(Doc("platform", "receipts_to_come", "a", {"id": "a", "rate": 0.5}))


@rightfully()
def an_entry_with_a_member_of_a_later_release(h):
    from shared.edge.keys import FileSigner

    entity = h.one("feature_flags")
    (entry,) = h.chain(entity)
    unmarked = {"published_at": None, "attempts": 0, "leaf": None, "later": 1}
    entry.data |= {"later": {"known": False}, "id": "11111111-1111-4111-8111-111111111111"}
    # It is no request's, and so under no decision: one that it copied would be told apart by its id.
    entry.data["policy"] = None
    entry.data |= {"eseq": 2, "eprev": entity.data["audit"]["head"], "delivery": unmarked}
    signer = FileSigner(h.folder / "keys" / "writer.pem")
    entry.data["kid"], entry.data["sig"] = signer.sign(signed_bytes(entry.data))
    h.write(Doc(entry.tenant, entry.collection, entry.data["id"], entry.data))
    entity.data["audit"] |= {"n": 2, "head": hash_of_entry(entry.data), "entry": entry.data["id"]}
    h.write(entity)


# --- what nobody can see -------------------------------------------------------------------------


@unseen()
def an_entry_vanishes_before_the_tap_has_it(h):
    """an entity or entry can vanish in the seconds before the tap has it"""
    _, skill, chain = proposed(h)
    h.delete(skill, *chain, *[t for t in h.every("taken_names") if t.data["holder"] == skill.id])


@unseen()
def a_chain_is_taken_out_of_the_store_and_of_the_tap(h):
    """whoever may write the tap of one machine as well can take a whole chain out of both"""
    asked = h.one("approvals", status="rejected")
    entries = h.chain(asked)
    h.delete(asked, *entries)
    h.forget(*entries)


@unseen()
def a_false_entry_is_signed_with_a_stolen_key(h):
    """a stolen writer key can append new false entries, though not change old ones"""
    an_entry_with_a_member_of_a_later_release(h)


@unseen()
def a_record_that_no_entity_implies_is_edited(h):
    """a record that no entity implies can be changed: a stored answer, a read model, a promise that waits"""
    answer = h.one("idempotency")
    h.change(answer, body="{}")


@unseen()
def an_entry_is_unmarked_as_if_the_relay_had_crashed(h):
    """an entry can be unmarked as if the relay had crashed, and is then published again"""
    entry = h.one("events")
    entry.data["delivery"] |= {"published_at": None, "attempts": 0}
    h.write(entry)


@unseen()
def the_trace_and_the_time_of_publication_are_edited(h):
    """the trace of an entry and the time it was published can be changed"""
    entry = h.one("events")
    entry.data["delivery"] |= {"published_at": "2030-01-01T00:00:00.000Z", "traceparent": None}
    h.write(entry)
