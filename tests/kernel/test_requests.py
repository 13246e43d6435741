"""Requests of other shapes: a parameter said twice, a query beside a body, headers, raw bodies, other media types."""

import hashlib
import hmac
import http.client
import json
import threading
import urllib.error
import urllib.request
from typing import Annotated, Any

import flask
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import Field
from werkzeug.serving import make_server

from shared.actors import PUBLIC, Scope
from shared.answers import Created, Download, Redirect
from shared.dialects import SCIM
from shared.edge.openapi import described
from shared.edge.serving import view
from shared.edge.web import Request
from shared.entity import Hex64, Value
from shared.errors import Forbidden, Invalid, NotFound
from shared.files import Content
from shared.inputs import FromHeader, MergePatch, Parameters
from shared.operation import Call
from shared.queries import OneOf, Page, Paging
from tests.kernel.things import problem
from tests.worlds import declared

SECRET = b"whsec_test"
SIGNED = {"Stripe-Signature": "t=1"}


class Tagged(Paging):
    """Which."""

    tags: Annotated[tuple[Annotated[str, Field(max_length=10)], ...], Field(max_length=3)] = ()
    sizes: tuple[int, ...] | None = None
    big: bool = False


@declared("GET", "/v1/tagged", scopes={Scope.ACCOUNT}, audited=False)
def list_tagged(call: Call, which: Tagged) -> dict[str, list[str] | list[int] | None]:
    """List."""
    return {"tags": [*which.tags], "sizes": None if which.sizes is None else [*which.sizes]}


class Mode(Parameters):
    """How."""

    mode: str = Field("strict", pattern="^(strict|lax)$")


class Source(Value):
    """What."""

    text: str = "a"


@declared("POST", "/v1/compile", scopes={Scope.ACCOUNT})
def compile_source(call: Call, source: Source, how: Mode) -> dict[str, str]:
    """Compile."""
    return {"text": source.text, "mode": how.mode}


Signature = Annotated[Hex64, FromHeader("Stripe-Signature", "The HMAC of the body.")]
Attempt = Annotated[int | None, FromHeader("X-Attempt", "Which attempt it is.")]


@declared("POST", "/v1/hooks/payments", scopes=PUBLIC, takes=("application/json",))
def take_payment(
    call: Call, event: Content, signature: Signature, attempt: Attempt
) -> dict[str, int | None]:
    """Take."""
    expected = hmac.new(SECRET, event.data, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise Forbidden("the signature is not ours")
    return {"bytes": len(event.data), "attempt": attempt}


class Patch(MergePatch):
    """What changes."""

    name: str | None = None
    nick: str | None = None


@declared("PATCH", "/v1/person", scopes={Scope.ACCOUNT}, versioned=False)
def patch_person(call: Call, change: Patch) -> dict[str, str | None]:
    """Patch."""
    return change.said


class User(Value):
    """A person, as another system knows them."""

    userName: str  # noqa: N815 - the standard's


@declared("POST", "/scim/v2/Users", scopes={Scope.ACCOUNT}, dialect=SCIM)
def create_user(call: Call, user: User) -> Created[User]:
    """Create."""
    if user.userName == "nobody":
        raise Invalid("nobody is called so", rule="userName")
    return Created(f"/scim/v2/Users/{user.userName}", user)


@declared("GET", "/scim/v2/Users", scopes={Scope.ACCOUNT}, dialect=SCIM, audited=False)
def list_users(call: Call) -> dict[str, list[User]]:
    """List."""
    raise NotFound("there are none")


@declared("GET", "/v1/export", scopes={Scope.ACCOUNT}, audited=False)
def get_export(call: Call) -> Redirect:
    """Lead to the file."""
    return Redirect("/v1/export.bin")


@declared("GET", "/v1/export.bin", scopes={Scope.ACCOUNT}, audited=False)
def get_export_file(call: Call) -> Download:
    """Return the file."""
    return Download(b"0123456789", "export.bin")


ALL = (
    *(list_tagged, compile_source, take_payment, patch_person, create_user, list_users),
    *(get_export, get_export_file),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"tags": [], "sizes": None}),
        ("tags=a", {"tags": ["a"], "sizes": None}),
        ("tags=a&tags=b&tags=a", {"tags": ["a", "b", "a"], "sizes": None}),
        ("tags=a,b", {"tags": ["a,b"], "sizes": None}),
        ("tags=5&sizes=5&sizes=-7", {"tags": ["5"], "sizes": [5, -7]}),
        ("tags=a&limit=1", {"tags": ["a"], "sizes": None}),
    ],
)
def test_a_parameter_that_is_a_list_may_be_repeated(world, query, found):
    answer = world.call(list_tagged, "/v1/tagged", query=query, as_="viewer")
    assert answer.json == found


@pytest.mark.parametrize(
    ("query", "status", "member"),
    [
        ("tags=a&tags=b&tags=c&tags=d", 422, "tags"),
        ("tags=xxxxxxxxxxx", 422, "tags.0"),
        ("sizes=1&sizes=1.0", 422, "sizes.1"),
        ("sizes=1&sizes=x", 422, "sizes.1"),
        ("limit=1&limit=1", 400, None),
        ("big=true&big=true", 400, None),
        ("colour=red&colour=blue", 422, "colour"),
    ],
)
def test_what_is_no_list_is_said_once_and_each_item_is_judged(world, query, status, member):
    answer = world.call(list_tagged, "/v1/tagged", query=query, as_="viewer")
    assert answer.status_code == status, answer.data
    assert member in {None, *(one["field"] for one in answer.json.get("violations", []))}


def test_what_a_query_names_is_what_the_list_is_about():
    asked = Tagged(tags=("a", "b"), sizes=(1,), limit=5, cursor="x")
    assert asked.tests() == {"tags": OneOf(("a", "b")), "sizes": 1, "big": False}
    assert asked.tests("sizes") == {"sizes": 1}
    assert Tagged().tests() == {"big": False}
    assert Tagged(tags=("b", "a", "b"), sizes=(1, 1)).tests() == asked.tests()


def test_a_page_of_something_else_goes_on_where_the_first_did():
    page = Page(items=(1, 2), next_cursor="c").map(str)
    assert (page.items, page.next_cursor) == (("1", "2"), "c")


def test_a_query_stands_beside_a_body(world):
    body = {"text": "b"}
    usual = world.call(compile_source, "/v1/compile", body, as_="viewer")
    assert usual.json == {"text": "b", "mode": "strict"}
    lax = world.call(compile_source, "/v1/compile", body, query="mode=lax", as_="viewer")
    assert lax.json == {"text": "b", "mode": "lax"}
    for query in ("mode=odd", "text=b", "mode=lax&mode=lax"):
        odd = world.call(compile_source, "/v1/compile", body, query=query, as_="viewer")
        assert odd.status_code in {400, 422}, query
    within = world.call(compile_source, "/v1/compile", {"mode": "lax"}, as_="viewer")
    problem(within, 422, "validation_failed")


def signed(body, **headers):
    return {"Stripe-Signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest(), **headers}


def test_a_signature_is_over_the_body_as_it_was_sent(world):
    raw = b'{ "a" : 1.0,  "a": "\xc3\xa9" }'
    path = "/v1/hooks/payments"
    taken = world.call(
        take_payment, path, data=raw, headers=signed(raw), content_type="application/json"
    )
    assert taken.json == {"bytes": len(raw), "attempt": None}
    other = world.call(
        take_payment, path, data=raw + b" ", headers=signed(raw), content_type="application/json"
    )
    problem(other, 403, "forbidden")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "send the header Stripe-Signature"),
        ({"Stripe-Signature": "x"}, "the header Stripe-Signature is not written as it must be"),
        (
            {**signed(b"{}"), "X-Attempt": "1.5"},
            "the header X-Attempt is not written as it must be",
        ),
    ],
)
def test_a_header_that_is_declared_is_asked_for_and_judged(world, headers, said):
    answer = world.call(
        take_payment,
        "/v1/hooks/payments",
        data=b"{}",
        headers=headers,
        content_type="application/json",
    )
    assert problem(answer, 400, "bad_request")["detail"] == said


def test_a_body_is_of_the_type_that_is_declared(world):
    body = json.dumps({"name": None})
    patched = world.call(
        *(patch_person, "/v1/person"),
        data=body,
        as_="viewer",
        content_type="application/merge-patch+json",
    )
    assert patched.json == {"name": None}
    for function, path, kind in (
        (patch_person, "/v1/person", "application/json"),
        (take_payment, "/v1/hooks/payments", "text/plain"),
        (create_user, "/scim/v2/Users", "text/plain"),
    ):
        answer = world.call(function, path, data=body, as_="viewer", content_type=kind)
        assert answer.status_code == 415, path


def test_a_dialect_has_its_own_types_and_its_own_refusals(world):
    def create(name, kind="application/scim+json"):
        data = json.dumps({"userName": name})
        path = "/scim/v2/Users"
        return world.call(create_user, path, data=data, as_="viewer", content_type=kind)

    for kind in ("application/scim+json", "application/json"):
        made = create("kim", kind)
        assert (made.status_code, made.mimetype) == (201, "application/scim+json")
        assert made.headers["Location"] == "/scim/v2/Users/kim"
    refused = create("nobody")
    assert (refused.status_code, refused.mimetype) == (400, "application/scim+json")
    assert refused.json == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "400",
        "scimType": "invalidValue",
        "detail": "nobody is called so",
    }
    broken = world.call(
        *(create_user, "/scim/v2/Users"), data="{", as_="viewer", content_type="application/json"
    )
    assert (broken.json["status"], broken.json["scimType"]) == ("400", "invalidSyntax")
    other = world.call(create_user, "/scim/v2/Users", method="PATCH", as_="viewer")
    assert (other.json["status"], other.json.get("scimType")) == ("405", None)
    missing = world.call(list_users, "/scim/v2/Users", as_="viewer")
    assert (missing.status_code, missing.json["status"]) == (404, "404")
    stranger = world.call(list_users, "/scim/v2/Users")
    assert (stranger.status_code, stranger.mimetype) == (401, "application/scim+json")


def test_a_dialect_passes_over_what_only_others_know(world):
    """RFC 7644, 3.3 and 3.5.1: what the service provider alone sets is ignored; extensions come with it."""
    extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    sent = {"userName": "kim", "id": "7", "meta": {"version": "1"}, extension: {"division": "a"}}
    made = world.call(create_user, "/scim/v2/Users", sent, as_="viewer")
    assert (made.status_code, made.json) == (201, {"userName": "kim"})
    ours = world.call(compile_source, "/v1/compile", {"text": "b", "id": "7"}, as_="viewer")
    problem(ours, 422, "validation_failed")


class Named(Value):
    """Something of a patch that comes whole."""

    name: str = "a"
    nick: str | None = None


class Person(MergePatch):
    """What changes, and what changes in it."""

    inner: Patch | None = None
    others: tuple[Named, ...] = ()


def test_a_patch_knows_what_was_sent_in_every_part(world):
    """RFC 7396, 2: an object within a patch is a patch; a list comes whole, with all that is in it."""

    @declared("PATCH", "/v1/persons", scopes={Scope.ACCOUNT}, versioned=False)
    def patch_persons(call: Call, change: Person) -> dict[str, Any]:
        """Patch."""
        return change.said

    sent = {"inner": {"nick": None}, "others": [{"name": "b"}]}
    answer = world.call(
        *(patch_persons, "/v1/persons"),
        data=json.dumps(sent),
        as_="viewer",
        content_type="application/merge-patch+json",
    )
    assert answer.json == {"inner": {"nick": None}, "others": [{"name": "b", "nick": None}]}


@pytest.mark.parametrize("kind", [Named, Named | None, Annotated[Named, "b"] | str])
def test_nothing_in_a_patch_is_an_object_that_forgets_what_was_sent(kind):
    with pytest.raises(TypeError, match=r"Odd\.inner stands in a patch"):
        type("Odd", (MergePatch,), {"__annotations__": {"inner": kind}, "__module__": __name__})


@pytest.mark.parametrize("body", [b"", b" "])
def test_no_body_is_no_patch(world, body):
    kind = "application/merge-patch+json"
    answer = world.call(patch_person, "/v1/person", data=body, as_="viewer", content_type=kind)
    problem(answer, 400, "bad_request")


@pytest.fixture
def description(monkeypatch):
    import sys
    import types

    monkeypatch.setitem(
        sys.modules, "functions.tests", types.ModuleType("functions.tests", "Of tests.")
    )
    return described([one.declared for one in ALL])


def test_the_description_says_all_of_it(description):
    OpenAPIV31SpecValidator(json.loads(json.dumps(description))).validate()
    paths = description["paths"]
    tags = next(p for p in paths["/v1/tagged"]["get"]["parameters"] if p["name"] == "tags")
    assert (tags["in"], tags["schema"]["type"], tags["schema"]["maxItems"]) == ("query", "array", 3)
    compiled = paths["/v1/compile"]["post"]
    assert ("mode", "query") in {(p["name"], p["in"]) for p in compiled["parameters"]}
    assert "requestBody" in compiled
    hook = paths["/v1/hooks/payments"]["post"]
    own = {p["name"]: p["required"] for p in hook["parameters"] if p["in"] == "header"}
    assert (own["Stripe-Signature"], own["X-Attempt"]) == (True, False)
    assert set(paths["/v1/person"]["patch"]["requestBody"]["content"]) == {
        "application/merge-patch+json"
    }
    user = paths["/scim/v2/Users"]["post"]
    assert set(user["requestBody"]["content"]) == {"application/scim+json", "application/json"}
    assert set(user["responses"]["201"]["content"]) == {"application/scim+json"}
    assert user["responses"]["404"]["$ref"] == "#/components/responses/Refused404ScimError"
    assert "422" not in user["responses"]
    assert "Location" in user["responses"]["201"]["headers"]
    assert set(paths["/v1/export"]["get"]["responses"]) >= {"303", "401"}


# --- over a real server ---------------------------------------------------------------------------


@pytest.fixture
def address(world):
    """Serve the operations of these tests at a port of this machine."""
    app = flask.Flask("tests")
    for function in ALL:
        op = function.declared
        serve = view(op, lambda: world.ports)
        app.add_url_rule(
            op.path,
            op.id,
            lambda serve=serve: serve(Request(flask.request.environ)),
            methods=[op.method],
        )
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.enable_socket
def test_a_server_takes_a_signed_body_and_hands_out_a_file_through_a_redirect(world, address):
    raw = b'{"amount":  100}'
    asked = urllib.request.Request(
        f"{address}/v1/hooks/payments", raw, signed(raw, **{"Content-Type": "application/json"})
    )
    with urllib.request.urlopen(asked) as answer:
        assert json.load(answer) == {"bytes": len(raw), "attempt": None}
    asked.add_header("Stripe-Signature", "0" * 64)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    refused.value.close()
    assert refused.value.code == 403
    token = world.sign_in.token("viewer", world.now)
    headers = {"Authorization": f"Bearer {token}", "Range": "bytes=2-4"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{address}/v1/export", headers=headers)
    ) as file:
        assert (file.status, file.read()) == (206, b"234")
        assert "export.bin" in file.headers["Content-Disposition"]


@pytest.mark.enable_socket
def test_a_header_that_comes_twice_is_one_with_a_comma(world, address):
    """RFC 9110, 5.3; whatever is in front of us joins them. A type that knows no comma refuses that."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    connection.putrequest("POST", "/v1/hooks/payments")
    for name, said in (*signed(b"{}").items(), *signed(b"[]").items()):
        connection.putheader(name, said)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["code"]) == (400, "bad_request")
    connection.close()
