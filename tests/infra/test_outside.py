"""What an account may do whose functions name ports that nobody names yet: the program is run as if somebody did."""

import json
import subprocess
import sys

import pytest

from infra.accounts import OF_TENANTS
from infra.graph import IMAGE, Resource, configuration
from infra.reading import of, told
from infra.stack import ROOT

ASKS = "agents.wake_stage"
"""Which function asks language models here."""

MODELS = {"provider": "https://models.example.com/v1"}

PROGRAM = """
import json, sys
from dataclasses import asdict
from infra import checks, graph, groups
from shared.edge import catalog
from shared.files import FileReader
from shared.outside import Models
from shared.ports import SecretReader, SecretWriter

named = {
    "governance-requests": {SecretWriter},
    "governance-reactions": {SecretReader},
    "evidence-requests": {FileReader},
    "pipeline-reactions": {Models},
}
for one in groups.runtimes():
    vars(one)["ports"] = one.ports | named.get(one.account, set())
vars(next(one for one in catalog.catalog() if one.id == sys.argv[1]))["ports"] = {"models": Models}
asked = graph._run("dev", json.load(sys.stdin))
print(json.dumps([checks.findings(asked, "dev"), [asdict(one) for one in asked]], default=str))
"""


@pytest.fixture(scope="module")
def planned():
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, ASKS],
        input=json.dumps(configuration("dev", IMAGE, {"waooaw:models": json.dumps(MODELS)})),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def services(planned):
    return of([Resource(**one) for one in planned[1]], "cloudrunv2.Service")


def granted(planned, account):
    return {
        one["inputs"]["role"].rpartition("/")[2]: (one["inputs"].get("condition") or {}).get(
            "expression"
        )
        for one in planned[1]
        if one["type"] == "projects.IAMMember"
        and one["inputs"]["member"].startswith(f"serviceAccount:{account}@")
    }


def test_nothing_is_wrong_with_it(planned):
    assert planned[0] == []


def test_who_keeps_secrets_reads_none(planned):
    found = granted(planned, "governance-requests")
    assert found == {"datastore.user": None, "keeps_secrets": OF_TENANTS, "makes_secrets": None}


def test_who_reads_secrets_reads_those_of_tenants_and_keeps_none(planned):
    found = granted(planned, "governance-reactions")
    assert found.pop("reads_secrets") == OF_TENANTS
    assert not {"keeps_secrets", "makes_secrets"} & found.keys()
    roles = {
        one["inputs"]["roleId"]: one["inputs"]["permissions"]
        for one in planned[1]
        if one["type"] == "projects.IAMCustomRole"
    }
    assert roles.keys() >= {"keeps_secrets", "makes_secrets", "reads_secrets", "sends_pushes"}
    assert not [p for p in roles["keeps_secrets"] + roles["makes_secrets"] if p.endswith("access")]


def test_who_reads_files_reads_those_of_people_and_signs_as_itself(planned):
    assert in_uploads(planned, "evidence-requests") == {"objectViewer"}
    assert in_uploads(planned, "evidence-reactions") == {"objectCreator", "removes_files"}
    (signs,) = [one["inputs"] for one in planned[1] if one["type"] == "serviceaccount.IAMMember"]
    email = "evidence-requests@waooaw-dev.iam.gserviceaccount.com"
    assert signs["role"] == "projects/waooaw-dev/roles/signs_links"
    assert signs["serviceAccountId"] == f"projects/waooaw-dev/serviceAccounts/{email}"
    assert signs["member"] == f"serviceAccount:{email}"


def test_who_asks_models_may_ask_and_no_more(planned):
    found = granted(planned, "pipeline-reactions")
    assert found.keys() == {"datastore.user", "workflows.invoker", "asks_models"}


def test_who_asks_models_is_told_where_their_key_is_and_may_read_it(planned):
    tells = {one.name: told(one).get("MODELS_KEY") for one in services(planned)}
    secret = "projects/waooaw-dev/secrets/models-key"
    assert {name: key for name, key in tells.items() if key} == {
        ASKS: f"gcp-secret://{secret}/versions/latest"
    }
    may = {
        one["inputs"]["member"].partition(":")[2].partition("@")[0]
        for one in planned[1]
        if one["type"] == "secretmanager.SecretIamMember"
        and one["inputs"]["secretId"] == "models-key"
    }
    assert may == {"pipeline-reactions"}


def in_uploads(planned, account):
    return {
        one["inputs"]["role"].rpartition("/")[2].rpartition(".")[2]
        for one in planned[1]
        if one["type"] == "storage.BucketIAMMember"
        and one["inputs"]["member"].startswith(f"serviceAccount:{account}@")
    }


def test_a_function_is_told_as_whom_it_signs(planned):
    tells = {told(one)["ACCOUNT"] for one in services(planned) if one.name.startswith("audit.")}
    assert "evidence-requests@waooaw-dev.iam.gserviceaccount.com" in tells
