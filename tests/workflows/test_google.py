"""Google's client of the Workflows API, by REST and by gRPC, and what both services document of what is asked and answered."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.workflows_v1 import ExecutionHistoryLevel, Workflow, WorkflowsClient
from google.cloud.workflows_v1.services.workflows.transports import (
    WorkflowsGrpcTransport,
    WorkflowsRestTransport,
)

from local.workflows import Runtime

from .conftest import Ports

HERE = "projects/local/locations/local"
ONE = "- r: {return: 1}"
TWO = "- r: {return: 2}"


@pytest.fixture(scope="module", params=["rest", "grpc"])
def served(request: pytest.FixtureRequest, ports: Ports) -> Iterator[WorkflowsClient]:
    """Return Google's client of one runtime."""
    if request.param == "rest":
        rest = WorkflowsRestTransport(
            host=f"127.0.0.1:{ports.rest}", url_scheme="http", credentials=AnonymousCredentials()
        )
        yield WorkflowsClient(transport=rest)
        return
    with grpc.insecure_channel(f"127.0.0.1:{ports.grpc}") as channel:
        transport = WorkflowsGrpcTransport(channel=channel, credentials=AnonymousCredentials())
        yield WorkflowsClient(transport=transport)


@pytest.fixture
def google(served: WorkflowsClient) -> Iterator[WorkflowsClient]:
    """Return the client, and leave nothing deployed."""
    yield served
    for one in list(served.list_workflows(parent=HERE)):
        served.delete_workflow(name=one.name)


def create(google: WorkflowsClient, id: str = "w", source: str = ONE, **more: Any) -> Workflow:
    workflow = Workflow(source_contents=source, **more)
    made = google.create_workflow(parent=HERE, workflow=workflow, workflow_id=id).result()
    assert isinstance(made, Workflow)
    return made


def update(google: WorkflowsClient, mask: str | None = None, **fields: Any) -> Workflow:
    request: dict[str, Any] = {"workflow": Workflow(name=f"{HERE}/workflows/w", **fields)}
    if mask is not None:
        request["update_mask"] = {"paths": mask.split(",")}
    made = google.update_workflow(request).result()
    assert isinstance(made, Workflow)
    return made


def violations(error: exceptions.GoogleAPICallError) -> dict[str, str]:
    """Return the fields of the details with what is wrong; of HTTP, Google's library leaves them JSON."""
    [details] = error.details
    if isinstance(details, dict):
        return {one["field"]: one["description"] for one in details["fieldViolations"]}
    return {one.field: one.description for one in details.field_violations}


EVERYTHING: dict[str, Any] = {
    "description": "first",
    "labels": {"team": "größe-1", "empty": ""},
    "service_account": "projects/local/serviceAccounts/a@local.iam.gserviceaccount.com",
    "crypto_key_name": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    "call_log_level": Workflow.CallLogLevel.LOG_ERRORS_ONLY,
    "user_env_vars": {"A": "b"},
    "execution_history_level": ExecutionHistoryLevel.EXECUTION_HISTORY_DETAILED,
}


def test_what_is_said_of_a_workflow_is_kept_and_shown(google: WorkflowsClient) -> None:
    made = create(google, **EVERYTHING)
    found = google.get_workflow(name=f"{HERE}/workflows/w")
    assert found == made
    assert (found.name, found.state, found.source_contents) == (
        f"{HERE}/workflows/w",
        Workflow.State.ACTIVE,
        ONE,
    )
    for field, value in EVERYTHING.items():
        assert getattr(found, field) == value, field
    assert found.revision_id.startswith("000001-")
    assert found.create_time == found.update_time == found.revision_create_time
    bare = create(google, "bare")
    assert bare.service_account.startswith("projects/local/serviceAccounts/")


def test_a_workflow_is_made_once(google: WorkflowsClient) -> None:
    create(google)
    with pytest.raises(exceptions.AlreadyExists if grpc_of(google) else exceptions.Conflict):
        create(google, source=TWO)
    assert google.get_workflow(name=f"{HERE}/workflows/w").source_contents == ONE


def grpc_of(google: WorkflowsClient) -> bool:
    return isinstance(google.transport, WorkflowsGrpcTransport)


@pytest.mark.parametrize("id", ["", "1a", "-a", "_a", "a-", "a_", "a.b", "ä", "a" * 65])
def test_an_id_is_as_the_documentation_says(google: WorkflowsClient, id: str) -> None:
    with pytest.raises(
        exceptions.InvalidArgument if grpc_of(google) else exceptions.BadRequest
    ) as e:
        create(google, id)
    assert "start with a letter" in violations(e.value)["workflow_id"]


def test_the_longest_id_is_taken(google: WorkflowsClient) -> None:
    for id in ("a", "A-_9", "a" * 64):
        create(google, id)


@pytest.mark.parametrize(
    ("field", "value", "violated"),
    [
        ("labels", {"Upper": "x"}, "labels.Upper"),
        ("labels", {"1digit": "x"}, "labels.1digit"),
        ("labels", {"k": "a" * 64}, "labels.k"),
        ("labels", {f"k{n}": "" for n in range(65)}, "labels"),
        ("description", "x" * 1001, "description"),
        ("user_env_vars", {"GOOGLE_X": "1"}, "userEnvVars.GOOGLE_X"),
        ("user_env_vars", {"WORKFLOWS_X": "1"}, "userEnvVars.WORKFLOWS_X"),
        ("user_env_vars", {"": "1"}, "userEnvVars."),
        ("user_env_vars", {"A": "x" * 4097}, "userEnvVars.A"),
        ("user_env_vars", {f"A{n}": "" for n in range(21)}, "userEnvVars"),
        ("crypto_key_name", "k", "cryptoKeyName"),
        ("source_contents", "", "workflow.source_contents"),
        ("source_contents", "- r: {next: x}", "workflow.source_contents"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    google: WorkflowsClient, field: str, value: Any, violated: str
) -> None:
    with pytest.raises(exceptions.GoogleAPICallError) as e:
        create(
            google, **{"source": ONE, ("source" if field == "source_contents" else field): value}
        )
    assert e.value.code == 400
    assert violated in violations(e.value)
    with pytest.raises(exceptions.NotFound):
        google.get_workflow(name=f"{HERE}/workflows/w")


def test_every_problem_of_a_source_is_told_with_its_place(google: WorkflowsClient) -> None:
    with pytest.raises(exceptions.GoogleAPICallError) as e:
        create(google, source="- r: {next: x}\n- s: {next: y}")
    assert "w.yaml:1:13: 'next' names the unknown step 'x'" in e.value.message
    assert "w.yaml:2:13: 'next' names the unknown step 'y'" in e.value.message
    assert "workflow.source_contents" in violations(e.value)


def test_only_what_the_mask_names_is_changed(google: WorkflowsClient) -> None:
    made = create(google, **EVERYTHING)
    changed = update(google, "description,labels", description="second", source_contents=TWO)
    assert (changed.description, changed.labels, changed.source_contents) == ("second", {}, ONE)
    assert changed.call_log_level == made.call_log_level
    assert changed.revision_id == made.revision_id
    assert changed.update_time > made.update_time
    assert changed.create_time == made.create_time


@pytest.mark.parametrize(
    ("mask", "fields", "revised"),
    [
        ("source_contents", {"source_contents": TWO}, True),
        ("service_account", {"service_account": "b@local.iam.gserviceaccount.com"}, True),
        ("user_env_vars", {"user_env_vars": {"A": "c"}}, True),
        ("source_contents", {"source_contents": ONE}, False),
        ("labels", {"labels": {"a": "b"}}, False),
        ("call_log_level", {"call_log_level": Workflow.CallLogLevel.LOG_NONE}, False),
        ("crypto_key_name", {}, False),
        ("execution_history_level", {}, False),
    ],
)
def test_a_revision_comes_of_the_source_the_account_and_the_variables(
    google: WorkflowsClient, mask: str, fields: dict[str, Any], revised: bool
) -> None:
    made = create(google, **EVERYTHING)
    changed = update(google, mask, **fields)
    assert (changed.revision_id != made.revision_id) is revised
    assert changed.revision_id.startswith("000002-" if revised else "000001-")
    assert (changed.revision_create_time != made.revision_create_time) is revised


def test_without_a_mask_all_of_a_workflow_is_replaced(google: WorkflowsClient) -> None:
    create(google, **EVERYTHING)
    changed = update(google, source_contents=TWO, labels={"new": "1"})
    assert (changed.source_contents, changed.labels) == (TWO, {"new": "1"})
    assert (changed.description, changed.user_env_vars) == ("", {})
    with pytest.raises(exceptions.GoogleAPICallError) as e:
        update(google, description="no source")
    assert "workflow.source_contents" in violations(e.value)


def test_a_mask_of_no_field_is_refused(google: WorkflowsClient) -> None:
    create(google)
    with pytest.raises(exceptions.GoogleAPICallError) as e:
        update(google, "description,colour", description="x")
    assert e.value.code == 400
    assert "update_mask.colour" in violations(e.value)
    # What only the service writes is passed over (AIP-203).
    assert update(google, "state,description", description="y").description == "y"


def test_what_is_not_there_is_not_found(google: WorkflowsClient) -> None:
    name = f"{HERE}/workflows/none"
    with pytest.raises(exceptions.NotFound):
        google.get_workflow(name=name)
    with pytest.raises(exceptions.NotFound):
        google.delete_workflow(name=name)
    with pytest.raises(exceptions.NotFound):
        google.update_workflow({"workflow": {"name": name}, "update_mask": {"paths": ["labels"]}})
    with pytest.raises(exceptions.NotFound):
        list(google.list_workflow_revisions({"name": name}))
    create(google)
    with pytest.raises(exceptions.NotFound):
        google.get_workflow({"name": f"{HERE}/workflows/w", "revision_id": "000009-abc"})


def test_revisions_are_listed_and_read(google: WorkflowsClient) -> None:
    made = create(google)
    changed = update(google, "source_contents", source_contents=TWO)
    name = f"{HERE}/workflows/w"
    pages = google.list_workflow_revisions({"name": name, "page_size": 1})
    assert [one.revision_id for one in pages] == [changed.revision_id, made.revision_id]
    former = google.get_workflow({"name": name, "revision_id": made.revision_id})
    assert (former.source_contents, former.revision_id) == (ONE, made.revision_id)


def test_a_workflow_that_is_made_again_begins_anew(google: WorkflowsClient) -> None:
    create(google, **EVERYTHING)
    google.delete_workflow(name=f"{HERE}/workflows/w").result()
    made = create(google)
    assert made.revision_id.startswith("000001-")
    assert (made.labels, made.description) == ({}, "")
    assert len(list(google.list_workflow_revisions({"name": made.name}))) == 1


def test_workflows_are_listed_page_by_page_filtered_and_ordered(google: WorkflowsClient) -> None:
    for id, team in (("b", "x"), ("a", "y"), ("c", "x")):
        create(google, id, labels={"team": team})

    def ids(**request: Any) -> list[str]:
        found = google.list_workflows({"parent": HERE, **request})
        return [one.name.rpartition("/")[2] for one in found]

    assert ids() == ["a", "b", "c"]
    assert ids(page_size=1) == ["a", "b", "c"]
    assert ids(order_by="createTime desc") == ["c", "a", "b"]
    assert ids(filter='labels.team="x"', page_size=1) == ["b", "c"]
    assert ids(filter='labels.team="y" OR name="c"') == ["a", "c"]
    assert ids(filter=f'name="{HERE}/workflows/c"') == ["c"]
    assert ids(filter='NOT labels.team="y" AND (name="b" OR name="a")') == ["b"]
    first = next(iter(google.list_workflows({"parent": HERE, "page_size": 1}).pages))
    for wrong in ("1", "x", first.next_page_token):
        with pytest.raises(exceptions.GoogleAPICallError, match="pageToken"):
            ids(page_token=wrong, filter="state=ACTIVE")
    with pytest.raises(exceptions.GoogleAPICallError, match="no field 'colour'"):
        ids(filter="colour=red")


def test_operations_are_read_listed_and_forgotten(google: WorkflowsClient) -> None:
    made = google.create_workflow(
        parent=HERE, workflow=Workflow(source_contents=ONE), workflow_id="w"
    )
    assert made.done()
    assert (made.metadata.verb, made.metadata.target) == ("create", f"{HERE}/workflows/w")
    assert made.metadata.api_version == "v1"
    deleted = google.delete_workflow(name=f"{HERE}/workflows/w")
    name = made.operation.name
    assert name.startswith(f"{HERE}/operations/operation-")
    assert google.get_operation({"name": name}).response == made.operation.response
    listed = google.list_operations({"name": HERE})
    assert [one.name for one in listed.operations][:2] == [deleted.operation.name, name]
    google.delete_operation({"name": name})
    with pytest.raises(exceptions.NotFound):
        google.get_operation({"name": name})
    with pytest.raises(exceptions.NotFound):
        google.delete_operation({"name": name})


def test_the_only_location_is_told(google: WorkflowsClient) -> None:
    assert google.get_location({"name": HERE}).location_id == "local"
    [one] = google.list_locations({"name": "projects/local"}).locations
    assert one.name == HERE


# --- what no client of Google's in Python can say --------------------------------------------------

BASE = f"/v1/{HERE}/workflows"


@pytest.fixture
def post(client: Any) -> Callable[..., Any]:
    def ask(path: str, **body: Any) -> Any:
        return client.post(f"{BASE}{path}", json=body)

    assert ask("?workflowId=w", sourceContents=ONE, labels={"of": "w", "k": "w"}).status_code == 200
    return ask


def test_a_field_that_there_is_not_is_refused(client: Any, post: Any) -> None:
    for path, message in {"?workflowId=x": "workflow", "/w/executions": "execution"}.items():
        error = post(path, colour="red").json["error"]
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
        [details] = error["details"]
        assert details["@type"] == "type.googleapis.com/google.rpc.BadRequest"
        assert details["fieldViolations"][0]["field"] == message
    made = post("?workflowId=y", source_contents=ONE, call_log_level=2, tags={"a": "b"}).json
    assert made["response"]["callLogLevel"] == "LOG_ERRORS_ONLY"
    assert "callLogLevel" not in client.get(f"{BASE}/w").json


def test_what_is_no_text_is_refused(client: Any, post: Any) -> None:
    half = chr(0xD800)
    for said in ({"sourceContents": f"- r: {{return: '{half}'}}"}, {"description": half}):
        assert post("?workflowId=x", **{"sourceContents": ONE, **said}).status_code == 400
    assert post("?workflowId=x", sourceContents=ONE, userEnvVars={"A": half}).status_code == 400
    assert post("/w/executions", labels={"a": half}).status_code == 400
    assert post("/w/executions", argument=f'"{half}"').status_code == 400
    inside = post("/w/executions", argument='"\\ud800"').json
    assert inside["argument"] == '"\\ud800"'


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/w"), ("POST", "/w:undelete"), ("GET", "/w/triggers"), ("DELETE", "/w/executions/x")],
)
def test_a_method_that_there_is_not_is_not_found(client: Any, method: str, path: str) -> None:
    answer = client.open(BASE + path, method=method)
    assert answer.status_code == 404
    assert answer.json["error"]["status"] == "NOT_FOUND"


def test_an_execution_has_the_workflow_s_labels_below_its_own(client: Any, post: Any) -> None:
    client.patch(f"{BASE}/w?updateMask=callLogLevel", json={"callLogLevel": "LOG_NONE"})
    made = post("/w/executions", labels={"k": "mine"}).json
    assert made["labels"] == {"of": "w", "k": "mine"}
    assert made["callLogLevel"] == "LOG_NONE"
    said = {"callLogLevel": "LOG_ALL_CALLS", "executionHistoryLevel": "EXECUTION_HISTORY_BASIC"}
    own = post("/w/executions", disableConcurrencyQuotaOverflowBuffering=True, **said).json
    assert {name: own[name] for name in said} == said
    assert own["disableConcurrencyQuotaOverflowBuffering"] is True
    assert post("/w/executions", labels={"Not": "x"}).status_code == 400
    assert post("/w/executions", callLogLevel="LOUD").status_code == 400


def test_an_execution_knows_the_account_of_its_revision(
    client: Any, post: Any, runtime: Runtime
) -> None:
    source = "- r: {return: '${sys.get_env(\"GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME\")}'}"
    for account, known in (
        ("projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "a@p.iam.gserviceaccount.com"),
        ("", "workflows@local.iam.gserviceaccount.com"),
    ):
        mask = "sourceContents,serviceAccount"
        body = {"sourceContents": source, "serviceAccount": account}
        client.patch(f"{BASE}/w?updateMask={mask}", json=body)
        made = post("/w/executions").json["name"].rpartition("/")[2]
        assert json.loads(runtime.wait(made, 5)["result"]) == known


def test_views_have_what_the_documentation_says(client: Any, post: Any, runtime: Runtime) -> None:
    name = post("/w/executions", argument='{ "a": [1, 2] }').json["name"]
    runtime.wait(name.rpartition("/")[2], 5)
    basic = client.get(f"/v1/{name}?view=BASIC").json
    fields = {"name", "startTime", "endTime", "duration", "state", "workflowRevisionId"}
    assert set(basic) == fields
    full = client.get(f"/v1/{name}").json
    assert client.get(f"/v1/{name}?view=FULL").json == full
    assert full["argument"] == '{"a":[1,2]}'
    assert {"createTime", "argument", "result", "labels", "status"} <= set(full)
    assert set(client.get(f"{BASE}/w/executions").json["executions"][0]) == fields
    assert client.get(f"{BASE}/w/executions?view=LARGE").status_code == 400


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("state=SUCCEEDED OR state=FAILED", "012"),
        ("NOT state=FAILED", "02"),
        ("-state=FAILED", "02"),
        ('state=SUCCEEDED AND labels.n="0" OR labels.n="1"', "0"),
        ('(state=SUCCEEDED AND labels.n="0") OR labels.n="1"', "01"),
        ('label.n:"2"', "2"),
        ("labels.n:*", "012"),
        ("labels.none:*", ""),
        ("stepName=divide", "012"),
        ("stepName!=divide", ""),
        ("duration<100s", "012"),
        ("duration>100.5s", ""),
        ('startTime>"2023-08-01" AND state="FAILED"', "1"),
    ],
)
def test_executions_are_filtered_as_aip_160_says(
    client: Any, runtime: Runtime, filter: str, found: str
) -> None:
    runtime.deploy("d", "main: {params: [a], steps: [{divide: {return: '${1 / a}'}}]}")
    names = []
    for n, argument in enumerate((1, 0, 2)):
        made = runtime.execute("d", argument, labels={"n": str(n)})
        names.append(runtime.wait(made, 5)["name"])
    answer = client.get(f"{BASE}/d/executions", query_string={"filter": filter}).json
    assert {names.index(one["name"]) for one in answer["executions"]} == set(map(int, found))


def test_steps_are_filtered_ordered_and_skipped(client: Any, post: Any, runtime: Runtime) -> None:
    source = "- a: {assign: [{x: 1}]}\n- b: {steps: [{c: {return: '${x / 0}'}}]}"
    client.patch(f"{BASE}/w?updateMask=sourceContents", json={"sourceContents": source})
    name = post("/w/executions").json["name"]
    runtime.wait(name.rpartition("/")[2], 5)

    def steps(**query: Any) -> list[str]:
        found = client.get(f"/v1/{name}/stepEntries", query_string=query).json
        return [one["step"] for one in found["stepEntries"]]

    assert steps() == ["a", "b", "c"]
    assert steps(filter='state="FAILED"') == steps(filter="state=STATE_FAILED") == ["b", "c"]
    assert steps(filter="stepType=STEP_ASSIGN") == ["a"]
    assert steps(filter="parent=2") == ["c"]
    assert steps(orderBy="entryId desc", skip=1) == ["b", "a"]
    first = client.get(f"/v1/{name}/stepEntries?pageSize=1").json
    assert first["totalSize"] == 3
    assert steps(pageSize=1, pageToken=first["nextPageToken"]) == ["b"]
    failed = client.get(f"/v1/{name}/stepEntries/3").json
    assert json.loads(failed["exception"]["payload"])["tags"] == ["ZeroDivisionError"]
    assert (failed["stepType"], failed["state"]) == ("STEP_RETURN", "STATE_FAILED")


def test_what_was_deployed_by_an_earlier_release_is_shown(client: Any, runtime: Runtime) -> None:
    def write(db: Any) -> None:
        at = "2026-01-01T00:00:00.000000Z"
        db.execute("INSERT INTO revisions VALUES ('old', '000001-abc', ?, 'x', '{}', ?)", (ONE, at))
        db.execute("INSERT INTO workflows VALUES ('old', '000001-abc', 'd', ?, ?)", (at, at))

    runtime.journal.ask(write)
    found = client.get(f"{BASE}/old").json
    assert (found["description"], found["labels"]) == ("d", {})
    assert runtime.deploy("old", ONE) == "000001-abc"
    assert runtime.deploy("old", TWO).startswith("000002-")
