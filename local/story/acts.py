"""What the people and the foundational agents of the story do, each by requests of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.story import blueprints, catalogue
from local.story.client import Body, Client

AUTHOR = "agent_orchestrator"
EVALUATORS = {3: "genesis", 4: "systems_architect", 5: "vision_guardian"}
OVER = {"completed", "failed", "rolled_back"}

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """The certified parts that agents of the story are made of."""

    job_role: Body
    skills: list[Body]


def certify_parts(client: Client, tell: Tell) -> Parts:
    """Propose an industry, skills and a job role, and have Genesis certify them."""
    industry = client.post(AUTHOR, "/v1/genesis/industries", catalogue.healthcare())
    _judge(client, "vision_guardian", f"/v1/genesis/industries/{industry['id']}", "IN-5")
    industry = client.post("genesis", f"/v1/genesis/industries/{industry['id']}/certify")
    tell(_certified("industry", industry))
    skills = []
    for build in catalogue.SKILLS:
        skill = client.post(AUTHOR, "/v1/genesis/skills", build())
        path = f"/v1/genesis/skills/{skill['id']}"
        _judge(client, "vision_guardian", path, "SK-9")
        skill = client.post("genesis", f"{path}/certify")
        tell(_certified("skill", skill))
        skills.append(skill)
    body = catalogue.healthcare_content_writer(industry["id"], [skill["id"] for skill in skills])
    role = client.post(AUTHOR, "/v1/genesis/job-roles", body)
    path = f"/v1/genesis/job-roles/{role['id']}"
    _judge(client, "governor", path, "JR-9")
    role = client.post("genesis", f"{path}/certify")
    tell(_certified("job role", role))
    return Parts(role, skills)


def request_agent(client: Client, parts: Parts, name: str, key: str | None = None) -> Body:
    """Ask for an agent; the pipeline starts by itself."""
    body = blueprints.agent(parts.job_role, name=name)
    begun: Body = client.post(AUTHOR, "/v1/agents", body, key)
    return begun


def pipeline(client: Client, agent_id: str) -> Body:
    """Look at an agent's seven stages."""
    seen: Body = client.get(AUTHOR, f"/v1/agents/{agent_id}/pipeline")
    return seen


def submit(client: Client, seen: Body, blueprint: Body) -> Body:
    """Submit the way of working; the key holds for this attempt at the stage."""
    key = f"{seen['workflow_id']}:me-wow:{_attempt(seen, 2)}"
    submitted: Body = client.post(
        AUTHOR, f"/v1/workflows/{seen['workflow_id']}/me-wow", blueprint, key
    )
    return submitted


def judge_stage(client: Client, seen: Body) -> list[str]:
    """Have the stage's evaluator judge what waits for a verdict; return the codes of the checks."""
    stage = seen["current_stage"]
    waiting = list(seen["stages"][stage - 1]["waiting_for"])
    for code in waiting:
        body = {"check_code": code, "verdict": "pass", "rationale": _RATIONALE[stage]}
        path = f"/v1/workflows/{seen['workflow_id']}/stages/{stage}/verdict"
        key = f"{seen['workflow_id']}:{code}:{_attempt(seen, stage)}"
        client.post(EVALUATORS[stage], path, body, key)
    return waiting


def open_approval(client: Client, agent_id: str) -> Body | None:
    """Return the approval that waits for the Governor, if one does."""
    found = client.get("governor", "/v1/approvals", agent_id=agent_id, status="pending")
    return found["items"][0] if found["items"] else None


def approve(client: Client, approval: Body) -> Body:
    """Approve what was shown, and nothing else."""
    body = {"comment": "The evidence is complete.", "expected_digest": approval["action_digest"]}
    path = f"/v1/approvals/{approval['id']}/approve"
    decided: Body = client.post("governor", path, body, f"approve:{approval['id']}")
    return decided


def read_and_approve(client: Client, approval: Body) -> Body:
    """Open a request first, as whoever says yes to many must."""
    client.get("governor", f"/v1/approvals/{approval['id']}")
    return approve(client, approval)


def _judge(client: Client, judge: str, path: str, code: str) -> None:
    body = {
        "check_code": code,
        "verdict": "pass",
        "rationale": "Its limits, its data and what it may never do are stated and bounded.",
    }
    client.post(judge, f"{path}/verdict", body)


def _certified(kind: str, entity: Any) -> str:
    if entity["status"] != "certified":
        failed = [c for c in entity["certification"]["checks"] if not c["passed"]]
        raise AssertionError(f"the {kind} {entity['name']} was not certified: {failed}")
    checks = len(entity["certification"]["checks"])
    return f"{kind} {entity['external_id']} “{entity['name']}” certified by Genesis, {checks} checks passed"


def _attempt(seen: Body, stage: int) -> int:
    return int(seen["stages"][stage - 1]["attempt"])


_RATIONALE = {
    3: "Few approvals a day are expected, and each is proportionate to what it guards.",
    4: "Interfaces are declared, failure stays with the agent's own customers, roll-back is tested.",
    5: "It cannot approve itself, hides nothing, and takes no more data than its work needs.",
}
