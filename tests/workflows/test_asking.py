"""What a request may ask with, and what is refused in the words of the service's HTTP front."""

from typing import Any

import pytest

from local.workflows import Runtime

from .test_api import BASE, deploy, refused

HERE = "/v1/projects/local/locations/local"
SOURCE = "main: {steps: [{r: {return: 1}}]}"


def ids(client: Any, path: str, asked: str) -> list[str]:
    answer = client.get(f"{HERE}/{path}", query_string={"filter": asked})
    assert answer.status_code == 200, answer.json
    found = answer.json[path]
    return [one["name"].rpartition("/")[2] for one in found]


def test_what_a_method_does_not_take_is_refused_with_every_name(client: Any) -> None:
    answer = client.get(f"{BASE}?pageSize=1&colour=red&a.b=1")
    assert answer.status_code == 400
    words = [
        (
            'Invalid JSON payload received. Unknown name "colour": Cannot bind query parameter. '
            "Field 'colour' could not be found in request message."
        ),
        (
            'Invalid JSON payload received. Unknown name "a.b": Cannot bind query parameter. '
            "Field 'b' could not be found in request message."
        ),
    ]
    assert answer.json["error"] == {
        "code": 400,
        "message": "\n".join(words),
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"description": one} for one in words],
            }
        ],
    }


@pytest.mark.parametrize("query", ["workflowId=v&force=true", "workflowId=v&updateMask=labels"])
def test_what_is_refused_changes_nothing(client: Any, query: str) -> None:
    assert refused(client.post(f"{BASE}?{query}", json={"sourceContents": SOURCE}))[0] == 400
    assert client.get(BASE).json["workflows"] == []


def test_system_parameters_and_both_ways_of_writing_are_taken(client: Any) -> None:
    client.post(
        f"{BASE}?workflow_id=v&$alt=json;enum-encoding=int", json={"sourceContents": SOURCE}
    )
    client.post(f"{BASE}?workflowId=w&prettyPrint=false&key=k", json={"sourceContents": SOURCE})
    query = "page_size=1&alt=json&$.xgafv=2&quotaUser=u&$prettyPrint=true&fields=workflows"
    first = client.get(f"{BASE}?{query}").json
    assert [one["name"].rpartition("/")[2] for one in first["workflows"]] == ["v"]
    # What is no part of the question does not make another list of it.
    following = client.get(f"{BASE}?pageToken={first['nextPageToken']}&pageSize=5").json
    assert [one["name"].rpartition("/")[2] for one in following["workflows"]] == ["w"]
    assert refused(client.get(f"{BASE}?alt=proto")) == (501, "UNIMPLEMENTED")


def test_a_message_has_no_other_fields(client: Any, runtime: Runtime) -> None:
    deploy(client, "main: {steps: [{r: {call: sys.sleep, args: {seconds: 60}}}]}")
    name = client.post(f"{BASE}/w/executions", json={}).json["name"]
    answer = client.post(f"/v1/{name}:cancel", json={"reason": "no"})
    assert answer.json["error"]["message"] == (
        'Invalid JSON payload received. Unknown name "reason": Cannot find field.'
    )
    assert client.get(f"/v1/{name}").json["state"] == "ACTIVE"
    answer = client.post(f"{BASE}/w/executions", json={"input": "1", "label": {}})
    [violations] = answer.json["error"]["details"]
    assert [one["field"] for one in violations["fieldViolations"]] == ["execution", "execution"]
    assert "Unknown name \"input\" at 'execution': Cannot find field." in answer.text.replace(
        '\\"', '"'
    )
    pushed = {"message": {"data": "YQ=="}, "subscription": "s", "deliveryAttempt": 1}
    path = f"{BASE}/w:triggerPubsubExecution"
    assert client.post(f"{path}?__GCP_CloudEventsMode=CUSTOM", json=pushed).status_code == 200
    assert refused(client.post(f"{path}?message=a", json=pushed))[0] == 400


def test_a_mask_with_an_empty_body_clears_what_it_names_but_the_source(client: Any) -> None:
    said = {"sourceContents": SOURCE, "description": "d", "labels": {"a": "b"}}
    client.post(f"{BASE}?workflowId=w", json=said)
    assert client.patch(f"{BASE}/w?updateMask=description", json={}).status_code == 200
    found = client.get(f"{BASE}/w").json
    assert (found["description"], found["labels"]) == ("", {"a": "b"})
    assert client.patch(f"{BASE}/w?update_mask=labels").status_code == 200
    assert client.get(f"{BASE}/w").json["labels"] == {}
    for mask in ("?updateMask=sourceContents", "?updateMask=*", ""):
        assert refused(client.patch(f"{BASE}/w{mask}", json={})) == (400, "INVALID_ARGUMENT")
    assert client.get(f"{BASE}/w").json["sourceContents"] == SOURCE


def test_operations_are_filtered(client: Any) -> None:
    for name in ("v", "w"):
        client.post(f"{BASE}?workflowId={name}", json={"sourceContents": SOURCE})
    client.delete(f"{BASE}/v")
    operations = client.get(f"{HERE}/operations").json["operations"]
    named = {
        f"{one['metadata']['verb']} {one['metadata']['target'][-1]}": one for one in operations
    }

    def found(asked: str) -> set[str]:
        answer = client.get(f"{HERE}/operations", query_string={"filter": asked}).json
        return {
            f"{one['metadata']['verb']} {one['metadata']['target'][-1]}"
            for one in answer["operations"]
        }

    assert found("metadata.verb=create") == {"create v", "create w"}
    assert found('metadata.verb="delete" OR metadata.target="w"') == {"delete v", "create w"}
    assert found(f'metadata.target="{operations[0]["metadata"]["target"]}"') == {
        *("create v", "delete v")
    }
    assert found("done=true") == set(named)
    assert found("done:false") == found("NOT done=true") == set()
    assert (
        found(
            'metadata.createTime > "2000-01-01T00:00:00Z" AND metadata.end_time<"2001-01-01T00:00:00Z"'
        )
        == set()
    )
    assert found(f'name="{named["create w"]["name"]}"') == {"create w"}
    for wrong in ("done=perhaps", "response=1", "metadata=1"):
        answer = client.get(f"{HERE}/operations", query_string={"filter": wrong})
        assert refused(answer) == (400, "INVALID_ARGUMENT")
    asked = client.get(f"{HERE}/operations?returnPartialSuccess=true")
    assert refused(asked) == (501, "UNIMPLEMENTED")


def test_workflows_are_filtered_by_what_is_said_of_them(client: Any) -> None:
    account = "a_b@p.iam.gserviceaccount.com"
    for name, said in {
        "full": {"serviceAccount": f"projects/p/serviceAccounts/{account}"},
        "short": {"serviceAccount": account, "callLogLevel": "LOG_NONE"},
        "none": {"executionHistoryLevel": "EXECUTION_HISTORY_BASIC"},
    }.items():
        client.post(f"{BASE}?workflowId={name}", json={"sourceContents": SOURCE, **said})
    both = ["full", "short"]
    assert ids(client, "workflows", f'serviceAccount="{account}"') == both
    assert (
        ids(client, "workflows", f'service_account="projects/-/serviceAccounts/{account}"') == both
    )
    assert ids(client, "workflows", 'serviceAccount="aXb@p.iam.gserviceaccount.com"') == []
    assert ids(client, "workflows", f'serviceAccount!="{account}"') == ["none"]
    default = client.get(f"{BASE}/none").json["serviceAccount"]
    assert ids(client, "workflows", f'serviceAccount="{default}"') == ["none"]
    assert ids(client, "workflows", "callLogLevel=LOG_NONE") == ["short"]
    assert ids(client, "workflows", "executionHistoryLevel=EXECUTION_HISTORY_BASIC") == ["none"]


def test_executions_are_filtered_by_how_they_queue(client: Any, runtime: Runtime) -> None:
    deploy(client, SOURCE)
    key = "disableConcurrencyQuotaOverflowBuffering"
    client.post(f"{BASE}/w/executions", json={})
    name = client.post(f"{BASE}/w/executions", json={key: True}).json["name"]
    found = client.get(f"{BASE}/w/executions", query_string={"filter": f"{key}=true"}).json
    assert [one["name"] for one in found["executions"]] == [name]
    found = client.get(f"{BASE}/w/executions", query_string={"filter": f"{key}=false"}).json
    assert len(found["executions"]) == 1


def test_the_only_location_is_listed_if_it_is_asked_for(client: Any) -> None:
    path = "/v1/projects/local/locations"
    for asked, count in {"displayName=local": 1, "locationId=tokyo": 0, "": 1}.items():
        found = client.get(path, query_string={"filter": asked}).json["locations"]
        assert len(found) == count
