"""Lead agents to every end there is, and look at them on the way."""

from local.story import acts, blueprints
from tests.rehearsals.scene import REASON, at_stage, to_the_governor, until, until_over

OBJECTION = {"category": "safety", "explanation": "it could be taken for a diagnosis"}


def rehearse(scene):
    look(scene, scene.agent())
    suspend_and_resume(scene)
    change(scene)
    turn_out(scene)
    end_early(scene)
    take_back(scene)
    scene.rest()


def look(scene, agent):
    get, path = scene.client.get, f"/v1/agents/{agent['id']}"
    get("viewer", "/v1/agents")
    get("viewer", f"/v1/workflows/{agent['workflow_id']}")
    for more in ("activity", "health", "pipeline", f"releases/{agent['release_id']}"):
        get("viewer", f"{path}/{more}")


def suspend_and_resume(scene):
    client, path = scene.client, f"/v1/agents/{scene.agent_id}"
    stop = {"trigger": "GOVERNOR-OVERRIDE", "reason": "a reader reported a wrong dose"}
    client.post("governor", f"{path}/suspend", stop)
    asked = scene.returning(scene.agent_id)
    approval = client.post("service", "/v1/approvals", asked | {"window_min": 60})
    client.sign_in("governor")
    acts.approve(client, approval)
    client.post("governor", f"{path}/resume", {"approval_id": approval["id"]})


def change(scene):
    """Have agents changed: by the Governor's answer, by a failed check, by whoever asked for them."""
    client, parts = scene.client, scene.parts
    returned, approval = to_the_governor(client, parts, "Returned")
    client.sign_in("governor")
    path = f"/v1/approvals/{approval['id']}/request-changes"
    client.post("governor", path, {"changes": ["say for whom it writes"]})
    until(lambda: acts.pipeline(client, returned)["stages"][1]["attempt"] == 2)
    seen = at_stage(client, returned, 2)
    acts.submit(client, seen, blueprints.uncertifiable(parts.job_role, parts.skills))
    until(lambda: acts.pipeline(client, returned)["stages"][1]["attempt"] == 3)
    changed, approval = to_the_governor(client, parts, "Changed")
    client.post("governor", f"/v1/agents/{changed}/request-changes", {"changes": ["say for whom"]})
    path = f"/v1/approvals/{approval['id']}/withdraw-refusal"
    client.post("governor", path, {"reason": "its author says so already"})
    scene.rest()


def turn_out(scene):
    """Veto what waits; let what nobody answers expire, and what fails its probes come back."""
    client = scene.client
    vetoed, approval = to_the_governor(client, scene.parts, "Vetoed")
    client.sign_in("governor")
    client.post("governor", "/v1/vetoes", OBJECTION | {"approval_id": approval["id"]})
    until_over(client, vetoed, scene.platform)
    spec = blueprints.agent(scene.parts.job_role)
    for fixed in ("name", "industry_id", "governance_agent_id"):
        del spec[fixed]
    client.post(acts.AUTHOR, f"/v1/agents/{vetoed}/revise", spec)
    at_stage(client, vetoed, 2)
    expired, _ = to_the_governor(client, scene.parts, "Expired")
    until_over(client, expired, scene.platform)
    failing, approval = to_the_governor(client, scene.parts, "Failing")
    scene.platform.failing.add(failing)
    client.sign_in("governor")
    acts.approve(client, approval)
    until_over(client, failing, scene.platform)


def end_early(scene):
    for name, account, verb in (
        ("Cancelled", acts.AUTHOR, "cancel"),
        ("Broken", "service", "fail"),
    ):
        begun = acts.request_agent(scene.client, scene.parts, name)
        at_stage(scene.client, begun["agent"]["id"], 2)
        scene.client.post(account, f"/v1/workflows/{begun['workflow_id']}/{verb}", REASON)
        acts.pipeline(scene.client, begun["agent"]["id"])
    scene.rest()


def take_back(scene):
    """Veto what was released already."""
    client, agent = scene.client, scene.deployed("Undone")
    client.sign_in("governor")
    veto = client.post("governor", "/v1/vetoes", OBJECTION | {"run_id": agent["release_id"]})
    assert veto["effect"] == "rolled_back"
    path = f"/v1/agents/{agent['id']}"
    until(lambda: client.get("viewer", path)["status"] == "rejected")
