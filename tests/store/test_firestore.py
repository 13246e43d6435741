"""What only a server far away can do to us, and that Google's own client and ours mean the same."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.documents import ABSENT, Contended, Write
from shared.edge.firestore import FirestoreDocuments
from shared.errors import StoreUnavailable
from tests.edge.provider import Reply, providing
from tests.emulators import free_port, fresh_project, needs_emulator
from tests.store.conftest import key, put, query

ASKS = [
    lambda documents: documents.get(key("a")),
    lambda documents: documents.find("acme", query()),
    lambda documents: documents.count(None, query()),
    lambda documents: documents.commit([Write(key("a"), {})]),
]
READS, COMMIT = ASKS[:3], ASKS[3]


def emulated(test):
    for mark in needs_emulator:
        test = mark(test)
    return test


@pytest.fixture
def provider():
    with providing() as server:
        yield server


@pytest.fixture
def far(provider, monkeypatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", provider.address[7:])
    return FirestoreDocuments("p", timeout_s=0.3, sleep=lambda seconds: None)


@pytest.mark.parametrize("ask", ASKS)
def test_a_store_that_cannot_be_reached_is_unavailable(monkeypatch, ask):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{free_port()}")
    documents = FirestoreDocuments("nowhere", sleep=lambda seconds: None)

    with pytest.raises(StoreUnavailable, match=r"does not answer now .*; try again") as refused:
        ask(documents)
    assert refused.value.retry_after_s == 5


@pytest.mark.parametrize("ask", READS)
@pytest.mark.parametrize("reply", [Reply(cut=True), Reply(wait_s=0.5)])
def test_a_read_that_is_not_answered_is_made_again_and_then_given_up(provider, far, ask, reply):
    provider.replies = [reply]

    with pytest.raises(StoreUnavailable):
        ask(far)
    assert len(provider.seen) == 4


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>"),
        Reply(200, {}),
        Reply(200, []),
        Reply(200, [1]),
        Reply(200, b'[{"readTime": '),
    ],
)
def test_an_answer_that_cannot_be_read_is_none(provider, far, ask, reply):
    provider.replies = [reply]

    with pytest.raises(StoreUnavailable, match="does not answer now"):
        ask(far)


AT = "2026-01-01T12:00:00Z"
PLACE = "projects/p/databases/(default)/documents/tenants/acme/things"
NAME = f"{PLACE}/a"
DOCUMENT = {"name": NAME, "fields": {"n": {"integerValue": "1"}}, "updateTime": AT}
NUMBERED = {"result": {"aggregateFields": {"n": {"integerValue": "3"}}}, "readTime": AT}


def counted(told):
    return {"result": {"aggregateFields": told}}


def elsewhere(name):
    return {"document": DOCUMENT | {"name": name}}


HALF: dict[Any, list[Any]] = {
    READS[0]: [
        [{"readTime": AT}],
        [{"found": DOCUMENT}, {"found": DOCUMENT}],
        [{"found": DOCUMENT, "missing": NAME}],
        [{"found": DOCUMENT | {"name": f"{PLACE}/b"}}],
        [{"missing": f"{PLACE}/b"}],
        [{"found": None}],
        [{"found": {}}],
        [{"found": {"name": NAME}}],
        [{"found": DOCUMENT | {"fields": None}}],
        [{"found": DOCUMENT | {"fields": {"n": {}}}}],
        [{"found": DOCUMENT | {"fields": {"n": None}}}],
        [{"found": DOCUMENT | {"fields": {"n": {"integerValue": "x"}}}}],
        [{"found": DOCUMENT | {"fields": {"n": {"timestampValue": "x"}}}}],
        [{"error": "x"}],
    ],
    READS[1]: [
        {"more": 1},
        [{"document": None}],
        [elsewhere(NAME.replace("acme", "others"))],
        [elsewhere(NAME.replace("things", "others"))],
        [elsewhere(NAME.replace("projects/p/", "projects/q/"))],
        [elsewhere(f"{DOCUMENT['name']}/more/b")],
        [elsewhere(f"{PLACE}/{number}") for number in range(query().limit + 1)],
    ],
    READS[2]: [
        [{"readTime": AT}],
        {"more": 1},
        [{"result": {}}],
        [NUMBERED, NUMBERED],
        [counted({"n": {"integerValue": "-3"}})],
        [counted({"n": {"nullValue": None}})],
    ],
    COMMIT: [
        {"commitTime": AT},
        {"more": 1},
        *({"writeResults": said} for said in ([], None, [{"updateTime": AT}] * 2)),
    ],
}
"""Answers that say something else than they were asked."""


@pytest.mark.parametrize(
    ("ask", "body"), [(ask, body) for ask, bodies in HALF.items() for body in bodies]
)
def test_half_an_answer_or_one_about_something_else_is_none(provider, far, ask, body):
    provider.replies = [Reply(200, body)]

    with pytest.raises(StoreUnavailable, match="something else than it was asked"):
        ask(far)


def test_what_is_told_around_what_was_found_is_passed_over(provider, far):
    around = [{"readTime": AT}, {"readTime": AT, "skippedResults": 2}, {"done": True}]
    provider.replies = [Reply(200, [around[0], {"document": DOCUMENT}, *around[1:]])]
    assert [one.key for one in READS[1](far)] == [key("a")]
    provider.replies = [Reply(200, [NUMBERED, around[0]])]
    assert READS[2](far) == 3


@pytest.mark.parametrize("reply", [Reply(cut=True), Reply(wait_s=0.5)])
def test_a_commit_whose_answer_is_lost_is_not_made_again(provider, far, reply):
    provider.replies = [reply]

    with pytest.raises(StoreUnavailable):
        COMMIT(far)
    assert len(provider.seen) == 1


def test_a_commit_is_one_request_with_its_preconditions(provider, far):
    revision = "2026-01-01T12:00:00.123456789Z"
    writes = [Write(key("new"), {}, ABSENT), Write(key("old"), {}, revision), Write(key("x"), None)]
    results = [{"updateTime": revision}] * 2 + [{}]
    provider.replies = [Reply(200, {"writeResults": results, "commitTime": revision})]

    far.commit(writes)

    (seen,) = provider.seen
    assert seen.path == "/v1/projects/p/databases/(default)/documents:commit"
    assert seen.headers["Authorization"] == "Bearer owner"
    sent = [write.get("currentDocument") for write in seen.json["writes"]]
    assert sent == [{"exists": False}, {"updateTime": revision}, None]


def test_a_revision_is_exact_to_the_nanosecond(provider, far):
    revision = "2026-01-01T12:00:00.123456789Z"
    name = "projects/p/databases/(default)/documents/tenants/acme/things/a"
    found = {"name": name, "createTime": revision, "updateTime": revision}
    provider.replies = [Reply(200, [{"found": found, "readTime": revision}])]

    assert far.get(key("a")).revision == revision
    assert far.get(key("a")).data == {}


def test_a_whole_number_that_was_a_fraction_stays_one(provider, far):
    """Google writes 2.0 as 2, its emulator as 2.0."""
    name = "projects/p/databases/(default)/documents/tenants/acme/things/a"
    fields = {"n": {"doubleValue": 2}, "m": {"doubleValue": -0.0}, "i": {"integerValue": "2"}}
    found = {"name": name, "fields": fields, "updateTime": "2026-01-01T12:00:00Z"}
    provider.replies = [Reply(200, [{"found": found}])]

    data = far.get(key("a")).data
    assert [type(data[name]) for name in "nmi"] == [float, float, int]


def test_a_process_without_credentials_has_no_store(monkeypatch, tmp_path):
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    with pytest.raises(StoreUnavailable, match="DefaultCredentialsError"):
        FirestoreDocuments("nowhere").get(key("a"))


@pytest.fixture
def documents(firestore_emulator):
    return FirestoreDocuments(fresh_project())


@emulated
def test_another_database_holds_other_documents(documents):
    put(documents, {"a": {"n": 1}})

    assert FirestoreDocuments(fresh_project()).get(key("a")) is None


@emulated
def test_a_revision_is_good_for_one_write(documents):
    put(documents, {"a": {"n": 1}})
    revision = documents.get(key("a")).revision

    documents.commit([Write(key("a"), {"n": 2}, revision)])
    with pytest.raises(Contended):
        documents.commit([Write(key("a"), {"n": 3}, revision)])


EVERYTHING = {
    "text": "😀 ümläut\n",
    "least": -(2**63),
    "most": 2**63 - 1,
    "flag": False,
    "nothing": None,
    "half": 0.5,
    "whole": 2.0,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "minus": -0.0,
    "list": [1, "a", None, {"b": True}],
    "map": {"a.b": 1, "ö x": {"deep": []}},
    "empty": {},
}


@pytest.fixture
def google(firestore_emulator):
    from google.cloud import firestore

    return lambda project: firestore.Client(project=project)


@emulated
def test_what_we_write_googles_own_client_reads(google):
    project = fresh_project()
    FirestoreDocuments(project).commit([Write(key("a"), EVERYTHING, ABSENT)])

    theirs = google(project).document("tenants/acme/things/a").get().to_dict()
    assert theirs == EVERYTHING
    assert {name: type(value) for name, value in theirs.items()} == {
        name: type(value) for name, value in EVERYTHING.items()
    }


@emulated
def test_what_googles_own_client_writes_we_read(google):
    project = fresh_project()
    written = google(project).document("tenants/acme/things/a").set(EVERYTHING)

    ours = FirestoreDocuments(project).get(key("a"))
    assert ours.data == EVERYTHING
    assert {name: type(value) for name, value in ours.data.items()} == {
        name: type(value) for name, value in EVERYTHING.items()
    }
    at = datetime.fromisoformat(ours.revision)
    assert at == datetime.fromtimestamp(written.update_time.timestamp(), UTC)


@emulated
def test_a_query_of_ours_and_googles_own_clients_find_the_same(google):
    from google.cloud.firestore import FieldFilter

    project = fresh_project()
    ours, theirs = FirestoreDocuments(project), google(project)
    put(ours, {"a": {"n": 1, "t": "x"}, "b": {"n": 2, "t": "x"}, "c": {"n": 3, "t": "y"}})
    things = theirs.collection("tenants/acme/things")
    things.document("d").set({"n": 4, "t": "x"})

    found = ours.find("acme", query(("t", "==", "x"), ("n", ">=", 2), order="-n"))
    asked = things.where(filter=FieldFilter("t", "==", "x")).where(filter=FieldFilter("n", ">=", 2))
    same = [(one.id, one.to_dict()) for one in asked.order_by("n", direction="DESCENDING").stream()]
    assert [(one.key.id, one.data) for one in found] == same
    assert [id for id, _ in same] == ["d", "b"]
    ((counted,),) = asked.count().get()
    assert ours.count("acme", query(("t", "==", "x"), ("n", ">=", 2))) == counted.value == 2


@emulated
def test_we_and_googles_own_client_see_each_others_changes(google):
    project = fresh_project()
    ours, theirs = FirestoreDocuments(project), google(project).document("tenants/acme/things/a")
    put(ours, {"a": {"n": 1}})
    seen = ours.get(key("a")).revision
    theirs.update({"n": 2})

    with pytest.raises(Contended):
        ours.commit([Write(key("a"), {"n": 3}, seen)])
    assert [found.data for found in ours.find("acme", query(("n", "==", 2)))] == [{"n": 2}]


LOADED = (
    "; print([name for name, module in sys.modules.items() if getattr(module, '__file__', None)"
    " and name.partition('.')[0] in {'google', 'grpc', 'requests', 'cryptography', *sys.argv[1:]}])"
)


def loaded(program, *more):
    said = subprocess.run(
        [sys.executable, "-c", program + LOADED, *more],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return said.stdout.strip()


def test_nothing_is_imported_before_the_first_use():
    program = (
        "import sys; from shared.edge.firestore import FirestoreDocuments;"
        "from shared.edge.pubsub import PubsubBus;"
        "FirestoreDocuments('p'), PubsubBus('p', 'test')"
    )
    assert loaded(program, "urllib3") == "[]"


@emulated
def test_and_nothing_of_google_after_it(firestore_emulator):
    program = (
        "import sys; from shared.edge.firestore import FirestoreDocuments;"
        "from shared.documents import Key, Write; key = Key('acme', 'things', 'a');"
        f"documents = FirestoreDocuments({fresh_project()!r});"
        "documents.commit([Write(key, {})]), documents.get(key)"
    )
    assert loaded(program, "urllib3") == "[]"
