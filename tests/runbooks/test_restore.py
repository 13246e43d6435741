"""The runbooks, as far as one machine can try them: a restore, and the rotation of a key."""

import shutil
import stat
from contextlib import contextmanager

import pytest

from benchmarks.spawn import free_port
from local.backup import main as backup
from local.platform import Platform
from local.rows import everything
from local.story import acts
from local.story.client import Client
from local.verify import verify
from shared.edge.sqlite import SqliteDocuments
from shared.evidence import Entry
from tests.rehearsals.scene import at_stage, to_the_governor, until, until_over

pytestmark = pytest.mark.slow


@contextmanager
def served(data, port):
    platform = Platform(data, port=port).start()
    try:
        yield platform, Client(platform.address, platform.secret)
    finally:
        platform.stop()


def test_a_copy_made_while_it_runs_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    data, copy, port = tmp_path / "data", tmp_path / "copy", free_port()
    with served(data, port) as (_, client):
        parts = acts.certify_parts(client, lambda _: None)
        waiting, approval = to_the_governor(client, parts, "Waiting")
        begun = acts.request_agent(client, parts, "Begun")["agent"]["id"]
        at_stage(client, begun, 2)
        monkeypatch.setenv("DATA", str(data))
        assert backup([str(copy)]) == 0
        assert f"local verify --data {copy}" in capsys.readouterr().out
        lost = acts.request_agent(client, parts, "Lost")["agent"]["id"]

    # At the same address, for that is where waiting workflows are called back.
    with served(copy, port) as (restored, client):
        client.sign_in("governor")
        acts.approve(client, approval)
        assert until_over(client, waiting, restored)["status"] == "deployed"
        agents = {one["id"] for one in client.get("viewer", "/v1/agents")["items"]}
        assert begun in agents
        assert lost not in agents
        until(restored.idle)
    assert verify(copy) == 0
    assert capsys.readouterr().out.endswith(" 0 breaks\n")


def test_a_copy_is_for_its_owner_only(tmp_path, monkeypatch):
    data, copy = tmp_path / "data", tmp_path / "copy"
    with served(data, free_port()):
        monkeypatch.setenv("DATA", str(data))
        assert backup([str(copy)]) == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    for name in ("store.db", "workflows.db", "keys/writer.pem"):
        assert stat.S_IMODE((copy / name).stat().st_mode) == 0o600


def test_nothing_is_copied_over_something(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATA", str(tmp_path / "none"))
    assert backup([str(tmp_path / "copy")]) == 2
    assert "There must be a store" in capsys.readouterr().err
    assert backup([]) == 2


def test_after_a_new_writer_key_old_entries_still_verify(tmp_path, capsys):
    data = tmp_path / "data"
    with served(data, free_port()) as (platform, client):
        acts.certify_parts(client, lambda _: None)
        until(platform.idle)
    shutil.move(data / "keys" / "writer.pem", tmp_path / "writer.old.pem")
    with served(data, free_port()) as (platform, client):
        client.post("viewer", "/v1/auth/logout", {"all_devices": True})
        until(platform.idle)
        published = {key["kid"] for key in client.get("admin", "/.well-known/jwks.json")["keys"]}
    documents = SqliteDocuments(data / "store.db")
    signed = {one.data["kid"] for one in everything(documents, Entry.collection)}
    documents.close()
    assert len(signed) == 2
    assert signed <= published
    assert verify(data) == 0
    assert capsys.readouterr().out.endswith(" 0 breaks\n")
