"""A veto that was signed without a connection and came too late, from the phone to what is in service (ruling 78)."""

import signal
from datetime import datetime
from types import SimpleNamespace

import pytest
import urllib3

from benchmarks.process import Process
from local.story import acts
from local.story.client import Client, Refused
from local.verify import examined
from shared.approvals.models.seen import SeenApproval
from tests.mobile.phone import OBJECTION
from tests.rehearsals.mobile import GRACE, Handset
from tests.rehearsals.scene import Scene, to_the_governor, until

pytestmark = pytest.mark.slow


class Far(Scene):
    """A platform in a process of its own, which can be killed, and whose clock moves."""

    def __init__(self, data):
        self.process = Process(data)
        self.process.start()
        self.platform = self
        self.client = Client(self.process.address, self.process.secret)

    def moved(self, within_s):
        address = f"{self.process.address}/local/clock"
        return urllib3.request("POST", address, json={"within_s": within_s}).json()

    def jump(self):
        return self.moved(40 * 24 * 3600)["jumped"]

    def now(self):
        return datetime.fromisoformat(self.moved(0)["now"])

    def call(self):
        return SimpleNamespace(now=self.now())

    def kill(self):
        self.process.kill()
        self.client = Client(self.process.address, self.process.secret)


@pytest.fixture
def far(tmp_path):
    far = Far(tmp_path)
    yield far
    far.process.stop(signal.SIGTERM)


def in_service(far, name):
    """Put an agent in service, and return where it is and where the yes to it is."""
    agent_id, approval = to_the_governor(far.client, far.parts, name)
    far.client.sign_in("governor")
    acts.approve(far.client, approval)
    path = f"/v1/agents/{agent_id}"
    until(lambda: far.client.get("viewer", path)["status"] == "deployed", 60, far.jump)
    return path, f"/v1/approvals/{approval['id']}"


def agree(far, account, question):
    far.client.sign_in(account)
    body = {"expected_digest": far.client.get(account, question)["action_digest"]}
    return far.client.post(account, f"{question}/approve", body)


def becomes(far, path, **wanted):
    def look():
        seen = far.client.get("viewer", path)
        return seen if {name: seen[name] for name in wanted} == wanted else None

    return until(look)


def test_it_is_confirmed_by_a_deputy_or_counts_where_the_governor_is_alone(far):
    phone = Handset(far).register()
    first, first_yes = in_service(far, "Confirmed")
    other, other_yes = in_service(far, "Alone")
    seen = [far.client.get("governor", yes) for yes in (first_yes, other_yes)]
    told = [SeenApproval.model_validate(one) for one in seen]
    signed = [phone.queue(one, **OBJECTION) for one in (told[0], told[0], told[1])]
    far.pass_by(told[1].veto_until + GRACE)

    def sync(*items):
        far.client.sign_in("governor")
        return far.client.post("governor", "/v1/mobile/sync", {"items": items})["results"]

    # Whoever vetoed does not confirm it, however often they sent it.
    late, again = sync(*signed[:2])
    assert (late["result"], late["veto_id"]) == ("expired", None)
    assert again["rollback_approval_id"] == late["rollback_approval_id"]
    question = f"/v1/approvals/{late['rollback_approval_id']}"
    with pytest.raises(Refused, match="self_approval"):
        agree(far, "governor", question)
    assert far.client.get("viewer", first)["status"] == "deployed"
    assert agree(far, "deputy_governor", question)["status"] == "consumed"
    far.kill()
    stopped = becomes(far, first, status="suspended", release_state="failed")
    assert becomes(far, f"{first}/pipeline", outcome="vetoed")["veto_id"]
    (veto,) = far.client.get("governor", "/v1/vetoes")["items"]
    assert (veto["late"], veto["confirmed_through"]) == (True, question.rpartition("/")[2])
    until(lambda: far.client.get("governor", "/v1/vetoes")["items"][0]["effect_completed_at"])
    assert far.client.get("governor", first_yes)["decisions"][-1]["at"] == signed[0]["decided_at"]
    assert sync(signed[0])[0]["result"] == "duplicate"
    assert stopped["version_history"][-1]["rolled_back_at"]

    # Nobody else is there: it counts at once, and the Governor is asked whether that was right.
    taken = {"role": "deputy_governor", "reason": "They left the company last week."}
    far.client.sign_in("admin")
    where = "/v1/admin/users/deputy_governor.platform/roles/withdraw"
    far.client.post("admin", where, taken)
    (alone,) = sync(signed[2])
    assert (alone["result"], alone["effect"], alone["offline"]) == ("applied", "rolled_back", True)
    becomes(far, other, status="suspended", release_state="failed")
    back = f"/v1/approvals/{alone['veto_id']}"
    assert far.client.get("governor", back)["approval_class"].startswith("agent.return:HC:")
    agree(far, "governor", back)
    served = becomes(far, other, status="deployed", release_state="live")
    assert [one["reason"] for one in served["version_history"]] == ["created", "returned"]
    assert far.client.get("viewer", f"{other}/releases/{served['release_id']}")["state"] == "live"
    assert becomes(far, f"{other}/pipeline", outcome="in_service")["veto_id"] is None
    assert far.client.get("governor", back)["status"] == "consumed"
    far.process.stop(signal.SIGTERM)
    assert examined(far.process.data).breaks == []
