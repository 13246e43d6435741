"""
Measure this build beside another one, in the same run, and print how they compare.

    python -m benchmarks.compare BASE [--rounds 3] [--requests 400] [--memory 100000] [--instructions]

BASE is a commit; it is laid out in a folder of its own and served by the same Python and the same packages. Both builds
are served at the same time, and what is not asked does nothing. They are asked in turns, round after round, so that whatever
else this machine does meets both. Of CPU the least of the rounds counts, as others only add to it; of what takes turns
with others the median.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from signal import SIGTERM
from typing import Any

from benchmarks.process import Process
from benchmarks.report import show
from benchmarks.spawn import ROOT, free_port
from benchmarks.wire import Account, Wire
from local.story import acts, catalogue
from local.story.client import Client

CLIENTS = (1, 2, 4, 8, 32)
IDLE_S = 0.002
"""Who takes less CPU in a twentieth of a second does nothing."""

FEW, MANY = 10, 40
"""Instructions are those of so many requests less those of fewer, so that the start does not count."""

COLLECTED = re.compile(r"Collected : (\d+)")


@dataclass
class Build:
    """One of the two, served on a data folder of its own."""

    name: str
    root: Path
    process: Process
    figures: dict[str, list[float]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    agent_id: str = ""
    made: int = 0

    def note(self, what: str, figure: float) -> None:
        """Keep what a round came to."""
        self.figures.setdefault(what, []).append(figure)

    def prepare(self) -> None:
        """Make one agent, and sign in whoever asks."""
        client = Client(self.process.address, self.process.secret)
        parts = acts.certify_parts(client, lambda _: None)
        agent: Any = acts.request_agent(client, parts, "Compared")["agent"]
        self.agent_id = agent["id"]
        self.sign_in()

    def sign_in(self) -> None:
        """Have fresh tokens."""
        client = Client(self.process.address, self.process.secret)
        for account in ("viewer", "governor", acts.AUTHOR):
            client.sign_in(account)
            self.accounts[account] = Account(client.token(account))

    def get(self, wire: Wire) -> None:
        """Read one agent."""
        wire.get(self.accounts["viewer"], f"/v1/agents/{self.agent_id}")

    def mutate(self, wire: Wire) -> None:
        """Propose a skill, which is governed as every change is."""
        self.made += 1
        n = f"{self.made}-{time.monotonic_ns()}"
        body = json.dumps(_SKILL | {"name": f"Skill {n}", "skill_key": f"skill-{n}"}).encode()
        wire.post(self.accounts[acts.AUTHOR], "/v1/genesis/skills", body, key=n)

    def mixed(self) -> tuple[Callable[[Wire], object], ...]:
        """Return what clients do: three reads to one change."""
        return (
            self.get,
            lambda wire: wire.get(self.accounts["viewer"], "/v1/agents?limit=20"),
            lambda wire: wire.get(self.accounts["governor"], "/v1/mobile/approvals"),
            self.mutate,
        )


_SKILL = catalogue.SKILLS[0]()


def main() -> int:
    """Measure, print, and return 1 where a target is missed."""
    given = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="waooaw-compare-") as name:
        folder = Path(name)
        lay_out(given.base, folder / "base")
        builds = [_build("base", folder / "base", folder), _build("this", ROOT, folder)]
        _start(builds, given.rounds)
        with ExitStack() as stack:
            for build in builds:
                stack.enter_context(_served(build))
            _ask(builds, given)
        if given.instructions:
            for what, build in product(("get", "mutation"), builds):
                build.note(f"{what}, thousand instructions", _instructions(build, folder, what))
    return _report(builds, given)


def _ask(builds: Sequence[Build], given: argparse.Namespace) -> None:
    for build in builds:
        build.prepare()
    for turn in range(given.rounds):
        for build in builds:
            _one_client(build, given.requests, first=not turn)
        for clients, build in product(CLIENTS, builds):
            build.note(f"{clients} clients, requests/s", _loaded(build, clients, given.seconds))
    for build in builds:
        _remember(build, given.memory)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("base", help="the commit to compare with")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each is asked in turn (%(default)s)"
    )
    parser.add_argument(
        "--requests", type=int, default=400, help="of one client, of a kind (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=3, help="of each number of clients (%(default)s)"
    )
    parser.add_argument(
        "--memory", type=int, default=5000, help="requests before memory is read (%(default)s)"
    )
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions too, with valgrind"
    )
    return parser


def lay_out(commit: str, folder: Path) -> None:
    """Lay a commit out in a folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)


def _build(name: str, root: Path, folder: Path) -> Build:
    data = folder / f"data-{name}"
    data.mkdir()
    # Byte code is kept, as a deployment has it, and where nobody else finds it.
    kept = {"PYTHONPYCACHEPREFIX": str(folder / f"code-{name}")}
    return Build(name, root, Process(data, port=free_port(), root=root, environ=kept))


@contextmanager
def _served(build: Build) -> Iterator[None]:
    build.process.start()
    try:
        yield
    finally:
        build.process.stop(SIGTERM)


def _start(builds: Sequence[Build], rounds: int) -> None:
    """Start each so many times; the very first start compiles, and does not count."""
    for turn, build in product(range(rounds + 1), builds):
        started = time.perf_counter()
        with _served(build):
            if turn:
                build.note("start, s", time.perf_counter() - started)
                build.note("start, s of CPU", build.process.cpu_s())


def _one_client(build: Build, requests: int, *, first: bool) -> None:
    """Ask one after the other; the CPU is that of the requests and of all that follows from them."""
    wire = Wire(build.process.port)
    for what, ask in (("GET", build.get), ("mutation", build.mutate)):
        for _ in range(50 if first else 10):
            ask(wire)
        _settled(build)
        cpu, times = build.process.cpu_s(), []
        for _ in range(requests):
            started = time.perf_counter()
            ask(wire)
            times.append((time.perf_counter() - started) * 1000)
        _settled(build)
        build.note(f"{what}, ms of CPU", (build.process.cpu_s() - cpu) * 1000 / requests)
        build.note(f"{what}, p50 ms", statistics.median(times))
    wire.close()


def _settled(build: Build) -> None:
    """Wait until nothing is done any more."""
    quiet, before = 0, build.process.cpu_s()
    while quiet < 4:
        time.sleep(0.05)
        now = build.process.cpu_s()
        quiet, before = (quiet + 1 if now - before < IDLE_S else 0), now


def _loaded(build: Build, clients: int, seconds: float) -> float:
    """Let so many clients ask for so long, and return how many requests a second were answered."""
    end, done, lock = time.monotonic() + seconds, [0], threading.Lock()
    mixed = build.mixed()

    def work(n: int) -> None:
        wire, own = Wire(build.process.port), n
        while time.monotonic() < end:
            mixed[own % len(mixed)](wire)
            own += 1
        wire.close()
        with lock:
            done[0] += own - n

    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - started
    _settled(build)
    return done[0] / took


def _remember(build: Build, requests: int) -> None:
    """Note the memory before and after so many mixed requests of four clients."""
    build.note("memory before, MB", build.process.memory_mb())
    build.sign_in()

    def work(n: int) -> None:
        wire, mixed = Wire(build.process.port), build.mixed()
        for own in range(n, n + requests // 4):
            mixed[own % len(mixed)](wire)
        wire.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _settled(build)
    build.note("memory after, MB", build.process.memory_mb())


def _instructions(build: Build, folder: Path, what: str) -> float:
    """Count the instructions of one request, in the application alone, without the server around it."""
    few, many = (_counted(build, folder / f"{build.name}-{what}-{n}", what, n) for n in (FEW, MANY))
    return (many - few) / (MANY - FEW) / 1000


def _counted(build: Build, data: Path, what: str, requests: int) -> int:
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    script = str(ROOT / "benchmarks" / "counted.py")
    done = subprocess.run(
        [*tool, sys.executable, script, str(data), what, str(requests)],
        cwd=build.root,
        env=os.environ | {"PYTHONPATH": str(build.root), "PYTHONHASHSEED": "0", "LOG": "ERROR"},
        check=True,
        capture_output=True,
        text=True,
    )
    found = COLLECTED.search(done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind counted nothing: {done.stderr[-300:]}")
    return int(found[1])


_MOST: dict[str, float] = {
    "mutation, ms of CPU": 0.6,
    "GET, ms of CPU": 0.5,
}
_LEAST: dict[str, float] = {"8 clients, requests/s": 2.5}


def _report(builds: Sequence[Build], given: argparse.Namespace) -> int:
    base, this = builds
    rows, missed = [], 0
    for what in base.figures:
        one = (
            min
            if what.endswith(("CPU", "s", "instructions")) and "/s" not in what
            else statistics.median
        )
        before, now = one(base.figures[what]), one(this.figures[what])
        ratio, limit, kept = now / before, "", True
        if what in _MOST:
            limit, kept = f"≤ {_MOST[what]} ×", ratio <= _MOST[what]
        elif what in _LEAST:
            limit, kept = f"≥ {_LEAST[what]} ×", ratio >= _LEAST[what]
        missed += not kept
        rows.append([what, _written(before), _written(now), f"{ratio:.2f} ×", limit])
    note = (
        f"Both builds served at once and asked in turns, {given.rounds} rounds: {given.requests} requests of one client, then"
        f" {given.seconds:.0f} s of each number of clients, three reads to one governed change; memory (of all processes, what"
        f" they share once) after {given.memory:,} more. CPU is the server's, with all that follows from a request. Of CPU,"
        f" start and instructions the least, else the median. {os.cpu_count()} cores, also for the clients; the base is {given.base}."
    )
    show("Beside the build before", ["", "base", "this", "ratio", "target"], rows, note)
    return 1 if missed else 0


def _written(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


if __name__ == "__main__":
    sys.exit(main())
