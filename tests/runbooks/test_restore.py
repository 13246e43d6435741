"""The runbooks, as far as one machine can try them: a restore, and the rotation of a key."""

import shutil
from contextlib import contextmanager

import pytest

from benchmarks.spawn import free_port
from local.__main__ import main
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


def test_a_copy_made_while_it_runs_goes_on_elsewhere(tmp_path, capsys):
    data, copy = tmp_path / "data", tmp_path / "copy"
    with served(data, free_port()) as (_, client):
        parts = acts.certify_parts(client, lambda _: None)
        waiting, approval = to_the_governor(client, parts, "Waiting")
        begun = acts.request_agent(client, parts, "Begun")["agent"]["id"]
        at_stage(client, begun, 2)
        assert main(["backup", str(copy), "--data", str(data)]) == 0
        told = capsys.readouterr().out
        assert f"DATA={copy} .venv/bin/python -m local verify" in told
        assert "private keys" in told
        lost = acts.request_agent(client, parts, "Lost")["agent"]["id"]

    with served(copy, free_port()) as (restored, client):
        client.sign_in("governor")
        acts.approve(client, approval)
        assert until_over(client, waiting, restored)["status"] == "deployed"
        agents = {one["id"] for one in client.get("viewer", "/v1/agents")["items"]}
        assert begun in agents
        assert lost not in agents
        until(restored.idle)
    assert verify(copy) == 0
    assert capsys.readouterr().out.endswith("\n0 breaks\n")


def test_a_copy_is_for_its_owner_only(tmp_path):
    data, copy = tmp_path / "data", tmp_path / "copy"
    with served(data, free_port()):
        for file in (data / "clock", data / "uploads" / "one"):
            file.parent.mkdir(exist_ok=True)
            file.write_text("0")
            file.chmod(0o644)
        assert main(["backup", str(copy), "--data", str(data)]) == 0
    modes = {path: path.stat().st_mode & 0o077 for path in (copy, *copy.rglob("*"))}
    assert {"store.db", "workflows.db", "writer.pem", "one"} <= {path.name for path in modes}
    assert "served.json" not in {path.name for path in modes}
    assert not any(modes.values()), modes


def test_nothing_is_copied_over_something(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["backup", "copy", "--data", "none"]) == 2
    assert "There must be a store" in capsys.readouterr().err
    for wrong in (["backup"], ["backup", "--help"], ["backup", "a", "b"]):
        with pytest.raises(SystemExit):
            main(wrong)
    assert "private keys" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_where_a_copy_fails_nothing_half_is_left(tmp_path, capsys):
    data, copy = tmp_path / "data", tmp_path / "copy"
    data.mkdir()
    (data / "store.db").write_text("this is no database" * 100)
    assert main(["backup", str(copy), "--data", str(data)]) == 1
    assert "nothing is left" in capsys.readouterr().err
    assert not copy.exists()


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
    assert capsys.readouterr().out.endswith("\n0 breaks\n")
