"""What only a server far away can do to us, and what must not be loaded for it too early."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.documents import Write
from shared.edge import firestore
from shared.edge.firestore import FirestoreDocuments
from shared.errors import StoreUnavailable
from tests.emulators import free_port, fresh_project, needs_emulator
from tests.store.conftest import key, put, query


@pytest.fixture
def unreachable(monkeypatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(firestore, "READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr(firestore, "COMMIT_TIMEOUT_S", 0.3)
    documents = FirestoreDocuments("nowhere")
    yield documents
    documents.close()


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "ask",
    [
        lambda documents: documents.get(key("a")),
        lambda documents: documents.find("acme", query()),
        lambda documents: documents.count(None, query()),
        lambda documents: documents.commit([Write(key("a"), {})]),
    ],
)
def test_a_store_that_does_not_answer_is_unavailable(unreachable, ask):
    with pytest.raises(StoreUnavailable, match=r"does not answer now .*; try again") as refused:
        ask(unreachable)
    assert refused.value.retry_after_s == 5


def test_a_process_without_credentials_has_no_store(monkeypatch, tmp_path):
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    with pytest.raises(StoreUnavailable, match="DefaultCredentialsError"):
        FirestoreDocuments("nowhere").get(key("a"))


@pytest.fixture
def documents(firestore_emulator):
    documents = FirestoreDocuments(fresh_project())
    yield documents
    documents.close()


@needs_emulator[0]
@needs_emulator[1]
def test_another_database_holds_other_documents(documents, firestore_emulator):
    put(documents, {"a": {"n": 1}})
    other = FirestoreDocuments(fresh_project())

    assert other.get(key("a")) is None
    other.close()


@needs_emulator[0]
@needs_emulator[1]
def test_a_revision_is_the_exact_time_of_the_last_update(documents):
    put(documents, {"a": {"n": 1}})
    revision = documents.get(key("a")).revision

    seconds, nanos = revision.split(".")
    assert len(nanos) == 9
    documents.commit([Write(key("a"), {"n": 2}, f"{seconds}.{nanos}")])
    assert documents.get(key("a")).revision > revision


def test_nothing_of_google_is_imported_before_the_first_use():
    program = (
        "import sys\n"
        "from shared.edge.firestore import FirestoreDocuments\n"
        "from shared.edge.pubsub import PubsubBus\n"
        "FirestoreDocuments('p'), PubsubBus('p', 'test')\n"
        "print([name for name, module in sys.modules.items() if getattr(module, '__file__', None)"
        " and name.partition('.')[0] in {'google', 'grpc'}])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert said.stdout.strip() == "[]"
