"""Whoever may deploy a workflow does not thereby become a service."""

from contextlib import nullcontext

import flask
import pytest

from local.authority import Admission, Authority
from local.clock import Clock
from local.workflows import Home, Runtime
from local.workflows.api import blueprint
from local.workflows.asking import Asked
from local.workflows.authority import Deployed
from shared.edge import workflow_source

BASE = "/v1/projects/local/locations/local/workflows"
OWN = "agent_creation"
NAMED = min(workflow_source.called(workflow_source.assembled(OWN)))
TRIVIAL = "- a: {return: 1}"


class _Clock:
    def __init__(self, world):
        self.now = lambda: world.now


@pytest.fixture
def authority(world):
    return Authority(world.ports.settings, world.sign_in, _Clock(world))


def at(world, name):
    return world.ports.settings.address(name)


def test_a_workflow_of_the_platform_signs_in_at_what_its_text_names(authority, world):
    deployed = Deployed(OWN, workflow_source.assembled(OWN))
    token = authority.token(deployed, at(world, NAMED) + "/v1/x", at(world, NAMED))
    actor = world.ports.identify({"Authorization": f"Bearer {token}"}, revoked_within_s=60)
    assert actor.id == "service:workflows"


def test_what_release_0_1_0_began_signs_in_at_what_its_text_names(authority, world):
    began = f'- a: {{call: http.get, args: {{url: \'${{sys.get_env("FUNCTIONS") + "/{NAMED}/v1/x"}}\'}}}}'
    assert workflow_source.called(began) == {NAMED}
    assert authority.token(Deployed(OWN, began), at(world, NAMED) + "/v1/x", at(world, NAMED))


@pytest.mark.parametrize(
    ("workflow", "source", "url", "audience"),
    [
        ("mine", None, NAMED, NAMED),
        (OWN, TRIVIAL, NAMED, NAMED),
        (OWN, None, "events-replay-dead-letter", "events-replay-dead-letter"),
        (OWN, None, NAMED, ""),
        (OWN, None, NAMED, "events-replay-dead-letter"),
        (OWN, None, NAMED + "/../events-replay-dead-letter", NAMED),
        (OWN, None, NAMED + "-x", NAMED),
        (OWN, None, "", ""),
    ],
)
def test_nobody_signs_in_elsewhere(authority, world, workflow, source, url, audience):
    deployed = Deployed(workflow, source or workflow_source.assembled(OWN))
    assert authority.token(deployed, at(world, url) + "/v1/x", at(world, audience)) is None


def test_only_workflows_of_the_platform_start_those(authority):
    assert authority.may_start(OWN, OWN)
    assert authority.may_start("mine", "yours")
    assert not authority.may_start("mine", OWN)


@pytest.fixture
def engine(world, tmp_path, authority):
    """Ask the engine as an account."""
    settings = world.ports.settings
    home = Home(settings.served, settings.api)
    runtime = Runtime(tmp_path / "engine", clock=Clock(), home=home, authority=authority)
    runtime.start()
    runtime.deploy(OWN, TRIVIAL)
    app = flask.Flask("tests")
    app.register_blueprint(blueprint(runtime, Admission(world.ports.identify).admit))

    def ask(account, method, path, **body):
        headers = {"Authorization": f"Bearer {world.sign_in.token(account, world.now)}"}
        return app.test_client().open(
            BASE + path, method=method, headers=headers, json=body or None
        )

    ask.runtime = runtime
    yield ask
    runtime.stop()


STAFF = ("infrastructure_engineer", "admin")


@pytest.mark.parametrize("account", STAFF)
def test_staff_neither_replace_nor_run_nor_read_what_is_the_platform_s_own(engine, account):
    made = engine("service", "POST", f"/{OWN}/executions", argument='{"secret": 1}').json["name"]
    id = made.rpartition("/")[2]
    refused = [
        ("POST", f"?workflowId={OWN}"),
        ("PATCH", f"/{OWN}"),
        ("DELETE", f"/{OWN}"),
        ("POST", f"/{OWN}/executions"),
        ("GET", f"/{OWN}/executions"),
        ("GET", f"/{OWN}/executions/{id}"),
        ("GET", f"/{OWN}/executions/{id}:exportData"),
        ("GET", f"/{OWN}/executions/{id}/stepEntries"),
        ("GET", f"/{OWN}/executions/{id}/stepEntries/1"),
        ("GET", f"/{OWN}/executions/{id}/callbacks"),
        ("POST", f"/{OWN}/executions/{id}/callbacks/x"),
        ("POST", f"/{OWN}/executions/{id}:cancel"),
        ("POST", f"/{OWN}/executions/{id}:deleteExecutionHistory"),
        ("POST", f"/{OWN}:triggerPubsubExecution"),
    ]
    for method, path in refused:
        answer = engine(account, method, path, sourceContents=TRIVIAL)
        assert answer.status_code == 403, path
        assert answer.json["error"]["status"] == "PERMISSION_DENIED", path
    assert engine(account, "GET", f"/{OWN}").json["sourceContents"] == TRIVIAL
    assert engine("service", "PATCH", f"/{OWN}", sourceContents=TRIVIAL).status_code == 403


@pytest.mark.parametrize(
    ("account", "asked", "admitted"),
    [
        ("admin", Asked("mine", executions=False, changes=True), True),
        ("admin", Asked(OWN, executions=False, changes=True), False),
        ("admin", Asked(OWN, executions=False, changes=False), True),
        ("admin", Asked(OWN, executions=True, changes=False), False),
        ("admin", Asked("", executions=False, changes=False), True),
        ("service", Asked(OWN, executions=True, changes=True), True),
        ("service", Asked(OWN, executions=False, changes=True), False),
        ("customer_user@acme", Asked("mine", executions=False, changes=False), False),
    ],
)
def test_the_same_holds_over_grpc(world, account, asked, admitted):
    token = world.sign_in.token(account, world.now)
    admission = Admission(world.ports.identify)
    with nullcontext() if admitted else pytest.raises(PermissionError):
        admission.admit_call({"authorization": f"Bearer {token}"}, asked)


def test_of_the_execution_api_nothing_is_left_out(engine):
    rules = flask.Flask("tests")
    rules.register_blueprint(blueprint(engine.runtime, lambda _: None))
    about = {
        str(r) for r in rules.url_map.iter_rules() if "executions" in str(r) or ":trigger" in str(r)
    }
    marked = {str(r) for r in rules.url_map.iter_rules() if "_Executions_" in r.endpoint}
    assert about == marked


def test_staff_deploy_and_run_their_own_which_is_nobody(engine, world):
    function = at(world, NAMED)
    source = f"""
    - a:
        call: http.get
        args: {{url: '{function}/v1/x', auth: {{type: OIDC, audience: '{function}'}}}}
    """
    own = "infrastructure_engineer"
    assert engine(own, "POST", "?workflowId=mine", sourceContents=source).status_code == 200
    id = engine(own, "POST", "/mine/executions").json["name"].rpartition("/")[2]
    ended = engine.runtime.wait(id, 10)
    assert "AuthError" in ended["error"]["payload"]
    child = f"- a: {{call: experimental.executions.run, args: {{workflow_id: {OWN}}}, result: r}}\n- b: {{return: '${{r}}'}}"
    assert engine(own, "POST", "?workflowId=parent", sourceContents=child).status_code == 200
    id = engine(own, "POST", "/parent/executions").json["name"].rpartition("/")[2]
    assert engine.runtime.wait(id, 10)["state"] == "FAILED"


def test_others_do_not_reach_the_engine(engine):
    for account in ("governor", "viewer", "customer_admin@acme"):
        assert engine(account, "GET", "").status_code == 403
