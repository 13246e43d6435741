"""One function can be deployed around the image: gcloud itself takes the command, and sends what the service is otherwise."""

import os
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from infra import __main__ as infra
from infra.archive import BUILD_ENVIRONMENT
from infra.one import commands
from infra.reading import container, told
from tests.infra.conversation import answering

SETTINGS = {"gcp:project": "waooaw-dev", "gcp:region": "asia-south1"}
SHA256 = "a" * 64
FUNCTIONS = ("approvals.approve_approval", "events.publish_entry")
RUNTIME = {"name": "python311", "environment": "GEN_2", "stage": "GA"}
APIS = ("CLOUDFUNCTIONS", "RUN", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE", "STORAGE", "IAM")
OPERATION = "projects/waooaw-dev/locations/asia-south1/operations/o"
META = {"@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata"}

each = pytest.mark.parametrize("id", FUNCTIONS)


@pytest.fixture
def service(dev):
    return lambda id: next(s for s in dev if (s.type, s.name) == ("cloudrunv2.Service", id))


class Functions:
    """Cloud Functions' API (v2), as far as a deployment asks, and what gcloud asks before."""

    def __init__(self):
        self.made = None

    def answer(self, method, path, body):
        if method == "POST" and "/functions?" in path:
            self.made = body
        there = {**(self.made or {}), "state": "ACTIVE", "environment": "GEN_2"}
        found = (200, there) if self.made else (404, {"error": {"code": 404, "message": "no"}})
        begun = {"name": OPERATION, "metadata": META}
        known = {
            "/functions?": (200, begun),
            "/operations/": (200, begun | {"done": True, "response": {}}),
            "/functions/": found,
            "/runtimes": (200, {"runtimes": [RUNTIME]}),
            ":getIamPolicy": (200, {}),
            ":setIamPolicy": (200, (body or {}).get("policy")),
            "/services/": (200, {"state": "ENABLED"}),
            "/projects/": (200, {"projectId": "waooaw-dev", "projectNumber": "123"}),
        }
        return next(told for part, told in known.items() if part in path)


@pytest.fixture
def gcloud(tmp_path):
    """Run what gcloud is told, against an API that is here."""
    if shutil.which("gcloud") is None:
        pytest.skip("there is no gcloud here; it comes with the Cloud SDK")
    (tmp_path / "token").write_text("token-1")

    def run(line, api):
        with answering(api.answer) as (address, asked):
            environ = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{a}": f"http://{address}/" for a in APIS}
            environ |= {
                "CLOUDSDK_CONFIG": str(tmp_path / "config"),
                "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(tmp_path / "token"),
                "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
                "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
                "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
            }
            done = subprocess.run(
                shlex.split(line),
                env=os.environ | environ,
                capture_output=True,
                text=True,
                check=False,
            )
        return done, asked

    return run


@each
def test_gcloud_takes_the_command_and_sends_what_the_service_is(service, gcloud, tmp_path, id):
    one, api = service(id), Functions()
    deploys, *_ = commands(one, SETTINGS, SHA256, tmp_path / "one.yaml")
    done, _ = gcloud(deploys, api)
    assert done.returncode == 0, done.stderr
    built, runs = api.made["buildConfig"], api.made["serviceConfig"]
    assert (built["runtime"], built["entryPoint"]) == ("python311", "serve")
    assert built["environmentVariables"] == BUILD_ENVIRONMENT
    source = {"bucket": "waooaw-dev-source", "object": f"{SHA256}.zip"}
    assert built["source"]["storageSource"] == source
    assert built["serviceAccount"].endswith("/builder@waooaw-dev.iam.gserviceaccount.com")
    template = one.inputs["template"]
    limits = container(one)["resources"]["limits"]
    assert (runs["availableMemory"], runs["availableCpu"]) == (limits["memory"], limits["cpu"])
    assert runs["serviceAccountEmail"] == template["serviceAccount"]
    assert f"{runs['timeoutSeconds']}s" == template["timeout"]
    assert runs["maxInstanceCount"] == template["scaling"]["maxInstanceCount"]
    assert runs["maxInstanceRequestConcurrency"] == template["maxInstanceRequestConcurrency"]
    internal = one.inputs["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    assert runs["ingressSettings"] == ("ALLOW_INTERNAL_ONLY" if internal else "ALLOW_ALL")
    (volume,) = runs["secretVolumes"]
    (secret,) = template["volumes"]
    assert volume["secret"] == secret["secret"]["secret"]
    assert f"{volume['mountPath']}/{volume['versions'][0]['path']}" == told(one)["WRITER_KEY"]


@each
def test_it_is_told_what_the_service_is_told_but_what_google_says_itself(service, tmp_path, id):
    commands(service(id), SETTINGS, SHA256, tmp_path / "one.yaml")
    said = yaml.safe_load((tmp_path / "one.yaml").read_text())
    assert told(service(id)).items() - said.items() == {
        ("FUNCTION_TARGET", "serve"),
        ("FUNCTION_SIGNATURE_TYPE", "http" if id.startswith("approvals") else "cloudevent"),
    }


@each
def test_whoever_may_call_the_service_may_call_it(service, dev, tmp_path, id):
    _, *let_in = commands(service(id), SETTINGS, SHA256, tmp_path / "one.yaml")
    bound = next(b for b in dev if (b.type, b.name) == ("cloudrunv2.ServiceIamBinding", id))
    assert {re.search(r"--member (\S+)", one)[1] for one in let_in} == set(bound.inputs["members"])


def test_gcloud_lets_them_in(service, gcloud, tmp_path):
    _, let_in, *_ = commands(service(FUNCTIONS[0]), SETTINGS, SHA256, tmp_path / "one.yaml")
    done, asked = gcloud(let_in, Functions())
    assert done.returncode == 0, done.stderr
    (given,) = [
        body for method, path, body in asked if path.partition("?")[0].endswith(":setIamPolicy")
    ]
    (binding,) = given["policy"]["bindings"]
    assert binding["role"] == "roles/run.invoker"
    assert binding["members"][0] in let_in


def test_a_function_that_is_none_is_said(dev, monkeypatch, tmp_path):
    monkeypatch.setattr(infra, "ready", lambda _: (SETTINGS, None))
    monkeypatch.setattr(infra, "planned", lambda *_: dev)
    monkeypatch.setattr(infra, "ROOT", tmp_path)
    file = tmp_path / "waooaw-1.zip"
    file.write_bytes(b"1")
    with pytest.raises(SystemExit, match=r"there is no function approvals\.none"):
        infra.one("dev", "approvals.none", file)


def test_the_command_says_it(dev, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(infra, "ready", lambda _: (SETTINGS, None))
    monkeypatch.setattr(infra, "planned", lambda *_: dev)
    monkeypatch.setattr(infra, "ROOT", tmp_path)
    file = tmp_path / "waooaw-1.zip"
    file.write_bytes(b"1")
    monkeypatch.setattr("sys.argv", ["infra", "one", "dev", FUNCTIONS[0], "--archive", str(file)])
    infra.main()
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("gcloud functions deploy approvals-approve-approval --gen2")
    assert (tmp_path / "build" / "one" / f"{FUNCTIONS[0]}.yaml").is_file()
