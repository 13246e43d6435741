"""One governed mutation over HTTP on SQLite with full durability, beside a function that only answers."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from benchmarks.process import Process
from benchmarks.report import percentile, show
from benchmarks.spawn import ROOT, free_port
from local.story import catalogue
from local.story.acts import AUTHOR
from local.story.client import Client

RUNS = 500
WARM_UP = 50


def main() -> int:
    """Measure, print, and return 1 where a limit is not kept."""
    bare = _bare()
    with tempfile.TemporaryDirectory(prefix="waooaw-") as folder:
        platform = Process(Path(folder))
        platform.start()
        client = Client(platform.address, platform.secret)
        skill = catalogue.SKILLS[0]()
        numbers = iter(range(WARM_UP + RUNS))

        def mutate() -> None:
            n = next(numbers)
            client.post(
                AUTHOR,
                "/v1/genesis/skills",
                skill | {"name": f"Skill {n}", "skill_key": f"skill-{n}"},
                key=f"skill-{n}",
            )

        governed = _measured(mutate)
        platform.stop(signal.SIGTERM)
    p50, p99 = percentile(governed, 50), percentile(governed, 99)
    base50, base99 = percentile(bare, 50), percentile(bare, 99)
    rows = [
        ["bare function", f"{base50:.2f}", f"{base99:.2f}", "1.0 ×", ""],
        [
            "governed mutation",
            f"{p50:.2f}",
            f"{p99:.2f}",
            f"{p50 / base50:.1f} ×",
            "p50 ≤ 5, p99 ≤ 20",
        ],
    ]
    note = (
        f"{RUNS} requests one after the other to the same server over loopback, ms. The mutation verifies a"
        " token, checks the constitution, hashes, signs, and synchronises entity, entry and answer to disk;"
        " relay and delivery run beside it."
    )
    show("One governed mutation", ["", "p50", "p99", "ratio", "limit"], rows, note)
    return 0 if p50 <= 5 and p99 <= 20 else 1


def _bare() -> list[float]:
    port = free_port()
    command = [sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", "--threads=16"]
    server = subprocess.Popen([*command, "benchmarks.bare:app"], cwd=ROOT)
    pool = urllib3.PoolManager(retries=urllib3.Retry(20, backoff_factor=0.05))
    times = _measured(lambda: pool.request("POST", f"http://127.0.0.1:{port}/", json={}))
    server.terminate()
    server.wait()
    return times


def _measured(act: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(WARM_UP + RUNS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return times[WARM_UP:]


if __name__ == "__main__":
    sys.exit(main())
