"""Answers of other shapes: something new, something not done yet, another address, a file."""

import pytest

from shared.actors import Scope
from shared.answers import Accepted, Created, CreatedHere, Download, PlainText, Redirect
from shared.documents import Query, Write
from shared.entity import Id
from shared.operation import Call
from tests.kernel.things import Size, Thing, ThingMade, entries, get_thing, problem
from tests.worlds import declared

KEY = {"Idempotency-Key": "k1"}
FILE = bytes(range(200))
LINK = "https://storage.example/kept?signature=a%2Fb"


@declared("POST", "/v1/things", scopes={Scope.GENESIS_WRITE})
def make_or_show(call: Call, body: Size) -> Created[Thing] | Thing | Accepted[dict[str, int]]:
    """Make a thing where there is none of that size, a big one later."""
    if body.size > 100:
        return Accepted("/v1/async-jobs/1", {"size": body.size})
    with call.transaction() as txn:
        there = txn.loosely("a test").first(Thing, size=body.size)
        if there:
            return there
        new = Thing(
            id=call.new_id(),
            tenant_id=call.tenant,
            created_at=call.now,
            updated_at=call.now,
            governance_agent_id="genesis",
            size=body.size,
        )
        made = txn.create(new, ThingMade(size=body.size))
        return Created(f"/v1/things/{made.id}", made)


@declared("POST", "/v1/things/{thing_id}/share", scopes={Scope.GENESIS_WRITE})
def share_thing(call: Call, thing_id: Id) -> Redirect:
    """Lead to where it is shared."""
    with call.transaction() as txn:
        txn.save(txn.get(Thing, thing_id), ThingMade(size=0))
        return Redirect(LINK)


@declared("GET", "/v1/file", scopes={Scope.ACCOUNT}, audited=False)
def get_file(call: Call) -> Download:
    """Get."""
    return Download(FILE, 'Bericht für "Kim"/2.pdf', "application/pdf")


def make(world, size, **headers):
    return world.call(make_or_show, "/v1/things", {"size": size}, as_="admin", headers=headers)


def test_what_is_new_says_where_it_is_and_what_was_there_does_not(world):
    made = make(world, 1)
    assert (made.status_code, made.json["size"]) == (201, 1)
    there = world.call(get_thing, made.headers["Location"], as_="admin")
    assert (there.status_code, there.json) == (200, made.json)
    assert made.headers["ETag"] == there.headers["ETag"]
    again = make(world, 1)
    assert (again.status_code, again.json) == (200, made.json)
    assert "Location" not in again.headers


def test_what_is_not_done_yet_says_where_to_look(world):
    taken = make(world, 101)
    assert (taken.status_code, taken.headers["Location"]) == (202, "/v1/async-jobs/1")
    assert taken.json == {"size": 101}


def test_the_same_request_is_answered_with_the_same_status_and_headers(world):
    first = make(world, 1, **KEY)
    make(world, 2)
    again = make(world, 1, **KEY)
    assert (again.status_code, again.data) == (201, first.data)
    path = f"/v1/things/{first.json['id']}/share"
    shared, again_shared = (
        world.call(share_thing, path, as_="admin", headers={"Idempotency-Key": "k2"})
        for _ in range(2)
    )
    assert (shared.status_code, shared.data) == (303, b"")
    assert shared.headers["Location"] == LINK
    for one, other in ((first, again), (shared, again_shared)):
        assert one.status_code == other.status_code
        for name in ("Location", "Content-Type", "ETag", "X-Audit-Entry"):
            assert one.headers.get(name) == other.headers.get(name), name
    assert len(entries(world)) == 3


def test_a_text_is_answered_again_as_the_text_that_it_was(world):
    @declared("POST", "/v1/word", scopes={Scope.GENESIS_WRITE})
    def say_word(call: Call, body: Size) -> PlainText:
        """Say a word."""
        make_or_show(call, body)
        return PlainText("word")

    first, again = (
        world.call(say_word, "/v1/word", {"size": 1}, as_="admin", headers=KEY) for _ in range(2)
    )
    assert len(entries(world)) == 1
    assert first.data == again.data == b"word"
    assert first.headers["Content-Type"] == again.headers["Content-Type"] == PlainText.media_type


def test_what_was_kept_before_answers_said_their_type_is_json(world):
    first = make(world, 1, **KEY)
    (kept,) = stored(world)
    headers = {name: said for name, said in kept.data["headers"].items() if name == "ETag"}
    world.ports.documents.commit([Write(kept.key, {**kept.data, "headers": headers})])
    again = make(world, 1, **KEY)
    assert again.json == first.json


def stored(world):
    return world.ports.documents.find(None, Query("idempotency"))


@pytest.mark.parametrize(
    "location",
    [
        "",
        "//evil.example",
        "/\\evil.example",
        "http://a.example",
        "https://",
        "/a\r\nSet-Cookie: b",
        "a",
    ],
)
def test_nobody_is_sent_where_an_address_only_looks_like_one(location):
    for answer in (lambda: Redirect(location), lambda: Created(location, None)):
        with pytest.raises(ValueError, match="no address"):
            answer()


def test_a_file_is_kept_under_its_name(world):
    answer = world.call(get_file, "/v1/file", as_="viewer")
    assert (answer.status_code, answer.data) == (200, FILE)
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="Bericht f_r _Kim__2.pdf";'
        " filename*=UTF-8''Bericht%20f%C3%BCr%20%22Kim%22_2.pdf"
    )


def test_of_a_file_a_part_may_be_asked_for_and_nothing_where_it_is_the_same(world):
    whole = world.call(get_file, "/v1/file", as_="viewer")
    tag = {"If-Range": whole.headers["ETag"]}
    part = world.call(get_file, "/v1/file", as_="viewer", headers=tag | {"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, FILE[10:20])
    assert part.headers["Content-Range"] == "bytes 10-19/200"
    for odd in ("lines=500-", "bytes=x", "bytes=9-1", "bytes=500-,600-", "bytes=0-1,500-"):
        all_of_it = world.call(get_file, "/v1/file", as_="viewer", headers={"Range": odd})
        assert (all_of_it.status_code, all_of_it.data) == (200, FILE), odd
    same = {"If-None-Match": whole.headers["ETag"]}
    assert world.call(get_file, "/v1/file", as_="viewer", headers=same).status_code == 304


@pytest.mark.parametrize("beyond", ["bytes=200-", "bytes=500-600"])
def test_a_part_that_is_not_there_is_told_so_with_how_much_there_is(world, beyond):
    answer = world.call(get_file, "/v1/file", as_="viewer", headers={"Range": beyond})
    assert problem(answer, 416, "range_not_satisfiable")["length"] == 200
    assert answer.headers["Content-Range"] == "bytes */200"
    other = {"Range": beyond, "If-Range": '"another"'}
    assert world.call(get_file, "/v1/file", as_="viewer", headers=other).status_code == 200


@pytest.mark.parametrize("part", ["bytes=0-9", "bytes=500-"])
def test_of_a_head_and_of_what_is_the_same_no_part_is_asked(world, part):
    """RFC 9110, 13.2.2 and 14.2: conditions come first, and only a GET has a range."""
    head = world.call(get_file, "/v1/file", as_="viewer", method="HEAD", headers={"Range": part})
    assert (head.status_code, head.headers["Accept-Ranges"]) == (200, "bytes")
    same = {"If-None-Match": head.headers["ETag"], "Range": part}
    assert world.call(get_file, "/v1/file", as_="viewer", headers=same).status_code == 304


def asked(world, **headers):
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    return world.call(get_file, "/v1/file", as_="viewer", headers=named)


@pytest.mark.parametrize("many", [200, 201, 10**30])
def test_the_end_of_a_file_that_is_shorter_is_all_of_it(world, many):
    """RFC 9110, 14.1.2: also where more of its end is asked for than there is."""
    answer = asked(world, Range=f"bytes=-{many}")
    assert (answer.status_code, answer.data) == (206, FILE)
    assert answer.headers["Content-Range"] == "bytes 0-199/200"
    problem(asked(world, Range="bytes=-0"), 416, "range_not_satisfiable")


@pytest.mark.parametrize(
    ("part", "found"), [("199-", (199, 200)), ("-1", (199, 200)), ("0-999", (0, 200))]
)
def test_a_part_ends_where_the_file_does(world, part, found):
    begin, end = found
    answer = asked(world, Range=f"bytes={part}")
    assert (answer.status_code, answer.data) == (206, FILE[begin:end])
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/200"
    assert answer.headers["Content-Length"] == str(end - begin)


def test_conditions_of_a_file_are_judged_as_the_standard_says(world):
    """RFC 9110, 13.1.1 to 13.1.5: a weak tag is enough to have it, and never to go on with it."""
    tag = asked(world).headers["ETag"]
    for had in ("*", tag, f'"0", {tag}'):
        assert asked(world, If_Match=had).status_code == 200, had
        assert asked(world, If_None_Match=had).status_code == 304, had
        assert asked(world, If_Match=had, If_None_Match=tag).status_code == 304, had
    assert asked(world, If_None_Match=f"W/{tag}").status_code == 304
    for other in ('"0"', '"*"', f"W/{tag}"):
        refused = asked(world, If_Match=other, If_None_Match=tag, Range="bytes=500-")
        problem(refused, 412, "version_conflict")
        assert FILE not in refused.data
    problem(asked(world, If_Match="0"), 400, "bad_request")
    for unlike in (f"W/{tag}", '"0"', "Sun, 29 Nov 2026 00:00:00 GMT"):
        whole = asked(world, Range="bytes=0-3", If_Range=unlike)
        assert (whole.status_code, whole.data) == (200, FILE), unlike


def test_a_put_that_makes_something_says_so(world):
    """RFC 9110, 9.3.4: who puts something where nothing was is told 201, and else 200."""

    @declared("PUT", "/v1/things/{thing_id}", scopes={Scope.GENESIS_WRITE}, versioned=False)
    def put_thing(call: Call, thing_id: Id, body: Size) -> Thing | CreatedHere[Thing]:
        """Put."""
        with call.transaction() as txn:
            if before := txn.get_or_none(Thing, thing_id):
                after = before.model_copy(update={"size": body.size})
                return txn.save(after, ThingMade(size=body.size))
            new = Thing(
                id=thing_id,
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=body.size,
            )
            made = txn.create(new, ThingMade(size=body.size))
            return made if body.size == 1 else CreatedHere(made)

    def put(last, size):
        path = f"/v1/things/00000000-0000-4000-8000-00000000000{last}"
        return world.call(put_thing, path, {"size": size}, as_="admin")

    assert [put(2, 5).status_code, put(2, 6).status_code] == [201, 200]
    assert put(2, 5).headers["ETag"]
    problem(put(3, 1), 500, "internal")
    assert {status: len(forms) for status, forms in put_thing.declared.answers.items()} == {
        200: 1,
        201: 1,
    }


def test_a_file_may_come_one_part_after_the_other(world):
    @declared("GET", "/v1/stream", scopes={Scope.ACCOUNT}, audited=False)
    def get_stream(call: Call) -> Download:
        """Get."""
        return Download(iter([b"a", b"b"]), "ab.bin")

    answer = world.call(get_stream, "/v1/stream", as_="viewer")
    assert (answer.status_code, answer.data) == (200, b"ab")


def test_a_signature_says_every_answer():
    op = make_or_show.declared
    assert {status: [f.located for f in forms] for status, forms in op.answers.items()} == {
        200: [False],
        201: [True],
        202: [True],
    }
    assert op.shapes == {200: Thing, 201: Thing, 202: dict[str, int]}
    assert share_thing.declared.shapes == {}
