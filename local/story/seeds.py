"""A rule that the Governor writes, and an agent that it lets into service without a question."""

from copy import deepcopy

from local.story import catalogue
from local.story.acts import AUTHOR, Parts
from local.story.client import Body, Client
from shared.learning.examples import DEPLOY_AGAIN


def governor_writes_seed(client: Client) -> Body:
    """Have the Governor write a rule for further agents of the industry, and Genesis validate it."""
    client.sign_in("governor")
    draft = client.post("governor", "/v1/seeds", {"rule": deepcopy(DEPLOY_AGAIN)})
    submitted = client.post("governor", f"/v1/seeds/{draft['id']}/submit")
    path = f"/v1/precedent-seeds/{submitted['precedent_seed_id']}"
    review = {"outcome": "approve", "rationale": "It is measurable, bounded and weakens no gate."}
    client.post("genesis", f"{path}/validate", review)
    active: Body = client.post("governor", f"{path}/activate")
    return active


def another_job_role(client: Client, parts: Parts) -> Parts:
    """Certify another job role of the industry, made of the same skills."""
    skills = [skill["id"] for skill in parts.skills]
    body = catalogue.healthcare_content_writer(parts.job_role["industry_id"], skills) | {
        "name": "Patient Newsletter Writer",
        "description": "Writes newsletters for the patients of a clinic; every issue waits for an"
        " approval.",
    }
    role = client.post(AUTHOR, "/v1/genesis/job-roles", body)
    path = f"/v1/genesis/job-roles/{role['id']}"
    client.post("governor", f"{path}/verdict", _FITTING)
    return Parts(client.post("genesis", f"{path}/certify"), parts.skills)


def granted(client: Client, agent_id: str) -> Body | None:
    """Return the approval that a seed granted for an agent, if one did."""
    for status in ("approved", "consumed"):
        found = client.get("governor", "/v1/approvals", agent_id=agent_id, status=status)
        by_seed = [approval for approval in found["items"] if approval["seed_id"]]
        if by_seed:
            approval: Body = by_seed[0]
            return approval
    return None


def veto(client: Client, approval: Body) -> Body:
    """Have the Governor object to what a seed granted."""
    client.sign_in("governor")
    body = {
        "approval_id": approval["id"],
        "category": "safety",
        "explanation": "Newsletters to patients are looked at by a person first.",
    }
    vetoed: Body = client.post("governor", "/v1/vetoes", body)
    return vetoed


_FITTING = {
    "check_code": "JR-9",
    "verdict": "pass",
    "rationale": "It does what its industry allows, and nothing leaves without an approval.",
}
