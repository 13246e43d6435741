"""What an adversary with a service's token tries: to have one thing approved, and to do another."""

import pytest

from functions.approvals.create_approval import create_approval
from local.story import acts, blueprints, catalogue, seeds
from local.story.acts import Parts
from local.story.client import Refused
from shared.numbers import ExternalIds
from tests.approvals.questions import EXAMPLE
from tests.rehearsals.scene import Scene, at_stage

ELSEWHERE = {"approval_class": "agent.deploy:HC:JOB-HC-001"}
MISLEADING = {
    "type": "artifact",
    "approval_class": "team.internal.track:FN:x",
    "title": "Look at the draft of a newsletter",
    "summary": "A draft.",
    "action_description": "Nothing leaves the team.",
    "risk": "low",
    "blast_radius": "low",
    "evidence_facts": {},
}


def of_finance(client):
    """Certify the parts of an industry in which no agent ever worked."""
    post, code = client.post, {"industry_code": "FN"}
    made = post(
        acts.AUTHOR,
        "/v1/genesis/industries",
        catalogue.healthcare() | {"code": "FN", "name": "Finance"},
    )
    acts._judge(client, "vision_guardian", f"/v1/genesis/industries/{made['id']}", "IN-5")
    industry = post("genesis", f"/v1/genesis/industries/{made['id']}/certify")
    skills = []
    for build in catalogue.SKILLS:
        body = build() | code
        body |= {"skill_key": f"fn-{body['skill_key']}", "name": f"Finance {body['name']}"}
        made = post(acts.AUTHOR, "/v1/genesis/skills", body)
        acts._judge(client, "vision_guardian", f"/v1/genesis/skills/{made['id']}", "SK-9")
        skills.append(post("genesis", f"/v1/genesis/skills/{made['id']}/certify"))
    body = catalogue.healthcare_content_writer(industry["id"], [one["id"] for one in skills])
    made = post(acts.AUTHOR, "/v1/genesis/job-roles", body | {"name": "Finance Writer"})
    acts._judge(client, "governor", f"/v1/genesis/job-roles/{made['id']}", "JR-9")
    return Parts(post("genesis", f"/v1/genesis/job-roles/{made['id']}/certify"), skills)


@pytest.mark.slow
def test_no_agent_goes_live_by_an_answer_to_something_else(platform):
    scene = Scene(platform)
    client = scene.client
    with scene.call().transaction() as txn:
        txn.save(ExternalIds(id="AGT-HC", given=1))
    for who in ("governor", "vision_guardian", "genesis"):
        client.sign_in(who)
    rule = seeds.governor_writes_seed(client)
    assert rule["approval_class"] == "agent.deploy:HC:*"
    parts = of_finance(client)
    agent_id = acts.request_agent(client, parts, "Intruder")["agent"]["id"]
    seen = at_stage(client, agent_id, 2)
    run = f"/v1/workflows/{seen['workflow_id']}/stages"
    acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
    for stage in (3, 4):
        acts.judge_stage(client, at_stage(client, agent_id, stage))
    seen = at_stage(client, agent_id, 5)
    path = "/v1/projects/local/locations/local/workflows/agent_creation/executions"
    for one in client.get("service", path)["executions"]:
        if one["state"] == "ACTIVE":
            client.post("service", f"/v1/{one['name']}:cancel", {})
    acts.judge_stage(client, seen)
    asked = client.post("service", f"{run}/5/settle", {})["request"]
    assert asked["approval_class"].startswith("agent.deploy:FN:")
    for otherwise in (ELSEWHERE, MISLEADING):
        for unnamed in ((), ("agent_id", "workflow_id", "on_behalf_of")):
            told = {k: v for k, v in (asked | otherwise).items() if k not in unnamed}
            with pytest.raises(Refused) as refused:
                client.post("service", "/v1/approvals", told)
            assert (refused.value.status, refused.value.code) == (422, "validation_failed")
    plain = scene.ask(approval_class="agent.deploy:HC:JOB-HC-001")
    client.sign_in("governor")
    acts.approve(client, plain)
    with pytest.raises(Refused) as refused:
        client.post("service", f"{run}/6/settle", {"approval_id": plain["id"]})
    assert (refused.value.status, refused.value.code) == (403, "approval_mismatch")
    right = client.post("service", "/v1/approvals", asked)
    assert (right["status"], right["seed_id"]) == ("pending", None)
    acts.approve(client, right)
    ruled = client.post("service", f"{run}/6/settle", {"approval_id": right["id"]})
    assert ruled["next_stage"] == 7


def test_a_weaker_question_does_not_swallow_a_stronger_one(world):
    def ask(**otherwise):
        body = EXAMPLE | {"gate": "step", "agent_id": None, "evidence_facts": {}} | otherwise
        return world.call(create_approval, "/v1/approvals", body, as_="service").json

    weak = ask(type="artifact", approval_class="team.internal.track:HC:x", risk="low")
    strong = {
        "type": "constitutional",
        "approval_class": "system.configure:HC:customers",
        "risk": "critical",
        "reversibility": "irreversible",
    }
    asked = ask(**strong, title="Merge all customers")
    assert asked["action_digest"] == weak["action_digest"]
    assert (asked["status"], len(asked["steps"])) == ("pending", 2)
    each = [weak, asked, *(ask(**strong | {name: EXAMPLE[name]}) for name in strong)]
    assert len({one["id"] for one in [*each, ask(**strong)]}) == len(each) + 1
    again = ask(**strong, title="Merge all customers")
    assert (again["id"], again["also_asked_by"]) == (asked["id"], [])
