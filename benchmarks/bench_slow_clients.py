"""
Let slow clients send requests in halves beside busy ones, and compare what the busy ones wait.

    python -m benchmarks.bench_slow_clients --slow 100 --busy 8 --seconds 8 --rounds 3

A slow client sends half a head, or a head and the first byte of a body, and then a byte now and again; where it is let
go of it begins anew. Both steps of a round are measured after one another, as other work on the machine changes
with time. The clients are a process of their own and stay on this machine.
"""

import argparse
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from benchmarks.load import loaded
from benchmarks.process import Process
from benchmarks.report import SCALING, percentile, show
from local.story import acts
from local.story.client import Client

LIMIT = 2.0
"""How many times longer the busy ones' slowest twentieth may take."""

MOST_SLOW, MOST_SECONDS = 2000, 60
BEAT_S = 0.5


class Slow:
    """So many clients that never send a whole request, in one thread."""

    def __init__(self, port: int, number: int) -> None:
        """Say whom they bother."""
        host = f"Host: 127.0.0.1:{port}\r\n"
        self._halves = (
            f"GET /v1/agents HTTP/1.1\r\n{host}X-Slow: ".encode(),
            f"POST /v1/incidents HTTP/1.1\r\n{host}Content-Length: 100000\r\n\r\n{{".encode(),
        )
        self._port, self._number, self.begun = port, number, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        clients: list[socket.socket] = []
        with selectors.DefaultSelector() as answered:
            while not self._ended.wait(BEAT_S):
                for key, _ in answered.select(0):
                    gone: Any = key.fileobj
                    answered.unregister(gone)
                    clients.remove(gone)
                    gone.close()
                for one in clients:
                    with suppress(OSError):
                        one.send(b"x")
                while len(clients) < self._number:
                    made = socket.create_connection(("127.0.0.1", self._port), timeout=5)
                    made.sendall(self._halves[self.begun % 2])
                    answered.register(made, selectors.EVENT_READ)
                    clients.append(made)
                    self.begun += 1
        for one in clients:
            one.close()


@contextmanager
def running() -> Iterator[tuple[Process, str]]:
    """Run the platform, with an agent to look at."""
    with tempfile.TemporaryDirectory(prefix="waooaw-slow-") as folder:
        platform = Process(Path(folder))
        platform.start()
        try:
            client = Client(platform.address, platform.secret)
            parts = acts.certify_parts(client, lambda _: None)
            agent: Any = acts.request_agent(client, parts, "Watched")["agent"]
            yield platform, agent["id"]
        finally:
            platform.stop(signal.SIGTERM)


def main() -> int:
    """Measure, print the ratio, and return 1 where it is over its limit or a busy client was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", type=int, default=100)
    parser.add_argument("--busy", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    number, seconds = min(MOST_SLOW, given.slow), min(MOST_SECONDS, given.seconds)
    without: list[float] = []
    beside: list[float] = []
    refused = begun = 0
    with running() as (platform, agent):
        loaded(platform, agent, given.busy, 2, 10**9)
        for n in range(given.rounds):
            step = loaded(platform, agent, given.busy, seconds, 2 * n * 10**6)
            without += step.times_ms
            with Slow(platform.port, number) as slow:
                time.sleep(2 * BEAT_S)
                other = loaded(platform, agent, given.busy, seconds, (2 * n + 1) * 10**6)
            beside += other.times_ms
            refused += sum((step.refused + other.refused).values())
            begun += slow.begun
    ratio = percentile(beside, 95) / percentile(without, 95)
    rows = [
        [name, str(len(times)), *(f"{percentile(times, p):.1f}" for p in (50, 95, 99)), change]
        for name, times, change in (
            ("alone", without, "1"),
            (f"beside {number} slow ones", beside, f"{ratio:.2f} × (at most {LIMIT:g} ×)"),
        )
    ]
    note = (
        f"{given.busy} busy clients, {given.rounds} rounds of {seconds:.0f} s each way; the slow ones began {begun}"
        f" requests and ended none; {refused} busy requests refused. The ratio is of the 95th percentiles."
    )
    show(
        "Slow clients", ["", "requests", "p50 ms", "p95 ms", "p99 ms", "ratio"], rows, note, SCALING
    )
    return 1 if refused or ratio > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
