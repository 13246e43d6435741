"""Whoever holds a data folder's files and none of its keys changes nothing that `verify` does not see."""

import json
import random
from pathlib import Path

import pytest

from local.verify import examined
from tests.proofs.tampering import Change
from tests.proofs.tampering.beside import BESIDE
from tests.proofs.tampering.delivery import DELIVERY
from tests.proofs.tampering.entities import ENTITIES
from tests.proofs.tampering.entries import ENTRIES
from tests.proofs.tampering.holder import Doc, Holder
from tests.proofs.tampering.keys import KEYS
from tests.proofs.tampering.prepared import copied, prepared
from tests.proofs.tampering.rightful import OPEN, RIGHTFUL

__all__ = ["prepared"]

pytestmark = pytest.mark.slow

CHANGES = [*ENTITIES, *ENTRIES, *KEYS, *DELIVERY, *BESIDE]


@pytest.fixture
def holder(prepared, tmp_path):
    holder = Holder(copied(prepared / "now", tmp_path / "held"), prepared / "older")
    yield holder
    holder.close()


def named(changes):
    return [pytest.param(change, id=change.name) for change in changes]


@pytest.mark.parametrize("change", named(CHANGES))
def test_a_change_is_noticed_by_what_it_is_and_where(holder: Holder, change: Change):
    where = change.act(holder)
    holder.close()
    found = examined(holder.folder).breaks
    rules = {one.rule for one in found}
    assert change.rules <= rules, f"{change.name}: {found}"
    told = [one.message for one in found if one.rule in change.rules]
    assert where is None or any(where in message for message in told), f"{where} is not in {told}"


@pytest.mark.parametrize("change", named(RIGHTFUL))
def test_what_happens_rightfully_is_no_break(holder: Holder, change: Change):
    change.act(holder)
    holder.close()
    assert examined(holder.folder).breaks == []


@pytest.mark.parametrize("change", named(OPEN))
def test_what_no_one_can_see_without_a_log_is_as_the_documents_say(holder: Holder, change: Change):
    change.act(holder)
    holder.close()
    assert examined(holder.folder).breaks == []
    told = Path("docs/architecture.md").read_text()
    assert change.act.__doc__, f"quote docs/architecture.md on {change.name}"
    assert change.act.__doc__ in told


def test_the_folder_has_what_its_changes_are_about(prepared):
    holder = Holder(prepared / "now", prepared / "older")
    assert {entry.data["kid"] for entry in holder.every("events")} == {
        key.id for key in holder.every("verification_keys")
    }
    assert len(holder.every("verification_keys")) == 2
    assert {entry.tenant for entry in holder.every("events")} == {"platform", "acme", "globex"}
    holder.close()
    assert examined(prepared / "older").breaks == []


def leaves(value, path=()):
    """Return the paths to everything in a document that is no object and no list."""
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in leaves(item, (*path, name))]
    if isinstance(value, list):
        return [leaf for n, item in enumerate(value) for leaf in leaves(item, (*path, n))]
    return [path]


@pytest.mark.parametrize("seed", range(20))
def test_no_value_of_evidence_can_be_another(holder, seed):
    """Change ten values at random, one each of ten documents, outside what no signature covers."""
    pick = random.Random(seed)
    kinds = pick.choices(["events", "approvals", "agents", "principals", "devices", "vetoes"], k=10)
    changed = []
    for kind in kinds:
        doc = pick.choice(holder.every(kind))
        *way, last = pick.choice(
            [p for p in leaves(doc.data) if p[0] != "delivery" and p[-1] != "entry"]
        )
        part = doc.data
        for step in way:
            part = part[step]
        others = ["another", None, True, 7, -1, [], {}, "", str(part[last]), f"{part[last]} "]
        part[last] = pick.choice(
            [one for one in others if json.dumps(one) != json.dumps(part[last])]
        )
        holder.write(doc)
        changed.append(doc)
    holder.close()
    told = " ".join(one.message for one in examined(holder.folder).breaks)
    missed = [doc.place for doc in changed if not seen(doc, told)]
    assert not missed, f"{missed} of {told}"


def seen(doc: Doc, told: str) -> bool:
    return doc.place in told or doc.id in told or str(doc.data.get("entity")) in told


def test_a_message_of_sqlite_that_is_no_text_stops_no_verification(holder):
    """Python decodes the message, and it quotes a name from the file (CPython 3.11, SQLite 3.40)."""
    holder.db.execute("pragma writable_schema = on")
    holder.db.execute(
        "update sqlite_schema set name = cast(x'6989' as text), sql = 'create index'"
        " where rowid = (select max(rowid) from sqlite_schema where type = 'index')"
    )
    holder.close()
    assert {one.rule for one in examined(holder.folder).breaks} >= {"STORE_CORRUPT"}


@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_stop_the_verification(holder, seed):
    """Write random bytes over random places of documents, of the tap and of the file."""
    holder.unindex()
    pick = random.Random(seed)
    for doc in pick.sample(holder.every("events") + holder.every("approvals"), 20):
        text = bytearray(holder.text(doc).encode())
        at = pick.randrange(len(text))
        text[at : at + pick.choice([0, 1, 8])] = pick.randbytes(pick.choice([0, 1, 4]))
        holder.db.execute(
            "update documents set data = cast(? as text) where id = ?", (bytes(text), doc.id)
        )
    holder.close()
    for file in (holder.tap, *([holder.store] if seed % 2 else [])):
        content = bytearray(file.read_bytes())
        for _ in range(10):
            at = pick.randrange(100, len(content) - 8)
            content[at : at + 8] = pick.randbytes(8)
        file.write_bytes(content)
    assert examined(holder.folder).breaks
