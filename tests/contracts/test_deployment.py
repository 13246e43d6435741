"""What is deployed: one file that serves any one function, and starts light."""

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import urllib3

from shared.actors import PLATFORM
from shared.documents import Key
from shared.edge.catalog import catalog, operations
from tests.worlds import World

HEAVY = (
    "cloudevents",
    "cryptography",
    "firebase_admin",
    "flask",
    "functions_framework",
    "google",
    "grpc",
    "gunicorn",
    "jinja2",
    "jwt",
    "opentelemetry",
    "pulumi",
    "re2",
    "requests",
    "sqlite3",
    "urllib3",
    "werkzeug",
    "yaml",
)
"""What no function may load before it needs it: each would make its start longer than its work."""

LOADING = """
import json, os, sys
heavy, ids = map(json.loads, sys.argv[1:])
class Watch:
    def __init__(self):
        self.seen = {}

    def find_spec(self, name, *_):
        package = name.partition(".")[0]
        if package in heavy:
            chain, frame = [name], sys._getframe()
            while frame := frame.f_back:
                if frame.f_code.co_name == "<module>" and frame.f_globals["__name__"] != "__main__":
                    chain.insert(0, frame.f_globals["__name__"])
            self.seen.setdefault(package, " → ".join(chain))

watch = Watch()
sys.meta_path.insert(0, watch)
from shared.edge.start import application

def told(those):
    # In a process of their own, or they would hide what others load. What one of them loads is told.
    if os.fork() == 0:
        for id in those:
            application(id)
        if len(those) == 1:
            print(json.dumps([*those, watch.seen]), flush=True)
        os._exit(bool(watch.seen))
    return os.waitstatus_to_exitcode(os.wait()[1])

# What all of them do not load, none does; each is asked only where something was loaded.
if told(ids):
    for id in ids:
        told([id])
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


def loaded(ids, heavy=HEAVY):
    """Return what functions load of that, and by which chain of imports."""
    lines = python(LOADING, json.dumps(heavy), json.dumps(ids)).splitlines()
    return {id: chains for id, chains in map(json.loads, lines) if chains}


def test_no_function_loads_anything_heavy_before_it_needs_it():
    found = loaded([declared.id for declared in catalog()])
    told = [f"{id} loads {chain}" for id, chains in found.items() for chain in chains.values()]
    assert not told, "it starts slowly; import it where it is used:\n" + "\n".join(told)


COUNTING = """
import json, sys
from pydantic import BaseModel
from shared.edge.start import application

def below(kind):
    return {one for child in kind.__subclasses__() for one in (child, *below(child))}

application(sys.argv[1])
loaded = [name.partition(".")[0] for name in sys.modules]
ours = sum(name in {"functions", "shared"} for name in loaded)
others = sum(name not in {"functions", "shared", *sys.stdlib_module_names} for name in loaded)
print(json.dumps([ours, others, len(below(BaseModel))]))
"""

BOUNDS = {
    "identity.list_keys": (92, 72, 32),
    "mobile.list_approval_cards": (102, 72, 53),
    "mobile.get_dashboard": (141, 72, 86),
    "genesis.create_job_role": (116, 72, 88),
    "approvals.approve_approval": (135, 72, 106),
    "agents.resume_agent": (139, 72, 124),
    "approvals.create_approval": (145, 72, 124),
    "mobile.notify_agent": (134, 72, 125),
    "agents.submit_me_wow": (137, 72, 135),
    "agents.undo_release": (166, 72, 192),
}
"""Of one function of each kind, of which the first loads the least and the last the most: how many modules of ours and of others,
and how many models, it may load. Each module is a tenth of a millisecond of a cold start, and each model two. A rate that
processes share is a model of every function, and what a request says of itself to the rules is read by modules of their own."""


@pytest.mark.slow
@pytest.mark.parametrize("id", BOUNDS)
def test_a_function_loads_no_more_than_it_did(id):
    counted = json.loads(python(COUNTING, id))
    more = [
        f"{n} {kind}, not {most}"
        for n, most, kind in zip(
            counted, BOUNDS[id], ("modules of ours", "modules of others", "models"), strict=True
        )
        if n > most
    ]
    assert not more, (
        f"{id} loads {'; '.join(more)}: import it where it is used, or say here why not"
    )


COMPILING = """
import dataclasses, runpy, sys
from types import ModuleType
import typing_extensions
compiled, real = [], (typing_extensions.TypedDict, dataclasses.dataclass)
sys.addaudithook(lambda name, of: name == "compile" and of[1] == "<string>" and compiled.append(of))

def run():
    # What the container's file has made ready before it starts.
    del sys.modules["shared.edge.start"]
    from shared.edge.start import application
    application(sys.argv[1])
    assert (typing_extensions.TypedDict, dataclasses.dataclass) == real
    print(len(compiled))

sys.modules["shared.edge.start"] = ModuleType("shared.edge.start")
sys.modules["shared.edge.start"].run = run
runpy.run_path("start.py")
"""

MOST_COMPILED = 100
"""How many pieces of source a start compiles at most, most of them named tuples and annotations of libraries."""


def test_a_start_compiles_little_that_nobody_asks_for():
    compiled = int(python(COMPILING, "agents.resume_agent"))
    assert compiled <= MOST_COMPILED


READS = ("agents.get_agent", "identity.list_keys", "mobile.list_violations")
UNREAD = (
    "shared.identity.events",
    "shared.job",
    "shared.jobs",
    "shared.reaction",
    "shared.schedules",
)


@pytest.mark.slow
def test_a_read_loads_nothing_that_only_reactions_jobs_and_refusals_take():
    told = "import json, sys; from shared.edge.entry import entry; entry(sys.argv[1]);"
    told += "print(json.dumps([one for one in sys.argv[2:] if one in sys.modules]))"
    found = {id: json.loads(python(told, id, *UNREAD)) for id in READS}
    assert not any(found.values()), f"it starts slowly; import it where it is used: {found}"


def test_each_function_that_loads_something_heavy_is_named():
    ids = ["agents.get_agent", "identity.get_me"]
    assert loaded(ids, heavy=["functions"]).keys() == set(ids)


def test_an_adapter_is_loaded_by_whoever_uses_it_and_nobody_else():
    code = (
        "import sys; from shared.edge.ports import connect; from shared.edge.settings import Settings;"
        "ports = connect(Settings({'ENVIRONMENT': 'dev', 'STORE': 'firestore', 'BUS': 'pubsub'}));"
        "late = {'shared.' + name for name in sys.argv[1:]};"
        "print(sorted(late & set(sys.modules)));"
        "ports.files.keep, ports.secret_reader.use, ports.models.embed, ports.http_client.send;"
        "ports.entry_relay.publish, ports.probe.look, ports.workflows.start, ports.dependencies.look;"
        "print(sorted(late - set(sys.modules)))"
    )
    late = ["edge.offering", "edge.outbound", "edge.storage", "edge.vaults", "secrets"]
    late += ["edge.dependencies", "edge.probe", "edge.proof", "edge.relay", "edge.workflows"]
    assert python(code, *late, "language_models").split("\n")[:2] == ["[]", "[]"]


def test_main_serves_the_function_that_is_named_and_loads_no_other(tmp_path):
    code = (
        "import sys, main; from functions_framework import create_app;"
        "client = create_app('serve', 'main.py').test_client();"
        "answer = client.get('/v1/health'); print(answer.status_code, answer.json['status']);"
        "print(sum(name.startswith('functions.') and name.count('.') == 2 for name in sys.modules))"
    )
    lines = python(code, FUNCTION="platform.get_health", DATA=str(tmp_path)).split("\n")
    assert lines[0] == "200 down", "nobody put rules in force here yet, so nothing may change"
    assert lines[1] == "1"


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.parametrize("start", [("start.py",), ("-m", "functions_framework", "--target=serve")])
@pytest.mark.parametrize(
    ("id", "method", "path", "body"),
    [
        ("platform.get_health", "GET", "/v1/health", None),
        ("platform.probe_services", "POST", "/", "{}"),
    ],
)
def test_a_function_answers_alike_from_a_container_of_ours_and_from_the_framework(
    start, id, method, path, body, tmp_path
):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {"FUNCTION": id, "DATA": str(tmp_path), "PORT": str(port), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, *start]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as process:
        try:
            answer = _first_answer(f"http://127.0.0.1:{port}{path}", method, body)
            assert answer.status == 200, answer.data
            assert b'"status":"down"' in answer.data or answer.data == b"OK"
        finally:
            process.kill()


PUSHED = {
    "Content-Type": "application/json",
    "ce-id": "1",
    "ce-source": "//tests",
    "ce-specversion": "1.0",
    "ce-type": "com.waooaw.schedule.v1",
}


def _first_answer(url, method, body):
    for _ in range(200):
        with suppress(urllib3.exceptions.HTTPError):
            return urllib3.request(
                method, url, body=body, headers=PUSHED, retries=False, timeout=20
            )
        time.sleep(0.1)
    raise TimeoutError(url)


def test_every_function_becomes_one_the_framework_can_run(monkeypatch):
    import functions_framework

    from shared.edge.entry import entry

    monkeypatch.setattr(functions_framework, "http", lambda f: f)
    monkeypatch.setattr(functions_framework, "cloud_event", lambda f: f)
    assert [declared.id for declared in catalog() if not callable(entry(declared.id))] == []


def test_every_operation_is_mounted_on_one_machine(world: World):
    from local.server import application

    app = application(world.ports)
    mounted = {rule.endpoint for rule in app.url_map.iter_rules()}
    for op in operations():
        assert {op.path, f"/functions/{op.function_name}{op.path}"} <= mounted


def test_what_one_machine_alone_serves_refuses_as_every_operation_does(world: World):
    from local.server import application

    app = application(world.ports)
    place = Key(PLATFORM, "releases", "__x__")
    app.add_url_rule("/local/broken", view_func=lambda: {"n": world.ports.documents.get(place)})
    answer = app.test_client().get("/local/broken")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")
