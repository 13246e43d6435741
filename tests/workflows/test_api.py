"""The REST interface, as the real services' clients see it."""

import json
import threading
from typing import Any

import flask
import pytest
import werkzeug.exceptions

from local.workflows import Runtime
from local.workflows.api import blueprint

from .conftest import Web, until
from .waiting import WAIT

BASE = "/v1/projects/local/locations/local/workflows"


def deploy(client: Any, source: str, workflow: str = "w", **more: Any) -> Any:
    body = {"sourceContents": source, **more}
    made = client.post(f"{BASE}?workflowId={workflow}", json=body)
    return client.patch(f"{BASE}/{workflow}", json=body) if made.status_code == 409 else made


def wait_for_callback(client: Any, runtime: Runtime, web: Web) -> tuple[str, str]:
    """Start an execution and return its path and the path of its callback."""
    deploy(client, WAIT)
    count = len(web.asked)
    name = client.post(f"{BASE}/w/executions", json={}).json["name"]
    until(lambda: len(web.asked) > count and runtime.idle())
    return f"/v1/{name}", web.told().removeprefix(web.url)


def refused(answer: Any) -> tuple[int, str]:
    error = answer.json["error"]
    assert error["code"] == answer.status_code
    assert error["message"]
    return answer.status_code, error["status"]


def test_a_workflow_is_deployed_read_changed_listed_and_deleted(client: Any) -> None:
    made = deploy(client, "- r: {return: 1}", description="first", userEnvVars={"A": "b"}).json
    assert made["done"] is True
    assert made["response"]["revisionId"].startswith("000001-")
    assert made["response"]["userEnvVars"] == {"A": "b"}
    path = f"{BASE}/w"
    assert (
        client.patch(
            f"{path}?updateMask=source_contents", json={"sourceContents": "- r: {return: 2}"}
        )
        .json["response"]["revisionId"]
        .startswith("000002-")
    )
    found = client.get(path).json
    assert found["name"] == "projects/local/locations/local/workflows/w"
    assert (found["description"], found["sourceContents"]) == ("first", "- r: {return: 2}")
    assert [w["name"] for w in client.get(BASE).json["workflows"]] == [found["name"]]
    assert client.delete(path).json["done"] is True
    assert refused(client.get(path)) == (404, "NOT_FOUND")
    assert refused(client.delete(path)) == (404, "NOT_FOUND")


def test_an_execution_is_started_and_read(client: Any, runtime: Runtime) -> None:
    deploy(client, "main: {params: [a], steps: [{r: {return: '${a.x + 1}'}}]}")
    made = client.post(
        f"{BASE}/w/executions", json={"argument": '{"x": 1}', "labels": {"k": "v"}}
    ).json
    # A short one may have ended before the answer was written.
    assert made["state"] in {"ACTIVE", "SUCCEEDED"}
    runtime.wait(made["name"].rpartition("/")[2], 5)
    found = client.get(f"/v1/{made['name']}").json
    assert (found["state"], found["result"], found["labels"]) == ("SUCCEEDED", "2", {"k": "v"})
    assert found["duration"].endswith("s")
    failed = client.post(f"{BASE}/w/executions", json={}).json["name"]
    runtime.wait(failed.rpartition("/")[2], 5)
    error = client.get(f"/v1/{failed}").json["error"]
    assert json.loads(error["payload"])["tags"] == ["TypeError"]
    page = client.get(f"{BASE}/w/executions?pageSize=1").json
    assert [e["name"] for e in page["executions"]] == [failed]
    rest = client.get(f"{BASE}/w/executions?pageToken={page['nextPageToken']}").json
    assert [e["name"] for e in rest["executions"]] == [made["name"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"argument": "{"}, 400),
        ({"argument": {"not": "text"}}, 400),
        ({"argument": json.dumps("x" * 33_000)}, 400),
        ({"labels": [1]}, 400),
    ],
)
def test_a_wrong_argument_is_refused(client: Any, body: Any, status: int) -> None:
    deploy(client, "- r: {return: 1}")
    answer = client.post(f"{BASE}/w/executions", json=body)
    assert refused(answer) == (status, "INVALID_ARGUMENT")
    assert client.get(f"{BASE}/w/executions").json["executions"] == []


def test_a_broken_source_is_refused_with_its_place(client: Any) -> None:
    answer = deploy(client, "- r: {next: x}")
    assert refused(answer) == (400, "INVALID_ARGUMENT")
    assert "w.yaml:1:13: 'next' names the unknown step 'x'" in answer.json["error"]["message"]
    assert refused(deploy(client, "- r: {return: 1}", workflow="")) == (400, "INVALID_ARGUMENT")
    assert refused(client.post(f"{BASE}?workflowId=w", data="{")) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
def test_a_body_is_read_whatever_its_type_says(client: Any, runtime: Runtime, kind: str) -> None:
    source = "main: {params: [a], steps: [{r: {return: '${a.x}'}}]}"
    body = json.dumps({"sourceContents": source, "description": "first", "labels": {"k": "v"}})
    made = client.post(f"{BASE}?workflowId=w", data=body, content_type=kind)
    assert made.json["response"]["labels"] == {"k": "v"}
    mask = f"{BASE}/w?updateMask=labels,description"
    change = json.dumps({"labels": {"k": "w"}, "description": "second"})
    changed = client.patch(mask, data=change, content_type=kind).json["response"]
    assert (changed["labels"], changed["description"]) == ({"k": "w"}, "second")
    argument = json.dumps({"argument": '{"x": 7}'})
    name = client.post(f"{BASE}/w/executions", data=argument, content_type=kind).json["name"]
    assert runtime.wait(name.rpartition("/")[2], 5)["result"] == "7"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("body", ['{"labels": ', "argument=1", "\x00", "[" * 200_000])
def test_a_body_that_is_no_json_is_refused_and_changes_nothing(
    client: Any, kind: str, body: str
) -> None:
    deploy(client, "- r: {return: 1}", labels={"k": "v"})
    answers = [
        client.post(f"{BASE}?workflowId=other", data=body, content_type=kind),
        client.patch(f"{BASE}/w?updateMask=labels", data=body, content_type=kind),
        client.post(f"{BASE}/w/executions", data=body, content_type=kind),
        client.post(f"{BASE}/w:triggerPubsubExecution", data=body, content_type=kind),
    ]
    for answer in answers:
        assert refused(answer) == (400, "INVALID_ARGUMENT")
        assert "the body is not JSON" in answer.json["error"]["message"]
    assert client.get(f"{BASE}/w").json["labels"] == {"k": "v"}
    assert client.get(f"{BASE}/w/executions").json["executions"] == []


def test_a_callback_is_taken_and_shown(client: Any, runtime: Runtime, web: Web) -> None:
    execution, callback = wait_for_callback(client, runtime, web)
    shown = client.get(f"{execution}/callbacks").json["callbacks"]
    assert shown == [
        {
            "name": callback.removeprefix("/v1/"),
            "method": "POST",
            "availablePayloads": [],
            "waiters": "1",
        }
    ]
    answer = client.post(
        callback + "?q=1", json={"x": 1}, headers={"Authorization": "Bearer secret", "X-One": "1"}
    )
    assert (answer.status_code, answer.data) == (200, b"")
    found = runtime.wait(execution.rpartition("/")[2], 5)
    assert json.loads(found["result"]) == {"x": 1}
    stored = runtime.journal.read("SELECT * FROM callback_payloads")
    request = json.loads(stored[0]["request"])
    assert request["type"] == "HTTP"
    assert request["http_request"]["query"] == {"q": "1"}
    assert request["http_request"]["headers"]["X-One"] == "1"
    assert "secret" not in stored[0]["request"]
    assert stored[0]["consumed_by"]
    assert refused(client.post(callback)) == (404, "NOT_FOUND")
    assert client.get(f"{execution}/callbacks").json == {"callbacks": []}


def test_a_callback_is_refused_by_method_slot_size_and_name(
    client: Any, runtime: Runtime, web: Web
) -> None:
    source = WAIT.replace(
        "call: events.await_callback, args: {callback: '${cb}', timeout: 86400}",
        "call: sys.sleep, args: {seconds: 86400}",
    )
    deploy(client, source)
    client.post(f"{BASE}/w/executions", json={})
    until(lambda: bool(web.asked) and runtime.idle())
    callback = web.told().removeprefix(web.url)
    assert refused(client.get(callback))[0] == 405
    assert refused(client.delete(callback))[0] == 405
    assert refused(client.post(callback[:-1]))[0] == 404
    assert refused(client.post(callback.replace("/w/", "/other/")))[0] == 404
    assert refused(client.post(callback, data="x" * 600_000))[0] == 413
    assert refused(client.post(callback, data="{", content_type="application/json"))[0] == 400
    deep = {"data": "[" * 100_000, "content_type": "application/json"}
    assert refused(client.post(callback, **deep))[0] == 400
    deep["data"] = "[" * 600 + "]" * 600
    assert refused(client.post(callback, **deep))[0] == 400
    assert client.post(callback, data="first").status_code == 200
    assert refused(client.post(callback, data="second")) == (429, "RESOURCE_EXHAUSTED")


def test_of_many_simultaneous_calls_one_is_taken(client: Any, runtime: Runtime, web: Web) -> None:
    execution, callback = wait_for_callback(client, runtime, web)
    codes: list[int] = []
    web.answers["after"] = lambda: flask.jsonify(threading.Event().wait(0.3))

    def call() -> None:
        codes.append(client.application.test_client().post(callback, json=1).status_code)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    consumed = "SELECT * FROM callback_payloads WHERE consumed_by IS NOT NULL"
    until(lambda: bool(runtime.journal.read(consumed)))
    assert len(runtime.journal.read(consumed)) == 1
    # A second one may be kept for a later wait, once the first was used up.
    assert codes.count(200) in {1, 2}
    assert set(codes) <= {200, 429}
    runtime.wait(execution.rpartition("/")[2], 5)


def test_cancel_ends_an_active_execution_only(client: Any, runtime: Runtime, web: Web) -> None:
    execution, callback = wait_for_callback(client, runtime, web)
    assert client.post(f"{execution}:cancel").json["state"] == "CANCELLED"
    assert refused(client.post(f"{execution}:cancel")) == (400, "FAILED_PRECONDITION")
    assert refused(client.post(callback))[0] == 404
    assert refused(client.post(f"{BASE}/w/executions/none:cancel"))[0] == 404


def test_deleting_a_workflow_cancels_its_executions(
    client: Any, runtime: Runtime, web: Web
) -> None:
    execution, _ = wait_for_callback(client, runtime, web)
    client.delete(f"{BASE}/w")
    assert client.get(execution).json["state"] == "CANCELLED"


def test_the_steps_are_listed(client: Any, runtime: Runtime, web: Web) -> None:
    execution, _ = wait_for_callback(client, runtime, web)
    found = client.get(f"{execution}/stepEntries").json
    assert [(s["step"], s["state"]) for s in found["stepEntries"]] == [
        ("open", "STATE_SUCCEEDED"),
        ("tell", "STATE_SUCCEEDED"),
        ("wait", "STATE_IN_PROGRESS"),
        # What it tries.
        ("wait", "STATE_IN_PROGRESS"),
    ]
    first = client.get(f"{execution}/stepEntries/1").json
    assert first == found["stepEntries"][0]
    assert (first["routine"], first["stepType"]) == ("main", "STEP_STD_LIB_CALL")
    assert refused(client.get(f"{execution}/stepEntries/9"))[0] == 404
    assert client.get(execution).json["status"]["currentSteps"] == [
        {"routine": "main", "step": "wait"}
    ]


def test_every_route_asks_who_is_calling(runtime: Runtime) -> None:
    def nobody(_: flask.Request) -> None:
        raise werkzeug.exceptions.Unauthorized("sign in first")

    app = flask.Flask("api")
    app.register_blueprint(blueprint(runtime, nobody))
    client = app.test_client()
    count = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        path = rule.rule.replace("<path:", "<")
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", "x")
        for method in rule.methods or ():
            answer = client.open(path, method=method)
            assert answer.status_code == 401, (method, path)
            count += 1
    assert count >= 19


def test_a_runtime_that_cannot_write_is_unavailable(client: Any, runtime: Runtime) -> None:
    runtime.stop()
    assert refused(deploy(client, "- r: {return: 1}")) == (503, "UNAVAILABLE")
    assert refused(client.get(f"{BASE}/w")) == (503, "UNAVAILABLE")


def executions(client: Any, runtime: Runtime, *arguments: str) -> list[str]:
    """Execute a program that divides, once for each argument, and return the names."""
    deploy(client, "main: {params: [a], steps: [{r: {return: '${1 / a}'}}]}")
    names = []
    for argument in arguments:
        body = {"argument": argument, "labels": {"argument": argument}}
        names.append(client.post(f"{BASE}/w/executions", json=body).json["name"])
        runtime.wait(names[-1].rpartition("/")[2], 5)
    return names


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ('state="FAILED"', {1}),
        ("state!=FAILED", {0, 2}),
        ('labels.argument="2"', {2}),
        ('labels.argument = "2" AND state = "FAILED"', set()),
        (
            'createTime > "2000-01-01T00:00:00Z" AND end_time < "2100-01-01T00:00:00+02:00"',
            {0, 1, 2},
        ),
        ("", {0, 1, 2}),
    ],
)
def test_executions_are_filtered(
    client: Any, runtime: Runtime, filter: str, expected: set[int]
) -> None:
    names = executions(client, runtime, "1", "0", "2")
    found = client.get(f"{BASE}/w/executions", query_string={"filter": filter}).json["executions"]
    assert {names.index(one["name"]) for one in found} == expected
    assert "argument" not in found[0] if found else True


def test_executions_are_ordered_and_shown_in_full(client: Any, runtime: Runtime) -> None:
    names = executions(client, runtime, "1", "0", "2")
    query = {"orderBy": "state, createTime desc", "view": "FULL"}
    found = client.get(f"{BASE}/w/executions", query_string=query).json["executions"]
    assert [names.index(one["name"]) for one in found] == [1, 2, 0]
    assert [one["argument"] for one in found] == ["0", "2", "1"]
    assert found[1]["result"] == "0.5"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"filter": "colour=red"}, "no field 'colour'"),
        ({"filter": "state"}, "cannot understand the filter from: state"),
        ({"filter": "state=A state=B"}, "joined by AND"),
        ({"filter": "createTime>noon"}, "noon is not a time"),
        ({"filter": "(" * 2000}, "nested too deeply"),
        ({"filter": "NOT " * 2000 + "state=A"}, "nested too deeply"),
        ({"filter": " AND ".join(["state=A"] * 2000)}, "at most 100 terms"),
        ({"filter": "(state=A"}, "a parenthesis is open"),
        ({"filter": "duration>1"}, "1 is not a duration"),
        ({"filter": "stepName>a"}, "can only be equal"),
        ({"filter": "label=a"}, "a label has a key"),
        ({"orderBy": "state sideways"}, "cannot understand the order"),
        ({"orderBy": "colour"}, "no field 'colour'"),
    ],
)
def test_a_list_says_what_it_does_not_understand(
    client: Any, query: dict[str, str], message: str
) -> None:
    answer = client.get(f"{BASE}/w/executions", query_string=query)
    assert refused(answer) == (400, "INVALID_ARGUMENT")
    assert message in answer.json["error"]["message"]


def test_steps_know_their_parents_children_and_neighbours(client: Any, runtime: Runtime) -> None:
    deploy(
        client,
        """
        main:
          steps:
            - a: {call: sub}
            - b: {steps: [{c: {assign: [{x: 1}]}}, {d: {assign: [{x: 2}]}}]}
            - p: {parallel: {branches: [{l: {steps: [{e: {assign: [{y: 1}]}}]}}, {m: {steps: [{f: {assign: [{y: 1}]}}]}}]}}
        sub: {steps: [{s: {return: 1}}]}
        """,
    )
    name = client.post(f"{BASE}/w/executions", json={}).json["name"]
    runtime.wait(name.rpartition("/")[2], 5)
    entries = client.get(f"/v1/{name}/stepEntries").json["stepEntries"]
    steps = {one["entryId"]: one["step"] for one in entries} | {"0": ""}
    found = {
        one["step"]: (
            steps[one["navigationInfo"]["parent"]],
            [steps[child] for child in one["navigationInfo"]["children"]],
            steps[one["navigationInfo"]["previous"]],
            steps[one["navigationInfo"]["next"]],
        )
        for one in entries
    }
    assert found == {
        "a": ("", ["s"], "", "b"),
        "s": ("a", [], "", ""),
        "b": ("", ["c", "d"], "a", "p"),
        "c": ("b", [], "", "d"),
        "d": ("b", [], "c", ""),
        "p": ("", ["l", "m"], "b", ""),
        "l": ("p", ["e"], "", ""),
        "m": ("p", ["f"], "", ""),
        "e": ("l", [], "", ""),
        "f": ("m", [], "", ""),
    }
    assert len({one["stepEntryMetadata"]["threadId"] for one in entries}) == 3
    assert client.get(f"/v1/{name}/stepEntries/{entries[0]['entryId']}").json == entries[0]


def test_an_execution_is_exported_and_its_steps_are_forgotten(
    client: Any, runtime: Runtime, web: Web
) -> None:
    [name] = executions(client, runtime, "1")
    exported = json.loads(client.get(f"/v1/{name}:exportData").json["data"])
    assert exported["execution"]["result"] == "1.0"
    assert [step["step"] for step in exported["stepEntries"]] == ["r"]
    assert client.post(f"/v1/{name}:deleteExecutionHistory", json={}).json == {}
    assert client.get(f"/v1/{name}/stepEntries").json["stepEntries"] == []
    waiting, _ = wait_for_callback(client, runtime, web)
    assert refused(client.post(f"{waiting}:deleteExecutionHistory", json={})) == (
        400,
        "FAILED_PRECONDITION",
    )


def test_a_pushed_message_starts_an_execution(client: Any, runtime: Runtime) -> None:
    deploy(client, "main: {params: [e], steps: [{r: {return: '${e.message.data}'}}]}")
    path = f"{BASE}/w:triggerPubsubExecution"
    made = client.post(path, json={"message": {"data": "eA=="}, "subscription": "s"}).json
    assert runtime.wait(made["name"].rpartition("/")[2], 5)["result"] == '"eA=="'
    assert refused(client.post(path, json={"message": "x"})) == (400, "INVALID_ARGUMENT")
    large = {"message": {"data": "x" * 40_000}}
    assert refused(client.post(path, json=large)) == (400, "INVALID_ARGUMENT")


PARTS = """
main:
  steps:
    - loop:
        for: {value: i, in: [a, b], steps: [{s: {assign: [{x: 1}]}}]}
    - choose:
        switch:
          - condition: ${1 == 2}
            return: 1
          - condition: ${1 == 1}
            steps: [{inner: {assign: [{y: 1}]}}]
    - attempt:
        try: {raise: bad}
        retry: {max_retries: 1, backoff: {initial_delay: 0, max_delay: 0, multiplier: 1}}
        except: {steps: [{h: {assign: [{z: 1}]}}]}
    - together: {parallel: {for: {value: i, in: [a, b], steps: [{p: {assign: [{q: 1}]}}]}}}
    - apart:
        parallel:
          branches:
            - left: {steps: [{l: {assign: [{q: 1}]}}]}
            - right: {steps: [{m: {raise: no}}]}
"""


def test_iterations_conditions_branches_and_attempts_have_entries(
    client: Any, runtime: Runtime
) -> None:
    """Types and progress are those of the discovery document; which try a number is of, no page says."""
    deploy(client, PARTS)
    name = client.post(f"{BASE}/w/executions", json={}).json["name"]
    runtime.wait(name.rpartition("/")[2], 5)
    entries = client.get(f"/v1/{name}/stepEntries").json["stepEntries"]

    def told(entry: dict[str, Any]) -> tuple[str, ...]:
        meta, parent = entry["stepEntryMetadata"], int(entry["navigationInfo"]["parent"])
        of = meta.get("progressType", "").removeprefix("PROGRESS_TYPE_")
        progress = f"{of} {meta['progressNumber']}" if of else ""
        state = "failed" if entry["state"] == "STATE_FAILED" else ""
        return (
            f"{entries[parent - 1]['step'] if parent else ''}/{entry['step']}",
            *filter(None, (entry["stepType"].removeprefix("STEP_"), progress, state)),
        )

    assert [told(entry) for entry in entries] == [
        ("/loop", "FOR"),
        ("loop/loop", "FOR_ITERATION", "FOR 1"),
        ("loop/s", "ASSIGN"),
        ("loop/loop", "FOR_ITERATION", "FOR 2"),
        ("loop/s", "ASSIGN"),
        ("/choose", "SWITCH"),
        ("choose/choose", "CONDITION", "SWITCH 1"),
        ("choose/choose", "CONDITION", "SWITCH 2"),
        ("choose/inner", "ASSIGN"),
        ("/attempt", "TRY_RETRY_EXCEPT"),
        ("attempt/attempt", "TRY", "failed"),
        ("attempt/attempt", "RETRY", "RETRY 1"),
        ("attempt/attempt", "TRY", "failed"),
        ("attempt/attempt", "RETRY", "RETRY 2"),
        ("attempt/attempt", "EXCEPT"),
        ("attempt/h", "ASSIGN"),
        ("/together", "PARALLEL_FOR"),
        ("together/together", "FOR_ITERATION", "PARALLEL_FOR 1"),
        ("together/p", "ASSIGN"),
        ("together/together", "FOR_ITERATION", "PARALLEL_FOR 2"),
        ("together/p", "ASSIGN"),
        ("/apart", "PARALLEL_BRANCH", "failed"),
        ("apart/left", "PARALLEL_BRANCH_ENTRY", "PARALLEL_BRANCH 1"),
        ("left/l", "ASSIGN"),
        ("apart/right", "PARALLEL_BRANCH_ENTRY", "PARALLEL_BRANCH 2", "failed"),
        ("right/m", "RAISE", "failed"),
    ]
    found = client.get(
        f"/v1/{name}/stepEntries", query_string={"filter": "stepType=STEP_FOR_ITERATION"}
    ).json["stepEntries"]
    assert [one["stepEntryMetadata"]["progressNumber"] for one in found] == ["1", "2", "1", "2"]
    by_id = {one["entryId"]: one for one in entries}
    assert all(by_id[one["entryId"]] == one for one in found)


def test_what_a_cancelled_execution_was_at_is_cancelled(
    client: Any, runtime: Runtime, web: Web
) -> None:
    execution, _ = wait_for_callback(client, runtime, web)
    client.post(f"{execution}:cancel", json={})
    entries = client.get(f"{execution}/stepEntries").json["stepEntries"]
    assert [one["state"].removeprefix("STATE_") for one in entries] == [
        *("SUCCEEDED", "SUCCEEDED", "CANCELLED", "CANCELLED")
    ]
