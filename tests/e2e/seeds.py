"""Call every operation of precedents and of learning, and leave no seed in force that was written here."""

from copy import deepcopy

from local.story import seeds
from shared.approvals.models import ApprovalRequest
from shared.learning.examples import DEPLOY_AGAIN
from tests.e2e.conftest import until

WHY = {"reason": "it is called once, to see that it works"}


def call_seeds(client, platform):
    first = seeds.governor_writes_seed(client)
    path = f"/v1/precedent-seeds/{first['id']}"
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    client.get("governor", "/v1/precedent-seeds")
    client.get("governor", path)
    client.get("governor", "/v1/precedent-seeds/metrics")
    client.post("service", "/v1/precedent-seeds/match", example)
    client.post("genesis", f"{path}/replay")
    second = successor(client, first)
    client.sign_in("governor")
    client.post("governor", f"{path}/supersede", {"successor_id": second["id"]})
    for on in (False, True):
        client.post("governor", "/v1/precedent-seeds/switch", {"on": on, **WHY})
    client.post("governor", f"/v1/precedent-seeds/{second['id']}/revoke", WHY)
    third = seeds.governor_writes_seed(client)
    client.post("governor", f"/v1/precedent-seeds/{third['id']}/deprecate", WHY)
    until(platform.idle)


def successor(client, first):
    proposed = {"rule": deepcopy(DEPLOY_AGAIN), "supersedes": first["id"]}
    draft = client.post("governor", "/v1/seeds", proposed)
    client.get("governor", f"/v1/seeds/{draft['id']}")
    made = client.post("governor", f"/v1/seeds/{draft['id']}/submit")
    path = f"/v1/precedent-seeds/{made['precedent_seed_id']}/validate"
    review = {"outcome": "approve", "rationale": "It says the same, for later."}
    return client.post("genesis", path, review)
