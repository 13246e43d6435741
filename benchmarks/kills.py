"""
Kill the workflow engine with SIGKILL again and again while executions have effects, and count each effect.

    python -m benchmarks.kills --executions 500 --kills 500

The engine is a process of its own, and what it calls is this one: it does a thing once per Idempotency-Key, as the
platform does, and counts. In the end every execution must have ended as it should, every effect with a key must have
been done once and under one key, and every effect without one at most once.
"""

import argparse
import json
import logging
import multiprocessing
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from local.clock import Clock
from local.workflows import Home, Runtime

AT_ONCE = 24
"""So many executions are under way at the same time."""
STUCK_S = 120
"""So long nothing may go on."""

MAIN = """
main:
  params: [n]
  steps:
    - init: {assign: [{id: '${uuid.generate()}'}, {api: '${sys.get_env("API")}'}, {seen: []}]}
    - order:
        call: http.post
        args: {url: '${api + "/keyed/order"}', headers: {Idempotency-Key: '${id + "-order"}'}, body: {n: '${n}'}}
        result: order
    - nap: {call: sys.sleep, args: {seconds: 0.02}}
    - each:
        parallel:
          shared: [seen]
          for:
            value: v
            in: [1, 2, 3]
            steps:
              - item:
                  call: http.post
                  args:
                    url: '${api + "/keyed/item" + string(v)}'
                    headers: {Idempotency-Key: '${id + "-item-" + string(v)}'}
                    body: {n: '${n}'}
              - note: {assign: [{seen: '${list.concat(seen, v)}'}]}
    - once:
        try: {call: http.post, args: {url: '${sys.get_env("OTHER") + "/once/pay"}', body: {n: '${n}'}}}
        except: {as: e, steps: [{known: {switch: [{condition: '${"ConnectionError" in e.tags}', next: sub}]}}, {no: {raise: '${e}'}}]}
    - sub: {call: confirmed, args: {n: '${n}', id: '${id}'}, result: done}
    - r: {return: {n: '${n}', order: '${order.body.n}', seen: '${seen}', done: '${done}'}}
confirmed:
  params: [n, id]
  steps:
    - busy:
        try:
          call: http.put
          args: {url: '${sys.get_env("API") + "/keyed/done"}', headers: {Idempotency-Key: '${id + "-done"}'}, body: {n: '${n}'}}
          result: told
        retry: '${http.default_retry}'
    - r: {return: '${told.body.n}'}
"""
KEYED = ("order", "item1", "item2", "item3", "done")


@dataclass
class Done:
    """What the peer did: under which keys, how often it was asked, and how often without a key."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    asked: int = 0
    once: Counter[int] = field(default_factory=Counter)

    def take(self, what: str, key: str | None, body: Any) -> Any:
        """Do a thing, once for a key, and answer what it came to."""
        with self.lock:
            self.asked += 1
            if key is None:
                self.once[body["n"]] += 1
                return {}
            return self.keys.setdefault(key, (what, body))[1]


class _Peer(BaseHTTPRequestHandler):
    done: ClassVar[Done]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        sent = self.rfile.read(length)
        if len(sent) < length:
            return  # Who asked died while it did.
        body = json.loads(sent)
        what = self.path.rpartition("/")[2]
        answer = json.dumps(self.done.take(what, self.headers["Idempotency-Key"], body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        # Who asked may be dead.
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(answer)

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _peer(done: Done) -> Iterator[str]:
    handler = type("Handler", (_Peer,), {"done": done})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def live(folder: str, peer: str, executions: int) -> None:
    """Be one life of the engine: take up what there is, start what is missing, and end when all has ended."""
    logging.disable(logging.CRITICAL)
    # The peer is the platform by one of its names, and a stranger by the other: what may be repeated differs.
    env = {"API": peer, "OTHER": peer.replace("127.0.0.1", "localhost")}
    engine = Runtime(Path(folder), clock=Clock(), home=Home(peer), env=env)
    engine.start()
    engine.deploy("w", MAIN)
    while True:
        rows = engine.journal.read("SELECT argument, state FROM executions")
        known = {json.loads(row["argument"]) for row in rows}
        active = sum(row["state"] == "ACTIVE" for row in rows)
        missing = [n for n in range(executions) if n not in known]
        if not missing and not active:
            break
        for n in missing[: AT_ONCE - active]:
            engine.execute("w", n)
        time.sleep(0.01)
    engine.stop()


def chased(data: Path, executions: int, kills: int, chance: random.Random) -> tuple[Done, int]:
    """Run all executions while they are killed, at moments spread over all that is done; how often it was, too."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["local.workflows"])
    done, killed = Done(), 0
    # The last tenth of them is left, so that there is always something to kill.
    effects = executions * len(KEYED) * 9 // 10
    with _peer(done) as peer:
        while True:
            process = context.Process(target=live, args=(str(data), peer, executions))
            process.start()
            if killed < kills:
                _await(process, done, effects * killed // kills)
                process.join(chance.uniform(0, 0.1))
                process.kill()
            process.join()
            if process.exitcode == 0:
                return done, killed
            killed += 1


def _await(process: Any, done: Done, effects: int) -> None:
    """Wait until so many effects with a key were done, or until nothing is any more."""
    moved, before = time.monotonic(), -1
    while len(done.keys) < effects and process.is_alive():
        if (now := done.asked) != before:
            moved, before = time.monotonic(), now
        elif time.monotonic() - moved > STUCK_S:
            raise TimeoutError("nothing goes on")
        time.sleep(0.002)


def counted(data: Path, done: Done, executions: int) -> dict[str, int]:
    """Return what went wrong, by kinds."""
    engine = Runtime(data, clock=Clock(), home=Home("http://127.0.0.1:9"))
    engine.start()
    rows = engine.journal.read("SELECT argument, state, result FROM executions")
    steps = engine.journal.read("SELECT * FROM step_entries ORDER BY execution, ordinal")
    engine.stop()
    right = 0
    for row in rows:
        n, told = json.loads(row["argument"]), json.loads(row["result"] or "{}")
        seen = sorted(told.pop("seen", []))
        right += (
            row["state"] == "SUCCEEDED"
            and told == {"n": n, "order": n, "done": n}
            and seen == [1, 2, 3]
        )
    effects = Counter((what, body["n"]) for what, body in done.keys.values())
    wanted = [(what, n) for what in KEYED for n in range(executions)]
    return {
        "executions": len(rows),
        "ended otherwise than they should": executions - right,
        "of their steps": len(steps),
        "executions whose steps are told wrong": executions - _told(steps),
        "effects with a key": len(done.keys),
        "of them never": sum(effects[one] == 0 for one in wanted),
        "of them under more than one key": sum(effects[one] > 1 for one in wanted),
        "effects without a key": len(done.once),
        "of them more than once": sum(times > 1 for times in done.once.values()),
        "requests": done.asked,
    }


def _told(steps: Sequence[sqlite3.Row]) -> int:
    """Count the executions whose steps are all there, in the order they began, and over."""
    right = 0
    for _, own in groupby(steps, key=lambda row: str(row["execution"])):
        rows = list(own)
        begun = [row["created"] for row in rows]
        right += (
            [row["ordinal"] for row in rows] == list(range(1, len(rows) + 1))
            and begun == sorted(begun)
            and all(row["created"] <= row["updated"] for row in rows)
            and {row["state"] for row in rows} <= {"SUCCEEDED", "FAILED"}
        )
    return right


BAD = (
    "ended otherwise than they should",
    "executions whose steps are told wrong",
    "of them never",
    "of them under more than one key",
    "of them more than once",
)


def main() -> int:
    """Run it, print the figures, and return 0 if every effect was right."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills")
    parser.add_argument("--executions", type=int, default=500)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waooaw-kills-") as folder:
        began = time.monotonic()
        chance = random.Random(given.seed)
        done, killed = chased(Path(folder), given.executions, given.kills, chance)
        seconds = time.monotonic() - began
        found = counted(Path(folder), done, given.executions)
    print(f"{given.executions} executions, {killed} kills -9, {seconds:.0f} s, seed {given.seed}")
    for name, figure in found.items():
        print(f"  {figure:>7,}  {name}")
    return 1 if killed < given.kills or any(found[name] for name in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
