"""Workflows: what is deployed loads, calls operations that exist, and does each thing once."""

import re
from pathlib import Path

import pytest
import yaml

from local.workflows import document, loader
from shared.edge import workflow_source
from shared.edge.catalog import operations

FOLDER = Path("workflows")
FILES = sorted(FOLDER.rglob("*.yaml"))
LINES = 296
"""How long all sources may be together: half of what they were when each call was spelled out."""
COMPONENTS = {
    "genesis_cert_gate",
    "governor_approval",
    "architect_review",
    "ethics_review",
    "health_check",
    "rollback",
    "versioning",
    "audit_logging",
}


def calls(node):
    """Yield the step and its arguments for every HTTP call below *node*."""
    if isinstance(node, dict):
        if str(node.get("call", "")).startswith("http."):
            yield node["call"].removeprefix("http.").upper(), node["args"]
        for value in node.values():
            yield from calls(value)
    elif isinstance(node, list):
        for value in node:
            yield from calls(value)


CALLS = [
    (name, method, args)
    for name in workflow_source.names()
    for method, args in calls(yaml.safe_load(workflow_source.assembled(name)))
]


def test_there_are_eight_components_and_what_every_call_shares():
    there = {file.stem for file in (FOLDER / "components").glob("*.yaml")}
    assert there == COMPONENTS | {"come_again"}


def test_the_sources_stay_short():
    lines = sum(len(file.read_text().splitlines()) for file in FILES)
    assert lines <= LINES, f"workflows/ has {lines} lines, {lines - LINES} too many"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_call_and_a_wait_are_spelled_in_one_place(file):
    spelled = {
        "http.": "call_function",
        "$call": "call_function",
        "events.await_callback": "wait_for_callback",
    }
    for call, step in spelled.items():
        if file != FOLDER / f"steps/{step}.yaml":
            found = re.search(rf"call: '?{re.escape(call)}", file.read_text())
            assert not found, f"{file} spells {call} out; name an operation or {step}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_means_the_same_to_the_service_as_to_whoever_assembles_it(file):
    # The service reads YAML 1.2, where "no" is a text; the assembler's parser reads 1.1.
    def kinds(loader):
        events = [yaml.compose(file.read_text(), Loader=loader)]
        for node in events:
            if isinstance(node, yaml.ScalarNode):
                yield node.tag, node.value
            else:
                events += [
                    n for pair in node.value for n in (pair if isinstance(pair, tuple) else (pair,))
                ]

    assert list(kinds(yaml.SafeLoader)) == list(kinds(document._Loader))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_says_in_one_sentence_what_it_is(file):
    first, second = file.read_text().split("\n")[:2]
    assert re.fullmatch(r"# [A-Z].*\.", first)
    assert not second.startswith("#")


@pytest.mark.parametrize("file", workflow_source.pieces().values(), ids=lambda f: f.stem)
def test_a_subworkflow_is_named_as_its_file(file):
    assert list(yaml.safe_load(file.read_text())) == [file.stem]


@pytest.mark.parametrize("name", workflow_source.names())
def test_what_is_deployed_loads_without_a_warning(name):
    loaded = loader.load(workflow_source.assembled(name), f"{name}.yaml")
    assert [str(warning) for warning in loaded.warnings] == []
    assert len(workflow_source.assembled(name).encode()) <= 128 * 1024


def test_every_piece_is_used():
    sources = [yaml.safe_load(workflow_source.assembled(name)) for name in workflow_source.names()]
    used = set().union(*sources) - {"main"}
    assert used == workflow_source.pieces().keys()


AT = 'text.replace_all(sys.get_env("FUNCTION_ADDRESS"), "FUNCTION", "NAME")'


def named(expression):
    """Return the function that an address names, and the path that it is asked at, with {} for ids."""
    # ${text.replace_all(sys.get_env("FUNCTION_ADDRESS"), "FUNCTION", "approvals-get-approval") + "/v1/approvals/" + id}
    place = re.match(re.escape(f"${{{AT}").replace("NAME", "([a-z-]+)"), expression)
    assert place, f"{expression} is no function"
    parts = re.findall(r'"(/[^"]*)"', expression)
    path = "{}".join(parts) + ("{}" if parts[-1].endswith("/") else "")
    return place[1], re.sub(r"/\d+/", "/{}/", path)


def told(finding):
    """Return what a rule finds wrong with any call of a workflow: a sentence each."""
    return [f"{name}.yaml {wrong}" for name, *call in CALLS for wrong in finding(*call)]


def test_every_call_reaches_the_operation_of_the_function_it_names():
    def finding(method, args):
        function, path = named(args["url"])
        found = {op.function_name: op for op in operations()}.get(function)
        if not found:
            yield f"calls {function}, and there is no operation of that name"
            return
        route = (found.method, re.sub(r"{\w+}", "{}", found.path))
        if (method, path) != route:
            yield f"asks {function} for {method} {path}; it is {route}"

    assert told(finding) == []


def test_every_call_says_who_calls_that_function_alone_and_how_long_it_waits():
    def finding(_, args):
        function, _path = named(args["url"])
        own = f"${{{AT.replace('NAME', function)}}}"
        if args["auth"] != {"type": "OIDC", "audience": own}:
            yield f"calls {function} and signs in elsewhere"
        if args.get("timeout", 61) > 60:
            yield f"waits for {function} longer than 60 s; say timeout"

    assert told(finding) == []


def test_every_call_goes_on_with_the_trace():
    def finding(_, args):
        if "traceparent" not in args["headers"]:
            yield f"drops the trace at {args['url']}"

    assert told(finding) == []


def test_every_effect_has_a_key():
    def finding(method, args):
        key = args["headers"].get("Idempotency-Key", "")
        if method != "GET" and not key.startswith("${"):
            yield f"sends {args['url']} without an Idempotency-Key, so a second attempt acts twice"

    assert told(finding) == []


@pytest.mark.parametrize(
    ("name", "token_for", "status"),
    [
        ("agents-get-agent-health", "agents-get-agent-health", 404),
        ("agents-get-agent-health", "", 404),
        ("agents-get-agent", "agents-get-agent-health", 404),
        ("agents-get-agent-health", "https://elsewhere.example", 401),
    ],
    ids=["its own", "for the API", "another function's path", "elsewhere"],
)
def test_a_function_is_called_directly_at_its_own_name_only(world, name, token_for, status):
    from local.server import application

    settings = world.ports.settings
    audience = {"": settings.api, "https://elsewhere.example": token_for}.get(
        token_for, settings.address(token_for)
    )
    token = world.sign_in.service_token("workflows", world.ports.clock(), audience)
    agent = "11111111-1111-4111-8111-111111111111"
    answer = (
        application(world.ports)
        .test_client()
        .get(
            f"/functions/{name}/v1/agents/{agent}/health",
            headers={"Authorization": f"Bearer {token}"},
        )
    )
    assert answer.status_code == status, answer.json
    missing = "no agent" in answer.json["detail"]
    assert missing == (status == 404 and name == "agents-get-agent-health")


@pytest.mark.parametrize("name", workflow_source.names())
def test_the_command_line_checks_what_is_deployed(name, capsys):
    from local.workflows.command import check

    assert check([Path("workflows") / f"{name}.yaml"]) == 0
    assert capsys.readouterr().out == ""
