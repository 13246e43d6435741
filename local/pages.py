"""The pages that one machine serves: the API's description, for machines and for people."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import flask
from markupsafe import Markup

from local import members, walk
from local.connections import TooSlow
from local.description import written
from shared.actors import HOLDERS, MAX_AUTH_AGE, Role, Scope
from shared.edge.container import HeadTooLarge
from shared.edge.docstrings import of_choices
from shared.edge.openapi import openapi
from shared.edge.problems import TYPES
from shared.edge.refusing import refusals
from shared.errors import Refusal
from shared.genesis.rules.codes import CODES

_TEMPLATES = Path(__file__).parent / "templates"


class Described(NamedTuple):
    """One operation, as the pages show it."""

    id: str
    method: str
    path: str
    said: Mapping[str, Any]

    @property
    def area(self) -> str:
        """The page it stands on."""
        return self.id.partition(".")[0]


def pages(address: str, data: Path) -> flask.Blueprint:
    """
    Return the pages; they need nothing from elsewhere, so they are readable offline.

    Args:
        address: Where the platform is, as requests in examples name it.

        data: The folder it remembers everything in, which tokens are made from.
    """
    blueprint = flask.Blueprint("pages", __name__, template_folder="templates")

    @blueprint.get("/openapi.json")
    def described() -> flask.Response:
        return flask.Response(written(openapi()), mimetype="application/json")

    @blueprint.get("/")
    def home() -> Any:
        return flask.redirect("/docs")

    def start() -> str:
        return _page("start.html", walk=walk, preamble=walk.preamble(address, str(data.absolute())))

    views: dict[str, Callable[..., str]] = {
        "/docs": start,
        "/docs/roles": _roles_page,
        "/docs/refusals": _refusals_page,
        "/docs/checks": _checks,
        "/docs/search": _search,
        "/docs/types/<name>": _type,
        "/docs/<name>": _area,
    }
    for rule, view in views.items():
        blueprint.add_url_rule(rule, rule.strip("/"), _guarded(view))
    return blueprint


def _area(name: str) -> str:
    found = next((tag for tag in openapi()["tags"] if tag["name"] == name), None)
    if found is None:
        flask.abort(404)
    inside = [one for one in operations() if one.area == name]
    return _page("area.html", tag=found, operations=inside, curl=walk.curl)


def _type(name: str) -> str:
    if name not in openapi()["components"]["schemas"]:
        flask.abort(404)
    return _page("type.html", name=name, schema=openapi()["components"]["schemas"][name])


def _roles_page() -> str:
    return _page("roles.html", roles=_roles(), scopes=_scopes())


def _refusals_page() -> str:
    return _page("refusals.html", refusals=_refusals(), types=TYPES)


def _checks() -> str:
    return _page("checks.html", codes=CODES)


def _search() -> str:
    asked = flask.request.args.get("q", "")[:100]
    return _page("search.html", asked=asked, found=list(_found(asked)))


def _guarded(view: Callable[..., str]) -> Callable[..., flask.Response]:
    """Let a page run the one script that it brings, and load nothing."""

    def guarded(**path: str) -> flask.Response:
        answer = flask.make_response(view(**path))
        answer.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
            f" script-src '{_script()[1]}'"
        )
        return answer

    return guarded


def _page(template: str, **shown: Any) -> str:
    return flask.render_template(
        f"docs/{template}",
        api=openapi(),
        areas=[(tag, sum(one.area == tag["name"] for one in operations())) for tag in _tags()],
        script=Markup(_script()[0]),  # noqa: S704 - ours
        members=members,
        answered=_answered,
        pretty=_pretty,
        prose=members.prose,
        **shown,
    )


@cache
@cache
def operations() -> tuple[Described, ...]:
    """Return every operation, by its path."""
    return tuple(
        Described(said["operationId"], method.upper(), path, said)
        for path, item in openapi()["paths"].items()
        for method, said in item.items()
    )


@cache
def _script() -> tuple[str, str]:
    """Return the one script of the pages, and the digest by which a browser knows it."""
    script = (_TEMPLATES / "docs" / "copy.js").read_text()
    digest = hashlib.sha256(script.encode()).digest()
    return script, f"sha256-{base64.b64encode(digest).decode()}"


def _tags() -> list[dict[str, str]]:
    tags: list[dict[str, str]] = openapi()["tags"]
    return tags


def _roles() -> list[dict[str, Any]]:
    """Return each role with the scopes it holds."""
    words = of_choices(Role)
    return [
        {
            "name": str(role),
            "words": words[role.name],
            "scopes": [str(scope) for scope, holders in HOLDERS.items() if role in holders],
        }
        for role in Role
    ]


def _scopes() -> list[dict[str, Any]]:
    """Return each scope with what it allows: the operations that take it."""
    words = of_choices(Scope)
    return [
        {
            "name": str(scope),
            "words": words[scope.name],
            "minutes": int(age.total_seconds() // 60) if (age := MAX_AUTH_AGE.get(scope)) else 0,
            "operations": [one for one in operations() if scope in one.said["x-scopes"]],
        }
        for scope in Scope
    ]


def _refusals() -> list[dict[str, Any]]:
    """Return each kind of refusal in words; the first of one code is where links to it lead."""
    kinds: list[type[Refusal]] = [*refusals(), TooSlow, HeadTooLarge]
    kinds.sort(key=lambda kind: kind.status)
    firsts = {kind.code: kind for kind in reversed(kinds)}
    return [
        {
            "slug": kind.code.replace("_", "-"),
            "first": firsts[kind.code] is kind,
            "code": kind.code,
            "status": kind.status,
            "title": kind.title,
            "words": " ".join((kind.__doc__ or "").split()),
        }
        for kind in kinds
    ]


def _found(asked: str) -> Iterator[tuple[str, str, str]]:
    """Yield what has all the words: where it is, what it is called, and what it is."""
    words = asked.lower().split()
    if not words:
        return
    for where, name, text in _index():
        if all(word in f"{name} {text}".lower() for word in words):
            yield where, name, text


@cache
def _index() -> tuple[tuple[str, str, str], ...]:
    """Return everything that can be found: where it is, what it is called, and what it is."""
    found = [
        (f"/docs/{one.area}#{one.id}", f"{one.method} {one.path}", one.said["summary"])
        for one in operations()
    ]
    found += [(f"/docs/checks#{one.code}", one.code, one.asks) for one in CODES]
    found += [
        (
            f"/docs/refusals#{one['slug']}",
            f"{one['status']} {one['code']}",
            f"{one['title']}. {one['words']}",
        )
        for one in _refusals()
    ]
    found += [(f"/docs/roles#{role}", str(role), of_choices(Role)[role.name]) for role in Role]
    for name, schema in openapi()["components"]["schemas"].items():
        found.append((f"/docs/types/{name}", name, schema.get("description", "")))
        found += [
            (f"/docs/types/{name}#{member}", f"{name}.{member}", one.get("description", ""))
            for member, one in schema.get("properties", {}).items()
        ]
    return tuple(found)


def _answered(answer: dict[str, Any]) -> Any:
    """Return an answer, which may stand among those that operations share."""
    name = members.named(answer)
    return openapi()["components"]["responses"][name] if name else answer


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
