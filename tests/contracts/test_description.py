"""The API describes itself, and truly."""

import json
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from local.pages import pages, written
from shared.edge.catalog import operations
from shared.edge.openapi import openapi

API = openapi()
CASES = [
    (item[method]["operationId"], item[method])
    for item in API["paths"].values()
    for method in ("get", "post", "put", "patch", "delete")
    if method in item
]


def valid(value, schema):
    whole = {**schema, "components": API["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def json_body(described):
    return described.get("requestBody", {"content": {}})["content"].get("application/json")


def test_it_is_valid_openapi_3_1():
    OpenAPIV31SpecValidator(json.loads(json.dumps(API))).validate()


def test_it_names_every_operation_once():
    assert sorted(id for id, _ in CASES) == sorted(op.id for op in operations())


@pytest.mark.parametrize(("id", "described"), CASES, ids=[id for id, _ in CASES])
def test_every_example_is_valid(id, described):
    del id
    for status, answer in described["responses"].items():
        for kind, content in answer["content"].items():
            if kind != "application/problem+json":
                valid(content["example"], content["schema"])
            else:
                for one in content["examples"].values():
                    valid(one["value"], content["schema"])
                    assert str(one["value"]["status"]) == status
    if json_body(described):
        content = json_body(described)
        valid(content["example"], content["schema"])


@pytest.mark.parametrize("op", operations(), ids=lambda op: op.id)
def test_the_example_of_a_body_is_one_that_the_operation_takes(op):
    from pydantic import TypeAdapter

    described = dict(CASES)[op.id]
    if json_body(described):
        value = json_body(described)["example"]
        for kind in op.in_body.values():
            TypeAdapter(kind).validate_json(json.dumps(value), extra="forbid")


@pytest.mark.parametrize(("id", "described"), CASES, ids=[id for id, _ in CASES])
def test_every_refusal_is_described(id, described):
    del id
    codes = {
        code
        for answer in described["responses"].values()
        for code in answer["content"].get("application/problem+json", {}).get("examples", {})
    }
    assert {"bad_request", "not_found", "validation_failed", "store_unavailable"} <= codes
    assert bool(described["security"]) == ("unauthenticated" in codes)


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
