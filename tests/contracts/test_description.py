"""The API describes itself, and truly."""

import json
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from local.pages import pages, written
from shared.edge.catalog import operations
from shared.edge.openapi import openapi

API = openapi()
CASES = {
    item[method]["operationId"]: item[method]
    for item in API["paths"].values()
    for method in ("get", "post", "put", "patch", "delete")
    if method in item
}
WHOLE = Registry().with_resource("urn:api", DRAFT202012.create_resource(API)).crawl()
"""The description, read once: each reading takes longer than checking all examples of one operation."""


def wrong(examples):
    """Return what is wrong with examples, given by the place of their schema."""
    for place, value in examples:
        validator = Draft202012Validator({"$ref": f"urn:api#{place}"}, registry=WHOLE)
        for error in validator.iter_errors(value):
            yield f"{unquote(place)}: {error.message} at {error.json_path}"


def pointer(*parts):
    """Write the place of something in the description (RFC 6901, in a URI)."""
    return "".join(f"/{quote(part.replace('~', '~0').replace('/', '~1'))}" for part in parts)


def examples():
    """Yield every example of a request or an answer, with the place of its schema."""
    for path, item in API["paths"].items():
        for method, described in item.items():
            bodies = [("requestBody", described.get("requestBody", {"content": {}}))]
            answers = described["responses"].items()
            bodies += [("responses", status, one) for status, one in answers if "$ref" not in one]
            for *names, body in bodies:
                for kind, content in body["content"].items():
                    if "example" in content:
                        place = pointer("paths", path, method, *names, "content", kind, "schema")
                        yield place, content["example"]


def refusals(described):
    """Return what an operation says of each status that is a no: its examples by their codes."""
    for status, answer in described["responses"].items():
        if "$ref" in answer:
            shared = API["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            yield status, shared["content"]["application/problem+json"]["examples"]


def json_body(described):
    return described.get("requestBody", {"content": {}})["content"].get("application/json")


@pytest.mark.slow
def test_it_is_valid_openapi_3_1():
    OpenAPIV31SpecValidator(json.loads(json.dumps(API))).validate()


def test_it_names_every_operation_once():
    assert sorted(CASES) == sorted(op.id for op in operations())


def test_every_example_is_valid():
    found = list(examples())
    assert len(found) > len(CASES)
    assert list(wrong(found)) == []


def test_an_example_that_is_not_valid_is_found():
    ((place, value), *_) = examples()
    assert list(wrong([(place, [value])]))


def test_every_refusal_is_valid_and_stands_under_its_status():
    problem = pointer("components", "schemas", "Problem")
    for id, described in CASES.items():
        for status, codes in refusals(described):
            assert {str(one["value"]["status"]) for one in codes.values()} == {status}, id
    shared = API["components"]["responses"].values()
    codes = [
        one
        for answer in shared
        for content in answer["content"].values()
        for one in content["examples"].values()
    ]
    assert list(wrong((problem, one["value"]) for one in codes)) == []


def test_the_example_of_a_body_is_one_that_the_operation_takes():
    refused = []
    for op in operations():
        content = json_body(CASES[op.id])
        for kind in op.in_body.values() if content else ():
            try:
                TypeAdapter(kind).validate_json(json.dumps(content["example"]), extra="forbid")
            except ValidationError as error:
                refused.append(f"{op.id} does not take its own example: {error}")
    assert not refused, "\n".join(refused)


def test_every_refusal_is_described():
    for id, described in CASES.items():
        codes = {code for _, examples in refusals(described) for code in examples}
        lacking = {"bad_request", "not_found", "validation_failed", "store_unavailable"} - codes
        assert not lacking, f"{id} does not say that it may refuse with {sorted(lacking)}"
        assert bool(described["security"]) == ("unauthenticated" in codes), id


def test_the_copy_in_the_repository_is_current():
    assert Path("docs/openapi.json").read_text() == written(), "run: make docs"


def test_the_page_for_people_needs_nothing_from_elsewhere():
    import flask

    app = flask.Flask("tests")
    app.register_blueprint(pages())
    client = app.test_client()
    page = client.get("/docs").text
    assert all(op.id in page for op in operations())
    assert "src=" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert client.get("/openapi.json").json == json.loads(written())
    assert client.get("/").headers["Location"] == "/docs"
