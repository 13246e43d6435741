"""Which version a change is of: asked for, compared and declared as RFC 9110 and RFC 6585 say."""

import pytest

from shared.actors import Scope
from shared.entity import Id
from shared.operation import Call
from tests.kernel.things import Size, Thing, get_thing, problem, resize_thing, thing
from tests.worlds import declared

__all__ = ["thing"]


def operation_of(method, **options):
    def put_thing(call: Call, thing_id: Id, body: Size) -> Thing:
        """Resize."""
        return resize_thing(call, thing_id, body)

    path = "/v1/things/{thing_id}"
    return declared(method, path, scopes={Scope.GENESIS_WRITE}, **options)(put_thing)


def put(world, thing, *, op=None, **headers):
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    op = op or operation_of("PUT")
    return world.call(op, f"/v1/things/{thing['id']}", {"size": 7}, as_="admin", headers=named)


@pytest.mark.parametrize("op", [operation_of("PUT"), operation_of("POST", versioned=True)])
def test_what_must_name_a_version_and_does_not_is_told_so(world, thing, op):
    problem(put(world, thing, op=op), 428, "version_required")
    assert put(world, thing, op=op, If_Match=f'"{thing["version_hash"]}"').status_code == 200


def test_what_has_no_versions_needs_none(world, thing):
    assert put(world, thing, op=operation_of("PUT", versioned=False)).status_code == 200


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ('"{}"', 200),
        ('"0", "{}"', 200),
        ('"0" ,"{}"', 200),
        ("*", 200),
        ('"*"', 412),
        ('"*", "{}"', 200),
        ('"0"', 412),
        ('""', 412),
        ('W/"{}"', 412),
        ('W/"{}", "0"', 412),
        ("{}", 400),
        ('"{}', 400),
        ('"a b"', 400),
        ("", 400),
    ],
)
def test_versions_are_compared_to_the_letter(world, thing, told, status):
    answer = put(world, thing, If_Match=told.format(thing["version_hash"]))
    assert answer.status_code == status, answer.data


def test_what_must_be_new_is_refused_where_there_is_one(world, thing):
    problem(put(world, thing, If_None_Match="*"), 412, "version_conflict")


def test_what_is_there_is_not_new(world, thing):
    """RFC 9110, 13.2.2: whoever sends both conditions means both."""
    for told in ('"{}"', '"0"', "*", '"0", "{}"', 'W/"{}"', '""', '"", "{}"'):
        named = told.format(thing["version_hash"])
        refused = put(world, thing, If_Match=named, If_None_Match="*")
        problem(refused, 412, "version_conflict")
    problem(put(world, thing, If_Match="x", If_None_Match="*"), 400, "bad_request")


@pytest.mark.parametrize("told", ['"{}"', 'W/"{}"', '"0"', "{}", "*, *", ""])
def test_no_change_is_made_on_a_condition_that_nobody_judges(world, thing, told):
    told = told.format(thing["version_hash"])
    problem(put(world, thing, If_Match="*", If_None_Match=told), 400, "bad_request")


@pytest.mark.parametrize("told", ["*", '"{}"', '"0"', "{}"])
def test_what_is_read_is_shown_whatever_version_is_named(world, thing, told):
    told = told.format(thing["version_hash"])
    for header in ("If-Match", "If-None-Match"):
        path = f"/v1/things/{thing['id']}"
        answer = world.call(get_thing, path, as_="admin", headers={header: told})
        assert (answer.status_code, answer.json) == (200, thing), header


def test_a_state_that_does_not_allow_it_is_no_other_version(world, thing):
    first = put(world, thing, If_Match="*")
    body = {"size": 99}
    path = f"/v1/things/{thing['id']}/resize"
    assert first.status_code == world.call(resize_thing, path, body, as_="admin").status_code == 200
    problem(put(world, thing, If_Match="*"), 409, "conflict", "grown")


@pytest.mark.parametrize(
    ("op", "takes"),
    [
        (operation_of("PUT"), True),
        (operation_of("PUT", versioned=False), None),
        (operation_of("POST"), False),
        (operation_of("POST", versioned=True), True),
        (operation_of("GET"), None),
    ],
)
def test_a_declaration_says_whether_a_version_must_be_named(op, takes):
    from shared.edge.headers import MATCH, given

    assert dict(given(op.declared)).get(MATCH) is takes
