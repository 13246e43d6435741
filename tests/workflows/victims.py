"""
Processes to be killed.

One JSON line in is one process: it opens the folder, takes up what it finds or starts the program,
kills itself with SIGKILL at the place it was told, and one JSON line out says how it ended. Each
is forked from this process, which has everything imported and no thread, so that a sweep over
every place takes seconds.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import urllib3

from local.clock import Clock
from local.workflows import Home, Runtime
from local.workflows.callbacks import CallbackRefusedError
from local.workflows.errors import UnavailableError
from local.workflows.http import Http
from local.workflows.journal import Journal
from local.workflows.services import LocalServices


def arm(where: str, at: int) -> None:
    """Kill this process before or after commit number *at*, or after that many effects."""
    lock, counted = threading.Lock(), [0]

    def reached() -> None:
        with lock:
            counted[0] += 1
            if counted[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)

    def make_deadly(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def deadly(self: Any, *args: Any) -> Any:
            if where.startswith("before"):
                reached()
            result = original(self, *args)
            if where.startswith("after"):
                reached()
            return result

        setattr(owner, name, deadly)

    if where.endswith("commit"):
        make_deadly(Journal, "_commit")
    else:
        make_deadly(Http, "send")
        make_deadly(LocalServices, "send")


def outside(runtime: Runtime, web: str) -> None:
    """Call back what is to be called back, again and again until it is settled, as a client does."""
    http = urllib3.PoolManager()
    while True:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            url = http.request("GET", f"{web}/callback-to-make", retries=False).json()["url"]
            if url:
                parts = url.split("/")
                try:
                    runtime.callbacks.take(
                        parts[-5], parts[-3], parts[-1], "POST", {"body": {"answer": 42}}
                    )
                    code = 200
                except CallbackRefusedError as error:
                    code = error.code
                except UnavailableError:
                    return
                if code in {200, 404}:
                    http.request("POST", f"{web}/callback-made", json={"code": code}, retries=False)
        time.sleep(0.005)


def live(order: dict[str, Any]) -> dict[str, Any]:
    """Run a runtime until its only execution ended."""
    if order["at"]:
        arm(order["where"], order["at"])
    runtime = Runtime(
        Path(order["folder"]), clock=Clock(), home=Home(order["web"]), env={"API": order["web"]}
    )
    runtime.start()
    if "await_callback" in order["sources"]["main"]:
        threading.Thread(target=outside, args=(runtime, order["web"]), daemon=True).start()
    known = runtime.journal.read("SELECT id FROM executions WHERE parent IS NULL")
    if known:
        execution = known[0]["id"]
    else:
        for name, source in order["sources"].items():
            runtime.deploy(name, source)
        execution = runtime.execute("main", None)
    return runtime.wait(execution, 15)


def main() -> None:
    """Obey orders until there are none."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writing, json.dumps(live(json.loads(line))).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(pid, 0)
        sys.stdout.write((said or "null") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
