"""Spawn a function under the real Functions Framework and read what its start has cost."""

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import urllib3

ROOT = Path(__file__).parents[1]

BARE = """
import functions_framework

@functions_framework.http
def serve(request):
    return {"status": "ok"}
"""


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


def cpu_to_first_answer(
    source: Path,
    environ: Mapping[str, str],
    path: str,
    headers: Mapping[str, str],
    method: str,
    body: bytes | None = None,
) -> tuple[float, int]:
    """
    Start the framework on *source* and ask until it answers.

    Returns:
        The CPU time of the process (user and system), in milliseconds, and the status of the answer.
    """
    port = free_port()
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "functions_framework", "--target=serve"]
    command += [f"--source={source}", f"--port={port}", "--host=127.0.0.1"]
    process = subprocess.Popen(
        command,
        env={**os.environ, **environ, "PYTHONPATH": str(ROOT), "PORT": str(port)},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    status = _first_answer(f"http://127.0.0.1:{port}{path}", headers, method, body)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime
    return cpu_s * 1000, status


def _first_answer(url: str, headers: Mapping[str, str], method: str, body: bytes | None) -> int:
    pool = urllib3.PoolManager(retries=False)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(urllib3.exceptions.HTTPError):
            return int(pool.request(method, url, headers=headers, body=body, timeout=20).status)
        time.sleep(0.02)
    raise TimeoutError(f"{url} did not answer")


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one measurement."""
    return tempfile.TemporaryDirectory(prefix="waooaw-")
