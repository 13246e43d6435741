"""How the main story is told: asking, waiting, and saying what happened; `local/demo.py` says which one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from local import hints
from local.console import words
from local.lines import wrapped
from local.platform import Platform
from local.stories import stage_name
from local.story import acts, blueprints
from local.story.acts import Parts
from local.story.client import Body, Client
from local.verify import examined

T = TypeVar("T")

PATIENCE_S = 45.0
POLL_S = 0.005
_NOTICED = timedelta(minutes=1)
"""What passes sooner needs no word about it."""


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
class Telling:
    """A story as it is told."""

    platform: Platform
    console: Console
    outcomes: list[_Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = Client(self.platform.address, self.platform.secret)

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
                self.say(f"{worded(acts.EVALUATORS[stage])} judges {code}: pass")

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
            self.say(f"  evidence {worded(evidence['kind'])}, {evidence['sha256'][:12]}…")

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
        return how(self.agent(agent_id))

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
            f"{point['stage']} {stage_name(point['name'])}: {worded(point['result'])}"
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


def how(agent: Body) -> str:
    """Say how an agent is, in words."""
    if agent["status"] == "deployed":
        return f"deployed {agent['deployed_version']} {agent['health_status']}"
    back = agent["release_state"] in {"failed", "rolled_back"}
    return f"{agent['status']}{', its release taken back' if back else ''}"


def worded(code: str) -> str:
    """Say a code in words."""
    return code.replace("_", " ")
