"""
Google's own emulators, from the Cloud SDK where it is installed.

A test that needs one is skipped where there is none, and says why; with WAOOAW_REQUIRE_EMULATORS=1 it
fails. An emulator that runs already is used, if FIRESTORE_EMULATOR_HOST or PUBSUB_EMULATOR_HOST names it.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

START_TIMEOUT_S = 60.0
FIRESTORE = (
    "cloud-firestore-emulator/cloud-firestore-emulator.jar",
    "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
)
PUBSUB = (
    "pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
    "com.google.cloud.pubsub.testing.v1.Main",
)

needs_emulator = (pytest.mark.emulator, pytest.mark.enable_socket)
"""The marks of a test that needs an emulator, and with it a socket to this machine."""


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a Firestore emulator, which Google's clients find in the environment."""
    with _running("FIRESTORE_EMULATOR_HOST", FIRESTORE, tmp_path_factory.mktemp("log")) as host:
        yield host


@pytest.fixture(scope="session")
def pubsub_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a Pub/Sub emulator, which Google's clients find in the environment."""
    with _running("PUBSUB_EMULATOR_HOST", PUBSUB, tmp_path_factory.mktemp("log")) as host:
        yield host


def fresh_project() -> str:
    """Return a project id of its own, which isolates one test from all others."""
    return f"test-{uuid4().hex[:12]}"


@contextmanager
def _running(variable: str, program: tuple[str, str], log: Path) -> Iterator[str]:
    if variable in os.environ:
        yield os.environ[variable]
        return
    jar, main = program
    java, file = _java(), _jar(jar)
    port = free_port()
    arguments = ["-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", file, main]
    arguments += ["--host=127.0.0.1", f"--port={port}"]
    with (log / "emulator.log").open("wb") as out, pytest.MonkeyPatch.context() as patch:
        process = subprocess.Popen([java, *arguments], stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/", process, log / "emulator.log")
            patch.setenv(variable, f"127.0.0.1:{port}")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until and process.poll() is None:
        try:
            direct.open(url, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the emulator did not start: {log.read_text()[-2000:]}")


def _java() -> str:
    return shutil.which("java") or _absent("there is no java here")


def _jar(pattern: str) -> str:
    found = sorted((_sdk() / "platform").glob(pattern))
    return str(found[-1]) if found else _absent(f"the Cloud SDK here has no {pattern}")


@cache
def _sdk() -> Path:
    gcloud = shutil.which("gcloud") or _absent("there is no Cloud SDK here")
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Path(found.stdout.strip() or _absent("gcloud does not say where its SDK is"))


def _absent(reason: str) -> str:
    if os.environ.get("WAOOAW_REQUIRE_EMULATORS") == "1":
        pytest.fail(f"an emulator is required: {reason}")
    pytest.skip(f"needs Google's emulator: {reason}")
