"""Use what operations people use, and see what happens by itself."""

from datetime import timedelta

from shared.actors import PLATFORM
from shared.audit.models import EntryExport
from shared.documents import Key, Write
from shared.edge.catalog import catalog
from shared.job import begin
from shared.platform.models.breakers import Circuit
from shared.platform.models.flags import FlagSetting
from shared.platform.models.incidents import IncidentReport
from shared.projection import Projection
from shared.reservations import reserve, use
from shared.shares import Limit
from tests.rehearsals.scene import until

FLAG = "/v1/admin/feature-flags/new_inbox"


def rehearse(scene):
    client = scene.client

    def seen():
        return {one["status"] for one in client.get("viewer", "/v1/monitoring/services")["items"]}

    until(lambda: seen() == {"healthy"})
    assert all(one["status"] == "healthy" for one in client.get("viewer", "/v1/health")["checks"])
    known = client.get("viewer", "/v1/incidents")["items"]
    assert {one["detected_by"] for one in known} == {"agent"}, "what was stranded, and nothing else"
    assert client.get("viewer", "/v1/dashboard/stats")["open_incidents"] == len(known)
    read_metrics(client)
    go_through_an_incident(scene)
    set_a_flag(client)
    close_a_breaker(scene)
    let_a_reservation_expire(scene, give_up_a_job(scene))
    fold_again(scene)
    scene.forget_jobs(scene.now())


def read_metrics(client):
    answer = client.answer("infrastructure_engineer", "GET", "/v1/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b'waooaw_platform_requests_total{area="agents",status="2xx"}' in answer.body


def lend_a_role(client, incident):
    client.sign_in("governor")
    lent = {"role": "infrastructure_engineer", "incident_id": incident, "hours": 2}
    lent["reason"] = "Nobody who may reset the breaker can be reached."
    client.post("governor", "/v1/admin/users/viewer.platform/roles/emergency", lent)


def go_through_an_incident(scene):
    client = scene.client
    (example,) = IncidentReport.model_config["json_schema_extra"]["examples"]
    incident = client.post("helpdesk_agent", "/v1/incidents", example | {"severity": "low"})
    lend_a_role(client, incident["id"])
    path = f"/v1/incidents/{incident['id']}/transition"
    for to in ("investigating", "resolved"):
        client.post("infrastructure_engineer", path, {"to": to, "note": f"it is {to}"})

    def closed():
        return client.get("viewer", "/v1/incidents", status="closed")["items"]

    until(closed, jump=scene.platform.jump)
    assert [one["number"] for one in closed()] == [incident["number"]]


def set_a_flag(client):
    (example,) = FlagSetting.model_config["json_schema_extra"]["examples"]
    setting = example | {"kind": "kill_switch", "expires_at": None, "environments": ["local"]}
    flag = client.put("admin", FLAG, setting | {"scope": "all", "rollout_bp": 10_000}, "")
    assert client.get("admin", "/v1/admin/feature-flags")["items"] == [flag]
    assert client.get("viewer", "/v1/feature-flags")["flags"] == {"new_inbox": True}


def close_a_breaker(scene):
    """Close one that a process left open."""
    client, platform = scene.client, scene.platform
    now = platform.clock.now()
    left = Circuit(id="fcm", opened_at=now, failures=3, changed_at=now)
    place = Key(PLATFORM, Circuit.collection, left.id)
    platform.documents.commit([Write(place, left.model_dump(mode="json"))])
    assert breaker(client, "fcm")["state"] == "open"
    assert breaker(client, "workflows")["state"] == "closed"
    path = "/v1/admin/circuit-breakers/fcm/reset"
    after = client.post("infrastructure_engineer", path, {"reason": "the provider is back"})
    assert after == breaker(client, "fcm")
    assert after["state"] == "closed"
    assert after["reset_at"]


def give_up_a_job(scene):
    """Have something longer done later, look how far it is, and have it given up."""
    job = begin_later(scene)
    path = f"/v1/async-jobs/{job.id}"
    assert scene.client.get("admin", path)["status"] == "queued"
    asked = scene.client.post("infrastructure_engineer", f"{path}/cancel", {})
    assert asked["cancelled_by"] == "infrastructure_engineer.platform"

    def given_up():
        return scene.client.get("admin", path)["status"] == "cancelled"

    until(given_up, jump=scene.platform.jump)
    return job


def let_a_reservation_expire(scene, job):
    """Hold something for a while, and forget it."""
    call, limit = scene.call(), Limit("tests.tokens", 1_000, marks=(70,), shares=2)
    with call.transaction() as txn:
        until_then = call.now + timedelta(minutes=15)
        reserve(txn, "tests.1", {limit: 600}, about=job, until=until_then)

    def held():
        with scene.call().transaction() as txn:
            return use(txn, limit).reserved

    assert held() == 600
    until(lambda: not held(), jump=scene.platform.jump)


def fold_again(scene):
    """Have each projection folded again, and the first one given up in the middle once."""
    client = scene.client
    names = sorted({one.name for one in catalog() if isinstance(one, Projection)})
    path = f"/v1/projections/{names[0]}/rebuild"
    left = client.post("infrastructure_engineer", path, {})
    job = f"/v1/async-jobs/{left['id']}"
    until(lambda: "both sides" in client.get("admin", job)["progress"]["says"])
    assert client.post("infrastructure_engineer", path, {})["id"] == left["id"]
    client.post("infrastructure_engineer", f"{job}/cancel", {})
    over(scene, left["id"])
    for name in names:
        scene.rest()
        begun = client.post("infrastructure_engineer", f"/v1/projections/{name}/rebuild", {})
        seen = over(scene, begun["id"])
        assert (seen["status"], seen["result"]["passed"]) == ("completed", 0), seen


def over(scene, job_id):
    """Wait until a job is over, and return it."""
    path = f"/v1/async-jobs/{job_id}"

    def ended():
        seen = scene.client.get("admin", path)
        return seen if seen["ended_at"] else None

    return until(ended, timeout_s=60, jump=scene.platform.jump)


def begin_later(scene):
    """Begin a job whose first step is in a while."""
    call = scene.call(later=timedelta(hours=1))
    with call.transaction() as txn:
        work = EntryExport(since=scene.now(), until=scene.now(), format="csv")
        return begin(txn, call, work)


def breaker(client, name):
    items = client.get("viewer", "/v1/admin/circuit-breakers")["items"]
    return next(item for item in items if item["name"] == name)
