"""The workflow engine: operations a second beside DBOS and an emulator, replay, and many who wait."""

import logging
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import percentile, show
from benchmarks.spawn import folder
from local.clock import Clock
from local.workflows import Home, Runtime

OPERATIONS = {1: 800, 16: 400}
"""How many operations each execution does, by how many run at the same time."""
TARGETS = {1: 3.0, 16: 7.0}
WAITING = 10_000
ANSWERED = 100
REPLAYED = 49_990

LOOP = """
main:
  params: [n]
  steps:
    - loop:
        for: {value: i, range: [1, '${n}'], steps: [{s: STEP}]}
"""
EFFECT = "{call: googleapis.storage.v1.objects.get, args: {bucket: b, object: o}}"
VALUE = "{assign: [{x: '${uuid.generate()}'}]}"
WAIT = """
main:
  steps:
    - open: {call: events.create_callback_endpoint, result: cb}
    - wait: {call: events.await_callback, args: {callback: '${cb}', timeout: 86400}, result: got}
    - r: {return: '${got.http_request.body}'}
"""
REPLAY = """
main:
  params: [n]
  steps:
    - loop:
        for: {value: i, range: [1, '${n}'], steps: [{s: {assign: [{x: '${i + 1}'}]}}]}
    - wait: {call: sys.sleep, args: {seconds: 100000}}
"""
EMULATED = """
import time, yaml
from workflows_emulator.main import execute_workflow
config = yaml.safe_load(open(SOURCE))
started = time.perf_counter()
execute_workflow(config, {"n": 2000})
print(2000 / (time.perf_counter() - started))
"""


class Instant:
    """An outside that answers at once, so that what is measured is the engine."""

    def send(self, request: Any, key: str) -> Any:
        """Answer."""
        del request, key
        return {"ok": True}

    def may_repeat(self, request: Any) -> bool:
        """Tell that it may."""
        del request
        return True


def main() -> int:
    """Measure, print, and return 1 where a limit is not kept."""
    return max(throughput(), waiting())


def throughput() -> int:
    """Count operations a second."""
    ours = {(kind, n): _ours(step, n) for kind, step in _KINDS.items() for n in OPERATIONS}
    theirs = {n: _or_skipped(partial(_dbos, n, wal=False), "DBOS") for n in OPERATIONS}
    in_wal = {n: _or_skipped(partial(_dbos, n, wal=True), "DBOS") for n in OPERATIONS}
    emulated = _or_skipped(_emulator, "workflows-emulator")
    rows, kept = [], True
    for n, target in TARGETS.items():
        base = theirs[n]
        rows.append([f"DBOS on SQLite, {n} at once", _rate(base), "1.0 ×" if base else "", ""])
        wal = in_wal[n]
        faster = f"{wal / base:.1f} ×" if wal and base else ""
        rows.append([f"the same in WAL mode, {n} at once", _rate(wal), faster, ""])
        for kind in _KINDS:
            ratio = ours[kind, n] / base if base else None
            limit = f"≥ {target:g} ×" if kind == "effect" else ""
            kept = kept and not (limit and ratio is not None and ratio < target)
            shown = "" if ratio is None else f"{ratio:.1f} ×"
            rows.append([f"{kind}, {n} at once", _rate(ours[kind, n]), shown, limit])
    rows.append(["workflows-emulator, value, nothing kept", _rate(emulated), "", ""])
    note = (
        "Operations a second, one run on one machine, every commit synchronised (`synchronous = FULL`). DBOS"
        " records each step once, after it, in SQLite's default journal mode; it is also shown in the mode that the"
        " engine uses. An effect is recorded before it begins and again with its result; a"
        " value (`uuid.generate`) once. The outside answers at once."
    )
    show("Journaled operations", ["", "a second", "ratio", "limit"], rows, note)
    return 0 if kept else 1


_KINDS = {"effect": EFFECT, "value": VALUE}


def _rate(value: float | None) -> str:
    return "skipped" if value is None else f"{value:,.0f}"


def _or_skipped(measure: Any, name: str) -> float | None:
    """Measure a package that may not be there, or say why it was left out."""
    try:
        return float(measure())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said
        print(f"{name} was skipped: {type(error).__name__}: {str(error).strip()[-300:]}")
        return None


def _runtime(data: str) -> Runtime:
    runtime = Runtime(
        Path(data), clock=Clock(), home=Home("http://127.0.0.1:9"), connectors=Instant()
    )
    runtime.start()
    return runtime


def _ours(step: str, at_once: int) -> float:
    count = OPERATIONS[at_once]
    with folder() as data:
        runtime = _runtime(data)
        runtime.deploy("w", LOOP.replace("STEP", step))
        runtime.wait(runtime.execute("w", 10), 10)
        started = time.perf_counter()
        ids = [runtime.execute("w", count) for _ in range(at_once)]
        for execution in ids:
            if runtime.wait(execution, 120)["state"] != "SUCCEEDED":
                raise RuntimeError(runtime.execution(execution))
        taken_s = time.perf_counter() - started
        runtime.stop()
    return at_once * count / taken_s


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


# --- those who wait -------------------------------------------------------------------------------


def waiting() -> int:
    """Measure what executions cost that wait, how fast one is answered, and a long replay."""
    with folder() as data:
        runtime = _runtime(data)
        runtime.deploy("wait", WAIT)
        few = _started(runtime, 2 * ANSWERED)
        first_ms = percentile([_answered(runtime, one) for one in few[:ANSWERED]], 50)
        before = _memory()
        many = _started(runtime, WAITING)
        kilobytes = (_memory() - before) / WAITING / 1024
        last_ms = percentile([_answered(runtime, one) for one in many[:ANSWERED]], 50)
        runtime.stop()
    replay_s, steps = _replay()
    rows = [
        ["memory of one that waits", f"{kilobytes:.1f} KB", "≤ 5 KB"],
        [f"callback to result, {2 * ANSWERED} waiting", f"{first_ms:.2f} ms", ""],
        [f"callback to result, {WAITING:,} waiting", f"{last_ms:.2f} ms", "≤ 2 × the line above"],
        [f"restart with {steps:,} steps to replay", f"{replay_s:.2f} s", "≤ 1.5 s"],
    ]
    note = (
        f"{WAITING:,} executions wait for callbacks in one process; those that were touched longest ago are not kept"
        f" in memory and are replayed when they are answered. Medians of {ANSWERED} answers, the oldest first."
    )
    show("Executions that wait", ["", "measured", "limit"], rows, note)
    return 0 if kilobytes <= 5 and last_ms <= 2 * first_ms and replay_s <= 1.5 else 1


def _memory() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _settle(runtime: Runtime) -> None:
    while not runtime.idle():
        time.sleep(0.005)


def _started(runtime: Runtime, count: int) -> list[str]:
    ids = [runtime.execute("wait", None) for _ in range(count)]
    _settle(runtime)
    return ids


def _answered(runtime: Runtime, execution: str) -> float:
    """Call one back, and return the milliseconds until its result is on disk."""
    [callback] = runtime.views.callbacks(execution, "wait")["callbacks"]
    name = callback["name"].rpartition("/")[2]
    started = time.perf_counter()
    runtime.callbacks.take("wait", execution, name, "POST", {"body": 1})
    if runtime.wait(execution, 10)["state"] != "SUCCEEDED":
        raise RuntimeError(runtime.execution(execution))
    return (time.perf_counter() - started) * 1000


def _replay() -> tuple[float, int]:
    """Return how long a restart takes, and how many steps it executed again."""
    with folder() as data:
        runtime = _runtime(data)
        runtime.deploy("w", REPLAY)
        execution = runtime.execute("w", REPLAYED)
        while runtime.next_deadline() is None:
            time.sleep(0.01)
        _settle(runtime)
        runtime.stop()
        started = time.perf_counter()
        runtime.start()
        while runtime.next_deadline() is None:
            time.sleep(0.001)
        taken_s = time.perf_counter() - started
        if "stateError" in runtime.execution(execution):
            raise RuntimeError(runtime.execution(execution))
        runtime.stop()
    # The start of the loop, and each iteration, count as the step inside does.
    return taken_s, 2 * REPLAYED + 2


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main())
