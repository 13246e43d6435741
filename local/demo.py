"""
The main story, told by real requests of signed-in accounts to a platform that runs whole in this process.

Seven agents are asked for. One is approved and deployed; others fail certification, come back with requested
changes, are vetoed, expire unanswered, or are rolled back; the last is let in by a precedent seed, and taken back by a
veto. The clock jumps whenever everything waits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from rich.console import Console
from urllib3.exceptions import HTTPError

from local import hints, made
from local.console import words
from local.emulators import Missing, wanted
from local.failures import Failure
from local.lines import wrapped
from local.platform import Platform
from local.stories import stage_name
from local.story import acts, blueprints, seeds
from local.story.acts import Parts
from local.story.client import Body, Client, Refused
from local.verify import examined

T = TypeVar("T")

PATIENCE_S = 45.0
POLL_S = 0.005
_NOTICED = timedelta(minutes=1)
"""What passes sooner needs no word about it."""


def demo(data: Path, *, port: int, store: str = "sqlite", bus: str = "local") -> int:
    """
    Tell the story in a fresh folder, or in Google's emulators; return 0 only if it ended as it should.

    Args:
        data: The folder; what an earlier story left in it is forgotten, and nothing else.

        port: Where the platform listens.

        store: `sqlite` or `firestore`.

        bus: `local` or `pubsub`.
    """
    console = Console(highlight=False)
    started = time.monotonic()
    try:
        with wanted(store, bus):
            _emptied(data, PORT=port, STORE=store, BUS=bus)
            return _told(data, console, started, port=port, store=store, bus=bus)
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
    # A project of its own is empty, also in an emulator that runs already.
    emulated = where["store"] != "sqlite" or where["bus"] != "local"
    platform = Platform(data, project=f"demo-{uuid4().hex[:8]}" if emulated else "local", **where)
    platform.start()
    told = _Story(platform, console)
    told.title(f"WAOOAW runs at {platform.address}, store {where['store']}, bus {where['bus']}")
    told.line("Its clock jumps whenever everything waits: in the story, hours pass at once.")
    try:
        told.tell()
        seconds = time.monotonic() - started
        return told.end(data, seconds)
    except (Refused, TimeoutError, HTTPError) as error:
        raise Failure(f"the story cannot go on: {error}") from error
    finally:
        platform.stop()


@dataclass
class _Outcome:
    """How one part of the story should end, and how it did."""

    title: str
    expected: str
    found: str

    @property
    def right(self) -> bool:
        return self.expected == self.found


@dataclass
class _Story:
    """The story as it is told."""

    platform: Platform
    console: Console
    outcomes: list[_Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = Client(self.platform.address, self.platform.secret)

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
            f"{_how(agent)}, the run {_worded(seen['status'])}",
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

    # --- how it goes on --------------------------------------------------------------------------

    def asked(self, parts: Parts, name: str, title: str) -> str:
        """Ask for an agent."""
        self.title(title)
        return self.requested(parts, name)

    def requested(self, parts: Parts, name: str) -> str:
        """Send the request for an agent."""
        begun = acts.request_agent(self.client, parts, name)
        agent_id = str(begun["agent"]["id"])
        self.say(f"“{name}” is asked for, with {len(parts.skills)} certified skills")
        return agent_id

    def reviewed(self, parts: Parts, agent_id: str) -> None:
        """Take an agent through stages 2 to 5."""
        seen = self.at_stage(agent_id, 2)
        submitted = acts.submit(
            self.client, seen, blueprints.blueprint(parts.job_role, parts.skills)
        )
        self.say(f"the way of working is submitted, {submitted['completeness']} % complete")
        for stage in acts.EVALUATORS:
            seen = self.at_stage(agent_id, stage)
            for code in acts.judge_stage(self.client, seen):
                self.say(f"{_worded(acts.EVALUATORS[stage])} judges {code}: pass")

    def to_the_governor(self, parts: Parts, agent_id: str) -> Body:
        """Take an agent up to the Governor's inbox."""
        self.reviewed(parts, agent_id)
        self.at_stage(agent_id, 6)
        approval = self.until(
            lambda: acts.open_approval(self.client, agent_id), "the approval is asked for"
        )
        self.until(lambda: self.notified(approval["id"]), "the Governor is notified")
        self.say("the Governor is notified")
        return approval

    def look(self, approval: Body) -> None:
        """Show what the Governor sees."""
        self.client.sign_in("governor")
        card = self.client.get("governor", f"/v1/approvals/{approval['id']}")
        self.say(f"on the card: {card['title']}; risk {card['risk']}, {card['reversibility']}")
        for evidence in card["evidence_refs"]:
            self.say(f"  evidence {_worded(evidence['kind'])}, {evidence['sha256'][:12]}…")

    def notified(self, approval_id: str) -> bool:
        """Say whether the Governor's inbox has the approval."""
        inbox = self.client.get("governor", "/v1/notifications", unread="true", limit=100)
        return any(approval_id in notice["deep_link"] for notice in inbox["items"])

    def at_stage(self, agent_id: str, stage: int) -> Body:
        """Wait until the pipeline is at a stage that has begun, and say so."""

        def begun(seen: Body) -> bool:
            here = seen["stages"][stage - 1]
            return bool(seen["current_stage"] == stage and here["result"] == "running")

        seen = self.until(lambda: self.seen(agent_id, begun), f"stage {stage}")
        name = stage_name(seen["stages"][stage - 1]["name"])
        self.say(f"stage {stage} of 7, {name}, {seen['percent']} % done")
        return seen

    def until_over(self, agent_id: str) -> Body:
        """Wait until the pipeline has ended, letting the clock jump whenever everything waits."""
        before = self.platform.clock.now()
        seen = self.until(
            lambda: self.seen(agent_id, lambda s: s["status"] in acts.OVER),
            "the pipeline ends",
            jumping=True,
        )
        if (passed := self.platform.clock.now() - before) > _NOTICED:
            self.say(f"{words(passed)} later, as the clock jumped")
        self.show(seen)
        return seen

    def seen(self, agent_id: str, good: Callable[[Body], bool]) -> Body | None:
        """Look at the pipeline; return it where it is as wanted."""
        seen = acts.pipeline(self.client, agent_id)
        return seen if good(seen) else None

    def until(self, look: Callable[[], T | None], what: str, *, jumping: bool = False) -> T:
        """Look until there is something to see; say what was waited for if it does not come."""
        end = time.monotonic() + PATIENCE_S
        with self.console.status(f"  {what} …"):
            while not (found := look()):
                if time.monotonic() > end:
                    raise TimeoutError(f"it took more than {PATIENCE_S:.0f} s until {what}")
                if not (jumping and self.platform.jump()):
                    time.sleep(POLL_S)
        return found

    # --- what is shown ---------------------------------------------------------------------------

    def agent(self, agent_id: str) -> Body:
        """Read the agent."""
        agent: Body = self.client.get(acts.AUTHOR, f"/v1/agents/{agent_id}")
        return agent

    def state(self, agent_id: str) -> str:
        """Say how the agent is, in words."""
        return _how(self.agent(agent_id))

    def title(self, text: str) -> None:
        """Begin a part."""
        self.console.print(f"\n[bold]{text}[/bold]")

    def say(self, text: str) -> None:
        """Tell one thing that happened, with the platform's time."""
        at = f"{self.platform.clock.now():%d %b %H:%M:%S}"
        self.line(text, begin=f"  {at}  ")

    def line(self, text: str, *, begin: str = "") -> None:
        """Print a line; a terminal that is narrower gets it in parts of whole words."""
        if self.console.is_terminal:
            text, begin = wrapped(text, self.console.width, begin=begin), ""
        self.console.print(begin + text, markup=False, soft_wrap=True)

    def show(self, seen: Body) -> None:
        """Show the seven stages."""
        marks = [
            f"{point['stage']} {stage_name(point['name'])}: {_worded(point['result'])}"
            for point in seen["stages"]
        ]
        self.say(" · ".join(marks))

    def ended(self, title: str, expected: str, found: str) -> None:
        """Keep how a part ended."""
        outcome = _Outcome(title, expected, found)
        self.outcomes.append(outcome)
        self.say(f"{'as it should be' if outcome.right else 'NOT as it should be'}: {found}")

    def end(self, data: Path, seconds: float) -> int:
        """Sum up, and say where the evidence is."""
        self.until(self.platform.idle, "everything comes to rest")
        elsewhere = self.platform.settings.store != "sqlite"
        tapped = self.platform.settings.bus == "local"
        report = examined(data, self.platform.documents if elsewhere else None, tapped=tapped)
        letters = self.client.get("admin", "/v1/events/dead-letters")["items"]
        self.title("The story")
        for outcome in self.outcomes:
            wrong = "" if outcome.right else f" (NOT as it should be: {outcome.expected})"
            self.line(f"{outcome.found}{wrong}", begin=f"  {outcome.title}: ")
        for broken in report.breaks:
            self.line(f"broken evidence: {broken.rule} {broken.message}")
        for letter in letters:
            self.line(f"undelivered: {letter['type']} to {letter['consumer']}: {letter['error']}")
        good = all(outcome.right for outcome in self.outcomes) and not report.breaks and not letters
        ahead = words(self.platform.clock.now() - datetime.now(UTC))
        self.line(
            f"{report.counts['entries']} audit entries in {report.counts['chains']} chains,"
            f" {len(report.breaks)} breaks; {len(letters)} messages were not delivered."
        )
        self.line(f"It took {seconds:.0f} s to tell; the platform's clock is {ahead} ahead by now.")
        if elsewhere:
            self.console.print("The evidence was in the emulator; it is verified, and not kept.")
            return 0 if good else 1
        verify = hints.local(f"verify{'' if tapped else ' --without-tap'}", DATA=data)
        run = hints.make("run", DATA=data, PORT=self.platform.address.rpartition(":")[2])
        for line in (
            f"The evidence is in {data}; verify it: {verify}",
            f"Open the platform: {run}, then {self.platform.address}/docs",
        ):
            self.console.print(line, markup=False, soft_wrap=True)
        return 0 if good else 1


def _how(agent: Body) -> str:
    """Say how an agent is, in words."""
    if agent["status"] == "deployed":
        return f"deployed {agent['deployed_version']} {agent['health_status']}"
    back = agent["release_state"] in {"failed", "rolled_back"}
    return f"{agent['status']}{', its release taken back' if back else ''}"


def _worded(code: str) -> str:
    return code.replace("_", " ")


def _clock(moment: str) -> str:
    return moment[11:16] + " UTC"
