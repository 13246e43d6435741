"""Spawn a function, as a container of ours or under the real Functions Framework, and read what its start has cost."""

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
import atexit, importlib.machinery, os, sys, time

ENGINE = "shared.edge.opa"
taken = [0.0, 0]

def count():
    for kind, said in (("modules", len(sys.modules)), ("engine", f"{taken[0]} {taken[1]}")):
        with open(f"{os.environ['COUNTED']}/{os.getpid()}.{kind}", "w") as file:
            file.write(str(said))

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

class Watched:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == ENGINE:
            sys.meta_path.remove(cls)
            spec = importlib.machinery.PathFinder.find_spec(name, path)
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: watch(load, module)
            return spec

def watch(load, module):
    began, before = time.process_time(), resident()
    load(module)
    taken[0] += time.process_time() - began
    taken[1] += resident() - before
    evaluate = module.OpaEngine.evaluate
    def evaluated(*asked):
        began, before = time.process_time(), resident()
        try:
            return evaluate(*asked)
        finally:
            taken[0] += time.process_time() - began
            taken[1] += resident() - before
    module.OpaEngine.evaluate = evaluated

sys.meta_path.insert(0, Watched)
atexit.register(count)
"""
"""
Makes every process say at its end how many modules it has loaded, and what of its CPU, in seconds, and of its memory, in
pages, the policy engine took: to be loaded, and to decide.
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


class Start(NamedTuple):
    """What a start has cost, of all processes that it takes."""

    cpu_ms: float
    """CPU time, user and system, until it had answered."""

    wall_ms: float
    """How long that took."""

    resident_mb: float
    """The most that each process held until then, together: what they share counts in each."""

    own_mb: float
    """What they hold, where what is shared counts once."""

    modules: int
    """How many modules it had loaded."""

    status: int
    """Of its first answer."""

    engine_ms: float = 0.0
    """What of its CPU time the policy engine took."""

    engine_mb: float = 0.0
    """What of its memory that added."""


def stock(source: Path) -> Sequence[str]:
    """Return how the framework starts by itself what a file has, as Google's buildpack has it started."""
    return ("-m", "functions_framework", "--target=serve", f"--source={source}")


def first_answer(
    how: Sequence[str],
    environ: Mapping[str, str],
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: bytes | None = None,
    first: Callable[[], None] | None = None,
) -> Start:
    """Start Python on something, ask until it answers, and say what that has cost; *first* is done before."""
    port = free_port()
    command = [sys.executable, *how]
    with folder() as name:
        Path(name, "sitecustomize.py").write_text(COUNTING)
        counted = {"PYTHONPATH": f"{ROOT}{os.pathsep}{name}", "COUNTED": name, "PORT": str(port)}
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**os.environ, **BYTE_CODE, **environ, **counted},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=first,  # noqa: PLW1509 - nothing else is done here meanwhile
        )
        status = _first_answer(f"http://127.0.0.1:{port}{path}", headers or {}, method, body)
        wall_s = time.perf_counter() - began
        # What its end will cost is no part of its start.
        all_of_it = family(process.pid)
        taken_s, (resident_mb, own_mb) = cpu_s(all_of_it), memory_mb(all_of_it)
        # SIGINT is gunicorn's quick end: on SIGTERM it waits two seconds for requests that are not there.
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        # Where one process forked another that answers, that one has loaded more.
        told = [int(file.read_text()) for file in Path(name).glob("*.modules")]
        of_engine = [file.read_text().split() for file in Path(name).glob("*.engine")]
    return Start(
        taken_s * 1000,
        wall_s * 1000,
        resident_mb,
        own_mb,
        max(told, default=0),
        status,
        sum(float(seconds) for seconds, _ in of_engine) * 1000,
        sum(int(pages) for _, pages in of_engine) * resource.getpagesize() / 1024 / 1024,
    )


def memory_mb(pids: Iterable[int]) -> tuple[float, float]:
    """Return the most that processes were resident with, added, and what they hold with what is shared once (Linux)."""
    resident = own = 0
    for pid in pids:
        resident += _kb(Path(f"/proc/{pid}/status"), "VmHWM:")
        own += _kb(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")
    return resident / 1024, own / 1024


def _kb(file: Path, name: str) -> int:
    return next(
        int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(name)
    )


def family(pid: int) -> list[int]:
    """Return a process and all that came of it."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = list[int]()
    for file in threads:
        # A thread may have ended meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            children += map(int, file.read_text().split())
    return [pid, *(one for child in children for one in family(child))]


def cpu_s(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have taken so far, user and system, by their own clocks (Linux)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def _first_answer(url: str, headers: Mapping[str, str], method: str, body: bytes | None) -> int:
    pool = urllib3.PoolManager(retries=False)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(urllib3.exceptions.HTTPError):
            return int(pool.request(method, url, headers=headers, body=body, timeout=60).status)
        time.sleep(0.005)
    raise TimeoutError(f"{method} {url} did not answer: does the function start?")


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one measurement."""
    return tempfile.TemporaryDirectory(prefix="waooaw-")
