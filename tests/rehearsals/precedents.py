"""Do with precedents whatever can be done with one, and leave no seed in force that was written here."""

from local.story import seeds
from shared.precedents.events import HeldApprovalsDue
from shared.precedents.models import PrecedentSeed
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
    second = successor(client, first)
    client.sign_in("governor")
    client.post("governor", f"{path}/supersede", {"successor_id": second["id"]})
    for on in (False, True):
        client.post("governor", f"{SEEDS}/switch", {"on": on, **REASON})
    client.post("governor", f"{SEEDS}/{second['id']}/revoke", REASON)
    go_on_reopening(scene, second["id"])
    third = seeds.governor_writes_seed(client)
    client.post("governor", f"{SEEDS}/{third['id']}/deprecate", REASON)
    scene.rest()


def successor(client, first):
    made = drafted(client, supersedes=first["id"])
    path = f"{SEEDS}/{made['precedent_seed_id']}/validate"
    review = {"outcome": "approve", "rationale": "It says the same, for later."}
    return client.post("genesis", path, review)


def go_on_reopening(scene, revoked):
    """Go on as where a seed had granted more than one commit can ask again."""
    call = scene.call()
    with call.transaction() as txn:
        seed = txn.get(PrecedentSeed, revoked)
        txn.announce(HeldApprovalsDue(), at=call.now, about=seed)
    most, platform = scene.platform.meter.most, scene.platform
    until(lambda: "precedents.reopen_more_approvals" in most, jump=platform.jump)
