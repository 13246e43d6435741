"""Google's own two clients of a platform that is served, one by REST and one by gRPC, which is all it speaks; our adapter beside them."""

from functools import partial
from types import SimpleNamespace

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.workflows.executions_v1 import Execution, ExecutionsClient
from google.cloud.workflows.executions_v1.services.executions.transports import (
    ExecutionsGrpcTransport,
)
from google.cloud.workflows_v1 import Workflow, WorkflowsClient
from google.cloud.workflows_v1.services.workflows.transports import WorkflowsRestTransport
from google.oauth2.credentials import Credentials

from local.platform import Platform
from shared.edge.workflows import WorkflowExecutions
from tests.emulators import free_port
from tests.rehearsals.scene import until

pytestmark = pytest.mark.enable_socket

LOCATION = "projects/local/locations/local"
DOUBLE = "main: {params: [a], steps: [{r: {return: '${a.n * 2}'}}]}"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    ports = {"port": free_port(), "rpc_port": free_port()}
    platform = Platform(tmp_path_factory.mktemp("workflows"), **ports).start()
    yield platform
    platform.stop()


@pytest.fixture
def channel(platform):
    with grpc.insecure_channel(f"127.0.0.1:{platform._rpc_port}") as channel:
        yield channel


@pytest.fixture
def google(platform, channel):
    """Return Google's two clients, as an account of this machine."""
    transport = ExecutionsGrpcTransport(channel=channel, credentials=AnonymousCredentials())
    client = ExecutionsClient(transport=transport)

    def clients(account):
        token = platform.sign_in.token(account, platform.clock.now())
        signed = {"metadata": (("authorization", f"Bearer {token}"),)}
        names = ("create_execution", "get_execution", "list_executions")
        executions = SimpleNamespace(
            **{name: partial(getattr(client, name), **signed) for name in names}
        )
        where = {
            "host": platform.address.partition("://")[2],
            "url_scheme": "http",
            "credentials": Credentials(token),
        }
        return WorkflowsClient(transport=WorkflowsRestTransport(**where)), executions

    return clients


def test_staff_deploy_run_read_and_remove_a_workflow_of_their_own(google):
    workflows, executions = google("admin")
    made = workflows.create_workflow(
        parent=LOCATION,
        workflow=Workflow(source_contents=DOUBLE, description="twice"),
        workflow_id="double",
    )
    assert made.result().name == f"{LOCATION}/workflows/double"
    assert workflows.get_workflow(name=made.result().name).source_contents == DOUBLE
    assert f"{LOCATION}/workflows/double" in {
        one.name for one in workflows.list_workflows(parent=LOCATION)
    }

    begun = executions.create_execution(
        parent=f"{LOCATION}/workflows/double", execution=Execution(argument='{"n": 21}')
    )
    until(lambda: executions.get_execution(name=begun.name).state != Execution.State.ACTIVE)
    ended = executions.get_execution(name=begun.name)
    assert (ended.state, ended.result) == (Execution.State.SUCCEEDED, "42")
    listed = executions.list_executions(parent=f"{LOCATION}/workflows/double")
    assert [one.name for one in listed] == [begun.name]

    assert workflows.delete_workflow(name=made.result().name).done()
    with pytest.raises(exceptions.NotFound):
        workflows.get_workflow(name=made.result().name)


def test_what_our_adapter_started_googles_client_reads(google, platform):
    ours = WorkflowExecutions(
        platform.settings,
        lambda: platform.sign_in.service_token("events", platform.clock.now()),
    )
    workflows, _ = google("admin")
    workflows.create_workflow(
        parent=LOCATION, workflow=Workflow(source_contents=DOUBLE), workflow_id="ours"
    ).result()
    id = ours.start("ours", {"n": 4})

    _, executions = google("service")
    name = f"{LOCATION}/workflows/ours/executions/{id}"
    until(lambda: executions.get_execution(name=name).state != Execution.State.ACTIVE)
    read = executions.get_execution(name=name)
    assert (read.argument, read.result) == ('{"n":4}', "8")


def test_whoever_may_not_is_refused_in_googles_own_words(google):
    workflows, executions = google("customer_user@acme")
    with pytest.raises(exceptions.Forbidden):
        workflows.create_workflow(
            parent=LOCATION, workflow=Workflow(source_contents=DOUBLE), workflow_id="theirs"
        )
    with pytest.raises(exceptions.Forbidden):
        list(executions.list_executions(parent=f"{LOCATION}/workflows/agent-creation"))


def test_whoever_is_nobody_is_told_so(channel):
    transport = ExecutionsGrpcTransport(channel=channel, credentials=AnonymousCredentials())
    with pytest.raises(exceptions.Unauthenticated):
        ExecutionsClient(transport=transport).get_execution(
            name=f"{LOCATION}/workflows/double/executions/1"
        )
