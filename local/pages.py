"""The pages that one machine serves: the API's description, for machines and for people."""

import json
import re
from functools import cache
from typing import Any

import flask
from markupsafe import Markup, escape

from shared.edge.openapi import openapi

METHODS = ("get", "post", "put", "patch", "delete")


def pages() -> flask.Blueprint:
    """Return the pages; they need nothing from elsewhere, so they are readable offline."""
    blueprint = flask.Blueprint("pages", __name__, template_folder="templates")

    @blueprint.get("/openapi.json")
    def described() -> flask.Response:
        return flask.Response(written(), mimetype="application/json")

    @blueprint.get("/docs")
    def docs() -> str:
        return flask.render_template(
            "docs.html",
            api=openapi(),
            areas=_areas(),
            answered=_answered,
            pretty=_pretty,
            prose=_prose,
        )

    @blueprint.get("/")
    def home() -> Any:
        return flask.redirect("/docs")

    return blueprint


@cache
def written() -> str:
    """Return the description as it stands in ``docs/openapi.json``."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _areas() -> list[tuple[dict[str, Any], list[tuple[str, str, dict[str, Any]]]]]:
    described = openapi()
    return [
        (
            tag,
            [
                (method, path, item[method])
                for path, item in described["paths"].items()
                for method in METHODS
                if method in item and tag["name"] in item[method]["tags"]
            ],
        )
        for tag in described["tags"]
    ]


def _answered(answer: dict[str, Any]) -> Any:
    """Return an answer, which may stand among those that operations share."""
    name = answer.get("$ref", "").rpartition("/")[2]
    return openapi()["components"]["responses"][name] if name else answer


def _prose(text: str) -> Markup:
    """Show what stands between backticks as code."""
    return Markup(re.sub(r"`+([^`]+)`+", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
