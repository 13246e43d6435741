"""The API describes itself, and truly."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from local.description import files, written
from shared.edge.catalog import operations
from shared.edge.docstrings import of_members
from shared.edge.openapi import IN_PATH, openapi
from shared.entity import Entity
from shared.examples import NAMES


@cache
def cases():
    """Return every operation as it is described, by its id."""
    return {
        item[method]["operationId"]: item[method]
        for item in openapi()["paths"].values()
        for method in ("get", "post", "put", "patch", "delete")
        if method in item
    }


@cache
def registry():
    """Read the description once: each reading takes longer than checking all examples of one operation."""
    return Registry().with_resource("urn:api", DRAFT202012.create_resource(openapi())).crawl()


def wrong(examples):
    """Return what is wrong with examples, given by the place of their schema."""
    for place, value in examples:
        validator = Draft202012Validator({"$ref": f"urn:api#{place}"}, registry=registry())
        for error in validator.iter_errors(value):
            yield f"{unquote(place)}: {error.message} at {error.json_path}"


def pointer(*parts):
    """Write the place of something in the description (RFC 6901, in a URI)."""
    return "".join(f"/{quote(part.replace('~', '~0').replace('/', '~1'))}" for part in parts)


def test_what_stands_in_an_address_is_said_in_words():
    lacking = {name for op in operations() for name in op.in_path} - IN_PATH.keys()
    assert not lacking, f"say in shared/edge/openapi.py, IN_PATH, what these are: {lacking}"


def test_what_a_name_must_look_like_is_said_of_every_name():
    assert "patternProperties" not in written(openapi()), (
        "a name of another look could have any value"
    )


def examples():
    """Yield every example of a request or an answer, with the place of its schema."""
    for path, item in openapi()["paths"].items():
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
            shared = openapi()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            yield status, shared["content"]["application/problem+json"]["examples"]


def json_body(described):
    return described.get("requestBody", {"content": {}})["content"].get("application/json")


@pytest.mark.slow
def test_it_is_valid_openapi_3_1():
    OpenAPIV31SpecValidator(json.loads(json.dumps(openapi()))).validate()


def test_it_names_every_operation_once():
    assert sorted(cases()) == sorted(op.id for op in operations())


def test_every_example_is_valid():
    found = list(examples())
    assert len(found) > len(cases())
    assert list(wrong(found)) == []


def test_an_example_that_is_not_valid_is_found():
    ((place, value), *_) = examples()
    assert list(wrong([(place, [value])]))


def test_every_refusal_is_valid_and_stands_under_its_status():
    problem = pointer("components", "schemas", "Problem")
    for id, described in cases().items():
        for status, codes in refusals(described):
            assert {str(one["value"]["status"]) for one in codes.values()} == {status}, id
    shared = openapi()["components"]["responses"].values()
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
        content = json_body(cases()[op.id])
        for kind in op.in_body.values() if content else ():
            try:
                TypeAdapter(kind).validate_json(json.dumps(content["example"]), extra="forbid")
            except ValidationError as error:
                refused.append(f"{op.id} does not take its own example: {error}")
    assert not refused, "\n".join(refused)


def test_every_refusal_is_described():
    for id, described in cases().items():
        codes = {code for _, examples in refusals(described) for code in examples}
        lacking = {"bad_request", "not_found", "validation_failed", "store_unavailable"} - codes
        assert not lacking, f"{id} does not say that it may refuse with {sorted(lacking)}"
        assert bool(described["security"]) == ("unauthenticated" in codes), id


def test_no_example_of_a_request_names_a_day():
    """A day passes, and the example is refused from then on: it stands for one that a run knows."""
    bodies = {id: json_body(one) for id, one in cases().items()}
    instants = {
        id: set(re.findall(r"\d{4}-\d\d-\d\dT[^\"]*", json.dumps(one["example"]))) - NAMES.keys()
        for id, one in bodies.items()
        if one
    }
    assert {id: found for id, found in instants.items() if found} == {}


def described(place, found):
    """Yield everything in the description that needs to be said in words: where it is, its name, the words."""
    if isinstance(found, list):
        for n, one in enumerate(found):
            yield from described(f"{place}/{n}", one)
    if not isinstance(found, dict):
        return
    for kind in ("properties", "headers"):
        for name, one in found.get(kind, {}).items():
            if isinstance(one, dict) and "$ref" not in one:
                yield f"{place}/{kind}/{name}", name, one.get("description", "")
    # A member may be called so.
    asked = found.get("parameters", [])
    for one in asked if isinstance(asked, list) else ():
        yield f"{place}/parameters/{one['name']}", one["name"], one.get("description", "")
    for name, one in found.items():
        if name not in {"example", "examples", "default"}:
            yield from described(f"{place}/{name}", one)


def says_nothing(name, words):
    """Say whether words only repeat a name."""
    fillers = {"a", "an", "the", "of", "its", "this", "s"}
    told = set(re.findall(r"[a-z]+", words.lower())) - fillers
    return told <= set(re.findall(r"[a-z]+", name.lower()))


def test_every_member_parameter_and_header_is_described():
    found = list(described("", openapi()))
    assert len(found) > 2000
    silent = {place for place, name, words in found if says_nothing(name, words)}
    assert not silent, "say in a docstring below the member what it is:\n" + "\n".join(silent)


@pytest.mark.parametrize("words", ["", "The name.", "Its agent name", "The name of the agent."])
def test_words_that_only_repeat_a_name_say_nothing(words):
    assert says_nothing("agent_name", words)
    assert not says_nothing("agent_name", "What people call it.")


def test_a_kind_that_derives_from_another_is_described_by_it():
    members = openapi()["components"]["schemas"]["Agent"]["properties"]
    assert members["version_hash"]["description"] == of_members(Entity)["version_hash"]


def test_serving_reads_no_source():
    """The words stand in the source, and only the description opens it: a cold start does not."""
    code = (
        "import sys; from shared.edge.loading import load; load('agents.get_agent');"
        "print('shared.edge.docstrings' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_who_may_call_is_said():
    veto = cases()["approvals.create_veto"]["description"]
    assert "`veto:execute`: `customer_admin`, `governor`" in veto
    assert "signed in within the last 5 minutes" in veto


def test_the_copy_in_the_repository_is_current():
    docs = Path("docs")
    there = {str(f.relative_to(docs)): f for f in [*docs.glob("openapi*"), *docs.glob("openapi/*")]}
    there.pop("openapi")
    assert {name: file.read_text() for name, file in there.items()} == files(), "run: make docs"


def test_the_files_of_all_areas_joined_are_the_whole():
    parts = {name: json.loads(text) for name, text in files().items()}
    whole = parts.pop("openapi.json")
    areas = {
        area
        for item in openapi()["paths"].values()
        for one in item.values()
        for area in one["tags"]
    }
    assert set(parts) == {f"openapi/{area}.json" for area in areas}
    for path, leading in whole["paths"].items():
        name, _, place = leading["$ref"].partition("#/paths/")
        assert place == path.replace("/", "~1")
        whole["paths"][path] = parts[name]["paths"].pop(path)
    for part in parts.values():
        assert part["paths"] == {}
        assert not part["components"]["schemas"].keys() & whole["components"]["schemas"].keys()
        whole["components"]["schemas"] |= part["components"]["schemas"]
    assert json.loads(json.dumps(whole).replace('"../openapi.json#/', '"#/')) == openapi()


@pytest.mark.slow
def test_the_files_lead_to_each_other():
    root = Path("docs/openapi.json").absolute()
    OpenAPIV31SpecValidator(json.loads(root.read_text()), base_uri=root.as_uri()).validate()
