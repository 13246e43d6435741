"""Firestore deletes by times alone: until when a record is kept is written as one, and read as it was."""

from datetime import UTC, datetime

import pytest
import urllib3

from infra.indexes import expiring
from shared.documents import EXPIRY, Key, Write
from shared.edge.firestore import FirestoreDocuments
from tests.emulators import firestore_emulator, fresh_project

__all__ = ["firestore_emulator"]


@pytest.mark.emulator
@pytest.mark.enable_socket
def test_until_when_a_record_is_kept_is_a_time(firestore_emulator):
    project = fresh_project()
    documents = FirestoreDocuments(project)
    data = {EXPIRY: "2026-01-01T12:00:00.120Z", "other": "2026-01-01T12:00:00.120Z"}
    documents.commit([Write(Key("acme", "inbox", "1"), data)])
    assert documents.get(Key("acme", "inbox", "1")).data == data
    root = f"http://{firestore_emulator}/v1/projects/{project}/databases/(default)/documents"
    headers = {"Authorization": "Bearer owner"}
    raw = urllib3.request("GET", f"{root}/tenants/acme/inbox/1", headers=headers).json()["fields"]
    assert list(raw[EXPIRY]) == ["timestampValue"]
    assert list(raw["other"]) == ["stringValue"]


def test_what_is_forgotten_says_until_when_in_one_member():
    assert {kind.collection for kind in expiring()} >= {"idempotency", "inbox"}
    for kind in expiring():
        record = kind.model_construct(**{EXPIRY: datetime(2026, 1, 1, tzinfo=UTC)})
        assert isinstance(record.model_dump(mode="json", warnings=False)[EXPIRY], str)
