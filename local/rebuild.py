"""
Fold a projection from its events again: `python -m local rebuild NAME`.

It asks the platform that serves the data folder, as anybody may who looks after it, and tells how far the job is.
Where none serves it, the platform is started for the while. Whoever interrupts the command leaves the job, which goes
on wherever the folder is served.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from local import hints
from local.entrance import served
from local.failures import Failure, usable
from local.story.client import Client, Refused
from shared.platform.rules.rebuilds import SHOWN

ACCOUNT = "infrastructure_engineer"
LOOK_S = 0.3


def rebuild(data: Path, name: str, *, port: int, say: Callable[[str], None]) -> int:
    """
    Fold a projection again, and say how far it is until it is whole.

    Raises:
        Failure: There is no such projection, or the rebuild came to nothing.
    """
    if not (data / "store.db").exists():
        run = hints.make("run", DATA=data)
        raise Failure(f"there is nothing in {data} yet; `{run}` begins there")
    with _platform(data, port, say) as client:
        try:
            job = client.post(ACCOUNT, f"/v1/projections/{name}/rebuild")
        except Refused as refused:
            raise Failure(str(refused.problem["detail"])) from None
        return _watched(client, job, name, say)


def _watched(client: Client, job: dict[str, Any], name: str, say: Callable[[str], None]) -> int:
    said = ""
    while not job["ended_at"]:
        now = job["progress"]["says"] or "it begins"
        if now != said:
            said = now
            say(f"{name}: {said}")
        time.sleep(LOOK_S)
        job = client.get(ACCOUNT, f"/v1/async-jobs/{job['id']}")
    if job["status"] != "completed":
        why = job["failure"]["detail"] if job["failure"] else "somebody had it given up"
        if job["progress"]["says"] == SHOWN:
            left = "is shown as it is folded again, and what was shown before is left to the next rebuild"
        else:
            left = "is shown as it was before"
        raise Failure(f"{name} {left}, as the rebuild is {job['status']}: {why}")
    result = job["result"]
    say(f"{name} is folded again from {result['entries']} entries.")
    if result["passed"]:
        say(
            f"{result['passed']} of them were passed over: they, or what they are about, are not as they were entered, "
            f"or the projection refused them."
        )
    return 0


@contextmanager
def _platform(data: Path, port: int, say: Callable[[str], None]) -> Iterator[Client]:
    """Give a client of the platform that serves a folder, or of one that is started for the while."""
    now = served(data)
    if now is not None and _answers(now.address):
        yield Client(now.address, now.secret)
        return
    usable(data, port, "run", DATA=data, PORT=port)
    from local.platform import Platform

    say(f"nobody serves {data}; it is served while this lasts")
    platform = Platform(data, port=port, counting=False).start()
    try:
        yield Client(platform.address, platform.secret)
    finally:
        platform.stop()


def _answers(address: str) -> bool:
    try:
        urllib3.request("GET", address, retries=False, timeout=2.0)
    except urllib3.exceptions.HTTPError:
        return False
    return True
