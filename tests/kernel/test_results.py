"""Results that are text, and public operations that look who asks."""

import csv

from pydantic import StrictBool

from shared.actors import PUBLIC, Scope
from shared.answers import PlainText
from shared.entity import Value
from shared.operation import Call
from shared.tables import Csv
from tests.worlds import declared


def test_a_text_is_answered_as_it_is_under_its_own_media_type(world):
    @declared("GET", "/v1/text", scopes={Scope.ACCOUNT}, audited=False)
    def get_text(call: Call) -> PlainText:
        """Get."""
        return PlainText("one\ntwo é\n")

    answer = world.call(get_text, "/v1/text", as_="viewer")
    assert answer.data.decode() == "one\ntwo é\n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_answers_one_or_the_other_is_described_as_both(world):
    class Which(Value):
        table: StrictBool = False

    @declared("GET", "/v1/either", scopes={Scope.ACCOUNT}, audited=False)
    def get_either(call: Call, query: Which) -> dict[str, int] | Csv:
        """Get."""
        rows = [(1, "=1+1"), (2, " =1+1"), (None, 'x "y", z')]
        return Csv.of("rows", ["a", "b"], rows) if query.table else {"a": 1}

    table, plain = (
        world.call(get_either, "/v1/either", as_="viewer", query=q) for q in ({"table": "true"}, {})
    )
    assert (table.mimetype, plain.mimetype) == ("text/csv", "application/json")
    assert 'filename="rows.csv"' in table.headers["Content-Disposition"]
    assert list(csv.reader(table.get_data(as_text=True).splitlines())) == [
        ["a", "b"],
        ["1", "'=1+1"],
        ["2", "' =1+1"],
        ["", 'x "y", z'],
    ]
    op = get_either.declared
    assert op.shapes == {200: dict[str, int]}
    assert [form.media_type for form in op.answers[200]] == [None, Csv.media_type]


def test_a_plain_string_is_json_as_ever(world):
    @declared("GET", "/v1/word", scopes={Scope.ACCOUNT}, audited=False)
    def get_word(call: Call) -> str:
        """Get."""
        return "word"

    answer = world.call(get_word, "/v1/word", as_="viewer")
    assert answer.data == b'"word"'
    assert answer.headers["Content-Type"] == "application/json"


def test_a_public_operation_that_does_not_look_knows_nobody(world):
    @declared("GET", "/v1/who", scopes=PUBLIC, audited=False)
    def get_who(call: Call) -> dict[str, str]:
        """Get."""
        return {"id": call.actor.id}

    @declared("GET", "/v1/whom", scopes=PUBLIC, audited=False, recognises=True)
    def get_whom(call: Call) -> dict[str, str]:
        """Get."""
        return {"id": call.actor.id}

    assert world.call(get_who, "/v1/who", as_="viewer").json == {"id": "anonymous"}
    assert world.call(get_whom, "/v1/whom", as_="viewer").json["id"] == "viewer.platform"
    assert world.call(get_whom, "/v1/whom", as_="service").json == {"id": "anonymous"}
