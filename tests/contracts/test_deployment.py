"""What is deployed: one file that serves any one function, and starts light."""

import json
import subprocess
import sys

import pytest

from shared.edge.catalog import catalog, operations
from tests.kernel.conftest import World

HEAVY = (
    "cryptography",
    "firebase_admin",
    "google",
    "grpc",
    "jwt",
    "opentelemetry",
    "pulumi",
    "re2",
    "requests",
    "sqlite3",
    "urllib3",
    "yaml",
)
"""What no function may load before it needs it: each would make its start longer than its work."""

LOADING = """
import json, os, re, sys
heavy, ids = map(json.loads, sys.argv[1:])
# The framework has its own few modules among Google's names.
own = re.compile(r"google(\\.cloud(\\.functions(_v1)?(\\..*)?)?)?")

class Watch:
    def __init__(self):
        self.seen = {}

    def find_spec(self, name, *_):
        package = name.partition(".")[0]
        if package in heavy and not own.fullmatch(name):
            chain, frame = [name], sys._getframe()
            while frame := frame.f_back:
                if frame.f_code.co_name == "<module>" and frame.f_globals["__name__"] != "__main__":
                    chain.insert(0, frame.f_globals["__name__"])
            self.seen.setdefault(package, " → ".join(chain))

watch = Watch()
sys.meta_path.insert(0, watch)
from shared.edge.entry import load

# Each in a process of its own, or one would hide what another loads.
for id in ids:
    if os.fork() == 0:
        load(id)
        print(json.dumps([id, watch.seen]), flush=True)
        os._exit(0)
    os.wait()
"""


def python(code, *arguments, **environ):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env={"PYTHONPATH": ".", "PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def heavy():
    """What each function loads of that, and by which chain of imports."""
    ids = [declared.id for declared in catalog()]
    lines = python(LOADING, json.dumps(HEAVY), json.dumps(ids)).splitlines()
    return dict(json.loads(line) for line in lines)


@pytest.mark.parametrize("id", [declared.id for declared in catalog()])
def test_a_function_loads_nothing_heavy_before_it_needs_it(heavy, id):
    chains = " and ".join(heavy[id].values())
    assert not heavy[id], f"{id} starts slowly, import it where it is used: {chains}"


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
