"""The whole platform on one machine, as its users meet it."""

import json
import os
import signal
import subprocess
import sys

import pytest
import urllib3

from benchmarks.spawn import free_port
from local.platform import Platform
from local.stories import Stories
from local.story import acts, blueprints
from local.story.client import Client, Refused
from local.verify import examined
from tests.rehearsals.scene import at_stage, to_the_governor, until, until_over

pytestmark = pytest.mark.slow


def test_the_story_ends_as_it_should(tmp_path, capsys):
    from local.demo import demo

    assert demo(tmp_path / "demo", port=free_port()) == 0
    told = capsys.readouterr().out
    assert "0 breaks; 0 messages were not delivered" in told
    assert told.count("as it should be:") == 8


def test_a_platform_that_was_stopped_during_the_wait_goes_on(tmp_path):
    port = free_port()
    platform = Platform(tmp_path, port=port).start()
    client = Client(platform.address, platform.secret)
    agent_id, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    platform.stop()
    platform = Platform(tmp_path, port=port).start()
    client = Client(platform.address, platform.secret)
    acts.approve(client, approval)

    assert until_over(client, agent_id, platform)["status"] == "deployed"
    until(platform.idle)
    assert examined(tmp_path).breaks == []
    platform.stop()


def test_the_loser_of_a_race_is_told_who_won(platform):
    from concurrent.futures import ThreadPoolExecutor

    client = Client(platform.address, platform.secret)
    _, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    path = f"/v1/approvals/{approval['id']}"
    verbs = [
        (f"{path}/approve", {"expected_digest": approval["action_digest"]}),
        (f"{path}/reject", {"reason": "the evidence does not convince"}),
        (f"{path}/request-changes", {"changes": ["say for whom it writes"]}),
    ]
    client.sign_in("governor")

    def decide(verb):
        try:
            client.post("governor", *verb)
        except Refused as refused:
            return refused
        return None

    with ThreadPoolExecutor(3) as pool:
        refusals = [refused for refused in pool.map(decide, verbs) if refused]
    assert [refused.code for refused in refusals] == ["already_decided"] * 2
    assert all(refused.problem["decided"] for refused in refusals)


def test_a_forged_callback_wakes_nobody(platform):
    client = Client(platform.address, platform.secret)
    agent_id, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    (wait,) = [
        s for s in platform.documents.find(None, query("waits")) if s.key.id == approval["id"]
    ]
    url = wait.data["url"].removeprefix(platform.settings.api)
    for account in ("governor", "customer_admin@acme"):
        with pytest.raises(Refused) as refused:
            client.post(account, url)
        assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        client.post("service", url[:-4] + "ffff")
    assert refused.value.status == 404
    with pytest.raises(Refused) as refused:
        client.get("service", url)
    assert refused.value.status == 405
    assert acts.pipeline(client, agent_id)["current_stage"] == 6


def query(collection):
    from shared.documents import Query

    return Query(collection)


def test_an_early_callback_decides_nothing(platform):
    client = Client(platform.address, platform.secret)
    agent_id, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    (wait,) = [
        s for s in platform.documents.find(None, query("waits")) if s.key.id == approval["id"]
    ]
    client.post("service", wait.data["url"].removeprefix(platform.settings.api))
    until(platform.idle)
    assert acts.pipeline(client, agent_id)["stages"][5]["result"] == "running"
    client.sign_in("governor")
    acts.approve(client, approval)
    assert until_over(client, agent_id, platform)["status"] == "deployed"


def test_a_second_platform_on_the_same_folder_is_refused(platform, tmp_path):
    other = subprocess.run(
        [
            sys.executable,
            "-m",
            "local",
            "serve",
            "--data",
            str(tmp_path),
            "--port",
            str(free_port()),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert other.returncode == 1
    assert "stop it first" in other.stderr
    assert "Traceback" not in other.stderr


def test_serving_says_how_to_go_on_and_stops_well(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "serve", "--data", str(tmp_path), "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "80", "EASED": "1"},
    )
    assert process.stdout is not None
    told = "".join(iter(process.stdout.readline, "Stop it with Ctrl-C; nothing is lost.\n"))
    assert told.startswith(f"WAOOAW serves at http://127.0.0.1:{port}\n")
    assert "customer_admin@globex" in told
    accounts = told.partition("its accounts")[2].splitlines()
    assert len(accounts) > 1
    assert max(map(len, accounts)) <= 80
    assert "its clock" not in told
    token = subprocess.run(
        [sys.executable, "-m", "local", "token", "viewer", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert token.count(".") == 2
    me = urllib3.request(
        "GET",
        f"http://127.0.0.1:{port}/v1/me",
        headers={"Authorization": f"Bearer {token.strip()}"},
    )
    assert (me.status, me.headers["X-RateLimit-Limit"]) == (200, "1000"), "as EASED=1 says"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_googles_own_client_reads_the_executions_of_this_machine(tmp_path):
    import grpc  # type: ignore[import-untyped]
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.workflows import executions_v1
    from google.cloud.workflows.executions_v1.services.executions.transports import (
        ExecutionsGrpcTransport,
    )

    rpc_port = free_port()
    platform = Platform(tmp_path, port=free_port(), rpc_port=rpc_port).start()
    channel = grpc.insecure_channel(f"127.0.0.1:{rpc_port}")
    transport = ExecutionsGrpcTransport(channel=channel, credentials=AnonymousCredentials())
    engine = executions_v1.ExecutionsClient(transport=transport)
    parent = "projects/local/locations/local/workflows/agent_creation"
    token = platform.sign_in.token("service", platform.clock.now())
    signed = [("authorization", f"Bearer {token}")]
    begun = engine.create_execution(
        parent=parent, execution={"argument": '{"workflow_id": "unknown"}'}, metadata=signed
    )
    listed = list(engine.list_executions(parent=parent, metadata=signed))
    assert begun.name in [one.name for one in listed]
    with pytest.raises(Exception, match="sign in"):
        engine.get_execution(name=begun.name)
    channel.close()
    platform.stop()


def test_the_console_names_the_agent_and_does_not_take_a_veto_for_a_success(platform):
    import urllib3

    def seen(query=""):
        where = f"{platform.address}/console/executions{query}"
        return urllib3.request("GET", where, timeout=60).data.decode()

    client = Client(platform.address, platform.secret)
    agent_id, approval = to_the_governor(client, acts.certify_parts(client, lambda _: None), "Asha")
    assert "Asha" in seen()
    assert "stage 6 of 7, governor approval" in seen()
    assert "for the Governor, to approve it" in seen()
    assert approval["id"] not in seen()
    client.sign_in("governor")
    objection = {
        "approval_id": approval["id"],
        "category": "safety",
        "explanation": "Readers could take its articles for a diagnosis.",
    }
    client.post("governor", "/v1/vetoes", objection)
    assert until_over(client, agent_id, platform)["status"] == "rejected"
    until(lambda: "vetoed" in seen())
    assert 'class="state refused"' in seen("?q=asha+vetoed")
    assert "succeeded" not in seen("?q=asha").partition("</style>")[2]
    assert "There are none" in seen("?q=asha+deployed")


def test_the_console_says_what_came_of_each_run_why_and_by_whom_whatever_came_after(platform):
    def told(run_id):
        documents = platform.ports.documents
        return Stories(documents).of(json.dumps({"workflow_id": run_id}))

    client = Client(platform.address, platform.secret)
    parts = acts.certify_parts(client, lambda _: None)
    refused = acts.request_agent(client, parts, "Refused")
    seen = at_stage(client, refused["agent"]["id"], 2)
    acts.submit(client, seen, blueprints.uncertifiable(parts.job_role, parts.skills))
    until(lambda: acts.pipeline(client, refused["agent"]["id"])["stages"][1]["attempt"] == 2)
    back = told(refused["workflow_id"])
    assert (back.outcome, back.why) == ("", "back from stage 3, not certified")
    assert {"CERT-3", "CERT-4"} <= {code for code, _ in back.checks}
    assert all(asks for _, asks in back.checks)

    agent_id, approval = to_the_governor(client, parts, "Served")
    run_id = approval["workflow_id"]
    client.sign_in("governor")
    acts.approve(client, approval)
    until_over(client, agent_id, platform)
    assert (told(run_id).outcome, told(run_id).why) == ("deployed", "")
    objection = {
        "approval_id": approval["id"],
        "category": "safety",
        "explanation": "Not this one.",
    }
    client.post("governor", "/v1/vetoes", objection)
    until(lambda: client.get("viewer", f"/v1/agents/{agent_id}")["status"] == "rejected")
    vetoed = told(run_id)
    assert (vetoed.outcome, vetoed.why) == ("vetoed", "by governor.platform, for reasons of safety")
    assert "Not this one." not in str(vetoed)
    assert f'"$API/v1/approvals/{approval["id"]}"' in " ".join(vetoed.told.values())
    spec = blueprints.agent(parts.job_role)
    for fixed in ("name", "industry_id", "governance_agent_id"):
        del spec[fixed]
    client.post(acts.AUTHOR, f"/v1/agents/{agent_id}/revise", spec)
    assert told(run_id) == vetoed
