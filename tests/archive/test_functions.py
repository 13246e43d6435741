"""Each function starts from the archive, as the cloud starts it, where nothing else is installed."""

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from benchmarks.spawn import free_port
from shared.edge.catalog import operations, reactions
from tests.emulators import firestore_emulator, fresh_project, needs_emulator

__all__ = ["firestore_emulator"]

pytestmark = pytest.mark.slow

START_TIMEOUT_S = 30

_MATCHED = re.compile(r"^# (\S+\.pyc) matches (\S+)$", re.MULTILINE)
_COMPILED = re.compile(r"^# code object from (/\S+\.py)$", re.MULTILINE)
_LOADED = re.compile(r"^# extension module '[^']+' loaded from '([^']+)'$", re.MULTILINE)

CLOUD = {
    "PROJECT": "waooaw-dev",
    "LOCATION": "europe-west1",
    "ENVIRONMENT": "dev",
    "FUNCTION_ADDRESS": "https://FUNCTION-1.europe-west1.run.app",
    "STORE": "firestore",
    "BUS": "pubsub",
    "WRITER_KEY": "/secrets/writer.pem",
}


@contextmanager
def serving(machine, unpacked, log, declared, **environ):
    """Start one function as the cloud does, and return where it listens."""
    port = free_port()
    kind = "http" if declared in operations() else "cloudevent"
    given = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(log.parent),
        "PORT": str(port),
        "K_SERVICE": declared.id,
        "FUNCTION": declared.id,
        "FUNCTION_TARGET": "serve",
        "FUNCTION_SIGNATURE_TYPE": kind,
        "PYTHONVERBOSE": "1",
        **CLOUD,
        **environ,
    }
    command = [machine / "bin" / "functions-framework", "--target=serve", "--source=main.py"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=unpacked, env=given, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(method, url, **given):
    pool, end = urllib3.PoolManager(retries=False), time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return pool.request(method, url, timeout=START_TIMEOUT_S, **given)
        except urllib3.exceptions.NewConnectionError:
            assert time.monotonic() < end, f"{url} did not answer"
            time.sleep(0.02)


def comes_from_the_archive(log, machine, unpacked):
    """Say that whatever was imported is the archive's, its requirements' or Python's own."""
    said = log.read_text(errors="replace")
    files = [file for _, file in _MATCHED.findall(said)]
    files += _COMPILED.findall(said) + _LOADED.findall(said)
    homes = [str(home) for home in (unpacked, machine, standard(machine))]
    assert [file for file in files if not file.startswith(tuple(homes))] == []
    assert "Traceback" not in said
    ours = [file for file in _COMPILED.findall(said) if file.startswith(str(unpacked))]
    assert ours == [], "it has no byte code for these"
    assert any(file.startswith(str(unpacked / "functions")) for file in files)


def standard(machine):
    """Return where the Python is installed that an environment was made from."""
    made = (machine / "pyvenv.cfg").read_text()
    return Path(re.search(r"^home = (.+)$", made, re.MULTILINE)[1]).parent


def path_of(operation):
    return re.sub(r"{\w+}", "00000000-0000-4000-8000-000000000001", operation.path)


@pytest.mark.parametrize("declared", [f for f in operations() if not f.public], ids=lambda f: f.id)
def test_a_function_starts_from_the_archive_and_asks_who_it_is(
    machine, unpacked, tmp_path, declared
):
    log = tmp_path / "log"
    with serving(machine, unpacked, log, declared) as address:
        answer = ask(declared.method, address + path_of(declared))
    assert (answer.status, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["Content-Type"] == "application/problem+json"
    comes_from_the_archive(log, machine, unpacked)


@pytest.mark.parametrize("declared", reactions(), ids=lambda f: f.id)
def test_a_reaction_starts_from_the_archive_and_refuses_what_is_no_event(
    machine, unpacked, tmp_path, declared
):
    log = tmp_path / "log"
    json = {"Content-Type": "application/json"}
    with serving(machine, unpacked, log, declared) as address:
        answers = [ask("POST", address, body=b'{"no": "event"}', headers=json) for _ in range(2)]
    assert {answer.status for answer in answers} == {400}
    comes_from_the_archive(log, machine, unpacked)


def test_a_reaction_that_gcloud_deployed_by_itself_takes_events_though_it_is_told_http(
    machine, unpacked, tmp_path
):
    """`gcloud functions deploy --trigger-http` says so to every function (infra/one.py); the function knows better."""
    log, declared = tmp_path / "log", reactions()[0]
    json = {"Content-Type": "application/json"}
    with serving(machine, unpacked, log, declared, FUNCTION_SIGNATURE_TYPE="http") as address:
        answer = ask("POST", address, body=b'{"no": "event"}', headers=json)
    assert answer.status == 400
    comes_from_the_archive(log, machine, unpacked)


@pytest.mark.parametrize(
    "declared",
    [pytest.param(f, marks=needs_emulator) for f in operations() if f.public],
    ids=lambda f: f.id,
)
def test_a_public_function_answers_from_the_archive(
    machine, unpacked, tmp_path, declared, firestore_emulator
):
    log = tmp_path / "log"
    place = {"PROJECT": fresh_project(), "FIRESTORE_EMULATOR_HOST": firestore_emulator}
    with serving(machine, unpacked, log, declared, **place) as address:
        answer = ask(declared.method, address + path_of(declared))
    # An address for uploads that nobody signed is nowhere.
    assert answer.status == (404 if declared.mutates else 200), answer.data
    comes_from_the_archive(log, machine, unpacked)
