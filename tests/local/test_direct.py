"""Requests for operations go past Flask, to where Flask would have led them."""

import re

import pytest
from werkzeug.exceptions import HTTPException

from local.server import Direct, application
from shared.edge.catalog import operations

PLACES = sorted({op.path for op in operations()})
ODD = ["/", "//", "x", "%2F", "é", " ", "..", "-" * 300, "stranded", "deciding", ":", "<id>"]


@pytest.fixture
def app(world):
    app = application(world.ports)
    app.add_url_rule("/v1/me/<other>", "other", lambda **_: "")
    app.add_url_rule("/v1/agents/<other>", "alike", lambda **_: "")
    app.add_url_rule("/v1/agents/one-more", "exact", lambda: "")
    return app


def led_to(app, path):
    """Return the name of the rule that Flask finds."""
    try:
        return app.url_map.bind("127.0.0.1").match(path, "GET")[0]
    except HTTPException:
        return None


def test_every_operation_is_found_without_flask(app):
    for path in PLACES:
        asked = re.sub(r"{\w+}", "some-id", path)
        found = app.wsgi_app._at({"PATH_INFO": asked})
        if path == "/v1/agents/{agent_id}":
            assert found is None, "another rule looks like it from here"
        else:
            assert found is app.wsgi_app._served[path], path
            assert led_to(app, asked) == path


def test_wherever_the_way_is_short_it_leads_where_flask_leads(app):
    direct = app.wsgi_app
    assert isinstance(direct, Direct)
    asked = [re.sub(r"{\w+}", lambda _, odd=odd: odd, path) for path in PLACES for odd in ODD]
    asked += [path + odd for path in PLACES for odd in ODD]
    asked += [path.replace("/v1", odd) for path in PLACES for odd in ("", "/", "/v1/", "/v2")]
    short = 0
    for path in [*asked, "/v1/agents/one-more", "/v1/me/x", "/docs", "/static/x", ""]:
        found = direct._at({"PATH_INFO": path})
        if found is not None:
            short += 1
            assert found is direct._served.get(led_to(app, path)), path
    assert short > len(PLACES)
