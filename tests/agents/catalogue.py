"""A certified catalogue, written straight into the store, and callers who lead an agent through."""

import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.agents.begin_workflow import Claim, begin_workflow
from functions.agents.create_agent import create_agent
from functions.agents.record_verdict import StageVerdict, record_verdict
from functions.agents.settle_stage import Settlement, settle_stage
from functions.agents.submit_me_wow import submit_me_wow
from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_approval import create_approval
from local.story import blueprints, catalogue
from shared.actors import PLATFORM, Role
from shared.agents.models.agents import Agent
from shared.agents.models.blueprint import Blueprint
from shared.agents.models.requests import NewAgent
from shared.agents.models.runs import PipelineRun
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.constitution import CONSTITUTION_VERSION, Marker
from shared.documents import Key, Write
from shared.edge.sqlite import SqliteDocuments
from shared.entity import Event
from shared.genesis.models.evidence import Certification
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.skills import Skill
from tests import answered
from tests.conftest import CALLBACKS, DEPLOYMENT

BEFORE = datetime(2025, 12, 1, tzinfo=UTC)
CALLBACK = CALLBACKS + "workflows/agent_creation/executions/e1/callbacks/c1"
INDUSTRY_ID = "11111111-1111-4111-8111-111111111111"
ROLE_ID = "22222222-2222-4222-8222-222222222222"
SKILL_IDS = tuple(f"33333333-3333-4333-8333-33333333333{n}" for n in range(3))
JUDGED = {3: ("CERT-6",), 4: ("ARCH-2", "ARCH-4"), 5: tuple(f"ETH-{n}" for n in range(1, 6))}
JUDGES = {3: Role.GENESIS, 4: Role.SYSTEMS_ARCHITECT, 5: Role.VISION_GUARDIAN}


class Kept(Event, action="tests.kept", category="certification"):
    """Something was put into the store for a test."""


def base(id: str) -> dict[str, Any]:
    certification = Certification(
        certification_id="c0000000-0000-4000-8000-000000000000",
        decision="certified",
        certified_by="genesis",
        certified_at=BEFORE,
        certificate_hash="0" * 64,
        checks=(),
        evidence_ref="sha256:" + "0" * 64,
        constitution_version=CONSTITUTION_VERSION,
    )
    marker = Marker(
        from_version="0.1.0",
        to_version="1.0.0",
        classification="evolution",
        change_types=("certified",),
        at=BEFORE,
    )
    return {
        "id": id,
        "tenant_id": PLATFORM,
        "created_at": BEFORE,
        "updated_at": BEFORE,
        "version": "1.0.0",
        "evolution_markers": (marker,),
        "status": "certified",
        "certification": certification,
        "authors": ("admin",),
    }


def industry() -> Industry:
    body = catalogue.healthcare()
    return Industry.model_validate(body | base(INDUSTRY_ID) | {"external_id": "IND-HC"})


def skills() -> tuple[Skill, ...]:
    return tuple(
        Skill.model_validate(make() | base(skill) | {"external_id": f"SKILL-HC-00{n}"})
        for n, (skill, make) in enumerate(zip(SKILL_IDS, catalogue.SKILLS, strict=True))
    )


def job_role() -> JobRole:
    body = catalogue.healthcare_content_writer(INDUSTRY_ID, SKILL_IDS)
    more = {"external_id": "JOB-HC-001", "industry_code": "HC"}
    return JobRole.model_validate(body | base(ROLE_ID) | more)


def once(what, documents, do):
    """
    Do what many tests begin with, or put its outcome into a store where nothing else has happened.

    Leading an agent to its last stage takes longer than most tests of what happens there.
    """
    place = (what, frozenset(write.key for write in kept(documents)))
    if place not in _DONE:
        outcome = do()
        _DONE[place] = outcome, kept(documents)
    else:
        outcome, writes = _DONE[place]
        documents.commit(writes)
    return deepcopy(outcome)


def kept(documents):
    rows = documents._rows("select tenant, collection, id, data from documents", ())
    return [Write(Key(*place), json.loads(data)) for *place, data in rows]


_DONE: dict[Any, Any] = {}


@dataclass
class Story:
    """An agent on its way, and everybody who has a hand in it."""

    call_as: Any
    documents: SqliteDocuments
    role: dict[str, Any]
    skills: list[dict[str, Any]]
    probe: Any
    workflows: Any
    agent_id: str = ""
    workflow_id: str = ""

    def service(self, at=0.0):
        return self.call_as(Role.SERVICE, id="service:workflows", at=at)

    def create(self, at=0.0, **changes) -> Agent:
        body = blueprints.agent(self.role) | changes
        call = self.call_as(Role.AGENT_ORCHESTRATOR, at=at)
        begun = create_agent(call, NewAgent.model_validate(body)).result
        self.agent_id, self.workflow_id = begun.agent.id, begun.workflow_id
        return begun.agent

    def begin(self, execution="e1", at=0.0, callback=CALLBACK):
        body = Claim(execution=execution, callback_url=callback)
        return begin_workflow(self.service(at), self.workflow_id, body, DEPLOYMENT)

    def submit(self, body=None, at=0.0):
        body = body or blueprints.blueprint(self.role, self.skills)
        call = self.call_as(Role.AGENT_ORCHESTRATOR, at=at)
        return submit_me_wow(call, self.workflow_id, Blueprint.model_validate(body))

    def settle(self, stage, approval_id=None, at=0.0):
        body = Settlement(approval_id=approval_id)
        return settle_stage(self.service(at), self.workflow_id, stage, body)

    def judge(self, stage, code, verdict="pass", at=0.0, **more) -> PipelineRun:
        body = StageVerdict(
            check_code=code, verdict=verdict, rationale="Looked at closely.", **more
        )
        return record_verdict(self.call_as(JUDGES[stage], at=at), self.workflow_id, stage, body)

    def review(self, stage, at=0.0) -> PipelineRun:
        for code in JUDGED[stage]:
            run = self.judge(stage, code, at=at)
        return run

    def ask(self, request, at=0.0) -> Approval:
        asked: Approval = answered.body(
            create_approval(self.service(at), ApprovalRequest.model_validate(request), DEPLOYMENT)
        )
        return asked

    def approve(self, approval, at=0.0) -> Approval:
        body = Agreement(expected_digest=approval.action_digest)
        return approve_approval(self.call_as(Role.GOVERNOR, at=at), approval.id, body)

    def agent(self):
        with self.call_as(Role.ADMIN).transaction() as txn:
            return txn.get(Agent, self.agent_id)

    def run(self):
        with self.call_as(Role.ADMIN).transaction() as txn:
            return txn.get(PipelineRun, self.workflow_id)

    def to_stage(self, stage, at=0.0):
        """Lead the agent to the entry of a stage."""
        answer, self.agent_id, self.workflow_id = once(
            (stage, at), self.documents, lambda: self._led(stage, at)
        )
        return answer

    def _led(self, stage, at):
        self.create(at)
        answer = self.begin(at=at)
        if stage > 2:
            self.submit(at=at)
            answer = self.settle(2, at=at)
        for n in range(3, min(stage, 6)):
            self.review(n, at)
            answer = self.settle(n, at=at)
        if stage == 7:
            approval = self.approve(self.ask(answer.request, at), at)
            answer = self.settle(6, approval.id, at)
        return answer, self.agent_id, self.workflow_id
