#!/usr/bin/env bash
# google-cloud-workflows 1.24.0: one of its two clients speaks REST, the other gRPC alone.
#
# Seen: `WorkflowsClient(transport="rest")` is made, `ExecutionsClient(transport="rest")` is refused, though both services
# have the same REST interface. Who stands in for both on one machine has to speak gRPC for one of them.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check google-cloud-workflows==1.24.0
env/bin/python - <<'PYTHON'
from google.auth.credentials import AnonymousCredentials
from google.cloud.workflows.executions_v1 import ExecutionsClient
from google.cloud.workflows_v1 import WorkflowsClient

assert WorkflowsClient(transport="rest", credentials=AnonymousCredentials()).transport.kind == "rest"
try:
    ExecutionsClient(transport="rest", credentials=AnonymousCredentials())
except (KeyError, ValueError) as error:
    assert "rest" in str(error), error
else:
    raise SystemExit("it speaks REST now")
PYTHON
