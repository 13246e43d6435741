"""Changes beside the documents: of the tap, of the file, of records that evidence implies."""

import random
from uuid import uuid4

from tests.proofs.tampering import table
from tests.proofs.tampering.holder import Doc

BESIDE, noticed_as = table()

# --- the tap -------------------------------------------------------------------------------------


@noticed_as("TAP_BROKEN", "UNKNOWN_ENTRY")
def a_line_of_the_tap_is_removed(h):
    lines = h.lines
    gone = lines.pop(5)
    h.lines = lines
    return gone["id"]


@noticed_as("UNKNOWN_ENTRY")
def a_line_of_the_tap_is_removed_and_the_rest_made_to_fit(h):
    lines = h.lines
    gone = lines.pop(5)
    h.refit([line for line in lines if line["id"] != gone["id"]])
    return gone["id"]


@noticed_as("UNKNOWN_ENTRY")
def the_last_lines_of_the_tap_are_removed(h):
    lines = h.lines
    h.lines = lines[:-5]
    return lines[-1]["id"]


@noticed_as("TAP_BROKEN")
def a_byte_of_the_tap_is_flipped(h):
    tap = bytearray(h.tap.read_bytes())
    tap[100] ^= 1
    h.tap.write_bytes(tap)
    return "line 1:"


@noticed_as("TAP_BROKEN")
def two_lines_of_the_tap_change_places(h):
    lines = h.lines
    lines[3], lines[4] = lines[4], lines[3]
    h.lines = lines
    return "line 4:"


@noticed_as("TAP_BROKEN")
def garbage_stands_in_the_tap(h):
    lines = h.tap.read_bytes().splitlines(keepends=True)
    lines[7] = b"\xff{not json\n"
    h.tap.write_bytes(b"".join(lines))
    return "line 8:"


@noticed_as("TAP_BROKEN")
def the_lines_of_the_tap_end_as_on_another_system(h):
    h.tap.write_bytes(h.tap.read_bytes().replace(b"\n", b"\r\n"))
    return "line 1:"


@noticed_as("TAP_BROKEN")
def the_tap_begins_with_a_byte_order_mark(h):
    h.tap.write_bytes(b"\xef\xbb\xbf" + h.tap.read_bytes())
    return "line 1:"


@noticed_as("TAP_BROKEN")
def a_line_of_the_tap_is_spelled_otherwise(h):
    h.tap.write_bytes(h.tap.read_bytes().replace(b'","', b'", "', 1))
    return "line 1:"


@noticed_as("TAP_BROKEN")
def a_line_of_the_tap_holds_half_a_character(h):
    lines = h.tap.read_bytes().splitlines(keepends=True)
    lines[7] = b'{"entry_hash":"\\ud800","id":"a"}\n'
    h.tap.write_bytes(b"".join(lines))
    return "line 8:"


@noticed_as("TAP_BROKEN")
def a_line_of_the_tap_is_nested_without_end(h):
    lines = h.tap.read_bytes().splitlines(keepends=True)
    lines[7] = b"[" * 100_000 + b"\n"
    h.tap.write_bytes(b"".join(lines))
    return "line 8:"


@noticed_as("UNKNOWN_ENTRY")
def the_tap_is_emptied(h):
    h.tap.write_bytes(b"")
    return h.one("events").id


@noticed_as("UNKNOWN_ENTRY")
def the_tap_is_removed(h):
    h.tap.unlink()
    return h.one("events").id


@noticed_as("UNKNOWN_ENTRY")
def the_tap_is_put_back_to_an_older_copy(h):
    later = h.lines[-1]["id"]
    h.tap.write_bytes((h.older / "tap.jsonl").read_bytes())
    return later


@noticed_as("HASH_MISMATCH")
def a_line_of_the_tap_has_another_hash_and_the_rest_is_made_to_fit(h):
    lines = h.lines
    lines[5]["entry_hash"] = "0" * 64
    h.refit(lines)
    return lines[5]["id"]


@noticed_as("HASH_MISMATCH")
def the_tap_has_an_entry_under_a_second_hash(h):
    lines = h.lines
    h.refit([*lines, lines[5] | {"entry_hash": "0" * 64}])
    return lines[5]["id"]


@noticed_as("MISSING_ENTRY")
def the_tap_has_an_entry_that_never_was(h):
    id = str(uuid4())
    h.refit([*h.lines, {"id": id, "entry_hash": "0" * 64}])
    return id


@noticed_as("TAP_BROKEN")
def later_lines_of_the_tap_lose_their_running_hash(h):
    lines = h.lines
    for line in lines[10:]:
        del line["running_hash"]
    h.lines = lines
    return "line 11:"


@noticed_as("TAP_BROKEN", "MISSING_ENTRY", "UNKNOWN_ENTRY")
def a_line_of_the_tap_names_another_entry(h):
    lines = h.lines
    lines[5]["id"] = str(uuid4())
    h.lines = lines
    return "line 6:"


# --- the file ------------------------------------------------------------------------------------


@noticed_as("STORE_CORRUPT")
def pages_of_the_store_are_zeroed(h):
    h.db.execute("pragma wal_checkpoint(truncate)")
    store = bytearray(h.store.read_bytes())
    for page in random.Random(3).sample(range(8, len(store) // 4096), 20):
        store[page * 4096 : (page + 1) * 4096] = bytes(4096)
    h.store.write_bytes(store)
    return "the store"


@noticed_as("STORE_CORRUPT")
def the_store_is_cut_in_half(h):
    store = h.store.read_bytes()
    h.store.write_bytes(store[: len(store) // 2])
    return "the store"


@noticed_as("STORE_CORRUPT", "MISSING_ENTRY")
def the_store_is_no_database(h):
    h.store.write_bytes(b"no database" * 1000)


@noticed_as("STORE_CORRUPT", "MISSING_ENTRY")
def the_table_of_documents_is_dropped(h):
    h.db.execute("drop table documents")
    return "the store"


@noticed_as("STORE_ALTERED")
def a_trigger_changes_what_is_written_later(h):
    h.db.execute(
        "create trigger quiet after insert on documents when new.collection = 'vetoes'"
        " begin delete from documents where id = new.id; end"
    )
    return "quiet"


@noticed_as("STORE_ALTERED")
def a_view_stands_in_for_the_documents(h):
    h.db.execute("alter table documents rename to kept")
    h.db.execute("create view documents as select * from kept where collection != 'vetoes'")
    return "documents"


def _schema(h, name, old, new):
    """Rewrite a statement of the schema as SQLite keeps it."""
    h.db.execute("pragma writable_schema = on")
    changed = h.db.execute(
        "update sqlite_schema set sql = replace(sql, ?, ?) where name like ? and instr(sql, ?)",
        (old, new, name, old),
    )
    assert changed.rowcount == 1, (name, changed.rowcount)
    return "documents" if name == "documents" else name.rstrip("%")


@noticed_as("STORE_ALTERED")
def the_table_refuses_documents_of_a_kind(h):
    check = "revision integer not null check(collection <> 'vetoes')"
    return _schema(h, "documents", "revision integer not null", check)


@noticed_as("STORE_ALTERED")
def the_table_takes_two_ids_for_one(h):
    return _schema(h, "documents", "id text not null", "id text collate nocase not null")


@noticed_as("STORE_ALTERED")
def the_table_puts_something_where_nothing_was_said(h):
    return _schema(h, "documents", "data text not null", "data text not null default '{}'")


@noticed_as("STORE_ALTERED")
def a_table_is_added(h):
    h.db.execute("create table sealed (id text)")
    return "sealed"


@noticed_as("STORE_ALTERED")
def an_index_refuses_documents_that_are_alike(h):
    h.db.execute("create unique index one on documents (tenant, id) where collection = 'vetoes'")
    return "one"


@noticed_as("STORE_ALTERED")
def an_index_is_not_what_its_name_says(h):
    h.db.execute("create index \"vetoes: id\" on documents (id) where collection = 'agents'")
    return "vetoes: id"


@noticed_as("STORE_ALTERED")
def an_index_refuses_rows_by_what_it_reads(h):
    name = "vetoes: id, json_extract(data, case data when '' then 'x' else '$.id' end)"
    _, _, columns = name.partition(": ")
    h.db.execute(f"create index \"{name}\" on documents ({columns}) where collection = 'vetoes'")
    return "vetoes: id"


@noticed_as("SCHEMA_INVALID")
def the_revision_of_a_document_is_a_text(h):
    asked = h.one("approvals")
    h.db.execute("update documents set revision = 'first' where id = ?", (asked.id,))
    return asked.id


@noticed_as("SCHEMA_INVALID")
def the_revision_of_a_record_is_less_than_nothing(h):
    answer = h.one("idempotency")
    h.db.execute("update documents set revision = -1 where id = ?", (answer.id,))
    return answer.id


@noticed_as("STORE_CORRUPT")
def the_index_that_queries_read_is_the_one_of_others(h):
    one, two = h.db.execute(
        "select name, rootpage from sqlite_schema where type = 'index' and name like 'approvals:%' limit 2"
    ).fetchall()
    h.db.execute("pragma writable_schema = on")
    h.db.execute("update sqlite_schema set rootpage = ? where name = ?", (two[1], one[0]))
    return one[0].partition(":")[0]


# --- records that evidence implies ---------------------------------------------------------------


@noticed_as("RECORD_MISMATCH")
def a_certified_manifest_is_edited(h):
    kept = h.one("manifest_versions")
    kept.data["content"]["limits"] = {}
    h.write(kept)
    return kept.id


@noticed_as("RECORD_MISMATCH")
def a_certified_manifest_may_decide_otherwise(h):
    kept = h.one("manifest_versions")
    kept.data["content"]["decision_rights"] = {}
    h.write(kept)
    return kept.id


@noticed_as("RECORD_MISMATCH")
def a_certified_manifest_is_removed(h):
    manifest = next(m for m in h.every("manifests") if m.data["certification"])
    kept = h.one("manifest_versions", id=manifest.data["certification"]["manifest_hash"])
    h.delete(kept)
    return kept.id


@noticed_as("ID_MISMATCH", "RECORD_MISMATCH")
def two_certified_manifests_lie_under_each_others_hash(h):
    one, two = h.every("manifest_versions")[:2]
    h.write(Doc(one.tenant, one.collection, one.id, two.data))
    h.write(Doc(two.tenant, two.collection, two.id, one.data))
    return one.id


@noticed_as("RECORD_MISMATCH")
def a_name_is_free_again(h):
    taken = h.one("taken_names")
    h.delete(taken)
    return taken.id


@noticed_as("RECORD_MISMATCH")
def a_name_belongs_to_somebody_else(h):
    return h.change(h.one("taken_names"), holder=str(uuid4()))


@noticed_as("RECORD_MISMATCH")
def numbers_are_given_out_again(h):
    return h.change(h.one("external_ids", id="AGT-HC"), given=0)


@noticed_as("RECORD_MISMATCH")
def the_numbers_of_incidents_begin_again(h):
    numbers = h.one("numbers")
    h.delete(numbers)
    return numbers.place


@noticed_as("RECORD_MISMATCH")
def the_numbers_of_drafts_begin_again(h):
    return h.change(h.one("draft_numbers"), given=1)


@noticed_as("ID_MISMATCH")
def a_record_lies_under_another_id(h):
    answer, other = h.one("idempotency"), uuid4().hex
    h.db.execute("update documents set id = ? where id = ?", (other, answer.id))
    return other


@noticed_as("DUPLICATE_MEMBER")
def a_member_of_a_record_stands_twice(h):
    return h.reword(h.one("attention"), "{", '{"id":"another",')


@noticed_as("SCHEMA_INVALID")
def a_promise_is_none(h):
    due = h.one("dues")
    del due.data["at"]
    h.write(due)
    return due.id


@noticed_as("SCHEMA_INVALID")
def a_message_that_waits_is_none(h):
    h.write(Doc("platform", "deliveries", "x", {"id": "x", "attempts": "many"}))
    return "deliveries/x"


@noticed_as("SCHEMA_INVALID")
def a_stored_answer_is_none(h):
    return h.change(h.one("idempotency"), body=7)
