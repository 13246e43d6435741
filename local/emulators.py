"""
Google's own emulators, from the Cloud SDK where it is installed.

One that runs already is used, if FIRESTORE_EMULATOR_HOST or PUBSUB_EMULATOR_HOST names it; else it is started, and
stopped when it is no longer needed. They keep everything in memory.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0


class Missing(Exception):
    """There is no such emulator here; it says what is missing."""


@dataclass(frozen=True)
class Emulator:
    """One of the Cloud SDK's emulators."""

    variable: str
    """The environment variable by which Google's clients, and ours, find it."""

    jar: str
    main: str

    @property
    def runs(self) -> bool:
        """Whether somebody started it already."""
        return self.variable in os.environ


FIRESTORE = Emulator(
    "FIRESTORE_EMULATOR_HOST",
    "cloud-firestore-emulator/cloud-firestore-emulator.jar",
    "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
)
PUBSUB = Emulator(
    "PUBSUB_EMULATOR_HOST",
    "pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
    "com.google.cloud.pubsub.testing.v1.Main",
)


@contextmanager
def wanted(store: str, bus: str) -> Iterator[list[Emulator]]:
    """
    Have those run that a store and a bus need, and return those that had to be started: they are empty.

    Raises:
        Missing: One of them does not run, and cannot be started here.
    """
    needed = [FIRESTORE] * (store == "firestore") + [PUBSUB] * (bus == "pubsub")
    started = [emulator for emulator in needed if not emulator.runs]
    with ExitStack() as stack:
        for emulator in needed:
            stack.enter_context(running(emulator))
        yield started


@contextmanager
def running(emulator: Emulator) -> Iterator[str]:
    """
    Have an emulator run, and return its address, which stands in the environment meanwhile.

    Raises:
        Missing: It does not run, and cannot be started here.
    """
    if emulator.runs:
        yield os.environ[emulator.variable]
        return
    port = free_port()
    command = [_java(), "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", _jar(emulator.jar)]
    command += [emulator.main, "--host=127.0.0.1", f"--port={port}"]
    with TemporaryDirectory(prefix="waooaw-") as folder:
        log = Path(folder) / "emulator.log"
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603 - Google's own
        try:
            _wait_for(port, process, log)
            os.environ[emulator.variable] = f"127.0.0.1:{port}"
            yield os.environ[emulator.variable]
        finally:
            os.environ.pop(emulator.variable, None)
            _end(process)


def there() -> None:
    """
    See that each of them runs, or could be started here.

    Raises:
        Missing: One does not, and cannot.
    """
    for emulator in (FIRESTORE, PUBSUB):
        if not emulator.runs:
            _java()
            _jar(emulator.jar)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until and process.poll() is None:
        try:
            direct.open(f"http://127.0.0.1:{port}/", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Missing(f"the emulator did not start: {log.read_text(errors='replace')[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _java() -> str:
    return shutil.which("java") or _missing("there is no java here")


def _jar(pattern: str) -> str:
    found = sorted((_sdk() / "platform").glob(pattern))
    if not found:
        _missing(f"the Cloud SDK here has no {pattern}; gcloud components install adds it")
    return str(found[-1])


@cache
def _sdk() -> Path:
    gcloud = shutil.which("gcloud") or _missing("there is no Cloud SDK here")
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    found = subprocess.run(  # noqa: S603 - Google's own
        command, capture_output=True, text=True, timeout=60, check=False
    )
    return Path(found.stdout.strip() or _missing("gcloud does not say where its SDK is"))


def _missing(reason: str) -> NoReturn:
    raise Missing(reason)


if __name__ == "__main__":
    try:
        there()
    except Missing as missing:
        sys.exit(f"The tests that need Google's emulators cannot run here: {missing}.")
