"""
The passes of a deployment: what must be there before there is an image, then the image and the keys, then everything.

Each can be run again: what is done is not done twice. Nothing is written into a file of the repository.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from infra.graph import FOLDER, Resource, closure
from infra.platform import services
from infra.stack import Environment

AT_ONCE = 10
"""How many resources are changed at a time: Cloud Run takes 60 changes a minute in a region, and other services fewer."""

FIRST_TRIES = 3
LATER_S = 60
"""A project's services and grants take minutes to be known everywhere: the first deployment is tried so often, so much later."""

FOUNDATIONS = {
    "artifactregistry.Repository",
    "firestore.Database",
    "secretmanager.Secret",
    # Monitoring knows a figure some minutes after it was made, and no alert can be made before.
    "logging.Metric",
}
"""What must be there before an image can be built, and before the writer keys can be made."""


def foundations(graph: Sequence[Resource]) -> list[str]:
    """Return the urns of the first pass, exact, with all that they wait for."""
    first = {one.urn for one in graph if _first(one)}
    first = first.union(*(closure(graph, urn) for urn in first))
    return [one.urn for one in graph if one.urn in first and not one.looked_up]


def _first(one: Resource) -> bool:
    if one.type in FOUNDATIONS:
        return True
    if one.type == "projects.Service":
        return one.name in services()
    named = (one.type, one.name) in {
        ("storage.Bucket", "source"),
        ("serviceaccount.Account", "builder"),
    }
    return named or str(one.inputs.get("member", "")).startswith("serviceAccount:builder@")


@contextmanager
def told(stack: Environment, more: Mapping[str, str]) -> Iterator[Path]:
    """Yield a copy of a stack's file of settings, with these besides."""
    file = yaml.safe_load((FOLDER / f"Pulumi.{stack}.yaml").read_text())
    file["config"] |= more
    with TemporaryDirectory() as folder:
        copy = Path(folder) / f"Pulumi.{stack}.yaml"
        copy.write_text(yaml.safe_dump(file))
        yield copy


def up(
    stack: Environment, settings: Mapping[str, str], targets: Sequence[str] = (), tries: int = 1
) -> None:
    """
    Have Pulumi make what the program asks for, in sight.

    Raises:
        SystemExit: It could not, in so many tries.
    """
    command = ["pulumi", "up", "--stack", stack, "--yes", "--skip-preview"]
    command += ["--parallel", str(AT_ONCE), "--continue-on-error"]
    command += [part for urn in targets for part in ("--target", urn)]
    for left in reversed(range(tries)):
        with told(stack, settings) as file:
            ended = _to_its_end([*command, "--config-file", str(file)])
        if not ended:
            return
        if left:
            print(f"what is new may not be known everywhere yet: again in {LATER_S} s", flush=True)
            time.sleep(LATER_S)
    raise SystemExit(
        "pulumi up failed; what it says above tells why. What was made stays, and the same command goes on from there"
    )


def _to_its_end(command: Sequence[str]) -> int:
    """
    Run Pulumi to its end, also where this process is told to end: Pulumi ends what it has begun, saves it and unlocks its state.

    A terminal and `timeout` send SIGINT to the whole group, so Pulumi has it as well, and a second one would kill it. SIGTERM
    comes to this process alone, and is handed on once.

    Raises:
        SystemExit: It was told to end, and Pulumi has ended.
    """
    told: list[int] = []
    pulumi: subprocess.Popen[bytes] | None = None

    def ends(number: int, _: object) -> None:
        if not told:
            os.write(2, b"stopping: Pulumi ends what it has begun and saves it; wait\n")
        told.append(number)
        if pulumi and number == signal.SIGTERM and told.count(number) == 1:
            pulumi.send_signal(signal.SIGINT)

    before = {one: signal.signal(one, ends) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        pulumi = subprocess.Popen(command, cwd=FOLDER)  # noqa: S603 - as we say
        if signal.SIGTERM in told:
            pulumi.send_signal(signal.SIGINT)
        ended = pulumi.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        raise SystemExit(
            "stopped, and Pulumi has ended. What was made stays, and the same command goes on from there"
        )
    return ended


@contextmanager
def stage(number: int, what: str) -> Iterator[None]:
    """Say what is done now, and how long it took."""
    print(f"{number} of 4: {what}", flush=True)
    began = time.monotonic()
    yield
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    print(f"{number} of 4: done in {minutes} min {seconds} s", flush=True)
