"""Call what operations people use, and see what happens by itself."""

import urllib3

from shared.platform.flags import FlagSetting
from shared.platform.incidents import IncidentReport
from tests.e2e.conftest import until

FLAG = "/v1/admin/feature-flags/new_inbox"


def call_operators(client, platform):
    def seen():
        return {one["status"] for one in client.get("viewer", "/v1/monitoring/services")["items"]}

    until(lambda: seen() == {"healthy"})
    assert all(one["status"] == "healthy" for one in client.get("viewer", "/v1/health")["checks"])
    assert client.get("viewer", "/v1/dashboard/stats")["open_incidents"] == 0
    read_metrics(client, platform)
    go_through_an_incident(client, platform)
    set_a_flag(client, platform)


def read_metrics(client, platform):
    token = platform.sign_in.token("infrastructure_engineer", platform.clock.now())
    headers = {"Authorization": f"Bearer {token}"}
    answer = urllib3.request("GET", f"{platform.address}/v1/metrics", headers=headers)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b'waooaw_platform_requests_total{area="agents",status="2xx"}' in answer.data


def go_through_an_incident(client, platform):
    (example,) = IncidentReport.model_config["json_schema_extra"]["examples"]
    incident = client.post("helpdesk_agent", "/v1/incidents", example | {"severity": "low"})
    path = f"/v1/incidents/{incident['id']}/transition"
    for to in ("investigating", "resolved"):
        client.post("infrastructure_engineer", path, {"to": to, "note": f"it is {to}"})

    def closed():
        return client.get("viewer", "/v1/incidents", status="closed")["items"]

    until(closed, jump=platform.jump)
    assert closed()[0]["number"] == "INC-000001"


def set_a_flag(client, platform):
    (example,) = FlagSetting.model_config["json_schema_extra"]["examples"]
    setting = example | {"kind": "kill_switch", "expires_at": None, "environments": ["local"]}
    flag = client.put("admin", FLAG, setting | {"scope": "all", "rollout_bp": 10_000}, "")
    assert client.get("admin", "/v1/admin/feature-flags")["items"] == [flag]
    assert client.get("viewer", "/v1/feature-flags")["flags"] == {"new_inbox": True}
