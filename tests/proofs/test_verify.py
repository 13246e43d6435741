"""`verify` as people use it: beside a server, with keys of their own, into a pipe."""

import subprocess
import sys
import threading
import time
from dataclasses import astuple
from pathlib import Path

import pytest

from benchmarks.spawn import free_port
from local.backup import backup
from local.entrance import served
from local.platform import Platform
from local.story import catalogue
from local.story.acts import AUTHOR
from local.story.client import Client
from local.verify import examined
from local.verify import verify as in_process
from shared.edge.keys import FileSigner
from shared.edge.tap import copy
from tests.proofs.tampering.holder import Holder
from tests.proofs.tampering.prepared import copied, prepared
from tests.rehearsals.scene import until

__all__ = ["prepared"]

pytestmark = pytest.mark.slow

LOOKS, WRITERS = 8, 3


def verify(folder, *more, head=None):
    """Run the command, and let only so many lines be read."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "local",
        "verify",
        "--data",
        str(folder),
        *map(str, more),
    ]
    if head is None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stderr is not None
    lines = [run.stdout.readline() for _ in range(head)]
    run.stdout.close()
    with run.stderr:
        return run.wait(timeout=60), "".join(lines), run.stderr.read()


@pytest.fixture
def folder(prepared, tmp_path):
    return copied(prepared / "now", tmp_path / "held")


def test_beside_a_server_that_is_written_to_it_finds_no_break(tmp_path):
    platform = Platform(tmp_path, port=free_port()).start()
    over = threading.Event()

    def write(writer):
        client, n = Client(platform.address, platform.secret), 0
        while not over.is_set():
            n += 1
            named = {"name": f"Skill {writer} {n}", "skill_key": f"skill-{writer}-{n}"}
            made = client.post(AUTHOR, "/v1/genesis/skills", catalogue.SKILLS[0]() | named)
            client.post(
                "genesis",
                f"/v1/genesis/skills/{made['id']}/reject",
                {"reason": "It is not what it says."},
            )

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for one in writers:
        one.start()
    reports = []
    for _ in range(LOOKS):
        time.sleep(0.2)
        reports.append(examined(tmp_path))
    command = verify(tmp_path)
    over.set()
    for one in writers:
        one.join()
    platform.stop()
    assert [report.breaks for report in reports] == [[]] * LOOKS
    assert command[0] == 0, command
    entries = [report.counts["entries"] for report in reports]
    assert entries[0] < entries[-1], "nobody wrote meanwhile"


def test_a_copy_made_meanwhile_verifies(tmp_path, monkeypatch):
    """Between the copies of the store and of the tap much may be done, published and marked."""
    platform = Platform(tmp_path / "data", port=free_port()).start()
    client = Client(platform.address, platform.secret)
    client.post("viewer", "/v1/auth/logout", {"all_devices": True})
    until(platform.idle)

    def late(*given, **named):
        skill = client.post(AUTHOR, "/v1/genesis/skills", catalogue.SKILLS[0]())
        client.post(
            "genesis", f"/v1/genesis/skills/{skill['id']}/reject", {"reason": "It is not so."}
        )
        until(platform.idle)
        return copy(*given, **named)

    monkeypatch.setattr("local.backup.copy", late)
    backup(tmp_path / "data", tmp_path / "copy")
    platform.stop()
    now, then = examined(tmp_path / "data"), examined(tmp_path / "copy")
    assert (now.breaks, then.breaks) == ([], [])
    assert then.counts["lines of the tap"] < now.counts["lines of the tap"]
    assert then.counts["entries"] < now.counts["entries"]


def test_a_copy_hides_nothing_that_was_gone_before(folder, tmp_path):
    holder = Holder(folder, folder)
    gone = holder.one("approvals", status="rejected")
    holder.delete(gone, *holder.chain(gone))
    holder.close()
    backup(folder, tmp_path / "copy")
    found = {one.rule for one in examined(tmp_path / "copy").breaks}
    # Where a person said no, the note of it lies there still.
    assert {"MISSING_ENTRY"} <= found <= {"MISSING_ENTRY", "RECORD_MISMATCH"}


def published(folder):
    holder = Holder(folder, folder)
    keys = list(holder.every("verification_keys"))
    holder.close()
    return keys


def test_it_says_which_keys_it_trusted_and_what_it_looked_at(folder):
    code, told, _ = verify(folder)
    keys = sorted(key.id for key in published(folder))
    assert code == 0
    assert told.startswith(f"keys trusted: {', '.join(keys)}\n")
    assert told.endswith("\n0 breaks\n")


def test_a_stranger_names_the_keys_to_trust(folder, tmp_path):
    kept = (folder / "keys" / "writers.jwks").rename(tmp_path / "trusted.jwks")
    (folder / "keys" / "writer.pem").unlink()
    assert verify(folder)[0] == 2
    code, told, _ = verify(folder, "--keys", kept)
    assert code == 0, told
    xs = [key.data["jwk"]["x"] for key in published(folder)]
    code, told, _ = verify(folder, "--key", xs[0], f"--key={xs[1]}")
    assert code == 0, told


def test_keys_that_are_named_are_the_only_ones_trusted(folder, tmp_path):
    stranger = FileSigner(tmp_path / "stranger.pem").jwk
    code, told, _ = verify(folder, f"--key={stranger['x']}")
    assert code == 1
    assert f"keys trusted: {stranger['kid']}\n" in told
    assert "SIGNATURE_INVALID" in told
    assert "KEY_UNTRUSTED" in told


@pytest.mark.parametrize("given", ["no key", "", "A" * 42, "é"])
def test_what_is_no_key_is_refused_in_a_sentence(folder, given, tmp_path):
    code, told, errors = verify(folder, f"--key={given}")
    file = tmp_path / "keys"
    file.write_text(given)
    assert (code, errors) == (2, "")
    assert "is no public Ed25519 key" in told
    code, told, errors = verify(folder, "--keys", file)
    assert (code, errors) == (2, "")
    assert "is no set of public keys" in told


def test_a_folder_without_a_store_is_told(tmp_path):
    code, told, errors = verify(tmp_path)
    assert (code, errors) == (2, "")
    assert "There is no store" in told


def _folder_instead(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("name", ["keys/writer.pem", "keys/writers.jwks", "tap.jsonl", "store.db"])
@pytest.mark.parametrize(
    "bend",
    [
        _folder_instead,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\x00garbage"),
    ],
    ids=["a folder", "empty", "garbage"],
)
def test_files_that_cannot_be_read_are_told_in_a_sentence(folder, name, bend, capsys):
    bend(folder / name)
    assert in_process(folder) in {1, 2}
    assert "breaks\n" in (told := capsys.readouterr().out) or "cannot be" in told or "is no" in told


def test_a_reader_that_has_seen_enough_ends_it_quietly(folder):
    holder = Holder(folder, folder)
    holder.db.execute("update documents set tenant = 'elsewhere' where collection = 'events'")
    holder.close()
    code, told, errors = verify(folder, head=2)
    assert told.count("\n") == 2
    assert errors == ""
    assert code == 1


def test_what_a_stranger_wrote_cannot_pass_for_a_line_of_its_own(folder):
    holder = Holder(folder, folder)
    asked = holder.one("approvals")
    asked.id = "x\n0 breaks\n\x1b[2J"
    holder.write(asked)
    holder.close()
    code, told, _ = verify(folder)
    assert code == 1
    assert "\x1b" not in told
    assert "\n0 breaks" not in told


def test_another_tap_can_be_named(folder, tmp_path):
    tap = (folder / "tap.jsonl").rename(tmp_path / "kept elsewhere")
    assert verify(folder)[0] == 1
    assert verify(folder, "--tap", tap)[0] == 0
    code, told, _ = verify(folder, "--without-tap")
    assert code == 0
    assert "compared with none" in told


def test_the_files_of_a_data_folder_are_for_its_user_alone(tmp_path):
    data = tmp_path / "data"
    port = str(free_port())
    run = subprocess.Popen(
        [sys.executable, "-u", "-m", "local", "serve", "--data", str(data), "--port", port],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert "serves at" in run.stdout.readline()
    Client(*astuple(served(data))).get("viewer", "/v1/agents")
    modes = {path: path.stat().st_mode & 0o077 for path in [data, *data.rglob("*")]}
    run.terminate()
    run.wait(timeout=20)
    run.stdout.close()
    names = {path.name for path in modes}
    assert {"store.db", "store.db-wal", "workflows.db", "writers.jwks"} <= names
    assert not any(modes.values()), modes


def test_a_store_of_before_is_made_private(tmp_path):
    (tmp_path / "store.db").touch(mode=0o644)
    Platform(tmp_path, port=free_port()).start().stop()
    assert Path(tmp_path / "store.db").stat().st_mode & 0o077 == 0
