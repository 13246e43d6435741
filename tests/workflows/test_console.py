"""What the pages say about executions, and what they keep to themselves."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import flask
import pytest
import werkzeug.exceptions

from local.clock import Clock
from local.console import amount, console, words
from local.stories import Story
from local.workflows import Runtime

from .conftest import Web, ended, until
from .waiting import call, waiting

VOID = {"meta", "link", "br", "input", "hr"}


class Page(HTMLParser):
    """Reads a page, and refuses one whose elements do not close as they opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.opened:
            self.text = f"{self.text} {data.strip()}".strip()


@pytest.fixture
def see(runtime: Runtime) -> Callable[[str], Page]:
    app = flask.Flask("pages")
    app.register_blueprint(console(runtime, lambda _: None, lambda _: None))

    def look(path: str, status: int = 200) -> Page:
        answer = app.test_client().get(f"/console/executions{path}")
        assert answer.status_code == status
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return Page(answer.text)

    return look


def id_of(found: dict[str, Any]) -> str:
    return str(found["name"].rpartition("/")[2])


def test_executions_are_listed_with_their_state_in_words(
    runtime: Runtime, web: Web, see: Any
) -> None:
    assert "There are none" in see("").text
    good = ended(runtime, "- r: {return: 1}")
    ended(runtime, "- r: {raise: oh no}")
    waits, _ = waiting(runtime, web)
    page = see("")
    for word in ("succeeded", "failed", "waiting", "waits for a callback", "23 hours 59 minutes"):
        assert word in page.text
    classes = {attributes.get("class") for _, attributes in page.tags}
    assert {"state succeeded", "state failed", "state waiting"} <= classes
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert f"/console/executions/{waits}" in links
    assert good["name"].split("/")[5] in page.text
    only = see("?state=FAILED").text
    assert "succeeded" not in only.partition("Newest first")[2]
    runtime.cancel(waits)
    assert "cancelled" in see("").text


def test_an_execution_is_a_timeline_with_errors_and_sizes(runtime: Runtime, see: Any) -> None:
    source = """
    main:
      params: [a]
      steps:
        - id: {assign: [{id: '${uuid.generate()}'}]}
        - p:
            parallel:
              branches:
                - one: {steps: [{inner: {assign: [{y: '${a}'}]}}]}
                - two: {steps: [{other: {call: sub, args: {x: 0}}}]}
    sub: {params: [x], steps: [{divide: {return: '${1 / x}'}}]}
    """
    found = ended(runtime, source, "x" * 2048)
    page = see(f"/{id_of(found)}")
    for part in ("inner", "branch", "0:1.1", "divide", "in sub", "2.0 KB", "random id", "gave"):
        assert part in page.text
    assert "ZeroDivisionError" in page.text
    assert "Why it failed" in page.text
    assert "in step 'p', routine 'main', line 7" in page.text
    assert "a branch, in step 'divide', routine 'sub', line 11" in page.text
    assert "a branch, in step 'other', routine 'main', line 10" in page.text
    # The request that tells the rest is there, with a token of who may.
    assert f'curl -sS "$API/v1/{found["name"]}"' in page.text
    assert "$(token infrastructure_engineer)" in page.text
    depths = [a["class"] for tag, a in page.tags if tag == "li"]
    assert depths == ["d0", "d0", "d1", "d2", "d1", "d2", "d3"]
    assert "xxxxx" not in page.text


@pytest.mark.parametrize(
    "raised",
    [
        "Jane Roe, IBAN DE02 1203 0000 0000 2020 51",
        {"message": "Jane Roe, IBAN DE02", "tags": ["Jane Roe", "HttpError"], "code": 404},
        {"message": "x", "tags": "Jane Roe", "code": "IBAN DE02"},
        {
            "branches": [
                "Jane Roe",
                {"id": "Jane Roe", "error": "Jane Roe"},
                {"error": {"context": 'in step "Jane Roe", routine "IBAN", line: 3', "payload": 1}},
            ]
        },
    ],
)
def test_what_an_error_says_is_not_shown(runtime: Runtime, see: Any, raised: object) -> None:
    source = """
    main:
      params: [a]
      steps: [{fails: {raise: '${a}'}}]
    """
    page = see(f"/{id_of(ended(runtime, source, raised))}")
    assert "Jane Roe" not in page.text
    assert "IBAN" not in page.text
    assert "Why it failed" in page.text
    assert "bytes" in page.text


def test_an_execution_that_waits_says_for_what_and_until_when(
    runtime: Runtime, web: Web, see: Any
) -> None:
    execution, url = waiting(runtime, web)
    page = see(f"/{execution}")
    assert "It waits for a callback, for less than a second so far, until" in page.text
    assert "A callback takes POST: 1 waiting, 0 not used yet." in page.text
    assert "under way" in page.text
    assert url[-1] not in page.text
    call(runtime, url, 1)
    until(lambda: runtime.execution(execution)["state"] == "SUCCEEDED")
    assert "Size of the result" in see(f"/{execution}").text


def test_what_needs_attention_says_why(runtime: Runtime, web: Web, see: Any) -> None:
    execution, _ = waiting(runtime, web)
    runtime.journal.ask(
        lambda db: db.execute("UPDATE executions SET attention = 'look at <this>'").rowcount
    )
    assert "needs attention" in see("").text
    assert "look at <this>" in see(f"/{execution}").text
    # Where it ended because of that, it says so still.
    runtime.journal.ask(lambda db: db.execute("UPDATE executions SET state = 'FAILED'").rowcount)
    assert "look at <this>" in see(f"/{execution}").text


def test_long_lists_have_pages(runtime: Runtime, see: Any) -> None:
    loop = "- l: {for: {value: v, range: [1, 300], steps: [{s: {assign: [{x: 1}]}}]}}"
    found = ended(runtime, loop)
    page = see(f"/{id_of(found)}")
    [later] = [a["href"] for tag, a in page.tags if a.get("rel") == "next"]
    assert sum(tag == "li" for tag, _ in page.tags) == 500
    assert sum(tag == "li" for tag, _ in see(later.removeprefix("/console/executions")).tags) == 101
    runtime.deploy("many", "- r: {return: 1}")
    for _ in range(105):
        runtime.execute("many", None)
    until(runtime.idle)
    page = see("")
    [older] = [a["href"] for tag, a in page.tags if a.get("rel") == "next"]
    assert sum(tag == "tr" for tag, _ in page.tags) == 101
    assert sum(tag == "tr" for tag, _ in see(older.removeprefix("/console/executions")).tags) == 7


def test_what_is_not_there_is_said(runtime: Runtime, see: Any) -> None:
    assert "there is no execution 'none'" in see("/none", 404).text
    runtime.stop()
    assert "not started" in see("", 503).text


def test_pages_ask_who_is_looking_and_load_nothing_from_elsewhere(
    runtime: Runtime, see: Any
) -> None:
    def nobody(_: flask.Request) -> None:
        raise werkzeug.exceptions.Forbidden("not for you")

    app = flask.Flask("pages")
    app.register_blueprint(console(runtime, nobody, lambda _: None))
    for path in ("/console/executions", "/console/executions/x"):
        assert app.test_client().get(path).status_code == 403
    found = ended(runtime, "- r: {return: 1}")
    for path in ("", f"/{id_of(found)}"):
        page = see(path)
        assert not [tag for tag, _ in page.tags if tag in {"script", "img", "link", "iframe"}]
        assert ("html", {"lang": "en"}) in page.tags
        assert [tag for tag, _ in page.tags].count("main") == 1


def told(outcome: str, waits_for: str = "") -> Story:
    return Story("id", "Asha", "acme", "stage 6 of 7, governor approval", waits_for, outcome)


def test_a_page_says_why_and_where_the_words_are(runtime: Runtime) -> None:
    story = told("vetoed")._replace(
        why="by governor.platform, for reasons of safety",
        checks=(("CERT-3", "is nothing autonomous that acts outside?"),),
        question_id="3f0c",
    )
    app = flask.Flask("pages")
    app.register_blueprint(console(runtime, lambda _: None, lambda _: story))
    found = ended(runtime, "- r: {return: 1}")
    for path in ("", f"/{id_of(found)}"):
        page = Page(app.test_client().get(f"/console/executions{path}").text)
        for word in ("by governor.platform, for reasons of safety", "CERT-3"):
            assert word in page.text
    assert ("a", {"href": "/docs/checks#CERT-3"}) in page.tags
    assert "$API/v1/approvals/3f0c" in page.text


@pytest.mark.parametrize(
    ("outcome", "tone"),
    [("deployed", "succeeded"), ("vetoed", "refused"), ("rolled back", "refused")],
)
def test_what_ran_to_its_end_is_named_by_what_came_of_it(
    runtime: Runtime, outcome: str, tone: str
) -> None:
    app = flask.Flask("pages")
    app.register_blueprint(console(runtime, lambda _: None, lambda _: told(outcome)))
    found = ended(runtime, "- r: {return: 1}")
    for path in ("", f"/{id_of(found)}"):
        page = Page(app.test_client().get(f"/console/executions{path}").text)
        assert ("span", {"class": f"state {tone}"}) in page.tags
        for word in ("Asha", "acme", "stage 6 of 7", outcome):
            assert word in page.text
    for asked, rows in (("asha", 2), (f"acme {outcome}", 2), ("globex", 0)):
        page = Page(app.test_client().get("/console/executions", query_string={"q": asked}).text)
        assert sum(tag == "tr" for tag, _ in page.tags) == rows


def test_a_page_shows_itself_anew_while_something_runs_and_nobody_minds(
    runtime: Runtime, web: Web, see: Any
) -> None:
    def anew(page: Page) -> bool:
        return any(attributes.get("http-equiv") == "refresh" for _, attributes in page.tags)

    ended(runtime, "- r: {return: 1}")
    assert not anew(see(""))
    execution, _ = waiting(runtime, web)
    assert anew(see(""))
    assert anew(see(f"/{execution}"))
    for path in ("", f"/{execution}"):
        page = see(path)
        links = [attributes for tag, attributes in page.tags if tag in {"a", "input", "button"}]
        assert "still=1" in str(links[0]["href"]), "what stops it is what one comes to first"
    assert not anew(see("?still=1"))


def test_an_unknown_state_is_said_to_be_one(see: Any) -> None:
    assert "there is no state 'GONE'; there are ACTIVE" in see("?state=GONE", 404).text
    assert "in this state" in see("?state=FAILED").text


def test_an_empty_console_says_how_to_begin(see: Any) -> None:
    page = see("")
    assert 'curl -sS -X POST "$API/v1/agents"' in page.text
    assert ("a", {"href": "/docs#walk"}) in page.tags


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "less than a second"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (7200, "2 hours"),
        (3 * 86_400 + 3 * 3600 + 5, "3 days 3 hours"),
    ],
)
def test_durations_are_words(seconds: float, said: str) -> None:
    assert words(timedelta(seconds=seconds)) == said


def test_sizes_are_words() -> None:
    assert [amount(None), amount("x"), amount("ä"), amount("x" * 1536)] == [
        "0 bytes",
        "1 byte",
        "2 bytes",
        "1.5 KB",
    ]


def test_durations_follow_the_clock_of_the_runtime(
    start: Callable[..., Runtime], web: Web, clock: Clock
) -> None:
    runtime = start()
    waiting(runtime, web)
    clock.jump(clock.now() + timedelta(hours=2))
    app = flask.Flask("pages")
    app.register_blueprint(console(runtime, lambda _: None, lambda _: None))
    assert "2 hours" in app.test_client().get("/console/executions").text
