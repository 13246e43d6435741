"""Google's own client library, pointed at this machine."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.workflows.executions_v1 import Execution, ExecutionsClient, ExecutionView
from google.cloud.workflows.executions_v1.services.executions.transports import (
    ExecutionsGrpcTransport,
)

from local.workflows import Runtime
from local.workflows.asking import Asked
from local.workflows.errors import StrangerError
from local.workflows.rpc import Rpc

from .conftest import Web
from .waiting import WAIT, call, waiting

PARENT = "projects/local/locations/local/workflows"
SIGNED_IN = (("authorization", "Bearer good"),)


def only_good(metadata: Mapping[str, str], _: Asked) -> None:
    if metadata.get("authorization") != "Bearer good":
        raise StrangerError("sign in first")


@pytest.fixture
def google(runtime: Runtime) -> Iterator[ExecutionsClient]:
    server = Rpc(runtime, only_good)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        transport = ExecutionsGrpcTransport(channel=channel, credentials=AnonymousCredentials())
        yield ExecutionsClient(transport=transport)
    server.stop()


def create(google: ExecutionsClient, workflow: str, **more: Any) -> Execution:
    return google.create_execution(
        parent=f"{PARENT}/{workflow}", execution=Execution(**more), metadata=SIGNED_IN
    )


def test_an_execution_is_created_and_watched_to_its_end(
    google: ExecutionsClient, runtime: Runtime
) -> None:
    runtime.deploy("w", "main: {params: [a], steps: [{r: {return: '${a.x + 1}'}}]}")
    made = create(google, "w", argument='{"x": 1}', labels={"k": "v"})
    assert made.name.startswith(f"{PARENT}/w/executions/")
    runtime.wait(made.name.rpartition("/")[2], 5)
    found = google.get_execution(name=made.name, metadata=SIGNED_IN)
    assert (found.state, found.result) == (Execution.State.SUCCEEDED, "2")
    assert dict(found.labels) == {"k": "v"}
    assert found.end_time >= found.start_time
    failed = create(google, "w", argument="null")
    runtime.wait(failed.name.rpartition("/")[2], 5)
    found = google.get_execution(name=failed.name, metadata=SIGNED_IN)
    assert json.loads(found.error.payload)["tags"] == ["TypeError"]
    assert found.error.stack_trace.elements[0].step == "r"
    basic = google.get_execution(
        {"name": failed.name, "view": ExecutionView.BASIC}, metadata=SIGNED_IN
    )
    assert not basic.error.payload


def test_executions_are_listed_page_by_page_and_filtered(
    google: ExecutionsClient, runtime: Runtime
) -> None:
    runtime.deploy("w", "main: {params: [a], steps: [{r: {return: '${1 / a}'}}]}")
    for argument in ("1", "0", "2"):
        made = create(google, "w", argument=argument)
        runtime.wait(made.name.rpartition("/")[2], 5)
    request: dict[str, Any] = {"parent": f"{PARENT}/w", "page_size": 2}
    assert len(list(google.list_executions(request, metadata=SIGNED_IN))) == 3
    request |= {"filter": 'state="FAILED"', "view": ExecutionView.FULL}
    [failed] = google.list_executions(request, metadata=SIGNED_IN)
    assert failed.argument == "0"


def test_an_execution_that_waits_is_cancelled(
    google: ExecutionsClient, runtime: Runtime, web: Web
) -> None:
    execution, _ = waiting(runtime, web)
    name = f"{PARENT}/wait/executions/{execution}"
    found = google.get_execution(name=name, metadata=SIGNED_IN)
    assert [s.step for s in found.status.current_steps] == ["wait"]
    found = google.cancel_execution(request={"name": name}, metadata=SIGNED_IN)
    assert found.state == Execution.State.CANCELLED
    with pytest.raises(exceptions.FailedPrecondition, match="ended already"):
        google.cancel_execution(request={"name": name}, metadata=SIGNED_IN)


def test_an_execution_that_google_s_client_created_takes_callbacks(
    google: ExecutionsClient, runtime: Runtime, web: Web
) -> None:
    runtime.deploy("wait", WAIT)
    made = create(google, "wait")
    while not (web.asked and runtime.idle()):
        pass
    call(runtime, web.told().split("/"), "yes")
    assert runtime.wait(made.name.rpartition("/")[2], 5)["result"] == '"yes"'


def test_refusals_have_the_status_of_the_service(
    google: ExecutionsClient, runtime: Runtime
) -> None:
    runtime.deploy("w", "- r: {return: 1}")
    with pytest.raises(exceptions.Unauthenticated, match="sign in first"):
        google.get_execution(name=f"{PARENT}/w/executions/x")
    with pytest.raises(exceptions.NotFound, match="no execution 'x'"):
        google.get_execution(name=f"{PARENT}/w/executions/x", metadata=SIGNED_IN)
    with pytest.raises(exceptions.NotFound, match="no workflow 'none'"):
        create(google, "none")
    for wrong in ({"argument": "{"}, {"argument": json.dumps("x" * 33_000)}):
        with pytest.raises(exceptions.InvalidArgument):
            create(google, "w", **wrong)
    for request in ({"parent": "w"}, {"parent": f"{PARENT}/w", "filter": "x=1"}):
        with pytest.raises(exceptions.InvalidArgument):
            google.list_executions(request, metadata=SIGNED_IN)
    request = {"parent": f"{PARENT}/w", "page_token": "next"}
    with pytest.raises(exceptions.InvalidArgument):
        google.list_executions(request, metadata=SIGNED_IN)
    runtime.stop()
    with pytest.raises(exceptions.ServiceUnavailable):
        google.get_execution(
            name=f"{PARENT}/w/executions/x", metadata=SIGNED_IN, retry=None, timeout=2
        )
