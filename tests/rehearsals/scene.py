"""What a rehearsal begins with: a platform, people who send requests, certified parts, an agent that works."""

import time
from datetime import timedelta
from functools import cached_property
from uuid import uuid4

from local.story import acts, blueprints
from local.story.client import Client
from shared.actors import PLATFORM, Actor, Role
from shared.agents.actions import asking
from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import questions
from shared.approvals.rules.requests import EVIDENCE_OF_CLASS
from shared.edge.openapi import openapi
from shared.job import begin
from shared.jobs import Forgetting
from shared.manifests.models.manifests import Manifest
from shared.operation import Call
from tests.approvals.questions import EXAMPLE, others
from tests.streaming import Heard

REASON = {"reason": "it is called once, to see that it works"}


class Scene:
    """One platform on which every area is rehearsed."""

    def __init__(self, platform):
        self.platform, self.client = platform, Client(platform.address, platform.secret)

    @cached_property
    def parts(self):
        """An industry, skills and a job role, certified."""
        return acts.certify_parts(self.client, lambda _: None)

    @cached_property
    def agent_id(self):
        """An agent that was approved and works."""
        return self.deployed("Deployed")["id"]

    def deployed(self, name):
        """Make an agent, from the request to its deployment."""
        agent_id, approval = to_the_governor(self.client, self.parts, name)
        self.client.sign_in("governor")
        acts.approve(self.client, approval)
        return until_over(self.client, agent_id, self.platform)

    def agent(self):
        """Return the agent that works, as it is now."""
        return self.client.get("viewer", f"/v1/agents/{self.agent_id}")

    def ask(self, *, tenant=None, **changes):
        """Ask for an approval, as a service does, of a customer's too."""
        asked = EXAMPLE | {"subject": others()} | changes
        return self.client.post("service", "/v1/approvals", asked, tenant=tenant)

    def returning(self, agent_id):
        """Return what is asked before a stopped agent comes back, as the records have it."""
        with self.call().transaction() as txn:
            agent, manifest = txn.get(Agent, agent_id), txn.get(Manifest, agent_id)
            run = txn.get(PipelineRun, agent.workflow_id)
            asked = questions.reactivation(
                agent, manifest, job_role=asking.job_role(txn, run, agent)
            )
        kinds = EVIDENCE_OF_CLASS["agent.reactivate"]
        shown = [{"kind": k, "ref": f"evidence/{k}", "sha256": "2" * 64} for k in kinds]
        return asked.to_stored() | {"evidence_refs": shown}

    def now(self):
        """Return what the platform's clock says."""
        return self.call().now

    def pass_by(self, then):
        """Let time pass; a question that rests for long enough gives it something to go to."""
        minutes = int((then - self.now()).total_seconds() / 60) + 5
        self.ask(window_min=2 * minutes)
        until(lambda: self.now() > then, timeout_s=60, jump=self.platform.jump)

    def rest(self):
        """Wait until everything that was begun has been done."""
        until(self.platform.idle)

    def forget_jobs(self, ended):
        """Begin a round as its schedule does, for what is known until a time, and wait for its end."""
        call = self.call()
        with call.transaction() as txn:
            begun = begin(txn, call, Forgetting(until=ended))
        path = f"/v1/async-jobs/{begun.id}"
        until(lambda: self.client.get("admin", path)["status"] == "completed")

    def listen(self, account, path, last=None):
        """Listen until everything is told, and return what was heard."""
        self.client.sign_in(account)
        headers = {"Authorization": f"Bearer {self.client.token(account)}"}
        headers |= {"Last-Event-ID": last} if last else {}
        answer = self.client._pool.request(
            "GET", self.client._address + path, headers=headers, preload_content=False
        )
        assert answer.status == 200, answer.data
        heard, text = Heard(last=last), ""
        for chunk in answer.stream():
            *whole, text = (text + chunk.decode()).split("\n\n")
            if any(heard.read(f"{block}\n\n") for block in whole):
                break
        answer.close()
        return heard

    def call(self, later=timedelta()):
        """Return a call of the tests' own, for what only time or a defect brings about."""
        now = self.platform.clock.now() + later
        return Call(
            actor=Actor(id="service:tests", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
            now=now.replace(microsecond=now.microsecond // 1000 * 1000),
            documents=self.platform.ports.documents,
            signer=self.platform.ports.signer,
            tenant=PLATFORM,
            operation="tests.call",
            correlation_id=str(uuid4()),
        )


def example_of(path):
    """Return the body that the API's description shows for a POST."""
    described = openapi()["paths"][path]["post"]
    return described["requestBody"]["content"]["application/json"]["example"]


def until(look, timeout_s=20.0, jump=None):
    """Look until something is found; *jump* moves the clock meanwhile."""
    end = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < end, "it took too long"
        if not (jump and jump()):
            time.sleep(0.005)
    return found


def at_stage(client, agent_id, stage):
    def look():
        seen = acts.pipeline(client, agent_id)
        here = seen["stages"][stage - 1]["result"] == "running"
        return seen if seen["current_stage"] == stage and here else None

    return until(look)


def to_the_governor(client, parts, name):
    agent_id = acts.request_agent(client, parts, name)["agent"]["id"]
    seen = at_stage(client, agent_id, 2)
    acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
    for stage in acts.EVALUATORS:
        acts.judge_stage(client, at_stage(client, agent_id, stage))
    at_stage(client, agent_id, 6)
    return agent_id, until(lambda: acts.open_approval(client, agent_id))


def until_over(client, agent_id, platform):
    def over():
        return acts.pipeline(client, agent_id)["status"] in acts.OVER

    until(over, jump=platform.jump)
    return client.get(acts.AUTHOR, f"/v1/agents/{agent_id}")
