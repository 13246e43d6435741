"""A refusal is no outage: what each code of google.rpc means to us, and whether it counts against the store."""

from itertools import product

import pytest

from shared.bus import envelope
from shared.documents import ABSENT, Contended, Write
from shared.edge import rpc
from shared.edge.firestore import FirestoreDocuments
from shared.edge.pubsub import PubsubBus
from shared.errors import ProviderDown, Rejected, StoreUnavailable
from shared.platform.rules.targets import FAILURES, PROBE_AFTER
from tests.bus.conftest import an_entry
from tests.edge.provider import Reply, providing
from tests.store.conftest import key, query

REVISION = "2026-01-01T12:00:00.123456789Z"

CODES = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}
"""Every code but OK, with the HTTP status that Google's APIs answer it with (google/rpc/code.proto)."""

OUTAGES = {
    "CANCELLED",
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "ABORTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
}

READS = {
    "get": lambda documents: documents.get(key("a")),
    "find": lambda documents: documents.find("acme", query()),
    "count": lambda documents: documents.count(None, query()),
}
COMMITS = {
    "nothing": lambda documents: documents.commit([Write(key("a"), {})]),
    "no document": lambda documents: documents.commit([Write(key("a"), {}, ABSENT)]),
    "a revision": lambda documents: documents.commit([Write(key("a"), {}, REVISION)]),
}
FASTER = {
    "nothing": {"ABORTED"},
    "no document": {"ABORTED", "ALREADY_EXISTS"},
    "a revision": {"ABORTED", "FAILED_PRECONDITION", "NOT_FOUND"},
}
"""What says of a commit, by what it expects, that somebody else was faster."""


def told(code, *, stream=False, status=None):
    error = {"error": {"code": CODES[code], "status": code, "message": f"because {code}"}}
    return Reply(status or (200 if stream else CODES[code]), [error] if stream else error)


@pytest.fixture
def provider():
    with providing() as server:
        yield server


@pytest.fixture
def far(provider, monkeypatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", provider.address[7:])
    return FirestoreDocuments("p", sleep=lambda seconds: None)


def left_alone(provider, ask):
    """Say whether the breaker is open: whether the next request is not even sent."""
    before = len(provider.seen)
    with pytest.raises((StoreUnavailable, ProviderDown, Rejected, Contended)):
        ask()
    return len(provider.seen) == before


def test_every_code_is_one_that_passes_or_one_for_good():
    assert set(CODES) == rpc.PASSING | rpc.FOR_GOOD
    assert rpc.PASSING == OUTAGES
    assert not rpc.PASSING & rpc.FOR_GOOD


@pytest.mark.parametrize("stream", [False, True], ids=["status", "stream"])
@pytest.mark.parametrize(("ask", "code"), [*product(READS, CODES)])
def test_a_read_is_made_again_where_that_may_help_and_else_is_a_defect(
    provider, far, caplog, ask, code, stream
):
    provider.replies = [told(code, stream=stream)]
    expected = StoreUnavailable if code in OUTAGES else Rejected

    for turn in range(FAILURES):
        with pytest.raises(expected) as refused:
            READS[ask](far)
        assert len(provider.seen) == (turn + 1) * (4 if code in OUTAGES else 1)
    assert left_alone(provider, lambda: READS[ask](far)) == (code in OUTAGES)
    if code in OUTAGES:
        assert refused.value.retry_after_s == 5
    else:
        assert "again" not in str(refused.value)
        assert f"refuses for good: {code}, because {code}" in caplog.text


@pytest.mark.parametrize(("expecting", "code"), [*product(COMMITS, CODES)])
def test_a_commit_that_is_refused_is_contended_or_an_outage_or_a_defect(
    provider, far, expecting, code
):
    provider.replies = [told(code)]
    if code in FASTER[expecting]:
        expected = Contended
    else:
        expected = StoreUnavailable if code in OUTAGES else Rejected

    for turn in range(FAILURES):
        with pytest.raises(expected):
            COMMITS[expecting](far)
        # Only what was surely not done is sent again.
        assert len(provider.seen) == (turn + 1) * (4 if code == "RESOURCE_EXHAUSTED" else 1)
    alone = left_alone(provider, lambda: COMMITS[expecting](far))
    assert alone == (expected is StoreUnavailable)


@pytest.mark.parametrize("code", CODES)
def test_a_message_that_is_refused_is_an_outage_or_a_defect(provider, monkeypatch, caplog, code):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", provider.address[7:])
    bus = PubsubBus("p", "test", sleep=lambda seconds: None)
    provider.replies = [told(code)]
    expected = StoreUnavailable if code in OUTAGES else Rejected

    def publish():
        bus.publish([envelope(an_entry(), environment="test")])

    for _ in range(FAILURES):
        with pytest.raises(expected):
            publish()
    assert left_alone(provider, publish) == (code in OUTAGES)
    if code not in OUTAGES:
        assert f"refuses for good: {code}, because {code}" in caplog.text


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(404, b"<html>no such page</html>"), "NOT_FOUND"),
        (Reply(400, b""), "INVALID_ARGUMENT"),
        (Reply(413, b""), "INVALID_ARGUMENT"),
        (Reply(502, b"<html>"), "UNAVAILABLE"),
        (Reply(302, b""), "INVALID_ARGUMENT"),
        (Reply(200, b"<html>"), "UNKNOWN"),
        (Reply(200, b""), "UNKNOWN"),
        (Reply(200, b"[" * 5000), "UNKNOWN"),
        (Reply(400, {"error": {"code": 400, "status": "A_NEW_ONE"}}), "INVALID_ARGUMENT"),
        (Reply(200, [{"error": {"code": 503, "status": "A_NEW_ONE"}}]), "UNAVAILABLE"),
        (Reply(400, {"error": "no"}), "INVALID_ARGUMENT"),
        (Reply(200, [{"document": {}}, {"error": {"status": "INTERNAL"}}]), "INTERNAL"),
    ],
)
def test_what_bears_no_code_is_judged_by_its_status(provider, far, reply, code):
    provider.replies = [reply]

    with pytest.raises((StoreUnavailable, Rejected), match=code):
        far.find("acme", query())


MISSING = "projects/p/databases/(default)/documents/tenants/acme/things/a"


def broken(*_):
    raise UnicodeError


@pytest.mark.parametrize("reply", [[], [{"missing": f"{MISSING}/b"}]])
def test_what_is_told_of_other_documents_is_no_answer(far, provider, reply):
    provider.replies = [Reply(200, reply)]
    with pytest.raises(StoreUnavailable):
        far.get(key("a"))


def test_a_defect_of_ours_says_nothing_about_the_store(far, provider, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(far._caller, "_authorised", broken)
        for _ in range(FAILURES):
            with pytest.raises(UnicodeError):
                far.get(key("a"))
    provider.replies = [Reply(200, [{"missing": MISSING, "readTime": REVISION}])]
    assert far.get(key("a")) is None


def test_a_probe_that_ends_with_a_defect_of_ours_leaves_room_for_the_next(provider, monkeypatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", provider.address[7:])
    now = [0.0]
    far = FirestoreDocuments("p", clock=lambda: now[0], sleep=lambda seconds: None)
    provider.replies = [told("UNAVAILABLE")]
    for _ in range(FAILURES):
        with pytest.raises(StoreUnavailable):
            far.get(key("a"))
    now[0] += PROBE_AFTER.total_seconds()
    with monkeypatch.context() as patch:
        patch.setattr(far._caller, "_authorised", broken)
        with pytest.raises(UnicodeError):
            far.get(key("a"))

    provider.replies = [Reply(200, [{"missing": MISSING, "readTime": REVISION}])]
    assert far.get(key("a")) is None
