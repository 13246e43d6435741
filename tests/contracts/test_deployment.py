"""What is deployed: one file that serves any one function, and starts light."""

import json
import subprocess
import sys

import pytest

from shared.edge.catalog import catalog, operations
from tests.kernel.conftest import World

HEAVY = (
    "google.cloud.firestore",
    "google.cloud.pubsub",
    "google.api_core",
    "google.auth",
    "grpc",
    "cryptography",
    "jwt",
    "sqlite3",
    "urllib3",
    "yaml",
)


def python(code, **environ):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PYTHONPATH": ".", "PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_function_imports_what_it_may_not_need():
    code = (
        "import json, sys, shared.edge.entry, shared.edge.catalog as c; c.catalog();"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(python(code))
    heavy = [name for name in loaded if name.startswith(HEAVY)]
    assert heavy == [], f"imported before it is needed: {heavy[:5]}"


def test_main_serves_the_function_that_is_named_and_loads_no_other():
    code = (
        "import sys, main; from functions_framework import create_app;"
        "client = create_app('serve', 'main.py').test_client();"
        "answer = client.get('/v1/health'); print(answer.status_code, answer.json['status']);"
        "print(sum(name.startswith('functions.') and name.count('.') == 2 for name in sys.modules))"
    )
    lines = python(code, FUNCTION="platform.get_health", DATA="/tmp/waooaw-test").split("\n")
    assert lines[0] == "200 healthy"
    assert lines[1] == "1"


@pytest.mark.parametrize("declared", catalog(), ids=lambda declared: declared.id)
def test_every_function_becomes_one_the_framework_can_run(declared, monkeypatch):
    import functions_framework

    from shared.edge.entry import entry

    monkeypatch.setattr(functions_framework, "http", lambda f: f)
    monkeypatch.setattr(functions_framework, "cloud_event", lambda f: f)
    assert callable(entry(declared.id))


def test_every_operation_is_mounted_on_one_machine(world: World):
    from local.server import application

    app = application(world.ports)
    mounted = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert {op.id for op in operations()} <= mounted
