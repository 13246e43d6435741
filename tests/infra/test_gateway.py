"""The gateway's description, as API Gateway reads it."""

import base64
import json
from collections import Counter

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator

from infra.gateway import KEY_HEADER, PER_MINUTE
from infra.reading import of, told
from shared.edge.catalog import operations
from shared.edge.settings import Settings

MAX_DOCUMENT_BYTES = 1024 * 1024


@pytest.fixture(scope="module")
def text(dev):
    (config,) = (one for one in dev if one.type == "apigateway.ApiConfig")
    return base64.b64decode(config.inputs["openapiDocuments"][0]["document"]["contents"])


@pytest.fixture(scope="module")
def description(text):
    return json.loads(text)


@pytest.fixture(scope="module")
def routes(description):
    return {
        (method.upper(), path): route
        for path, methods in description["paths"].items()
        for method, route in methods.items()
    }


def test_the_description_is_valid_openapi_2(description):
    OpenAPIV2SpecValidator(description).validate()


def test_the_description_is_small(text):
    assert len(text) < MAX_DOCUMENT_BYTES


def test_every_route_has_a_name_of_its_own(routes):
    names = Counter(route["operationId"] for route in routes.values())
    assert set(names.values()) == {1}


def test_a_place_in_a_path_has_one_name(description):
    """Two templates that match the same address would leave it open where a request goes."""
    shapes = Counter(
        tuple("{}" if "{" in part else part for part in path.split("/"))
        for path in description["paths"]
    )
    assert set(shapes.values()) == {1}


def test_every_route_hands_the_whole_path_to_its_own_function(routes):
    for op in operations():
        backend = routes[op.method, op.path]["x-google-backend"]
        assert backend["address"] == backend["jwt_audience"]
        assert backend["address"].startswith(f"https://{op.function_name}-100000000001.")
        assert backend["path_translation"] == "APPEND_PATH_TO_ADDRESS"


def test_nobody_without_a_token_and_a_key_gets_to_what_is_not_public(routes, description):
    """API Gateway knows no "or" where one of the ways is a key."""
    for op in operations():
        security = routes[op.method, op.path].get("security", [])
        assert security == ([] if op.public else [{"person": [], "app": []}])
    assert description["securityDefinitions"].keys() == {"person", "app"}


def test_a_browser_may_ask_first_and_send_the_key(routes):
    from shared.edge.serving import _MUTATING_HEADERS

    for method, path in routes:
        assert ("OPTIONS", path) in routes
        assert method != "OPTIONS" or "security" not in routes[method, path]
    assert KEY_HEADER in _MUTATING_HEADERS.lower()


def test_the_function_that_a_browser_asks_first_knows_all_that_its_address_takes(dev, routes):
    tells = {
        Settings(told(one)).address(one.inputs["name"]): told(one)
        for one in of(dev, "cloudrunv2.Service")
    }
    for path in {path for _, path in routes}:
        function = routes["OPTIONS", path]["x-google-backend"]["address"]
        takes = {method for method, other in routes if other == path} - {"OPTIONS"}
        assert set(tells[function]["METHODS"].split()) - {"HEAD"} == takes


def test_what_is_counted_is_limited(description, routes):
    limits = description["x-google-management"]["quota"]["limits"]
    assert {limit["metric"] for limit in limits} == set(PER_MINUTE)
    decided = routes["POST", "/v1/approvals/{approval_id}/approve"]["x-google-quota"]
    assert decided["metricCosts"] == {"calls": 1, "decisions": 1}
    read = routes["GET", "/v1/me"]["x-google-quota"]
    assert read["metricCosts"] == {"calls": 1}
