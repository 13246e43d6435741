"""
Read pages of a long list of agents, wherever in it they are, over HTTP on one machine.

    python -m benchmarks.bench_lists [--agents 100000,1000000] [--base COMMIT]

With a base, the first number of agents is also served by that commit, and both are asked in turns.
"""

import argparse
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGTERM

from benchmarks.compare import lay_out
from benchmarks.process import Process
from benchmarks.report import percentile, show
from benchmarks.spawn import ROOT
from benchmarks.wire import Account, Wire
from local.story.client import Client
from shared.entity import written

PAGE = 100
PLACES = {"first": 0.0, "middle": 0.5, "last": 1.0}
MOST_MS, MOST_GROWTH = 20.0, 1.5
ENOUGH_S = 5.0
"""A base that takes seconds for a page is asked for no longer than that at each place."""

FILL = """
import json, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shared.documents import Key, Write
from shared.edge.sqlite import SqliteDocuments
from shared.entity import written

store, template, agents = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
agent = json.loads(template.read_text())["document"]
documents, writes = SqliteDocuments(store), []
for n in range(agents):
    id = f"{n:08x}-0000-4000-8000-000000000000"
    made = agent | {"id": id, "created_at": written(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n))}
    made["status"] = ("draft", "deployed", "suspended")[n % 3]
    made |= {"industry_id": f"{n % 5:08x}{id[8:]}", "job_role_id": f"{n % 20:08x}{id[8:]}"}
    writes.append(Write(Key("platform", "agents", id), made))
    if len(writes) == 200 or n == agents - 1:
        documents.commit(writes)
        writes = []
documents.close()
"""
"""Writes agents through the port of a build, each a millisecond younger than the one before."""


@dataclass
class Served:
    """A build that serves so many agents."""

    name: str
    agents: int
    process: Process
    account: Account = field(init=False)
    times: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def fill(self) -> float:
        """Write the agents, and return how long that took."""
        template = ROOT / "tests" / "golden" / "0.1.0" / "agents.json"
        store = self.process.data / "store.db"
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", FILL, store, template, str(self.agents)],
            cwd=self.process.root,
            env=os.environ | {"PYTHONPATH": str(self.process.root)},
            check=True,
        )
        return time.perf_counter() - started

    def sign_in(self) -> None:
        """Have a fresh token."""
        client = Client(self.process.address, self.process.secret)
        client.sign_in("viewer")
        self.account = Account(client.token("viewer"))

    def pages(self, place: str, requests: int) -> None:
        """Ask for one page, again and again."""
        path = f"/v1/agents?limit={PAGE}"
        wire = Wire(self.process.port)
        first = json.loads(wire.get(self.account, path))
        before = int((self.agents - PAGE) * PLACES[place])
        if before:
            path += f"&cursor={_onward(first['next_cursor'], self.agents - before)}"
        found = json.loads(wire.get(self.account, path))["items"]
        if len(found) != PAGE or int(found[0]["id"][:8], 16) != self.agents - before - 1:
            raise RuntimeError(f"that is no page behind {before:,} agents")
        cpu, times, end = self.process.cpu_s(), list[float](), time.monotonic() + ENOUGH_S
        while len(times) < 2 or (len(times) < requests and time.monotonic() < end):
            started = time.perf_counter()
            wire.get(self.account, path)
            times.append((time.perf_counter() - started) * 1000)
        wire.close()
        self.times.setdefault(place, []).extend(times)
        used = (self.process.cpu_s() - cpu) * 1000 / len(times)
        self.cpu.setdefault(place, []).append(used)

    def row(self, place: str) -> list[str]:
        """Say how long its pages took."""
        times = self.times[place]
        p50, p95 = statistics.median(times), percentile(times, 95)
        return [f"{p50:,.1f}", f"{p95:,.1f}", f"{self.cpu_ms(place):,.1f}"]

    def cpu_ms(self, place: str) -> float:
        """Return the CPU of a page: the least of the rounds, as others only add to it."""
        return min(self.cpu[place])


def main() -> int:
    """Measure, print, and return 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", default="100000", help="how many, of each store")
    parser.add_argument("--base", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="how often each place is asked")
    parser.add_argument("--requests", type=int, default=50, help="of a place and round")
    given = parser.parse_args()
    numbers = [int(part) for part in given.agents.split(",")]
    with tempfile.TemporaryDirectory(prefix="waooaw-lists-") as name, ExitStack() as stack:
        folder = Path(name)
        some = [Served("this", n, _process(folder, f"this-{n}", ROOT)) for n in numbers]
        if given.base:
            lay_out(given.base, folder / "base")
            base = _process(folder, "base-data", folder / "base")
            some.insert(0, Served("base", numbers[0], base))
        for one in some:
            print(f"{one.name}: {one.agents:,} agents, filled in {one.fill():.0f} s", flush=True)
            started = time.perf_counter()
            one.process.start()
            stack.callback(one.process.stop, SIGTERM)
            print(f"  served after {time.perf_counter() - started:.1f} s", flush=True)
            one.sign_in()
        for _ in range(given.rounds):
            for place in PLACES:
                for one in some:
                    one.pages(place, given.requests)
    return _report(some, given)


def _process(folder: Path, name: str, root: Path) -> Process:
    (folder / name).mkdir()
    return Process(folder / name, root=root)


def _report(some: list[Served], given: argparse.Namespace) -> int:
    smallest = next(one for one in some if one.name == "this")
    base = next((one for one in some if one.name == "base"), None)
    rows, missed = [], 0
    for place in PLACES:
        for one in some:
            ratio = f"{one.cpu_ms(place) / base.cpu_ms(place):.3f} ×" if base else ""
            row = [place, one.name, f"{one.agents:,}", *one.row(place), ratio]
            kept = one is base or percentile(one.times[place], 95) <= MOST_MS
            growth = one.cpu_ms(place) / smallest.cpu_ms(place)
            kept = kept and (one is base or growth <= MOST_GROWTH)
            missed += not kept
            rows.append(
                [
                    *row,
                    ""
                    if one is base
                    else f"p95 ≤ {MOST_MS:.0f}, CPU {growth:.2f} × (≤ {MOST_GROWTH} ×)",
                ]
            )
    header = ["page", "build", "agents", "p50 ms", "p95 ms", "CPU ms", "CPU, to the base", "limit"]
    note = (
        f"Pages of {PAGE} agents of one tenant, the newest first, over HTTP, one client, {given.rounds} rounds of"
        f" {given.requests} requests at each place, the builds in turns. CPU is the server's for a page, the least of the"
        f" rounds; it is compared with the base and with the shortest list."
    )
    if base:
        note += f" The base is {given.base}; whoever takes seconds is asked less often."
    show("Pages of a long list", header, rows, note)
    return 1 if missed else 0


def _onward(cursor: str, n: int) -> str:
    """Return the cursor of the same list behind the agent of a number."""
    shape, *_ = json.loads(base64.urlsafe_b64decode(cursor))
    created_at = written(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n))
    place = [shape, created_at, f"{n:08x}-0000-4000-8000-000000000000"]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


if __name__ == "__main__":
    sys.exit(main())
