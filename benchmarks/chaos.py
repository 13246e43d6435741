"""
Kill the platform with SIGKILL again and again while agents are created, and count what is lost.

    python -m benchmarks.chaos --agents 200 --kills 40

The platform runs as a process of its own. Several drivers do what people and foundational agents do, under
idempotency keys, and simply ask again when nobody answers. In the end every agent must be deployed exactly
once, every chain must verify, and nothing may be undelivered.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from benchmarks.process import Process
from local.rows import everything
from local.story import acts, blueprints
from local.story.acts import Parts
from local.story.client import Client, Refused
from local.verify import examined
from shared.edge.sqlite import SqliteDocuments

DRIVERS = 6
REST_S = 0.3
PATIENCE_S_PER_AGENT = 10.0
WATCHED_S = 2000
"""Longer than both watches over a release."""

MOST_S = 600
NOT_NOW = (urllib3.exceptions.HTTPError, json.JSONDecodeError, ConnectionError)
ALREADY = {"conflict", "already_decided", "version_conflict", "not_found"}
"""Refusals that say somebody was faster: look again."""


@dataclass
class Chaos:
    """One run: so many agents, so many kills."""

    victim: Process
    agents: int
    kills: int
    stage: dict[int, str] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)
    acted: set[tuple[object, object]] = field(default_factory=set)
    """The runs and stages in which people have done their part."""

    def run(self, seed: int) -> Parts:
        """Create all agents while the platform is killed."""
        self.victim.start()
        parts = acts.certify_parts(Client(self.victim.address, self.victim.secret), lambda _: None)
        for agent in range(self.agents):
            self.stage[agent] = ""
        done = threading.Event()
        end = time.monotonic() + PATIENCE_S_PER_AGENT * self.agents
        with ThreadPoolExecutor(DRIVERS + 1) as pool:
            drivers = [pool.submit(self._drive, parts, n, done) for n in range(DRIVERS)]
            clock = pool.submit(self._jump, done)
            try:
                self._kill(random.Random(seed), drivers, end)
                while len(self.over) < self.agents and time.monotonic() < end:
                    for driver in drivers:
                        if driver.done():
                            driver.result()
                    time.sleep(0.05)
            finally:
                done.set()
            for future in (*drivers, clock):
                future.result()
        return parts

    def _kill(self, chance: random.Random, drivers: list[Future[None]], end: float) -> None:
        """Kill at random moments, spread over the whole work, while there is time and work goes on."""
        for kill in range(self.kills):
            share = (kill + 1) / (self.kills + 1)
            while self._progress() < share:
                if time.monotonic() > end or any(one.done() and one.exception() for one in drivers):
                    return
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.05))
            self.victim.kill()

    def _progress(self) -> float:
        """Return which share of all steps is done."""
        weight = {"": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6}
        steps = sum(7 if n in self.over else weight.get(s, 0) for n, s in list(self.stage.items()))
        return steps / (7 * self.agents)

    def _jump(self, done: threading.Event) -> None:
        """Move the platform's clock whenever everything waits."""
        pool = urllib3.PoolManager(retries=False)
        while not done.is_set():
            with suppress(*NOT_NOW):
                # As far as a workflow waits between attempts; no approval expires while drivers are slow.
                answer = pool.request(
                    "POST", f"{self.victim.address}/local/clock", json={"within_s": 400}, timeout=5
                )
                if answer.json().get("jumped"):
                    continue
            time.sleep(0.02)

    def _drive(self, parts: Parts, first: int, done: threading.Event) -> None:
        client = Client(self.victim.address, self.victim.secret)
        ids: dict[int, str] = {}
        mine = range(first, self.agents, DRIVERS)
        while not done.is_set() and not all(agent in self.over for agent in mine):
            acted = False
            for agent in mine:
                if agent not in self.over and not done.is_set():
                    with suppress(*NOT_NOW):
                        acted = self._advance(client, parts, agent, ids) or acted
            if not acted:
                # The clock only jumps while nobody asks.
                done.wait(REST_S)

    def _advance(self, client: Client, parts: Parts, agent: int, ids: dict[int, str]) -> bool:
        """Do the next thing for one agent, if there is one; what fails is tried again later."""
        try:
            if agent not in ids:
                begun = acts.request_agent(client, parts, f"Writer {agent}", f"agent-{agent}")
                ids[agent] = begun["agent"]["id"]
            seen = acts.pipeline(client, ids[agent])
            stage = seen["current_stage"]
            self.stage[agent] = str(stage)
            if seen["status"] in acts.OVER:
                self.over.add(agent)
            elif seen["stages"][stage - 1]["result"] == "running":
                return self._act(client, parts, seen)
        except Refused as refused:
            if refused.status != 503 and refused.code not in ALREADY:
                raise
        return False

    def _act(self, client: Client, parts: Parts, seen: dict[str, object]) -> bool:
        """Do what a stage waits for, and say whether there was something to do."""
        stage, done = seen["current_stage"], (seen["workflow_id"], seen["current_stage"])
        if done in self.acted:
            # It was answered; its workflow may sleep for a while after a kill, and only the clock wakes it.
            return False
        if stage == 2:
            acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
        elif stage in acts.EVALUATORS:
            if not acts.judge_stage(client, seen):
                return False
        elif stage == 6:
            approval = acts.open_approval(client, str(seen["agent_id"]))
            if not approval:
                return False
            acts.read_and_approve(client, approval)
        else:
            return False
        self.acted.add(done)
        return True


def counted(data: Path, agents: int) -> dict[str, int]:
    """Return what was lost, doubled, broken or left lying."""
    documents = SqliteDocuments(data / "store.db")
    found = [snapshot.data for snapshot in everything(documents, "agents")]
    entries = [snapshot.data for snapshot in everything(documents, "events")]
    granted = Counter(e["entity"] for e in entries if e["action"] == "approval.granted")
    consumed = Counter(e["entity"] for e in entries if e["action"] == "approval.consumed")
    report = examined(data)
    result = {
        "agents": len(found),
        "lost": agents - sum(agent["status"] == "deployed" for agent in found),
        "applied twice": sum(len(agent["version_history"]) > 1 for agent in found)
        + sum(n > 1 for n in (*granted.values(), *consumed.values())),
        "chains": report.counts["chains"],
        "audit entries": len(entries),
        "broken chains": len(report.breaks),
        "undelivered": sum(e["delivery"]["published_at"] is None for e in entries)
        + sum(1 for _ in everything(documents, "deliveries")),
        "dead letters": sum(1 for _ in everything(documents, "dead_letters")),
    }
    documents.close()
    return result


def main() -> int:
    """Run it, print the figures, and return 0 if nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waooaw-chaos-") as folder:
        data = Path(folder)
        chaos = Chaos(Process(data), given.agents, given.kills)
        started = time.monotonic()
        chaos.run(given.seed)
        seconds = time.monotonic() - started
        calm_s = settle(chaos.victim)
        chaos.victim.stop(signal.SIGTERM)
        result = counted(data, given.agents)
        errors = (data / "errors").read_text()
    print(
        f"{given.agents} agents, {chaos.victim.kills} kills -9, {seconds:.0f} s, calm {calm_s:.1f} s"
        f" later, seed {given.seed}"
    )
    for name, figure in result.items():
        print(f"  {figure:>7}  {name}")
    if errors:
        print("the platform said:\n" + errors[-4000:])
    bad = ("lost", "applied twice", "broken chains", "undelivered", "dead letters")
    return 1 if any(result[name] for name in bad) else 0


def settle(victim: Process) -> float:
    """Wait until nothing is under way and nothing comes due while releases are watched; say how long that took."""
    pool = urllib3.PoolManager(retries=False)
    begun = time.monotonic()
    while time.monotonic() < begun + MOST_S:
        answer = pool.request(
            "POST", f"{victim.address}/local/clock", json={"within_s": WATCHED_S}
        ).json()
        if answer["idle"] and not answer["jumped"]:
            return time.monotonic() - begun
        time.sleep(0.02)
    raise TimeoutError(f"it did not come to rest in {MOST_S} s")


if __name__ == "__main__":
    sys.exit(main())
