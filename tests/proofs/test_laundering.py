"""What somebody wrote into the store is not signed by the next honest step: through the real workflow and its rules."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from local.rows import everything
from local.story import acts
from local.story.client import Client, Refused
from local.verify import examined
from shared.evidence import Entry, state_hash
from tests.e2e.conftest import platform
from tests.rehearsals.scene import to_the_governor, until

__all__ = ["platform"]

pytestmark = pytest.mark.slow

GRANTED = {
    "status": "approved",
    "decided_by": "governor.platform",
    "decided_via": "governor",
    "decision_version": 1,
}


def bend(data, id, fitting):
    """Grant an approval past the platform; *fitting*, with the hash that its state has then."""
    with closing(sqlite3.connect(data / "store.db", isolation_level=None)) as store:
        where = "collection = 'approvals' and id = ?"
        (text,) = store.execute(f"select data from documents where {where}", (id,)).fetchone()
        bent = json.loads(text) | GRANTED
        if fitting:
            bent["audit"]["state_hash"] = state_hash(bent)
        text = json.dumps(bent, ensure_ascii=False, separators=(",", ":"))
        store.execute(f"update documents set data = ?, revision = 7 where {where}", (text, id))


@pytest.mark.parametrize("fitting", [False, True], ids=["plainly", "with its hash"])
def test_an_approval_that_nobody_granted_deploys_nothing(platform, tmp_path, fitting):
    client = Client(platform.address, platform.secret)
    agent_id, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    until(platform.idle)
    bend(tmp_path, approval["id"], fitting)

    (wait,) = [
        one for one in everything(platform.documents, "waits") if one.key.id == approval["id"]
    ]
    client.post("service", wait.data["url"].removeprefix(platform.settings.api))
    end = time.monotonic() + 20
    while time.monotonic() < end and not platform.idle():
        time.sleep(0.05)

    agent = client.get("viewer", f"/v1/agents/{agent_id}")
    assert agent["status"] != "deployed"
    assert agent["release_id"] is None
    told = [one.data for one in everything(platform.documents, Entry.collection)]
    of_it = [one["action"] for one in told if one["entity"] == f"approvals/{approval['id']}"]
    assert of_it == ["approval.requested"]
    broken = examined(tmp_path).breaks
    assert {one.rule for one in broken} == {"STATE_MISMATCH"}
    assert approval["id"] in broken[0].message


def test_whoever_changes_it_is_told_what_to_do(platform, tmp_path):
    client = Client(platform.address, platform.secret)
    _, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    until(platform.idle)
    bend(tmp_path, approval["id"], fitting=False)
    client.sign_in("governor")
    with pytest.raises(Refused) as refused:
        client.post(
            "governor",
            "/v1/vetoes",
            {
                "category": "safety",
                "explanation": "I never granted it",
                "approval_id": approval["id"],
            },
        )
    assert (refused.value.status, refused.value.code) == (409, "integrity_hold")
    assert "verify the evidence" in refused.value.problem["detail"]
    assert client.get("governor", f"/v1/approvals/{approval['id']}")["status"] == "approved"
