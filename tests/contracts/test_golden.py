"""What each release stored and announced, today's code reads, changes, saves and verifies."""

import json
from copy import deepcopy

import pytest

from shared.actors import Role
from shared.bus import opened
from shared.constitution import GovernedEntity, amended
from shared.documents import ABSENT, Key, Write
from shared.edge.keys import verifier
from shared.entity import Entity, Event, Record
from shared.evidence import Entry, signed_bytes, state_hash
from tests import golden
from tests.chains import chain_rules
from tests.golden.shapes import narrower, shape_of

LATER = {"of_a_later_release": {"since": ["tomorrow", {"known": False}]}}
WRITTEN_AGAIN = {"updated_at", "version_hash", "audit", "correlation_id", "l0_compliance_status"}
KINDS = {kind.__name__: kind for kind in golden.kinds_stored()}


class LookedThrough(Event, action="entity.looked_through", category="version_change"):
    """Somebody changed something."""


def every(base):
    """Parametrise a test with all golden documents of one sort, of all releases."""
    cases = [
        pytest.param(file, kind, id=f"{folder.name} {kind.__name__}")
        for folder in golden.releases()
        for kind in KINDS.values()
        if issubclass(kind, base) and (file := golden.file_of(folder, kind)).exists()
    ]
    return pytest.mark.parametrize(("file", "kind"), cases)


def with_more(value, data):
    """Return stored data as a later release could have written it: every part has a member more."""
    grown = deepcopy(dict(data))
    for part in golden.stored_parts(value, grown):
        part.update(LATER)
    return grown


def keeps(after, before):
    """Say whether all that was stored is still there, whatever was added."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(
            name in after and keeps(after[name], before[name]) for name in before
        )
    if isinstance(before, list):
        return len(after) == len(before) and all(map(keeps, after, before))
    return bool(after == before)


def signed_again(document, entries, signer):
    """Return a grown entity and its chain as the later release would have signed them."""
    last = {**entries[-1], "state_hash": state_hash(document)}
    last["kid"], last["sig"] = signer.sign(signed_bytes(last))
    head = Entry.from_stored(last).hash
    audit = document["audit"] | {"head": head, "state_hash": last["state_hash"]}
    return document | {"audit": audit}, (*entries[:-1], last)


def saved(txn, kind, id):
    """Let today's code change and save a document."""
    before = txn.get(kind, id)
    if issubclass(kind, GovernedEntity):
        txn.save(amended(before, correlation_id="another"), LookedThrough())
    elif issubclass(kind, Entity):
        txn.save(before.model_copy(update={"correlation_id": "another"}), LookedThrough())
    else:
        txn.save(before.model_copy())


@every(GovernedEntity)
def test_no_judgement_looks_at_what_it_was_judged_to_be(file, kind, monkeypatch):
    document = kind.from_stored(json.loads(file.read_text())["document"])
    looked = set[str]()

    def look(self, name):
        looked.add(name)
        return object.__getattribute__(self, name)

    monkeypatch.setattr(kind, "__getattribute__", look, raising=False)
    document.violations()
    assert looked > {"status"}
    assert not looked & kind.unjudged


@every(GovernedEntity)
def test_a_change_is_judged_anew_and_what_is_judged_the_same_is_not(file, kind):
    document = kind.from_stored(json.loads(file.read_text())["document"])
    before = document.broken
    assert document.model_copy(update={"l0_compliance_status": {}}).broken is before
    broken = document.model_copy(update={"governance_agent_id": ""}).broken
    assert "L0-01" in {violation.rule for violation in broken}


@every(Record)
@pytest.mark.parametrize("grown", [False, True], ids=["as it was", "with members more"])
def test_a_document_of_a_release_is_read_changed_saved_and_verified(
    file, kind, grown, call_as, documents, signer
):
    of = golden.read(file)
    document, entries = dict(of.document), of.entries
    if grown:
        document = with_more(golden.now(kind, of), document)
        if entries:
            document, entries = signed_again(document, entries, signer)
    place = Key(of.tenant, kind.collection, document["id"])
    writes = [Write(place, document, ABSENT)]
    writes += [Write(Key(of.tenant, Entry.collection, one["id"]), one, ABSENT) for one in entries]
    documents.commit(writes)
    with call_as(Role.ADMIN, tenant=of.tenant).transaction() as txn:
        saved(txn, kind, document["id"])
    after = documents.get(place).data
    again = WRITTEN_AGAIN if entries else {"saved_again"}
    kept = {name: value for name, value in document.items() if name not in again}
    assert keeps(after, kept), "a member was lost or changed: upgrades only add"
    if entries:
        assert after["correlation_id"] == "another"
        with call_as(Role.ADMIN, tenant=of.tenant).transaction() as txn:
            chain = txn.find(Entry, entity=f"{kind.collection}/{document['id']}").items
        assert len(chain) == len(entries) + 1
        keys = {**of.keys, signer.jwk["kid"]: signer.jwk}
        assert chain_rules([one.to_stored() for one in chain], verifier(keys), after) == []


@every(Entity)
def test_the_chain_of_a_release_verifies_as_it_was(file, kind):
    of = golden.read(file)
    assert chain_rules(of.entries, verifier(of.keys), of.document) == []
    forged = [*of.entries[:-1], {**of.entries[-1], "operation": "another"}]
    found = chain_rules(forged, verifier(of.keys), of.document)
    assert {"SIGNATURE_INVALID", "HEAD_MISMATCH"} <= set(found)


@every(Event)
def test_an_event_of_a_release_is_read_and_verified(file, kind):
    of = golden.read(file)
    event = golden.now(kind, of)
    assert keeps(shown(event), of.data)
    grown = with_more(event, of.data)
    assert keeps(shown(kind.from_stored(grown, of.version)), grown)
    if of.message:
        received = opened(of.announced)
        assert (received.data, received.data_version) == (of.data, of.version)
    for stored in of.entries:
        entry = Entry.from_stored(stored)
        assert entry.to_stored() == stored
        assert chain_rules([stored], verifier(of.keys)) == []
        assert not of.message or of.message["attributes"]["entryhash"] == entry.hash


def shown(event):
    return event.model_dump(mode="json", by_alias=True)


def test_this_release_has_a_golden_document_of_every_kind():
    lacking = {
        name: sorted(golden.lacking(golden.file_of(golden.PRESENT, kind), kind))
        for name, kind in KINDS.items()
    }
    lacking = {name: members for name, members in lacking.items() if members}
    assert not lacking, f"run make golden: {golden.PRESENT.name} does not show {lacking}"


DESCRIBED_LATER = {
    *("approval_class", "attachments[].name", "rule.approval_class"),
    *("action", "correlation_id"),
}
"""
Always judged by the same pattern where they come in, which the first release did not describe; an entry's action is
named by our code, and a story by a UUID (`story_of`).
"""


def test_no_kind_takes_less_than_a_release_stored():
    for folder in golden.releases():
        for name, kind in KINDS.items():
            file = golden.file_of(folder, kind)
            if not file.exists():
                continue
            of = golden.read(file)
            lost = narrower(of.shape, shape_of(kind), upgraded=len(kind.upgrades) >= of.version)
            lost = [place for place in lost if place not in DESCRIBED_LATER]
            assert not lost, (
                f"{name} took more in {folder.name}: {', '.join(lost)}; what was stored must be"
                " read for ever (CONTRIBUTING: A member of what is stored)"
            )


STORED = {"": [{"type": "object", "required": ["a"]}], "a": [{"type": "string", "maxLength": 9}]}


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        (STORED, []),
        (STORED | {"b": [{"type": "string"}]}, []),
        (STORED | {"a": [{"type": "string", "maxLength": 10}, {"type": "null"}]}, []),
        (STORED | {"a": [{"type": "string"}]}, []),
        (STORED | {"": [{"type": "object"}]}, []),
        ({"": STORED[""]}, ["a"]),
        (STORED | {"a": [{"type": "integer"}]}, ["a"]),
        (STORED | {"a": [{"type": "string", "maxLength": 8}]}, ["a"]),
        (STORED | {"a": [{"type": "string", "maxLength": 9, "minLength": 1}]}, ["a"]),
        (STORED | {"a": [{"type": "string", "pattern": "x"}]}, ["a"]),
        (STORED | {"a": [{"type": "string", "enum": ["x"]}]}, ["a"]),
        (STORED | {"": [{"type": "object", "required": ["a", "b"]}]}, ["the whole"]),
    ],
)
def test_a_shape_may_grow_and_not_shrink(after, lost):
    assert narrower(STORED, after) == lost


def test_what_an_upgrade_fills_in_may_be_required():
    after = STORED | {"": [{"type": "object", "required": ["a", "b"]}]}
    assert narrower(STORED, after, upgraded=True) == []


@pytest.mark.parametrize(("after", "lost"), [(["x", "y"], []), (["y"], ["a"])])
def test_a_list_of_values_may_grow_and_not_shrink(after, lost):
    def chosen(*values):
        return {"a": [{"type": "string", "enum": list(values)}]}

    assert narrower(chosen("x"), chosen(*after)) == lost


def test_every_golden_document_is_of_a_kind_that_there_still_is():
    for folder in golden.releases():
        known = {golden.file_of(folder, kind) for kind in KINDS.values()}
        for file in folder.rglob("*.json"):
            assert file in known, f"{file}: a kind that was stored is renamed, or gone"


def test_the_golden_documents_of_earlier_releases_are_never_written_again():
    earlier = {folder.name: folder for folder in golden.releases() if folder != golden.PRESENT}
    assert golden.sealed().keys() == earlier.keys(), "make golden"
    for release, seal in golden.sealed().items():
        assert golden.seal(earlier[release]) == seal, f"take back the changes of {release}"


def test_no_two_events_share_the_name_of_a_class():
    names = [kind.__name__ for kind in golden.kinds(Event) if kind.traits.action]
    assert sorted(names) == sorted(set(names))


def test_no_private_key_is_kept():
    for file in golden.FOLDER.rglob("*.json"):
        for key in json.loads(file.read_text()).get("keys", {}).values():
            assert "d" not in key
