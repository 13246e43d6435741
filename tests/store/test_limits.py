"""
How much a document and a commit may hold: what fits is kept by both stores, what does not is refused alike, unsent.

Firestore's emulator (1.19.9) counts ids, paths, levels and bytes as the documentation says, and does not count entries in
indexes; of a commit it takes 4 MiB, as gRPC does by itself, and answers 429 to more, where Firestore takes 10 MiB.
"""

import pytest

from shared.documents import Write
from shared.edge import limits
from shared.edge.firestore import FirestoreDocuments
from shared.errors import Invalid, TooLarge
from tests.edge.provider import providing
from tests.emulators import firestore_emulator, fresh_project
from tests.store.conftest import key, put

__all__ = ["firestore_emulator"]


def within(levels, inner=1):
    """Put something so many maps deep."""
    for _ in range(levels):
        inner = {"m": inner}
    return inner


def lists(levels, inner=1):
    for _ in range(levels):
        inner = [inner]
    return inner


PAIRS = {
    "a name": ({"x" * 1500: 1}, {"x" * 1501: 1}),
    "a name in bytes": ({"é" * 750: 1}, {"é" * 750 + "x": 1}),
    "a path": ({"a" * 749: {"b" * 750: 1}}, {"a" * 750: {"b" * 750: 1}}),
    "a path of three": (
        {"a" * 499: {"b" * 500: {"c" * 499: 1}}},
        {"a" * 499: {"b" * 500: {"c" * 500: 1}}},
    ),
    "a path to an empty map": ({"a" * 749: {"b" * 750: {}}}, {"a" * 750: {"b" * 750: {}}}),
    "a path through a list": ({"a" * 749: [{"b" * 750: 1}]}, {"a" * 750: [{"b" * 750: 1}]}),
    "a path through two lists": (
        {"a" * 746: [[{"b" * 750: 1}]]},
        {"a" * 747: [[{"b" * 750: 1}]]},
    ),
    "maps": ({"a": within(20)}, {"a": within(21)}),
    "empty maps": ({"a": within(19, {})}, {"a": within(20, {})}),
    "lists count double": ({"a": lists(10)}, {"a": lists(11)}),
    "lists in maps": ({"a": within(9, lists(6))}, {"a": within(10, lists(6))}),
    "maps in lists": ({"a": lists(5, within(11))}, {"a": lists(5, within(12))}),
    "a map that looks like a list in a list": (
        {"a": within(17, [{"[]": 1}])},
        {"a": within(18, [{"[]": 1}])},
    ),
    "a long text": ({"t": "x" * 1_048_400}, {"t": "x" * 1_048_500}),
    "a long text in bytes": ({"t": "é" * 524_200}, {"t": "é" * 524_250}),
    "many texts": ({"t": ["ü" * 999] * 524}, {"t": ["ü" * 999] * 525}),
    "many numbers": ({"n": {"m": [[1] * 131_050]}}, {"n": {"m": [[1] * 131_070]}}),
    "many maps": ({"n": [[{"m" * 50: 1}] * 17_400]}, {"n": [[{"m" * 50: 1}] * 17_800]}),
}


@pytest.mark.parametrize(("fits", "over"), PAIRS.values(), ids=PAIRS)
def test_what_fits_is_kept_and_what_does_not_is_refused(documents, fits, over):
    put(documents, {"a": fits})
    assert documents.get(key("a")).data == fits

    with pytest.raises((Invalid, TooLarge)):
        put(documents, {"a": over})
    assert documents.get(key("a")).data == fits


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"n": float("nan")}, "finite"),
        ({"n": [float("-inf")]}, "finite"),
        ({"n": 2**63}, "64 bits"),
        ({"n": -(2**63) - 1}, "64 bits"),
        ({"t": "\ud800"}, "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        ({"t": "a\0b"}, "NUL"),
        ({"a\0b": 1}, "NUL"),
        ({"a": {"": 1}}, "no name of a member"),
        ({"a": [{"__b__": 1}]}, "no name of a member"),
        ({"__\n__": 1}, "no name of a member"),
        ({"kept_until": "soon"}, "must be an instant"),
        ({"kept_until": None}, "must be an instant"),
        ({"kept_until": 1}, "must be an instant"),
        ({"kept_until": "2026-01-01T12:00:00Z"}, "must be an instant"),
        ({"kept_until": "2026-01-01T12:00:00.1234Z"}, "must be an instant"),
        ({"kept_until": "2026-01-01T13:00:00.000+01:00"}, "must be an instant"),
        ({"kept_until": "2026-13-01T13:00:00.000Z"}, "must be an instant"),
    ],
)
def test_what_has_no_place_in_a_document_is_refused(documents, content, reason):
    with pytest.raises(Invalid, match=reason):
        put(documents, {"a": content})
    put(documents, {"a": {"n": 1}})
    assert documents.get(key("a")).data == {"n": 1}


@pytest.mark.parametrize(
    "kept", ["2026-01-01T12:00:00.120Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"]
)
def test_until_when_a_document_is_kept_is_read_as_it_was_written(documents, kept):
    put(documents, {"a": {"kept_until": kept, "in": {"kept_until": "whenever"}}})

    assert documents.get(key("a")).data == {"kept_until": kept, "in": {"kept_until": "whenever"}}


SEEN_BY_FIRESTORE_ALONE = {
    "as many members as have entries": (
        {f"m{n}": True for n in range(19_899)},
        {f"m{n}": True for n in range(19_901)},
    ),
    "as many items as have entries": ({"l": [1] * 39_798}, {"l": [1] * 39_799}),
    "entries with a long way": (
        {"a" * 1400: {f"m{n}": 1 for n in range(2700)}},
        {"a" * 1400: {f"m{n}": 1 for n in range(2900)}},
    ),
    "entries of long items": (
        {"l": [f"{n:04}" + "x" * 140 for n in range(6800)]},
        {"l": [f"{n:04}" + "x" * 10 for n in range(39_800)]},
    ),
}


@pytest.mark.parametrize(
    ("fits", "over"), SEEN_BY_FIRESTORE_ALONE.values(), ids=SEEN_BY_FIRESTORE_ALONE
)
def test_a_document_has_no_more_entries_in_indexes_than_firestore_takes(documents, fits, over):
    """The emulator takes more: this is by the documentation (40,000 entries, of 8 MiB together)."""
    put(documents, {"a": fits})

    with pytest.raises(Invalid, match="too many members"):
        put(documents, {"a": over})


COMMITS = {
    "texts": ({"t": "x" * 830_000}, {"t": "x" * 840_000}, 5),
    "many small": ({"t": "x" * 7_800}, {"t": "x" * 7_900}, 500),
}


@pytest.mark.parametrize(("small", "large", "many"), COMMITS.values(), ids=COMMITS)
def test_one_commit_is_at_most_four_mebibytes(documents, small, large, many):
    put(documents, {f"a{n}": small for n in range(many)})

    with pytest.raises(TooLarge, match="one change is at most 4,194,304 bytes"):
        put(documents, {f"b{n}": large for n in range(many)})
    assert documents.get(key("b0")) is None


DENSE = {
    "numbers": ({"l": [[1] * 49_000]}, {"l": [[1] * 51_000]}, 4),
    "truths": ({"l": [[False] * 175_000]}, {"l": [[False] * 185_000]}, 1),
    "empty maps": ({"l": [[{}] * 150_000]}, {"l": [[{}] * 156_000]}, 1),
    "escapes": ({"t": "\x01" * 690_000}, {"t": "\x01" * 700_000}, 1),
}


@pytest.mark.parametrize(("small", "large", "many"), DENSE.values(), ids=DENSE)
def test_a_commit_is_counted_as_it_is_sent(small, large, many):
    limits.check_writes([Write(key(f"a{n}"), small) for n in range(many)])

    with pytest.raises(TooLarge, match="one change is at most 4,194,304 bytes"):
        limits.check_writes([Write(key(f"a{n}"), large) for n in range(many)])


def test_what_is_refused_is_not_sent(monkeypatch):
    with providing() as provider:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", provider.address[7:])
        documents = FirestoreDocuments("p")
        for _, over in PAIRS.values():
            with pytest.raises((Invalid, TooLarge)):
                put(documents, {"a": over})
        assert provider.seen == []


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.emulator
@pytest.mark.enable_socket
def test_firestore_refuses_what_we_refuse_and_takes_what_we_take(
    firestore_emulator, monkeypatch, name
):
    """The limits are not ours: without them the emulator says the same."""
    fits, over = PAIRS[name]
    documents = FirestoreDocuments(fresh_project())
    monkeypatch.setattr(limits, "check_writes", lambda writes: None)

    put(documents, {"a": fits})
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        put(documents, {"a": over})


def test_many_writes_are_divided_into_commits_that_fit():
    writes = [Write(key(f"a{n}"), {"t": "x" * 50_000}) for n in range(200)]
    writes += [Write(key(f"b{n}"), {}) for n in range(1100)]

    divided = list(limits.commits(writes))
    assert [write for some in divided for write in some] == writes
    for some in divided:
        limits.check_writes(some)
    assert [len(some) for some in divided] == [83, 82, 500, 500, 135]
    assert list(limits.commits([])) == []
