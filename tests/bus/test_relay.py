"""The way out for what was committed, however large it is."""

from shared.documents import Key, Query, Write
from shared.edge import limits
from shared.edge.relay import Relay
from shared.evidence import Entry, signed_bytes
from tests.bus.conftest import an_entry
from tests.conftest import NOON, trusting


class Sent:
    def __init__(self):
        self.messages = []

    def publish(self, messages):
        self.messages += messages


def test_entries_that_fill_more_than_one_commit_are_all_marked(documents, signer, monkeypatch):
    monkeypatch.setattr(limits, "MAX_COMMIT_BYTES", 40_000)
    large = {"note": "", "height_mm": 0, "rope": [[]] * 100}
    writes = []
    for n in range(1, 21):
        entry = an_entry(n, data=large)
        data = entry.model_dump(mode="json")
        kid, sig = signer.sign(signed_bytes(data))
        place = Key("acme", Entry.collection, entry.id)
        writes.append(Write(place, data | {"kid": kid, "sig": sig}))
    assert len(list(limits.commits(writes))) > 2
    for write in writes:
        documents.commit([write])
    sent = Sent()

    assert Relay(documents, sent, trusting(signer), lambda: NOON, "test").sweep() == 20
    found = documents.find("acme", Query(Entry.collection))
    assert [one.data["delivery"]["attempts"] for one in found] == [1] * 20
    assert len(sent.messages) == 40
