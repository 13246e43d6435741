"""Do with precedents whatever can be done with one, and leave no seed in force that was written here."""

from local.story import seeds
from shared.precedents.events import HeldApprovalsDue, HeldHereDue
from shared.precedents.models.seeds import PrecedentSeed, TenantSeedSwitch
from tests.rehearsals.learning import drafted
from tests.rehearsals.scene import REASON, example_of, until

SEEDS = "/v1/precedent-seeds"


def rehearse(scene):
    client, first = scene.client, seeds.governor_writes_seed(scene.client)
    path = f"{SEEDS}/{first['id']}"
    for one in (SEEDS, path, f"{SEEDS}/metrics"):
        client.get("governor", one)
    client.post("service", f"{SEEDS}/match", example_of(f"{SEEDS}/match"))
    client.post("genesis", f"{path}/replay")
    switch_here(scene, first)
    second = successor(client, first)
    decide_beside(scene)
    client.sign_in("governor")
    client.post("governor", f"{path}/supersede", {"successor_id": second["id"]})
    for on in (False, True):
        client.post("governor", f"{SEEDS}/switch", {"on": on, **REASON})
    client.post("governor", f"{SEEDS}/{second['id']}/revoke", REASON)
    go_on_reopening(scene, PrecedentSeed, second["id"], HeldApprovalsDue())
    third = seeds.governor_writes_seed(client)
    client.post("governor", f"{SEEDS}/{third['id']}/deprecate", REASON)
    scene.rest()


def switch_here(scene, seed):
    """See what decides in the platform's own tenant, and switch one of it off and on."""
    client, here = scene.client, f"{SEEDS}/deciding/{seed['seed_id']}"
    client.get("governor", f"{SEEDS}/deciding")
    client.get("governor", here)
    client.sign_in("governor")
    client.post("governor", f"{here}/switch", {"on": False, **REASON})
    scene.rest()
    go_on_reopening(scene, TenantSeedSwitch, seed["id"], HeldHereDue())
    client.sign_in("governor")
    client.post("governor", f"{here}/switch", {"on": True, **REASON})


def successor(client, first):
    made = drafted(client, supersedes=first["id"])
    path = f"{SEEDS}/{made['precedent_seed_id']}/validate"
    review = {"outcome": "approve", "rationale": "It says the same, for later."}
    return client.post("genesis", path, review)


def decide_beside(scene):
    """Say no to what a seed in shadow has an answer to."""
    asked = scene.ask()
    assert asked["status"] == "pending", asked["status"]
    scene.rest()
    scene.client.sign_in("governor")
    scene.client.post("governor", f"/v1/approvals/{asked['id']}/reject", REASON)
    scene.rest()


def go_on_reopening(scene, kind, id, due):
    """Go on as where a seed had granted more than one commit can ask again."""
    call = scene.call()
    with call.transaction() as txn:
        txn.schedule(due, at=call.now, about=txn.get(kind, id))
    more = {HeldHereDue: "precedents.reopen_more_here"}
    name = more.get(type(due), "precedents.reopen_more_approvals")
    most, platform = scene.platform.meter.most, scene.platform
    until(lambda: name in most, jump=platform.jump)
