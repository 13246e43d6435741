"""Google's clients for Node, by REST and by gRPC."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ports

CLIENT = "@google-cloud/workflows@4.4.0"
"""The last release that has a client of the Workflows API; later ones have that of executions only."""

NPM = Path(os.environ.get("GOOGLE_NODE", "build/npm"))
"""Where ``npm install --prefix build/npm @google-cloud/workflows@4.4.0`` put it."""

HERE = "projects/local/locations/local"


def status(refused: dict[str, Any]) -> str:
    """Return how a call was refused; by REST the body of the answer is the message (`findings/google_gax_…`)."""
    message = refused["message"]
    if message.startswith("{"):
        return str(json.loads(message)["error"]["status"])
    return str(message.split()[1].rstrip(":"))


@pytest.mark.enable_socket
@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_google_s_clients_for_node_deploy_and_execute(ports: Ports, transport: str) -> None:
    node, installed = shutil.which("node"), NPM / "node_modules" / "@google-cloud" / "workflows"
    if node is None or not installed.is_dir():
        pytest.skip(f"node or {installed} is missing; npm install --prefix {NPM} {CLIENT}")
    script = Path(__file__).with_name("google.mjs")
    port = str(getattr(ports, transport))
    command = [node, str(script), str(NPM.resolve()), transport, port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert told["made"]["name"] == f"{HERE}/workflows/node"
    assert (told["made"]["state"], told["made"]["labels"]) == ("ACTIVE", {"team": "x"})
    assert told["operation"] == told["made"]
    assert (told["changed"]["description"], told["changed"]["labels"]) == ("second", {"team": "x"})
    assert [one["name"] for one in told["listed"]] == [told["made"]["name"]]
    assert status(told["again"]) == "ALREADY_EXISTS"
    assert status(told["broken"]) == "INVALID_ARGUMENT"
    assert "x.yaml:1:13: 'next' names the unknown step 'x'" in told["broken"]["message"]

    assert (told["succeeded"]["state"], told["succeeded"]["result"]) == ("SUCCEEDED", "2.5")
    failed = told["failed"]
    assert json.loads(failed["error"]["payload"])["tags"] == ["ZeroDivisionError"]
    [element] = failed["error"]["stackTrace"]["elements"]
    assert (element["step"], element["position"]["line"]) == ("r", "1")
    assert [one["name"] for one in told["executions"]] == [failed["name"]]
    assert status(told["cancelled"]) == "FAILED_PRECONDITION"
    assert status(told["gone"]) == "NOT_FOUND"
