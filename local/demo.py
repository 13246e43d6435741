"""
The main story, told by real requests of signed-in accounts to a platform that runs whole in this process.

Seven agents are asked for. One is approved and deployed; others fail certification, come back with requested
changes, are vetoed, expire unanswered, or are rolled back; the last is let in by a precedent seed, and taken back by a
veto. The clock jumps whenever everything waits.
"""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console
from urllib3.exceptions import HTTPError

from local import hints, made
from local.emulators import PRETENDED, Missing, signing_in, wanted
from local.failures import Failure
from local.platform import Platform
from local.story import acts, blueprints, seeds
from local.story.acts import Parts
from local.story.client import Refused
from local.story.telling import Telling, how, worded


def demo(
    data: Path, *, port: int, store: str = "sqlite", bus: str = "local", auth: str = "local"
) -> int:
    """
    Tell the story in a fresh folder, or in Google's emulators; return 0 only if it ended as it should.

    Args:
        data: The folder; what an earlier story left in it is forgotten, and nothing else.

        port: Where the platform listens.

        store: `sqlite` or `firestore`.

        bus: `local` or `pubsub`.

        auth: `local`, or `firebase`: people sign in at Firebase's Auth emulator.
    """
    console = Console(highlight=False)
    started = time.monotonic()
    try:
        # A project of its own is empty, also in an emulator that runs already.
        emulated = store != "sqlite" or bus != "local" or auth != "local"
        project = f"{PRETENDED}{uuid4().hex[:8]}" if emulated else "local"
        with wanted(store, bus), signing_in(auth, project) as people:
            _emptied(data, PORT=port, STORE=store, BUS=bus, AUTH=auth)
            where = {"port": port, "store": store, "bus": bus, "project": project}
            return _told(data, console, started, auth=people, **where)
    except Missing as missing:
        raise Failure(f"the story needs Google's emulators: {missing}") from missing


def _emptied(data: Path, **settings: object) -> None:
    try:
        made.clear(data)
    except made.NotOurs as kept:
        elsewhere = hints.make("demo", DATA=f"{data.parent}-2", **settings)
        forget = "" if isinstance(kept, made.InUse) else f"; `{hints.forget(data)}` forgets it"
        raise Failure(f"{kept}{forget}; `{elsewhere}` tells the story elsewhere") from kept


def _told(data: Path, console: Console, started: float, **where: Any) -> int:
    platform = Platform(data, **where)
    platform.start()
    told = _Story(platform, console)
    at = ", sign-in firebase" if where["auth"] else ""
    told.title(f"WAOOAW runs at {platform.address}, store {where['store']}, bus {where['bus']}{at}")
    told.line("Its clock jumps whenever everything waits: in the story, hours pass at once.")
    try:
        told.tell()
        seconds = time.monotonic() - started
        return told.end(data, seconds)
    except (Refused, TimeoutError, HTTPError) as error:
        raise Failure(f"the story cannot go on: {error}") from error
    finally:
        platform.stop()


class _Story(Telling):
    """The story of seven agents."""

    def tell(self) -> None:
        """Tell it from the beginning."""
        self.title("Parts: what agents are made of")
        parts = acts.certify_parts(self.client, self.say)
        self.approved(parts)
        self.uncertifiable(parts)
        self.sent_back(parts)
        self.vetoed(parts)
        self.unanswered(parts)
        self.unhealthy(parts)
        self.by_precedent(parts)

    # --- the seven agents --------------------------------------------------------------------------

    def approved(self, parts: Parts) -> None:
        """One that the Governor approves."""
        agent_id = self.asked(parts, "Clinic Content Writer", "An agent that the Governor approves")
        approval = self.to_the_governor(parts, agent_id)
        self.look(approval)
        acts.approve(self.client, approval)
        self.say("the Governor approves; the waiting workflow wakes")
        self.until_over(agent_id)
        agent = self.agent(agent_id)
        health = self.client.get(acts.AUTHOR, f"/v1/agents/{agent_id}/health")
        self.say(
            f"release {agent['release_state']}, {health['probes']} probes, health {health['status']}"
        )
        self.ended("approved and deployed", "deployed 1.0.0 healthy", self.state(agent_id))

    def uncertifiable(self, parts: Parts) -> None:
        """One that Genesis refuses to certify."""
        agent_id = self.asked(parts, "Self-Publishing Writer", "An agent that fails certification")
        seen = self.at_stage(agent_id, 2)
        acts.submit(self.client, seen, blueprints.uncertifiable(parts.job_role, parts.skills))
        seen = self.until(
            lambda: self.seen(agent_id, lambda s: s["stages"][1]["attempt"] == 2),
            "Genesis checks the blueprint",
        )
        self.show(seen)
        run = self.client.get(acts.AUTHOR, f"/v1/workflows/{seen['workflow_id']}")
        (certification,) = [record for record in run["stages"] if record["stage"] == 3]
        gaps = [check for check in certification["checks"] if check["passed"] is False]
        for gap in gaps:
            self.say(f"gap {gap['code']}: {gap['detail']}")
        failed = sorted(gap["code"] for gap in gaps)
        self.ended(
            "fails certification, gaps named",
            f"back at stage 2 for {', '.join(blueprints.UNCERTIFIABLE)}",
            f"back at stage {seen['current_stage']} for {', '.join(failed)}",
        )

    def sent_back(self, parts: Parts) -> None:
        """One that comes back with requested changes and is approved then."""
        agent_id = self.asked(
            parts, "Newsletter Writer", "An agent that the Governor sends back once"
        )
        approval = self.to_the_governor(parts, agent_id)
        self.client.sign_in("governor")
        self.client.post(
            "governor",
            f"/v1/approvals/{approval['id']}/request-changes",
            {"changes": ["Say in the scope which newsletters it writes, and for whom."]},
        )
        self.say("the Governor requests changes; the pipeline returns to its author")
        self.until(
            lambda: self.seen(agent_id, lambda s: s["stages"][1]["attempt"] == 2),
            "the pipeline returns to stage 2",
        )
        approval = self.to_the_governor(parts, agent_id)
        self.client.sign_in("governor")
        acts.approve(self.client, approval)
        self.say("the Governor approves the new evidence")
        self.until_over(agent_id)
        self.ended("sent back, then approved", "deployed 1.0.0 healthy", self.state(agent_id))

    def vetoed(self, parts: Parts) -> None:
        """One that the Governor vetoes."""
        agent_id = self.asked(parts, "Diagnosis Writer", "An agent that the Governor vetoes")
        approval = self.to_the_governor(parts, agent_id)
        self.client.sign_in("governor")
        body = {
            "approval_id": approval["id"],
            "category": "safety",
            "explanation": "Readers could take its articles for a diagnosis.",
        }
        self.client.post("governor", "/v1/vetoes", body)
        self.say("the Governor vetoes, for safety")
        self.until_over(agent_id)
        self.ended("vetoed", "rejected", self.state(agent_id))

    def unanswered(self, parts: Parts) -> None:
        """One that nobody answers for."""
        agent_id = self.asked(parts, "Weekend Writer", "An agent whose request nobody answers")
        approval = self.to_the_governor(parts, agent_id)
        self.say(f"nobody answers; the window closes at {_clock(approval['expires_at'])}")
        self.until_over(agent_id)
        expired = self.client.get("governor", f"/v1/approvals/{approval['id']}")
        self.say(f"the approval is {expired['status']}; silence is not consent")
        self.ended(
            "expires unanswered",
            "question expired, agent rejected",
            f"question {expired['status']}, agent {self.state(agent_id)}",
        )

    def unhealthy(self, parts: Parts) -> None:
        """One whose release answers its health checks badly."""
        agent_id = self.asked(
            parts, "Fragile Writer", "An agent whose release fails its health checks"
        )
        self.platform.failing.add(agent_id)
        approval = self.to_the_governor(parts, agent_id)
        self.client.sign_in("governor")
        acts.approve(self.client, approval)
        self.say("the Governor approves; the release answers its probes with errors")
        seen = self.until_over(agent_id)
        agent = self.agent(agent_id)
        self.ended(
            "unhealthy, rolled back",
            "certified, its release taken back, the run rolled back",
            f"{how(agent)}, the run {worded(seen['status'])}",
        )

    def by_precedent(self, parts: Parts) -> None:
        """One that a precedent seed lets into service, and the Governor takes back."""
        self.title("An agent in another job role, approved by a precedent seed, and vetoed")
        seed = seeds.governor_writes_seed(self.client)
        self.say(
            f"the Governor writes {seed['seed_id']}, Genesis validates it: {seed['principle']}"
        )
        other = seeds.another_job_role(self.client, parts)
        agent_id = self.requested(other, "Newsletter Companion")
        self.reviewed(other, agent_id)
        granted = self.until(
            lambda: seeds.granted(self.client, agent_id), "the seed answers for the Governor"
        )
        self.say(f"approved at once by {granted['seed_id']}; the Governor may veto for 24 hours")
        self.until_over(agent_id)
        auto = f"{granted['seed_id']} {self.state(agent_id)}"
        self.ended("approved by a seed", f"{seed['seed_id']} deployed 1.0.0 healthy", auto)
        seeds.veto(self.client, granted)
        self.say("the Governor vetoes inside the window")
        self.until(
            lambda: self.agent(agent_id)["status"] == "rejected", "the release is taken back"
        )
        found = self.state(agent_id)
        self.ended("vetoed afterwards, taken back", "rejected, its release taken back", found)


def _clock(moment: str) -> str:
    return moment[11:16] + " UTC"
