"""
The workflow engine: beside the build before, beside DBOS and an emulator, and what many who wait take.

    python -m benchmarks.bench_workflows [--base COMMIT] [--rounds 3]

Each build is a process of its own (`benchmarks/engine.py`), and they are asked in turns, round after round, so that
whatever else this machine does meets both. Of CPU the least of the rounds counts, as others only add to it; of what
takes time the median.
"""

import argparse
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.compare import lay_out
from benchmarks.engine import ANSWERED, EFFECT, LOOP, VALUE
from benchmarks.report import show
from benchmarks.spawn import BYTE_CODE, ROOT, folder

OPERATIONS = {1: 800, 16: 400}
"""How many operations each execution does, by how many run at the same time."""
TARGETS = {1: 5.0, 16: 15.0}
"""How many times as many operations as DBOS, at least."""
TURNS, REPLAYED = 20_000, 49_990
REQUESTS = 300
WAITING = 10_000
WAITING_KB, LARGE = 2.5, 2.0
LARGE_BYTES = 2_000_000

KINDS = {"effect": EFFECT, "value": VALUE}
EMULATED = """
import time, yaml
from workflows_emulator.main import execute_workflow
config = yaml.safe_load(open(SOURCE))
started = time.perf_counter()
execute_workflow(config, {"n": 2000})
print(2000 / (time.perf_counter() - started))
"""


def main() -> int:
    """Measure, print, and return 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_workflows")
    parser.add_argument("--base", default="", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="of each (%(default)s)")
    given = parser.parse_args()
    with folder() as name, _peer() as peer, _build(ROOT, Path(name, "code")) as this:
        kept = [_throughput(this, given.rounds), _waiting(this), _large(this, peer)]
        if given.base:
            root = Path(name, "base")
            lay_out(given.base, root)
            with _build(root, Path(name, "base-code")) as base:
                kept.append(_beside(base, this, peer, given))
    return 0 if all(kept) else 1


Ask = Callable[..., dict[str, float]]


@contextmanager
def _build(root: Path, code: Path) -> Iterator[Ask]:
    """Start a build, and return what asks it for a measurement."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks" / "engine.py")],
        cwd=root,
        env=os.environ | BYTE_CODE | {"PYTHONPATH": str(root), "PYTHONPYCACHEPREFIX": str(code)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        asked, told = process.stdin, process.stdout
        if asked is None or told is None:
            raise RuntimeError("nobody to ask")

        def ask(*what: Any) -> dict[str, float]:
            print(json.dumps(what), file=asked, flush=True)
            found: dict[str, float] = json.loads(told.readline())
            return found

        yield ask
        asked.close()


class _Peer(BaseHTTPRequestHandler):
    """Who http steps call: `/kept` leaves a connection open whatever it is asked for."""

    protocol_version = "HTTP/1.1"
    answers = {
        "/": b'{"ok":true}',
        "/kept": b'{"ok":true}',
        # Texts of a few words and numbers, as lists of an API have them.
        "/large": json.dumps(
            [{"id": n, "name": f"the item {n}", "done": False} for n in range(LARGE_BYTES // 60)]
        ).encode(),
    }

    def do_GET(self) -> None:
        body = self.answers[self.path]
        self.close_connection = self.close_connection and self.path != "/kept"
        head = (
            "HTTP/1.1 200 OK\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"{'Connection: close' if self.close_connection else 'X-Kept: 1'}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _peer() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Peer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# --- beside the build before ----------------------------------------------------------------------


def _beside(base: Ask, this: Ask, peer: str, given: argparse.Namespace) -> bool:
    """Measure both in turns, and say whether nothing became slower."""
    asked: dict[str, tuple[Any, ...]] = {
        "step": ("steps", TURNS),
        **{
            f"{kind}, {at_once} at once": ("operations", step, count // 2, at_once)
            for kind, step in KINDS.items()
            for at_once, count in OPERATIONS.items()
        },
        "http step": ("requests", peer, REQUESTS),
        "http step, a server that does not close": ("requests", f"{peer}/kept", REQUESTS),
        "callback": ("answers", ANSWERED),
    }
    found: dict[str, tuple[list[float], list[float]]] = {}
    for turn in range(given.rounds):
        for what, one in asked.items():
            # Neither is always the first.
            for ask in (base, this) if turn % 2 else (this, base):
                for name, figure in ask(*one).items():
                    if name != "steps":
                        both = found.setdefault(f"{what}: {name}", ([], []))
                        both[ask is this].append(figure)
    rows, kept = [], True
    for what, (before, now) in found.items():
        is_cpu = not what.endswith(("a second", "ms", ", s"))
        of = min if is_cpu else median
        # As CPU and time are less where it is better.
        ratios = sorted(
            n / b if what.endswith("a second") else b / n for b, n in zip(before, now, strict=True)
        )
        ratio = (of(before) / of(now)) ** (-1 if what.endswith("a second") else 1)
        kept = kept and not (is_cpu and ratio < 1)
        unit = " µs" if is_cpu else ""
        rows.append(
            [
                what.removesuffix(": CPU") + (" (CPU)" if is_cpu else ""),
                _written(of(before)) + unit,
                _written(of(now)) + unit,
                f"{ratio:.2f} ×",
                f"{ratios[0]:.2f} to {ratios[-1]:.2f} ×",
                "≥ 1 ×" if is_cpu else "",
            ]
        )
    note = (
        f"Both builds in turns, {given.rounds} rounds; the base is {given.base}. A ratio above 1 is faster. CPU is the"
        " whole process's for one, the least of the rounds; it is what is held to a limit, as others add to everything"
        f" else, of which it is the median. In a loop of {TURNS:,} turns a turn is two steps. The server of an http step"
        " closes the connection, as it is asked to; for one that does not, the build before asked again on the same."
        f" {_busy()}"
    )
    header = ["", "base", "this", "ratio", "of single rounds", "limit"]
    show("The workflow engine beside the build before", header, rows, note)
    return kept


def _written(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def _busy() -> str:
    """Say how much else the machine did."""
    return f"{os.getloadavg()[0]:.0f} processes wanted the {os.cpu_count()} processors, this one among them."


# --- beside others --------------------------------------------------------------------------------


def _throughput(this: Ask, rounds: int) -> bool:
    """Count operations a second, in turns with DBOS."""
    ours: dict[tuple[str, int], list[float]] = {}
    theirs: dict[tuple[bool, int], list[float]] = {}
    for _ in range(rounds):
        for at_once, count in OPERATIONS.items():
            for kind, step in KINDS.items():
                rate = this("operations", step, count, at_once)["a second"]
                ours.setdefault((kind, at_once), []).append(rate)
            for wal in (False, True):
                other = _or_skipped(partial(_dbos, at_once, wal=wal), "DBOS")
                if other is not None:
                    theirs.setdefault((wal, at_once), []).append(other)
    emulated = _or_skipped(_emulator, "workflows-emulator")
    rows, kept = [], True
    for n, target in TARGETS.items():
        base = _middle(theirs.get((False, n)))
        wal_mode = _middle(theirs.get((True, n)))
        rows.append([f"DBOS on SQLite, {n} at once", _rate(base), "1.0 ×" if base else "", ""])
        faster = f"{wal_mode / base:.1f} ×" if wal_mode and base else ""
        rows.append([f"the same in WAL mode, {n} at once", _rate(wal_mode), faster, ""])
        for kind in KINDS:
            rate = median(ours[kind, n])
            ratio = rate / base if base else None
            limit = f"≥ {target:g} ×" if kind == "effect" else ""
            kept = kept and not (limit and ratio is not None and ratio < target)
            shown = "" if ratio is None else f"{ratio:.1f} ×"
            rows.append([f"{kind}, {n} at once", _rate(rate), shown, limit])
    rows.append(["workflows-emulator, value, nothing kept", _rate(emulated), "", ""])
    note = (
        f"Operations a second, the median of {rounds} rounds in turns, every commit synchronised (`synchronous = FULL`)."
        " DBOS records each step once, after it, in SQLite's default journal mode; it is also shown in the mode that the"
        " engine uses. An effect is recorded before it begins and again with its result; a"
        f" value (`uuid.generate`) once. The outside answers at once. {_busy()}"
    )
    show("Journaled operations", ["", "a second", "ratio", "limit"], rows, note)
    return kept


def _middle(rates: Sequence[float] | None) -> float | None:
    return median(rates) if rates else None


def _rate(value: float | None) -> str:
    return "skipped" if value is None else f"{value:,.0f}"


def _or_skipped(measure: Callable[[], float], name: str) -> float | None:
    """Measure a package that may not be there, or say why it was left out."""
    try:
        return measure()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        print(f"{name} was skipped: {type(error).__name__}: {str(error).strip()[-300:]}")
        return None


def _dbos(at_once: int, *, wal: bool) -> float:
    import dbos

    count = OPERATIONS[at_once] // 2
    with folder() as data:
        url = f"sqlite:///{data}/dbos.sqlite"
        if wal:
            with closing(sqlite3.connect(f"{data}/dbos.sqlite")) as file:
                file.execute("PRAGMA journal_mode = WAL")
        dbos.DBOS(
            config={
                "name": "bench",
                "system_database_url": url,
                "log_level": "ERROR",
            }
        )

        @dbos.DBOS.step()
        def step(number: int) -> dict[str, bool]:
            del number
            return {"ok": True}

        @dbos.DBOS.workflow()
        def workflow(steps: int) -> None:
            for number in range(steps):
                step(number)

        dbos.DBOS.launch()
        workflow(10)
        started = time.perf_counter()
        for handle in [dbos.DBOS.start_workflow(workflow, count) for _ in range(at_once)]:
            handle.get_result()
        taken_s = time.perf_counter() - started
        dbos.DBOS.destroy(destroy_registry=True)
    return at_once * count / taken_s


def _emulator() -> float:
    """Run the emulator in an environment of its own: it pins an older web framework."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "loop.yaml"
        source.write_text(LOOP.replace("STEP", VALUE), encoding="utf-8")
        python = str(Path(folder) / "env" / "bin" / "python")
        subprocess.run([sys.executable, "-m", "venv", f"{folder}/env"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "workflows-emulator"], check=True)
        found = subprocess.run(
            [python, "-c", EMULATED.replace("SOURCE", repr(str(source)))],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    if found.returncode:
        raise RuntimeError(found.stderr)
    return float(found.stdout)


# --- what it takes --------------------------------------------------------------------------------


def _waiting(this: Ask) -> bool:
    """Measure what executions cost that wait, how fast one is answered, and a long replay."""
    wait, replay = this("waiting", WAITING), this("steps", REPLAYED)
    rows = [
        ["memory of one that waits", f"{wait['KB']:.1f} KB", f"≤ {WAITING_KB} KB"],
        ["its file", f"{wait['KB on disk']:.1f} KB", ""],
        [f"callback to result, {2 * ANSWERED} waiting", f"{wait['first ms']:.2f} ms", ""],
        [
            f"callback to result, {WAITING:,} waiting",
            f"{wait['last ms']:.2f} ms",
            "≤ 2 × the line above",
        ],
        [f"restart with {WAITING:,} waiting", f"{wait['restart s']:.2f} s", ""],
        ["callback to result after it", f"{wait['again ms']:.2f} ms", ""],
        [
            f"restart with {replay['steps']:,.0f} steps to replay",
            f"{replay['restart, s']:.2f} s",
            "≤ 1.5 s",
        ],
    ]
    note = (
        f"{WAITING:,} executions wait for callbacks in one process; those that were touched longest ago are not kept"
        " in memory and are replayed when they are answered. Memory is what the process grew by from"
        f" {2 * ANSWERED} to all of them, resident. Medians of {ANSWERED} answers, the oldest first. {_busy()}"
    )
    show("Executions that wait", ["", "measured", "limit"], rows, note)
    answered = wait["last ms"] <= 2 * wait["first ms"]
    return wait["KB"] <= WAITING_KB and answered and replay["restart, s"] <= 1.5


def _large(this: Ask, peer: str) -> bool:
    """Measure what a large value takes that goes through many steps."""
    found = this("large", f"{peer}/large", _Peer.answers["/large"].decode())
    ratio = found["peak"] / found["value"]
    row = [
        f"{len(_Peer.answers['/large']) / 1e6:.1f} MB",
        f"{found['value'] / 1e6:.1f} MB",
        f"{found['peak'] / 1e6:.1f} MB",
        f"{ratio:.2f} ×",
        f"≤ {LARGE:g} ×",
    ]
    note = (
        "A hundred http steps, each of which is answered with the same JSON and keeps nothing of it: more than 512 KB no"
        " variable holds. Beside the value that the answer is in Python, the most that the process allocated"
        " (`tracemalloc`), the bytes that came among it."
    )
    show(
        "A large value through many steps",
        ["the answer", "its value", "the most", "ratio", "limit"],
        [row],
        note,
    )
    return ratio <= LARGE


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main())
