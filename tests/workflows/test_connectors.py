"""What connectors answer on this machine, and that each effect happens once."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
import pytest

from local.clock import Clock
from local.workflows import Runtime
from local.workflows.connectors import Remote
from local.workflows.errors import UnavailableError
from local.workflows.functions.connectors import find
from local.workflows.loader import load
from local.workflows.services import LocalServices

from .conftest import Failed, Web, outcome, until

Start = Callable[..., Runtime]
ROOT = "projects/p/databases/(default)/documents"
FIRESTORE = "googleapis.firestore.v1.projects.databases.documents"


def connector(runtime: Runtime, call: str, /, **arguments: Any) -> Any:
    """Call one connector and return its result."""
    step = {"call": f"googleapis.{call}", "args": arguments, "result": "got"}
    return outcome(runtime, json.dumps([{"c": step}, {"r": {"return": "${got}"}}]))


def document(runtime: Runtime, method: str, name: str = "cities/paris", /, **arguments: Any) -> Any:
    call = f"firestore.v1.projects.databases.documents.{method}"
    return connector(runtime, call, name=f"{ROOT}/{name}", **arguments)


def refusal(failed: Failed) -> tuple[int, str]:
    assert failed.payload["tags"] == ["HttpError"]
    assert failed.payload["body"]["error"]["code"] == failed.payload["code"]
    return failed.payload["code"], failed.payload["body"]["error"]["status"]


# --- firestore ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *({"integerValue": True}, {"integerValue": None}, {"integerValue": "abc"}),
        *({"integerValue": [1]}, {"integerValue": 1.5}, {"integerValue": "9" * 20}),
        *({"doubleValue": False}, {"doubleValue": None}, {"doubleValue": "abc"}),
        *({"stringValue": 1}, {"booleanValue": "true"}, {"nullValue": 0}, {"arrayValue": []}),
        *({"mapValue": {"fields": {"a": {"integerValue": True}}}}, {"timestampValue": 1}, 5),
    ],
)
def test_a_value_of_another_type_is_refused(shared_runtime: Runtime, value: object) -> None:
    with pytest.raises(Failed) as failed:
        document(shared_runtime, "patch", body={"fields": {"a": value}})
    assert refusal(failed.value) == (400, "INVALID_ARGUMENT")


def test_a_number_may_be_a_string(shared_runtime: Runtime) -> None:
    fields = {"a": {"doubleValue": "NaN"}, "b": {"doubleValue": "1.5"}, "c": {"integerValue": 2.0}}
    written = document(shared_runtime, "patch", body={"fields": fields})
    assert written["fields"] == {**fields, "c": {"integerValue": "2"}}


def test_a_mask_that_names_no_field_is_refused(shared_runtime: Runtime) -> None:
    for name in ("updateMask.fieldPaths", "mask.fieldPaths"):
        with pytest.raises(Failed) as failed:
            document(shared_runtime, "patch", body={"fields": {}}, **{name: ""})
        assert refusal(failed.value) == (400, "INVALID_ARGUMENT")


def test_a_document_is_written_read_and_deleted(shared_runtime: Runtime) -> None:
    fields = {
        "people": {"integerValue": 2_000_000},
        "names": {"arrayValue": {"values": [{"stringValue": "Paris"}]}},
        "mayor": {"mapValue": {"fields": {"since": {"integerValue": "2014"}}}},
        "old": {"booleanValue": True},
    }
    written = document(shared_runtime, "patch", body={"fields": fields})
    assert written["name"] == f"{ROOT}/cities/paris"
    assert written["fields"]["people"] == {"integerValue": "2000000"}
    assert document(shared_runtime, "get") == written
    masked = document(shared_runtime, "get", **{"mask.fieldPaths": ["old", "none"]})
    assert masked["fields"] == {"old": {"booleanValue": True}}
    assert document(shared_runtime, "delete") == {}
    with pytest.raises(Failed) as failed:
        document(shared_runtime, "get")
    assert refusal(failed.value) == (404, "NOT_FOUND")


def test_a_patch_with_a_mask_changes_what_it_names(shared_runtime: Runtime) -> None:
    one, two = {"stringValue": "one"}, {"stringValue": "two"}
    inner = {"mapValue": {"fields": {"x": one, "y": one}}}
    document(shared_runtime, "patch", "c/masked", body={"fields": {"a": one, "b": one, "m": inner}})
    changed = {"a": two, "m": {"mapValue": {"fields": {"x": two, "y": two}}}, "new-key": two}
    found = document(
        shared_runtime,
        "patch",
        "c/masked",
        body={"fields": changed},
        updateMask={"fieldPaths": ["a", "b", "m.x", "`new-key`", "deep.er"]},
    )
    kept = {"mapValue": {"fields": {"x": two, "y": one}}}
    assert found["fields"] == {"a": two, "m": kept, "new-key": two}
    assert document(shared_runtime, "patch", "c/masked", body={})["fields"] == {}


def test_a_document_is_created_once(shared_runtime: Runtime) -> None:
    create = "firestore.v1.projects.databases.documents.createDocument"
    given = {"parent": ROOT, "collectionId": "made", "body": {"fields": {}}}
    first = connector(shared_runtime, create, **given, documentId="one")
    assert first["name"] == f"{ROOT}/made/one"
    with pytest.raises(Failed) as failed:
        connector(shared_runtime, create, **given, documentId="one")
    assert refusal(failed.value) == (409, "ALREADY_EXISTS")
    named = {connector(shared_runtime, create, **given)["name"] for _ in range(2)}
    assert {len(name.rpartition("/")[2]) for name in named} == {20}
    assert len(named) == 2


def test_preconditions_hold(shared_runtime: Runtime) -> None:
    def patch(**more: Any) -> Any:
        return document(shared_runtime, "patch", "c/pre", body={"fields": {}}, **more)

    for more, expected in (
        ({"currentDocument.exists": True}, (404, "NOT_FOUND")),
        ({"currentDocument.updateTime": "2026-01-01T00:00:00Z"}, (400, "FAILED_PRECONDITION")),
    ):
        with pytest.raises(Failed) as failed:
            patch(**more)
        assert refusal(failed.value) == expected
    made = patch(currentDocument={"exists": False})
    assert patch(**{"currentDocument.updateTime": made["updateTime"]})
    with pytest.raises(Failed) as failed:
        patch(**{"currentDocument.exists": False})
    assert refusal(failed.value) == (409, "ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("patch", {"name": f"{ROOT}/a/b", "body": {"fields": {"x": "bare"}}}),
        ("patch", {"name": f"{ROOT}/a/b", "body": {"fields": {"x": {"wordValue": 1}}}}),
        ("patch", {"name": f"{ROOT}/a/b", "body": []}),
        ("patch", {"name": f"{ROOT}/a/b", "body": {"fields": {"x": {"arrayValue": 1}}}}),
        ("get", {"name": f"{ROOT}/a"}),
        ("createDocument", {"parent": "nowhere", "collectionId": "a", "body": {}}),
    ],
)
def test_a_malformed_document_is_refused(
    shared_runtime: Runtime, method: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(Failed) as failed:
        connector(
            shared_runtime, f"firestore.v1.projects.databases.documents.{method}", **arguments
        )
    assert refusal(failed.value) == (400, "INVALID_ARGUMENT")


# --- the others -----------------------------------------------------------------------------------


def test_messages_are_published_and_numbered(shared_runtime: Runtime) -> None:
    publish, topic = "pubsub.v1.projects.topics.publish", "projects/p/topics/t"
    messages = [{"data": base64.b64encode(b"x").decode()}, {"attributes": {"a": "b"}}]
    found = connector(shared_runtime, publish, topic=topic, body={"messages": messages})
    assert len(set(found["messageIds"])) == 2
    wrong: list[Any] = [{}, {"messages": []}, {"messages": [{}]}]
    for body in wrong:
        with pytest.raises(Failed) as failed:
            connector(shared_runtime, publish, topic=topic, body=body)
        assert refusal(failed.value) == (400, "INVALID_ARGUMENT")
    with pytest.raises(Failed, match="400"):
        connector(shared_runtime, publish, topic="t", body={"messages": messages})


def test_a_secret_has_versions(shared_runtime: Runtime) -> None:
    secret = {"secret_id": "s", "project_id": "p"}
    for text, number in (("first", 1), ("second", 2)):
        added = connector(
            shared_runtime,
            "secretmanager.v1.projects.secrets.addVersionString",
            **secret,
            data=text,
        )
        assert added["name"] == f"projects/p/secrets/s/versions/{number}"
    access = "secretmanager.v1.projects.secrets.versions"
    assert connector(shared_runtime, f"{access}.accessString", **secret) == "second"
    assert connector(shared_runtime, f"{access}.accessString", **secret, version=1) == "first"
    found = connector(
        shared_runtime, f"{access}.access", name="projects/p/secrets/s/versions/latest"
    )
    assert base64.b64decode(found["payload"]["data"]) == b"second"
    with pytest.raises(Failed) as failed:
        connector(shared_runtime, f"{access}.accessString", **secret, version="7")
    assert refusal(failed.value) == (404, "NOT_FOUND")
    with pytest.raises(Failed) as failed:
        connector(shared_runtime, f"{access}.access", name="projects/p/secrets/s/versions/newest")
    assert refusal(failed.value) == (400, "INVALID_ARGUMENT")
    with pytest.raises(Failed, match="project_id"):
        connector(shared_runtime, f"{access}.accessString", secret_id="s")


def test_a_secret_is_read_inside_an_expression_with_a_warning(shared_runtime: Runtime) -> None:
    connector(
        shared_runtime,
        "secretmanager.v1.projects.secrets.addVersionString",
        secret_id="inside",
        project_id="local",
        data="word",
    )
    name = "googleapis.secretmanager.v1.projects.secrets.versions.accessString"
    project = 'sys.get_env("GOOGLE_CLOUD_PROJECT_ID")'
    source = f"""- r: {{return: '${{"pass" + {name}("inside", "latest", {project})}}'}}"""
    assert "in call steps only" in str(load(source, "w.yaml").warnings[0])
    assert outcome(shared_runtime, source) == "password"


@pytest.mark.parametrize(
    ("body", "kind"),
    [("text", "text/plain; charset=utf-8"), ({"x": [1]}, "application/json; charset=utf-8")],
)
def test_an_object_is_kept_with_its_type(shared_runtime: Runtime, body: Any, kind: str) -> None:
    there = {"bucket": "b"}
    made = connector(
        shared_runtime,
        "storage.v1.objects.insert",
        **there,
        name="folder/one",
        uploadType="media",
        body=body,
    )
    assert (made["contentType"], made["bucket"]) == (kind, "b")
    there["object"] = "folder%2Fone"
    assert connector(shared_runtime, "storage.v1.objects.get", **there) == made
    assert connector(shared_runtime, "storage.v1.objects.get", **there, alt="media") == body
    assert connector(shared_runtime, "storage.v1.objects.delete", **there) is None
    with pytest.raises(Failed) as failed:
        connector(shared_runtime, "storage.v1.objects.get", **there)
    assert refusal(failed.value) == (404, "NOT_FOUND")
    with pytest.raises(Failed) as failed:
        connector(shared_runtime, "storage.v1.objects.insert", bucket="b", body=body)
    assert refusal(failed.value) == (400, "INVALID_ARGUMENT")


def test_bytes_stay_bytes(shared_runtime: Runtime) -> None:
    source = """
    - data: {assign: [{data: '${base64.decode("AAH/")}'}]}
    - put:
        call: googleapis.storage.v1.objects.insert
        args: {bucket: b, name: raw, body: '${data}'}
    - get:
        call: googleapis.storage.v1.objects.get
        args: {bucket: b, object: raw, alt: media}
        result: got
    - r: {return: '${base64.encode(got)}'}
    """
    assert outcome(shared_runtime, source) == "AAH/"


def test_a_task_is_delivered_when_it_is_due(start: Start, web: Web) -> None:
    clock = Clock()
    runtime = start(clock=clock)
    create = "cloudtasks.v2.projects.locations.queues.tasks.create"
    queue = "projects/p/locations/l/queues/q"
    request = {
        "url": f"{web.url}/task",
        "headers": {"X-One": "1"},
        "body": base64.b64encode(b"hello").decode(),
    }
    busy = [flask.Response(status=503), flask.Response(status=200)]
    web.answers["task"] = lambda: busy.pop(0)
    later = (clock.now() + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = connector(
        runtime,
        create,
        parent=queue,
        body={"task": {"httpRequest": request, "scheduleTime": later}},
    )
    assert made["name"].startswith(f"{queue}/tasks/")
    runtime = start(clock=clock)
    until(runtime.idle)
    assert web.asked == []
    due = runtime.next_deadline()
    assert due is not None
    assert due.strftime("%Y-%m-%dT%H:%M:%SZ") == later
    clock.jump(due)
    until(lambda: len(web.asked) == 2)
    assert {(a["method"], a["body"], a["headers"]["X-One"]) for a in web.asked} == {
        ("POST", "hello", "1")
    }
    named = {"task": {"name": f"{queue}/tasks/mine", "httpRequest": {"url": f"{web.url}/now"}}}
    connector(runtime, create, parent=queue, body=named)
    until(lambda: web.paths()[-1] == "now")
    with pytest.raises(Failed) as failed:
        connector(runtime, create, parent=queue, body=named)
    assert refusal(failed.value) == (409, "ALREADY_EXISTS")
    dated = [{**named["task"], "scheduleTime": time} for time in ("2099-01-01T00:00:00Z", "soon")]
    for parent, body in (
        (queue, {}),
        (queue, {"task": {"httpRequest": {}}}),
        ("q", named),
        *((queue, {"task": task}) for task in dated),
    ):
        with pytest.raises(Failed) as failed:
            connector(runtime, create, parent=parent, body=body)
        assert refusal(failed.value) == (400, "INVALID_ARGUMENT")


# --- how they are carried -------------------------------------------------------------------------


def test_a_request_that_is_sent_again_has_its_first_answer(tmp_path: Path) -> None:
    delivered: list[str] = []
    clock = Clock()
    services = LocalServices(
        tmp_path / "services.db", clock.now, lambda task, key: delivered.append(task["name"])
    )
    connector = find(f"{FIRESTORE}.createDocument")
    assert connector is not None
    given = {"parent": ROOT, "collectionId": "c", "body": {"fields": {}}}
    request = connector.body(**connector.named(given))
    first = services.send(request, "e/0:1")
    services.close()
    services = LocalServices(tmp_path / "services.db", clock.now, lambda *_: None)
    assert services.send(request, "e/0:1") == first
    assert services.send(request, "e/0:2") != first
    services.close()
    with pytest.raises(UnavailableError):
        services.send(request, "e/0:4")
    assert (tmp_path / "services.db").stat().st_mode & 0o777 == 0o600


def test_a_restart_in_the_middle_of_a_connector_changes_nothing(start: Start, web: Web) -> None:
    source = """
    - nap: {call: sys.sleep, args: {seconds: 1000}}
    - one:
        call: googleapis.pubsub.v1.projects.topics.publish
        args: {topic: projects/p/topics/t, body: {messages: [{data: eA==}]}}
        result: got
    - r: {return: '${got}'}
    """
    clock = Clock()
    runtime = start(clock=clock)
    runtime.deploy("w", source)
    execution = runtime.execute("w", None)
    until(lambda: runtime.idle() and runtime.next_deadline() is not None)
    runtime = start(clock=clock)
    until(lambda: runtime.idle() and runtime.next_deadline() is not None)
    due = runtime.next_deadline()
    assert due is not None
    clock.jump(due)
    assert json.loads(runtime.wait(execution, 5)["result"]) == {"messageIds": ["1"]}


def test_connectors_can_be_sent_to_addresses_that_speak_as_the_services_do(
    start: Start, web: Web, clock: Clock
) -> None:
    runtime = start(connectors=Remote({"firestore": web.url}))
    left = [503, 503]
    path = f"v1/{ROOT}/c/d"
    web.answers[path] = lambda: (
        flask.Response(status=left.pop()) if left else flask.jsonify(name="n")
    )
    source = f"""
    - get:
        call: {FIRESTORE}.patch
        args: {{name: {ROOT}/c/d, updateMask: {{fieldPaths: [a, b]}}, body: {{fields: {{}}}}, connector_params: {{timeout: 5}}}}
        result: got
    - r: {{return: '${{got}}'}}
    """
    runtime.deploy("remote", source)
    execution = runtime.execute("remote", None)
    for _ in range(2):
        until(lambda: runtime.idle() and runtime.next_deadline() is not None)
        clock.jump(runtime.next_deadline() or clock.now())
        until(runtime.idle)
    assert json.loads(runtime.wait(execution, 5)["result"]) == {"name": "n"}
    assert [a["method"] for a in web.asked] == ["PATCH"] * 3
    assert web.asked[-1]["query"] == {"updateMask.fieldPaths": ["a", "b"]}
    with pytest.raises(Failed, match="no address for storage; there is for: firestore"):
        connector(runtime, "storage.v1.objects.get", bucket="b", object="o")


def test_only_what_is_idempotent_is_sent_again_to_a_service() -> None:
    remote = Remote({"firestore": "http://127.0.0.1:9"})
    request: dict[str, Any] = {
        "service": "firestore",
        "path": "/",
        "query": [],
        "body": None,
        "timeout": 1,
    }
    assert remote.may_repeat({**request, "method": "GET"})
    assert not remote.may_repeat({**request, "method": "POST"})


def test_a_wrong_argument_is_a_type_error(shared_runtime: Runtime) -> None:
    with pytest.raises(Failed, match="name must be a string"):
        connector(shared_runtime, "firestore.v1.projects.databases.documents.get", name=1)
    with pytest.raises(Failed, match="timeout must lie between"):
        document(shared_runtime, "get", connector_params={"timeout": -1})
