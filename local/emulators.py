"""
Google's own emulators, from the Cloud SDK where it is installed, and from npm where `make firebase` put it.

One that runs already is used, if FIRESTORE_EMULATOR_HOST or PUBSUB_EMULATOR_HOST names it; else it is started, and
stopped when it is no longer needed. They keep everything in memory.

The Auth emulator believes every token, signed or not, and takes whoever says `Bearer owner` for its administrator. So
FIREBASE_AUTH_EMULATOR_HOST is neither read nor set: it listens at a socket in a folder of this user's, where
`local/signing.py` alone asks it.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from local import hints
from shared.errors import ProviderDown

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
GONE = "Google's emulator of the sign-in has ended; stop this server and start it again"
SILENT = "the sign-in does not answer now; try again, or stop this server and start it again"
ANSWER_S = 10.0
"""How long its answer is waited for: less than whoever asked us waits (`local/story/client.py`), who is told why."""

PRETENDED = "demo-"
"""How the name of a project begins that Firebase's tools take for none in the cloud."""


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
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with _process(command, lambda: direct.open(f"http://127.0.0.1:{port}/", timeout=1).close()):
            os.environ[emulator.variable] = f"127.0.0.1:{port}"
            yield os.environ[emulator.variable]
    finally:
        os.environ.pop(emulator.variable, None)


@dataclass(frozen=True)
class AuthEmulator:
    """The Auth emulator of one project, as whoever reaches it asks it."""

    where: str
    """The path of its socket, or its port on this machine."""

    project: str

    def ask(
        self, path: str, body: Mapping[str, Any] | None = None, *, owner: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """
        Send it a request, a POST where there is a body, and return what it answers; the owner may do everything.

        Raises:
            ProviderDown: It does not answer.
        """
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": "Bearer owner"} if owner else {}
        sent = None if body is None else json.dumps(body)
        try:
            with closing(_Connection(self.where)) as connection:
                connection.request("GET" if body is None else "POST", path, sent, headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
        except (ConnectionRefusedError, FileNotFoundError) as error:
            raise ProviderDown(GONE) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderDown(SILENT, retry_after_s=5) from error


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket that is a file, where it is no port."""

    def __init__(self, where: str) -> None:
        port = int(where) if where.isdecimal() else 80
        super().__init__("127.0.0.1", port, timeout=ANSWER_S)
        self._path = "" if where.isdecimal() else where

    def connect(self) -> None:
        if not self._path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@contextmanager
def signing_in(auth: str, project: str) -> Iterator[AuthEmulator | None]:
    """
    Have the Auth emulator run for a project where people sign in at `firebase`, and none where they do not.

    Raises:
        Missing: It cannot be started here.
    """
    if auth != "firebase":
        yield None
        return
    with auth_emulator(project) as emulator:
        yield emulator


@contextmanager
def auth_emulator(project: str, port: int | None = None) -> Iterator[AuthEmulator]:
    """
    Have the Auth emulator run for a project.

    Args:
        project: A project that Firebase's own tools take for none in the cloud: its name begins so.

        port: Where it listens instead of at a socket of this user's: for tests, whose clients know ports alone.

    Raises:
        Missing: It cannot be started here, or the project could be a real one.
    """
    if not project.startswith(PRETENDED):
        raise Missing(f"the project of an emulated sign-in is called {PRETENDED}…, not {project}")
    command, environ = [_node(), str(Path(__file__).with_suffix(".js"))], {"NODE_PATH": _npm()}
    with TemporaryDirectory(prefix="waooaw-") as folder:
        where = str(port or Path(folder) / "auth")
        emulator = AuthEmulator(where, project)
        with _process([*command, where, project], lambda: emulator.ask("/"), **environ):
            yield emulator


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
    _node()
    _npm()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(command: list[str], answers: Callable[[], object], **more: str) -> Iterator[None]:
    """Have a command run, from when it answers; it ends with what it was needed for."""
    with TemporaryDirectory(prefix="waooaw-") as folder:
        log = Path(folder) / "emulator.log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - Google's own
                command, stdin=subprocess.PIPE, stdout=out, stderr=out, env=os.environ | more
            )
        try:
            _wait_for(answers, process, log)
            yield
        finally:
            _end(process)


def _wait_for(answers: Callable[[], object], process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            answers()
        except (OSError, ProviderDown):
            time.sleep(0.05)
        else:
            return
    raise Missing(f"the emulator did not start: {log.read_text(errors='replace')[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _java() -> str:
    return shutil.which("java") or _missing("there is no java here")


def _node() -> str:
    return shutil.which("node") or _missing("there is no node here")


def _npm() -> str:
    """Return where npm put Firebase's tools."""
    modules = Path(__file__).parents[1] / "build" / "npm" / "node_modules"
    if not (modules / "firebase-tools").exists():
        _missing(f"Firebase's tools are not here; `{hints.make('firebase')}` installs them")
    return str(modules)


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
