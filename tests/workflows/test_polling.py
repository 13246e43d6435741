"""Connectors of other services: what is sent to the address that is given, what is waited for, and what cannot be."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest

from local.clock import Clock
from local.workflows import Runtime, discovery
from local.workflows.connectors import Remote
from local.workflows.discovery import generate
from local.workflows.functions.connectors import find
from local.workflows.loader import load

from .conftest import Web, outcome, until

Start = Callable[..., Runtime]
CREATE = "googleapis.cloudfunctions.v2.projects.locations.functions.create"
OPERATION = "projects/p/locations/l/operations/o"


def answers(web: Web, path: str, *said: Any) -> None:
    """Answer one after the other; the last one for ever."""
    left = list(said)
    web.answers[path] = lambda: flask.jsonify(left.pop(0) if left[1:] else left[0])


def run(runtime: Runtime, clock: Clock, source: str) -> tuple[Any, list[int]]:
    """Execute a source; return what came of it, and how long it waited each time."""
    runtime.deploy("w", source)
    execution = runtime.execute("w", None)
    waits: list[int] = []
    while True:
        until(runtime.idle)
        found = runtime.wait(execution, 0.01)
        if found["state"] != "ACTIVE":
            return json.loads(found.get("result") or found["error"]["payload"]), waits
        due = runtime.next_deadline()
        if due is not None:
            waits.append(round((due - clock.now()).total_seconds()))
            clock.jump(due)


def called(name: str, **args: Any) -> str:
    step = {"call": name, "args": args, "result": "x"}
    failed = {"as": "e", "return": {"failed": "${e}"}}
    return json.dumps([{"a": {"try": step, "except": failed}}, {"b": {"return": "${x}"}}])


def test_an_operation_is_waited_for_as_the_policy_says(
    start: Start, web: Web, clock: Clock
) -> None:
    running = {"name": OPERATION, "metadata": {"verb": "create"}}
    done = {**running, "done": True, "response": {"name": "f"}}
    answers(web, "v2/projects/p/locations/l/functions", running)
    answers(web, f"v2/{OPERATION}", running, running, done)
    policy = {"initial_delay": 10, "multiplier": 3, "max_delay": 20}
    source = called(
        CREATE,
        parent="projects/p/locations/l",
        functionId="f",
        body={"name": "f"},
        connector_params={"polling_policy": policy},
    )
    runtime = start(connectors=Remote({"cloudfunctions": web.url}))
    assert run(runtime, clock, source) == (done, [10, 20, 20])
    assert [(a["method"], a["query"]) for a in web.asked] == [
        ("POST", {"functionId": ["f"]}),
        *[("GET", {})] * 3,
    ]


def test_an_operation_that_failed_is_an_error_with_all_of_it(
    start: Start, web: Web, clock: Clock
) -> None:
    failed = {"name": OPERATION, "done": True, "error": {"code": 7, "message": "not yours"}}
    answers(web, "v2/projects/p/locations/l/functions", failed)
    found, waits = run(
        start(connectors=Remote({"cloudfunctions": web.url})),
        clock,
        called(CREATE, parent="projects/p/locations/l"),
    )
    assert waits == []
    assert found["failed"] == {
        "message": "not yours",
        "tags": ["OperationError"],
        "operation": failed,
        "error": failed["error"],
    }


INSTANCES = "googleapis.compute.v1.instances.insert"
PATH = "compute/v1/projects/p/zones/z"
STATUS = {"status": "RUNNING", "selfLink": f"https://compute.example/{PATH}/operations/o"}
JOB = {"status": {"state": "RUNNING"}, "selfLink": "https://bq.example/bigquery/v2/j?location=EU"}
ENDED = {"name": "jobs/j", "state": "JOB_STATE_CANCELLED"}
OTHERS: dict[str, tuple[str, dict[str, str], list[tuple[str, Any]], Any, list[int]]] = {
    "a_status": (
        INSTANCES,
        {"project": "p", "zone": "z"},
        [(f"{PATH}/instances", STATUS), (f"{PATH}/operations/o", {**STATUS, "status": "DONE"})],
        {**STATUS, "status": "DONE"},
        [1],
    ),
    "a_job": (
        "googleapis.bigquery.v2.jobs.insert",
        {"projectId": "p"},
        [
            ("bigquery/v2/projects/p/jobs", JOB),
            ("bigquery/v2/j", {**JOB, "status": {"state": "DONE"}}),
        ],
        {**JOB, "status": {"state": "DONE"}},
        [1],
    ),
    "a_state": (
        "googleapis.batch.v1.projects.locations.jobs.create",
        {"parent": "projects/p/locations/l", "jobId": "j"},
        [
            ("v1/projects/p/locations/l/jobs", {"name": "jobs/j"}),
            ("v1/jobs/j", {"name": "jobs/j", "status": {"state": "SUCCEEDED"}}),
        ],
        {"name": "jobs/j", "status": {"state": "SUCCEEDED"}},
        [1],
    ),
    "a_state_that_is_no_success": (
        "googleapis.aiplatform.v1.projects.locations.customJobs.create",
        {"parent": "projects/p/locations/l", "region": "l"},
        [("v1/projects/p/locations/l/customJobs", ENDED)],
        {
            "failed": {
                "message": "it ended as JOB_STATE_CANCELLED",
                "tags": ["OperationError"],
                "operation": ENDED,
                "error": {"message": "it ended as JOB_STATE_CANCELLED"},
            }
        },
        [],
    ),
    "what_is_over_at_once": (
        "googleapis.compute.v1.instances.list",
        {"project": "p", "zone": "z"},
        [(f"{PATH}/instances", {"items": []})],
        {"items": []},
        [],
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_every_kind_of_operation_is_waited_for(
    start: Start, web: Web, clock: Clock, kind: str
) -> None:
    name, args, said, result, waits = OTHERS[kind]
    for path, answer in said:
        answers(web, path, answer)
    runtime = start(
        connectors=Remote(dict.fromkeys(("aiplatform", "batch", "bigquery", "compute"), web.url))
    )
    assert run(runtime, clock, called(name, **args)) == (result, waits)


def test_nothing_is_waited_for_that_is_to_be_skipped(start: Start, web: Web, clock: Clock) -> None:
    answers(web, f"{PATH}/instances", STATUS)
    source = called(INSTANCES, project="p", zone="z", connector_params={"skip_polling": True})
    runtime = start(connectors=Remote({"compute": web.url}))
    assert run(runtime, clock, source) == (STATUS, [])


def test_what_takes_too_long_or_is_no_operation_is_an_error(
    start: Start, web: Web, clock: Clock
) -> None:
    answers(web, f"{PATH}/instances", STATUS)
    answers(web, f"{PATH}/operations/o", STATUS)
    source = called(INSTANCES, project="p", zone="z", connector_params={"timeout": 4})
    runtime = start(connectors=Remote({"compute": web.url}))
    found, waits = run(runtime, clock, source)
    assert (found["failed"]["tags"], waits) == (["TimeoutError"], [1, 1, 2])
    answers(web, f"{PATH}/instances", ["no", "operation"])
    assert run(runtime, clock, source)[0]["failed"]["tags"] == ["ResponseTypeError"]


@pytest.mark.parametrize("policy", [{"initial_delay": 1e-300}, {"multiplier": 1e-300}])
def test_what_asks_again_at_once_takes_too_long_as_well(
    start: Start, web: Web, policy: dict[str, float]
) -> None:
    answers(web, f"{PATH}/instances", STATUS)
    answers(web, f"{PATH}/operations/o", STATUS)
    given = {"timeout": 0.08, "polling_policy": {"initial_delay": 0.01, **policy}}
    source = called(INSTANCES, project="p", zone="z", connector_params=given)
    found = outcome(start(connectors=Remote({"compute": web.url})), source)
    assert found["failed"]["tags"] == ["TimeoutError"]
    assert len(web.asked) < 12


def test_a_restart_while_an_operation_goes_on_asks_no_second_time_for_it(
    start: Start, web: Web, clock: Clock
) -> None:
    answers(web, f"{PATH}/instances", STATUS)
    answers(web, f"{PATH}/operations/o", {**STATUS, "status": "DONE"})
    runtime = start(connectors=Remote({"compute": web.url}))
    runtime.deploy("w", called(INSTANCES, project="p", zone="z"))
    execution = runtime.execute("w", None)
    until(lambda: runtime.idle() and runtime.next_deadline() is not None)
    runtime = start(connectors=Remote({"compute": web.url}))
    until(lambda: runtime.idle() and runtime.next_deadline() is not None)
    due = runtime.next_deadline()
    assert due is not None
    clock.jump(due)
    assert runtime.wait(execution, 5)["state"] == "SUCCEEDED"
    assert web.paths() == [f"{PATH}/instances", f"{PATH}/operations/o"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("googleapis.bigquery.v2.jobs.query", "googleapis.bigquery.v2.jobs.query: no address"),
        ("googleapis.newservice.v1.things.get", "its method is in no table here"),
        ("gke.request", "its method is in no table here"),
    ],
)
def test_what_this_machine_cannot_call_is_an_error_that_says_so(
    shared_runtime: Runtime, name: str, said: str
) -> None:
    found = outcome(shared_runtime, called(name, projectId="p", body={}))["failed"]
    assert found["tags"] == ["SystemError"]
    assert said in found["message"]


def test_an_unknown_connector_goes_to_whoever_carries_them(start: Start) -> None:
    class Carrier:
        asked: list[Any]

        def send(self, request: Any, key: str) -> Any:
            self.asked = [request["connector"], request["body"], key]
            return {"it": "worked"}

        def may_repeat(self, request: Any) -> bool:
            return False

    carrier = Carrier()
    name = "googleapis.newservice.v1.things.get"
    assert outcome(start(connectors=carrier), called(name, id=1)) == {"it": "worked"}
    assert carrier.asked[:2] == [name, {"id": 1}]


def test_a_missing_argument_of_a_connector_can_be_handled(shared_runtime: Runtime) -> None:
    source = called("googleapis.pubsub.v1.projects.topics.publish", body={})
    assert outcome(shared_runtime, source)["failed"]["tags"] == ["TypeError"]


# --- the tables -----------------------------------------------------------------------------------


def every() -> Iterator[tuple[str, discovery.Method]]:
    for service, versions in discovery.services().items():
        for version in versions:
            for name, method in discovery.methods(service, version).items():
                yield f"googleapis.{service}.{version}.{name}", method


def test_every_service_of_the_reference_has_a_table_that_can_be_read() -> None:
    assert set(discovery.services()) == generate.SERVICES
    found = dict(every())
    assert len(found) > 5_000
    for name, method in found.items():
        assert method.verb in {"GET", "POST", "PUT", "PATCH", "DELETE"}, name
        assert method.path.startswith("/"), name
        assert method.waits in {"", "operation", "status", "job", "state"}, name
    assert find("googleapis.compute.v1.instances.insert") is not None
    assert find("googleapis") is None
    assert discovery.methods("../../x", "v1") == {}


def test_no_table_is_read_before_a_source_names_a_connector() -> None:
    discovery.methods.cache_clear()
    load("- a: {call: sys.log, args: {text: x}}\n- b: {return: '${len([1])}'}", "w.yaml")
    assert discovery.methods.cache_info().currsize == 0


DOCUMENT = {
    "name": "storage",
    "version": "v1",
    "title": "Storage API",
    "revision": "20260101",
    "servicePath": "storage/v1/",
    "schemas": {
        "Thing": {"properties": {"name": {}}},
        "Operation": {"properties": {"name": {}, "done": {}, "response": {}}},
    },
    "resources": {
        "objects": {
            "methods": {
                "get": {
                    "httpMethod": "GET",
                    "path": "b/{bucket}/o/{object}",
                    "parameters": {
                        "bucket": {"location": "path"},
                        "object": {"location": "path"},
                        "b": {"location": "query"},
                        "a.c": {"location": "query"},
                    },
                    "response": {"$ref": "Thing"},
                },
                "insert": {
                    "httpMethod": "POST",
                    "path": "b/{bucket}/o",
                    "request": {"$ref": "Thing"},
                    "mediaUpload": {"protocols": {"simple": {"path": "/upload/b/{bucket}/o"}}},
                },
            },
            "resources": {
                "parts": {
                    "methods": {
                        "copy": {
                            "httpMethod": "POST",
                            "path": "{+name}:copy",
                            "request": {"$ref": "Thing"},
                            "response": {"$ref": "Operation"},
                        }
                    }
                }
            },
        }
    },
}


def test_a_table_is_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (discovery, generate):
        monkeypatch.setattr(module, "TABLES", tmp_path)
    (tmp_path / "old.v1.txt").touch()
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("storage.v1", "storage.v1alpha", "another.v1"):
        (folder / f"{name}.json").write_text(json.dumps(DOCUMENT))
    monkeypatch.setattr(sys, "argv", ["generate", str(folder)])
    assert generate.main() == 0
    assert [file.name for file in tmp_path.glob("*.txt")] == ["storage.v1.txt"]
    discovery.methods.cache_clear()
    try:
        assert discovery.methods("storage", "v1") == {
            "objects.get": discovery.Method(
                "storage", "GET", "/storage/v1/b/{bucket}/o/{object}", ("a.c", "b")
            ),
            "objects.insert": discovery.Method(
                "storage", "POST", "/upload/b/{bucket}/o", body=True
            ),
            "objects.parts.copy": discovery.Method(
                "storage", "POST", "/storage/v1/{+name}:copy", body=True, waits="operation"
            ),
        }
    finally:
        discovery.methods.cache_clear()
    monkeypatch.setattr(sys, "argv", ["generate", str(tmp_path / "nowhere")])
    assert generate.main() == 2


def test_the_tables_are_those_of_the_package() -> None:
    folder = generate.documents()
    assert folder is not None
    wanted = dict(generate.tables(folder))
    assert {file.name: file.read_text() for file in discovery.TABLES.glob("*.txt")} == wanted


@pytest.mark.parametrize(
    "address", ["http://[", "http://[::1", "//\u2100", 5, ["a"], {"a": 1}, None, "\ud800"]
)
def test_an_operation_at_no_address_is_an_error_to_handle(
    start: Start, web: Web, clock: Clock, address: Any
) -> None:
    answers(
        web, "compute/v1/projects/p/zones/z/instances", {"status": "RUNNING", "selfLink": address}
    )
    source = called("googleapis.compute.v1.instances.insert", project="p", zone="z", body={})
    found, _ = run(start(connectors=Remote({"compute": web.url})), clock, source)
    assert found["failed"]["tags"] in (["ResponseTypeError"], ["ValueError"])


def test_an_error_whose_message_is_no_text_is_told_without_it(
    start: Start, web: Web, clock: Clock
) -> None:
    failed = {"name": OPERATION, "done": True, "error": {"message": {"a": 1}}}
    answers(web, "v2/projects/p/locations/l/functions", failed)
    source = called(CREATE, parent="projects/p/locations/l")
    found, _ = run(start(connectors=Remote({"cloudfunctions": web.url})), clock, source)
    assert found["failed"]["message"] == f"the operation of {CREATE} failed"


@pytest.mark.parametrize("name", ["initial_delay", "multiplier", "max_delay"])
def test_a_delay_that_is_no_number_is_refused(
    start: Start, web: Web, clock: Clock, name: str
) -> None:
    policy = {"polling_policy": {name: '${double("nan")}'}}
    source = called(CREATE, parent="projects/p/locations/l", connector_params=policy)
    found, _ = run(start(connectors=Remote({"cloudfunctions": web.url})), clock, source)
    assert found["failed"]["tags"] == ["ValueError"]
