"""
Load the local platform with more and more clients, and say what gives first.

    python -m benchmarks.load --clients 1,2,4,8,16 --seconds 8

Each client does what people do, one request after the other: three in four are reads (a phone's cards, an
agent, a list), one in four a governed change. The clients are a process of their own and stay on this
machine. The platform runs on its embedded defaults, so the figures are those of one machine, not of the
cloud, where every function has its own instances.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.process import Process
from benchmarks.report import SCALING, percentile, show
from local.story import acts, catalogue
from local.story.client import Client, Refused

MOST_CLIENTS = 64
MOST_SECONDS = 60
GROWTH = 1.1
CORES = os.cpu_count() or 1
"""Below this growth of throughput for twice the clients, something is full."""

Act = Callable[[Client, int], object]


@dataclass
class Step:
    """What so many clients got in one step."""

    clients: int
    times_ms: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_s: float = 0.0

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return len(self.times_ms) / self.seconds

    @property
    def cores(self) -> float:
        """How many cores the platform's process kept busy."""
        return self.cpu_s / self.seconds


def mixed(agent_id: str) -> list[Act]:
    """Return what clients do, each as often as it is listed."""
    skill = catalogue.SKILLS[0]()

    def propose(client: Client, n: int) -> object:
        new = {"name": f"Loaded {n}", "skill_key": f"loaded-{n}"}
        return client.post(acts.AUTHOR, "/v1/genesis/skills", skill | new, key=f"load-{n}")

    reads: list[Act] = [
        lambda client, _: client.get("viewer", f"/v1/agents/{agent_id}"),
        lambda client, _: client.get("viewer", "/v1/agents", limit=20),
        lambda client, _: client.get("governor", "/v1/mobile/approvals"),
    ]
    return [*reads, propose]


def loaded(platform: Process, agent_id: str, clients: int, seconds: float, first: int) -> Step:
    """Let so many clients work for so long."""
    step, lock, numbers = Step(clients), threading.Lock(), iter(range(first, first + 10**6))
    acts_of_all, end = mixed(agent_id), time.monotonic() + seconds

    def work(seed: int) -> None:
        client, chance = Client(platform.address, platform.secret), random.Random(seed)
        for account in ("viewer", "governor", acts.AUTHOR):
            client.sign_in(account)
        times: list[float] = []
        refused: Counter[str] = Counter()
        while time.monotonic() < end:
            act = chance.choice(acts_of_all)
            with lock:
                number = next(numbers)
            started = time.perf_counter()
            try:
                act(client, number)
            except Refused as problem:
                refused[problem.code] += 1
            times.append((time.perf_counter() - started) * 1000)
        with lock:
            step.times_ms += times
            step.refused += refused

    cpu, started = platform.cpu_s(), time.monotonic()
    threads = [threading.Thread(target=work, args=(first + n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    step.seconds = time.monotonic() - started
    step.cpu_s = platform.cpu_s() - cpu
    return step


def bottleneck(steps: list[Step]) -> str:
    """Say where throughput stopped to grow, and what was busy there."""
    for before, after in pairwise(steps):
        if after.throughput < GROWTH * before.throughput:
            per_request_ms = 1000 * before.cpu_s / len(before.times_ms)
            busy = f"{before.cores:.2f} cores busy, {per_request_ms:.1f} ms CPU a request"
            cause = (
                f"the {CORES} cores, which clients use too"
                if before.cores > 0.8 * CORES
                else "the disk, which each commit waits for"
            )
            return (
                f"From {before.clients} to {after.clients} clients throughput no longer grows: the first"
                f" bottleneck is {cause} ({busy})."
            )
    return f"With {steps[-1].clients} clients throughput still grows."


def main() -> int:
    """Load, print the table, and return 1 where requests failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", default="1,2,4,8,16")
    parser.add_argument("--seconds", type=float, default=8)
    given = parser.parse_args()
    counts = [min(MOST_CLIENTS, int(part)) for part in given.clients.split(",")]
    seconds = min(MOST_SECONDS, given.seconds)
    with tempfile.TemporaryDirectory(prefix="waooaw-load-") as folder:
        platform = Process(Path(folder))
        platform.start()
        client = Client(platform.address, platform.secret)
        parts = acts.certify_parts(client, lambda _: None)
        agent: Any = acts.request_agent(client, parts, "Loaded")["agent"]
        steps: list[Step] = []
        for n, clients in enumerate(counts):
            steps.append(loaded(platform, agent["id"], clients, seconds, n * 10**6))
            print(f"  {clients} clients: {steps[-1].throughput:.0f} requests a second", flush=True)
        platform.stop(signal.SIGTERM)
    rows = [row(step, steps[0]) for step in steps]
    header = ["clients", "requests/s", "ratio", "p50 ms", "p95 ms", "p99 ms", "cores", "refused"]
    note = (
        f"{seconds:.0f} s a step, three reads to one governed change, over loopback. {bottleneck(steps)} The"
        " ratio is to one client."
    )
    show("Load on one machine", header, rows, note, SCALING)
    return 1 if any(step.refused for step in steps) else 0


def row(step: Step, first: Step) -> list[str]:
    """Return a line of the table."""
    return [
        str(step.clients),
        f"{step.throughput:.0f}",
        f"{step.throughput / first.throughput:.1f} ×",
        *(f"{percentile(step.times_ms, percent):.1f}" for percent in (50, 95, 99)),
        f"{step.cores:.2f}",
        ", ".join(f"{n} {code}" for code, n in step.refused.items()) or "0",
    ]


if __name__ == "__main__":
    sys.exit(main())
