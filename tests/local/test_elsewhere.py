"""Data go on at another port and in another folder, with all that waits in them."""

import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

import local.platform
from benchmarks.spawn import free_port
from local.platform import Platform
from local.story import acts, blueprints
from local.story.client import Client
from shared.edge import settings
from shared.edge.settings import Settings
from shared.errors import Invalid
from shared.here import HERE, named_here
from shared.waiting import wait
from tests.rehearsals.scene import at_stage, until

CALLBACKS = f"{HERE}/v1/projects/local/"
REST = "locations/local/workflows/w/executions/e/callbacks/c-1_2"


@contextmanager
def at_a_port(data, port=None):
    platform = Platform(data, port=port or free_port()).start()
    try:
        yield platform, Client(platform.address, platform.secret)
    finally:
        platform.stop()


def texts(file):
    """Yield every text of a database."""
    with closing(sqlite3.connect(file)) as db:
        for (table,) in db.execute(
            "select name from sqlite_master where type = 'table'"
        ).fetchall():
            for row in db.execute(f'select * from "{table}"'):
                yield f"{table}: {row}"


@pytest.mark.slow
def test_what_waits_goes_on_at_another_port_and_in_a_copy(tmp_path):
    data, copy = tmp_path / "data", tmp_path / "copy"
    with at_a_port(data) as (platform, client):
        parts = acts.certify_parts(client, lambda _: None)
        agent = acts.request_agent(client, parts, "Moved")["agent"]["id"]
        seen = at_stage(client, agent, 2)
        until(platform.idle)
    shutil.copytree(data, copy)
    for folder in (data, copy):
        with at_a_port(folder) as (platform, client):
            acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
            at_stage(client, agent, 3)
            until(platform.idle)
    told = [text for name in ("store.db", "workflows.db") for text in texts(data / name)]
    assert [text[:300] for text in told if "127.0.0.1" in text] == []


@pytest.mark.slow
def test_what_was_begun_under_a_port_goes_on_under_a_name(tmp_path):
    """The release before called itself by where it was served, in its journal and its documents."""
    port = free_port()
    with pytest.MonkeyPatch.context() as before:
        before.setattr(settings, "HERE", f"http://127.0.0.1:{port}")
        for module in (settings, local.platform):
            before.setattr(module, "named_here", str)
        with at_a_port(tmp_path, port) as (platform, client):
            parts = acts.certify_parts(client, lambda _: None)
            agent = acts.request_agent(client, parts, "Old")["agent"]["id"]
            seen = at_stage(client, agent, 2)
            until(platform.idle)
    kept = [*texts(tmp_path / "store.db"), *texts(tmp_path / "workflows.db")]
    assert any(f"127.0.0.1:{port}/functions" in text for text in kept)
    assert any(f"127.0.0.1:{port}/v1/projects" in text for text in kept if "waits" in text)
    with at_a_port(tmp_path) as (platform, client):
        acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
        for stage in (3, 4):
            acts.judge_stage(client, at_stage(client, agent, stage))
        at_stage(client, agent, 5)


def test_an_address_of_before_is_taken_for_its_name():
    assert (
        wait("a", f"http://127.0.0.1:8080/v1/projects/local/{REST}", callbacks=CALLBACKS).url
        == CALLBACKS + REST
    )
    here = Settings({"PORT": "18300"})
    assert here.reached(CALLBACKS + REST) == f"http://127.0.0.1:18300/v1/projects/local/{REST}"
    assert here.reached("https://elsewhere.example/") == "https://elsewhere.example/"
    assert named_here("http://127.0.0.1.evil.example:80/x") == "http://127.0.0.1.evil.example:80/x"


def test_in_the_cloud_nothing_is_taken_for_another():
    google = "https://workflowexecutions.googleapis.com/v1/projects/p/"
    assert wait("a", google + REST, callbacks=google).url == google + REST
    for url in (CALLBACKS + REST, f"http://127.0.0.1:8080/v1/projects/p/{REST}"):
        with pytest.raises(Invalid):
            wait("a", url, callbacks=google)


@pytest.mark.parametrize(
    "rest",
    [REST + end for end in ("\n", "\r\nX: y", "\t", " ", ";x", ":cancel", "?a", "#a", "/", "/..", "%0a", "\u00a0", "\x00")]
    + ["../callbacks/c", "a//callbacks/c", "a/./callbacks/c", "callbacks/c", "a/callbacks/.", "a/callbacks/", "a:b/callbacks/c", ""],
)  # fmt: skip
def test_a_wait_takes_the_name_of_a_callback_and_nothing_more(rest):
    with pytest.raises(Invalid) as refused:
        wait("a", CALLBACKS + rest, callbacks=CALLBACKS)
    assert refused.value.violations[0].rule == "callback_url"
