"""
The workflow engine of one build, in a process that is told what to measure: a line of JSON in, a line out.

It is a file that either build can run (`PYTHONPATH` says which), so it uses what both have. CPU is that of the
whole process: the engine, the journal's thread and those that send.
"""

import gc
import json
import logging
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

from local.clock import Clock
from local.workflows import Home, Runtime

LOOP = """
main:
  params: [n]
  steps:
    - loop:
        for: {value: i, range: [1, '${n}'], steps: [{s: STEP}]}
"""
EFFECT = "{call: googleapis.storage.v1.objects.get, args: {bucket: b, object: o}}"
VALUE = "{assign: [{x: '${uuid.generate()}'}]}"
STEPS = """
main:
  params: [n]
  steps:
    - loop:
        for: {value: i, range: [1, '${n}'], steps: [{s: {assign: [{x: '${i + 1}'}]}}]}
    - wait: {call: sys.sleep, args: {seconds: 100000}}
"""
WAIT = """
main:
  steps:
    - open: {call: events.create_callback_endpoint, result: cb}
    - wait: {call: events.await_callback, args: {callback: '${cb}', timeout: 86400}, result: got}
    - r: {return: '${got.http_request.body}'}
"""
LARGE = """
main:
  params: [url]
  steps:
    - loop:
        for: {value: i, range: [1, 100], steps: [{s: {call: http.get, args: {url: '${url}'}}}]}
"""
ANSWERED = 100


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


def runtime(data: Path) -> Runtime:
    """Start the engine on a folder."""
    made = Runtime(data, clock=Clock(), home=Home("http://127.0.0.1:9"), connectors=Instant())
    made.start()
    return made


def steps(data: Path, count: int) -> dict[str, float]:
    """Take *count* turns of a loop, then restart and replay them; CPU of a step, of which a turn is two."""
    engine, taken = runtime(data), 2 * count + 2
    engine.deploy("w", STEPS)
    cpu = time.process_time()
    execution = engine.execute("w", count)
    while engine.next_deadline() is None or not engine.idle():
        time.sleep(0.01)
    stepped = time.process_time() - cpu
    engine.stop()
    cpu, began = time.process_time(), time.perf_counter()
    engine.start()
    while engine.next_deadline() is None or not engine.idle():
        time.sleep(0.001)
    replayed, took_s = time.process_time() - cpu, time.perf_counter() - began
    found = engine.execution(execution)
    engine.stop()
    if found["state"] != "ACTIVE" or "stateError" in found:
        raise RuntimeError(found)
    return {
        "a step": stepped / taken * 1e6,
        "a step replayed": replayed / taken * 1e6,
        "restart, s": took_s,
        "steps": taken,
    }


def operations(data: Path, step: str, count: int, at_once: int) -> dict[str, float]:
    """Do so many operations in each of so many executions; how many a second, and the CPU of one."""
    engine = runtime(data)
    engine.deploy("w", LOOP.replace("STEP", step))
    engine.wait(engine.execute("w", 10), 10)
    cpu, began = time.process_time(), time.perf_counter()
    ids = [engine.execute("w", count) for _ in range(at_once)]
    for execution in ids:
        _ended(engine, execution)
    took_s, taken = time.perf_counter() - began, at_once * count
    cpu = time.process_time() - cpu
    engine.stop()
    return {"a second": taken / took_s, "CPU": cpu / taken * 1e6}


def answers(data: Path, count: int) -> dict[str, float]:
    """Call back executions that wait, one after the other: milliseconds until the result is on disk, and CPU."""
    engine = runtime(data)
    engine.deploy("wait", WAIT)
    waiting = _started(engine, count)
    cpu = time.process_time()
    times = [_answered(engine, one) for one in waiting]
    cpu = time.process_time() - cpu
    engine.stop()
    return {"ms": median(times), "CPU": cpu / count * 1e6}


def waiting(data: Path, count: int) -> dict[str, float]:
    """Have many wait, answer some, restart, and answer some more; memory is what the process grew by."""
    engine = runtime(data)
    engine.deploy("wait", WAIT)
    few = _started(engine, 2 * ANSWERED)
    first = median(_answered(engine, one) for one in few[:ANSWERED])
    before = _resident()
    many = _started(engine, count)
    kept = _resident() - before
    last = median(_answered(engine, one) for one in many[:ANSWERED])
    engine.stop()
    began = time.perf_counter()
    engine.start()
    _settle(engine)
    restart_s = time.perf_counter() - began
    again = median(_answered(engine, one) for one in many[ANSWERED : 2 * ANSWERED])
    left = len(engine.journal.read("SELECT id FROM executions WHERE state = 'ACTIVE'"))
    if left != count - ANSWERED:
        raise RuntimeError(f"{left} wait")
    engine.stop()
    file = sum(one.stat().st_size for one in data.iterdir())
    return {
        "KB": kept / count / 1024,
        "KB on disk": file / count / 1024,
        "first ms": first,
        "last ms": last,
        "restart s": restart_s,
        "again ms": again,
    }


def requests(data: Path, url: str, count: int) -> dict[str, float]:
    """Send requests to who answers with a few bytes; CPU of a step."""
    engine = runtime(data)
    get = f"{{call: http.get, args: {{url: '{url}'}}, result: r}}"
    engine.deploy("w", LOOP.replace("STEP", get))
    _ended(engine, engine.execute("w", 10))
    cpu = time.process_time()
    _ended(engine, engine.execute("w", count))
    cpu = time.process_time() - cpu
    engine.stop()
    return {"CPU": cpu / count * 1e6}


def large(data: Path, url: str, text: str) -> dict[str, float]:
    """Take an answer a hundred times; the most memory that Python took, beside what the answer's value takes."""
    tracemalloc.start()
    value = json.loads(text)
    takes = tracemalloc.get_traced_memory()[0]
    del value
    engine = runtime(data)
    engine.deploy("w", LARGE)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    _ended(engine, engine.execute("w", url))
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    engine.stop()
    return {"value": takes, "peak": peak}


def _ended(engine: Runtime, execution: str) -> None:
    found = engine.wait(execution, 300)
    if found["state"] != "SUCCEEDED":
        raise RuntimeError(found)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _settle(engine: Runtime) -> None:
    while not engine.idle():
        time.sleep(0.005)


def _started(engine: Runtime, count: int) -> list[str]:
    ids = [engine.execute("wait", None) for _ in range(count)]
    _settle(engine)
    return ids


def _answered(engine: Runtime, execution: str) -> float:
    """Call one back, and return the milliseconds until its result is on disk."""
    [callback] = engine.views.callbacks(execution, "wait")["callbacks"]
    name = callback["name"].rpartition("/")[2]
    began = time.perf_counter()
    engine.callbacks.take("wait", execution, name, "POST", {"body": 1})
    _ended(engine, execution)
    return (time.perf_counter() - began) * 1000


MEASURES: dict[str, Callable[..., dict[str, float]]] = {
    one.__name__: one for one in (steps, operations, answers, waiting, requests, large)
}


def main() -> None:
    """Measure what each line says, until there are none."""
    for line in sys.stdin:
        what, *given = json.loads(line)
        # What the measurement before left behind is no part of this one.
        gc.collect()
        with tempfile.TemporaryDirectory(prefix="waooaw-") as data:
            print(json.dumps(MEASURES[what](Path(data), *given)), flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with suppress(KeyboardInterrupt):
        main()
