"""Certify, revise and reject what agents are made of, and try what is said of the rules."""

from local.story import acts, catalogue
from tests.rehearsals.scene import REASON, example_of


def rehearse(scene):
    role, (skill, *_) = scene.parts.job_role, scene.parts.skills
    for path in (
        f"/v1/genesis/job-roles/{role['id']}",
        f"/v1/genesis/skills/{skill['id']}",
        f"/v1/genesis/industries/{role['industry_id']}/checks",
        f"/v1/genesis/job-roles/{role['id']}/checks",
        f"/v1/genesis/skills/{skill['id']}/checks",
        *("/v1/genesis/job-roles", "/v1/genesis/skills", "/v1/genesis/schema/agent-spec"),
        "/v1/genesis/checks",
    ):
        scene.client.get("viewer", path)
    try_what_is_said(scene)
    revise_and_reject(scene)


def try_what_is_said(scene):
    path = "/v1/genesis/spec/validate"
    scene.client.post(acts.AUTHOR, path, example_of(path))
    (reference, *_) = scene.client.get("viewer", "/v1/reference-agents")["items"]
    path = "/v1/reference-agents/{reference}/run"
    body = example_of(path)
    scene.client.post(acts.AUTHOR, path.format(reference=reference["id"]), body)


def revise_and_reject(scene):
    role = catalogue.healthcare_content_writer(
        scene.parts.job_role["industry_id"], [skill["id"] for skill in scene.parts.skills]
    )
    for kind, body in (
        ("industries", catalogue.marketing()),
        ("skills", catalogue.SKILLS[0]() | {"name": "Another", "skill_key": "another"}),
        ("job-roles", role | {"name": "Another"}),
    ):
        made = scene.client.post(acts.AUTHOR, f"/v1/genesis/{kind}", body)
        path = f"/v1/genesis/{kind}/{made['id']}"
        rejected = scene.client.post("genesis", f"{path}/reject", REASON)
        again = body | {"description": body["description"] + " Revised."}
        scene.client.put(acts.AUTHOR, path, again, rejected["version_hash"])
