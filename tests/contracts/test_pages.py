"""The pages for people: everything is on one of them, every link leads somewhere, and nothing comes from elsewhere."""

import re
from html import unescape
from pathlib import Path

import flask
import pytest

from local import walk
from local.description import written
from local.pages import operations, pages
from shared.actors import Role, Scope
from shared.edge.openapi import openapi
from shared.edge.refusing import refusals

AREAS = [tag["name"] for tag in openapi()["tags"]]
PAGES = ["/docs", "/docs/roles", "/docs/refusals", "/docs/checks", *(f"/docs/{a}" for a in AREAS)]


@pytest.fixture(scope="module")
def client():
    app = flask.Flask("tests")
    app.register_blueprint(pages("http://127.0.0.1:8080", Path("/tmp/with space")))
    return app.test_client()


@pytest.fixture(scope="module")
def shown(client):
    return {page: client.get(page).text for page in PAGES}


def test_every_operation_is_on_the_page_of_its_area(shown):
    for one in operations():
        page = shown[f"/docs/{one.area}"]
        assert f'id="{one.id}"' in page
        assert unescape(page).count(walk.curl(one.id)) == 1


def test_a_page_loads_nothing_and_runs_only_its_own_script(client, shown):
    for text in shown.values():
        assert not re.search(r"\b(src|@import|url\()\s*=?", text)
        assert "http://" not in text.replace("http://127.0.0.1:8080", "")
        assert text.count("<script>") == 1
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy


def test_what_is_searched_for_is_found(client):
    def found(words):
        return client.get("/docs/search", query_string={"q": words}).text

    assert "/docs/types/SkillPin#hash" in found("version_hash skill")
    assert "/docs/checks#ETH-1" in found("eth-1")
    for kind in refusals():
        assert f"/docs/refusals#{kind.code.replace('_', '-')}" in found(str(kind.status))
    assert "/docs/approvals#approvals.create_veto" in found("post vetoes")
    assert "Nothing has all the words" in found("<script>alert(1)</script>")
    assert "<script>alert" not in found("<script>alert(1)</script>")


def test_what_nobody_described_is_not_found(client):
    assert client.get("/docs/nothing").status_code == 404
    assert client.get("/docs/types/Nothing").status_code == 404


def test_every_role_scope_and_refusal_is_explained(shown):
    for one in (*Role, *Scope):
        assert f'id="{one}"' in shown["/docs/roles"]
    for kind in refusals():
        assert f'id="{kind.code.replace("_", "-")}"' in shown["/docs/refusals"]


def test_a_page_names_every_heading_once(shown):
    for page, text in shown.items():
        ids = re.findall(r'<(?:section|h2|dt|details|li)[^>]* id="([^"]+)"', text)
        assert len(ids) == len(set(ids)), page


@pytest.mark.slow
def test_every_link_leads_somewhere(client):
    """From the start, to every page and to the very place on it."""
    read, todo, dead = {}, ["/docs"], []
    while todo:
        page = todo.pop()
        answer = client.get(page)
        read[page] = answer.text if answer.status_code == 200 else ""
        if not read[page]:
            dead.append(page)
        links = {
            link.partition("#")[0] or page for link in re.findall(r'href="([^"]+)"', answer.text)
        }
        todo += sorted(link for link in links - read.keys() - set(todo) if link.startswith("/docs"))
    for page, text in read.items():
        for link in re.findall(r'href="([^"]*#[^"]+)"', text):
            where, _, place = link.partition("#")
            if f'id="{place}"' not in read[where or page]:
                dead.append(f"{page}: {link}")
    assert dead == []
    assert len(read) > 100


def test_the_settings_in_force_are_in_what_is_pasted(shown):
    assert "export PORT=8080 DATA='/tmp/with space'" in unescape(shown["/docs"])


def test_what_a_shell_would_take_for_its_own_is_pasted_as_it_is():
    assert walk.escaped("a `b` $c \\d") == r"a \`b\` \$c \\d"


def test_the_description_for_machines_is_served(client):
    assert client.get("/openapi.json").text == written(openapi())
    assert client.get("/").headers["Location"] == "/docs"
