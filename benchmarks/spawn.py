"""Spawn a function under the real Functions Framework and read what its start has cost."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import urllib3

ROOT = Path(__file__).parents[1]

BARE = """
import functions_framework

@functions_framework.http
def serve(request):
    return {"status": "ok"}
"""


BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""Byte code is kept, as a deployment has it: what is compiled by the first start, later ones only read."""

COUNTING = """
import atexit, os, sys

def count():
    with open(f"{os.environ['COUNTED']}/{os.getpid()}.modules", "w") as file:
        file.write(str(len(sys.modules)))

atexit.register(count)
"""
"""Makes every process say at its end how many modules it has loaded."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bare_source(folder: Path) -> Path:
    """Write a function that only answers."""
    source = folder / "bare.py"
    source.write_text(BARE)
    return source


class Start(NamedTuple):
    """What a start has cost."""

    cpu_ms: float
    """CPU time of the process, user and system, until it had answered."""

    modules: int
    """How many modules it had loaded then."""

    status: int
    """Of its first answer."""


def first_answer(
    source: Path,
    environ: Mapping[str, str],
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: bytes | None = None,
) -> Start:
    """Start the framework on *source*, ask until it answers, and say what that has cost."""
    port = free_port()
    command = [sys.executable, "-m", "functions_framework", "--target=serve"]
    command += [f"--source={source}", f"--port={port}", "--host=127.0.0.1"]
    with folder() as name:
        Path(name, "sitecustomize.py").write_text(COUNTING)
        counted = {"PYTHONPATH": f"{ROOT}{os.pathsep}{name}", "COUNTED": name, "PORT": str(port)}
        process = subprocess.Popen(
            command,
            env={**os.environ, **BYTE_CODE, **environ, **counted},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        status = _first_answer(f"http://127.0.0.1:{port}{path}", headers or {}, method, body)
        # What its end will cost is no part of its start.
        taken_s = cpu_s(family(process.pid))
        # SIGQUIT is gunicorn's quick end: on SIGTERM it waits two seconds for requests that are not there.
        os.killpg(process.pid, signal.SIGQUIT)
        process.wait()
        # The worker answers; it was forked by the process that was started.
        workers = [file for file in Path(name).glob("*.modules") if file.stem != str(process.pid)]
        modules = max((int(file.read_text()) for file in workers), default=0)
    return Start(taken_s * 1000, modules, status)


def family(pid: int) -> list[int]:
    """Return a process and all that came of it."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for file in threads for child in file.read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def cpu_s(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have taken so far, user and system, by their own clocks (Linux)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def _first_answer(url: str, headers: Mapping[str, str], method: str, body: bytes | None) -> int:
    pool = urllib3.PoolManager(retries=False)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(urllib3.exceptions.HTTPError):
            return int(pool.request(method, url, headers=headers, body=body, timeout=20).status)
        time.sleep(0.02)
    raise TimeoutError(f"{method} {url} did not answer: does the function start?")


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one measurement."""
    return tempfile.TemporaryDirectory(prefix="waooaw-")
