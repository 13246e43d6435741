"""Workflows are assembled: pieces behind, and steps that are named written out."""

import pytest
import yaml

from shared.edge import workflow_source
from shared.edge.workflow_source import BadCall


@pytest.fixture
def assembled(tmp_path, monkeypatch):
    """Assemble a workflow of one step, and return what the step became."""
    (tmp_path / "steps").symlink_to(workflow_source.FOLDER / "steps")
    monkeypatch.setattr(workflow_source, "FOLDER", tmp_path)

    def step(body):
        main = {"params": ["run"], "steps": [{"it": body}]}
        (tmp_path / "w.yaml").write_text("# It.\n" + yaml.safe_dump({"main": main}))
        return yaml.safe_load(workflow_source.assembled("w"))["main"]["steps"][0]["it"]

    return step


def settle(**given):
    args = {"workflow_id": "${run.workflow_id}", "stage": 3, "key": "${k}", **given}
    args = {name: value for name, value in args.items() if value is not None}
    return {"call": "agents.settle_stage", "args": args}


def test_where_another_folder_was_read_nothing_of_it_is_left(assembled, monkeypatch):
    assembled(settle())
    assert workflow_source.pieces() == {}
    monkeypatch.undo()
    assert "rollback" in workflow_source.pieces()


def test_a_call_of_an_operation_goes_to_its_address_as_it_alone(assembled):
    call = assembled(settle())["try"]
    function = (
        'text.replace_all(sys.get_env("FUNCTION_ADDRESS"), "FUNCTION", "agents-settle-stage")'
    )
    path = '"/v1/workflows/" + run.workflow_id + "/stages/3/settle"'
    assert call["call"] == "http.post"
    assert call["args"]["url"] == f"${{{function} + {path}}}"
    assert call["args"]["auth"]["audience"] == f"${{{function}}}"
    assert call["args"]["headers"] == {
        "Idempotency-Key": "${k}",
        "traceparent": "${run.traceparent}",
    }
    assert call["args"]["body"] == {}
    assert "result" not in call


def test_a_read_has_no_key_and_no_body(assembled):
    read = {"call": "agents.get_agent", "args": {"agent_id": "${run.agent_id}"}, "result": "x"}
    call = assembled(read)["try"]
    assert (call["call"], call["result"]) == ("http.get", "x")
    assert "body" not in call["args"]
    assert "Idempotency-Key" not in call["args"]["headers"]


def test_what_follows_a_step_still_follows(assembled):
    assert assembled(settle() | {"next": "end"})["next"] == "end"


def test_a_reckoned_part_of_an_address_stays_one(assembled):
    for reckoned in ("string(1 + 2)", "run.a+1", "run.a\n+ 1", "not(run.a)", 'run["a)"]', "-1"):
        url = assembled(settle(stage=f"${{{reckoned}}}"))["try"]["args"]["url"]
        assert f'"/stages/" + ({reckoned}) + "/settle"' in url
    for plain in ("run.a", "string(run.a)"):
        url = assembled(settle(stage=f"${{{plain}}}"))["try"]["args"]["url"]
        assert f'"/stages/" + {plain} + "/settle"' in url


def test_a_part_of_an_address_that_is_written_out_is_the_path_s_and_encoded(assembled):
    args = {"reference": "a#b+c", "key": "${k}", "body": "${run}"}
    run = {"call": "genesis.run_reference_agent", "args": args}
    assert '/v1/reference-agents/a%23b%2Bc/run"' in assembled(run)["try"]["args"]["url"]
    for not_one in ("../../x?y=1#", "..", "a:b", "", "a\nb"):
        args["reference"] = not_one
        with pytest.raises(BadCall, match=r"cannot have .* as reference"):
            assembled(run)


NO_MEMBER = "agents.settle_stage takes a text, a number or one whole expression as stage"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (settle(key=None), "agents.settle_stage is called without key"),
        (settle(stage=None), "agents.settle_stage is called without stage"),
        (settle(colour="red"), "agents.settle_stage does not take colour"),
        (settle(url="https://x.example"), "agents.settle_stage does not take url"),
        (settle(call="http.get", audience="a"), "agents.settle_stage does not take audience, call"),
        (settle(result="x"), "agents.settle_stage does not take result"),
        (settle() | {"retry": "${http.default_retry}"}, "agents.settle_stage does not take retry"),
        (settle() | {"args": None}, "agents.settle_stage is called with args that are no map"),
        (settle() | {"args": "${run}"}, "agents.settle_stage is called with args that are no map"),
        (settle() | {"result": None}, "agents.settle_stage has a result that is no name"),
        (settle() | {"args": {"key": None}}, "agents.settle_stage is called with nothing as key"),
        (settle(key=["k"]), "agents.settle_stage takes a text as key"),
        (settle(correlation_id=3), "agents.settle_stage takes a text as correlation_id"),
        (settle(stage=True), NO_MEMBER),
        (settle(stage=[1, 2]), NO_MEMBER),
        (settle(stage={"a": "b"}), NO_MEMBER),
        (settle(stage="${run.a}-${run.b}"), NO_MEMBER),
        (settle(stage="${run.a) + (run.b}"), NO_MEMBER),
        (settle(stage='${run.a + "}'), NO_MEMBER),
        (settle(stage="${run[a(]}"), NO_MEMBER),
        (settle(stage="${run.a"), NO_MEMBER),
        (settle(stage="${ }"), NO_MEMBER),
        (settle(stage=8), "agents.settle_stage cannot have '8' as stage"),
        (settle(workflow_id="x"), "agents.settle_stage cannot have 'x' as workflow_id"),
        (settle(body="it"), "agents.settle_stage takes a map, or one whole expression, as body"),
        (settle(body={"colour": 1}), "agents.settle_stage does not take body.colour"),
        (
            {"call": "agents.fail_workflow", "args": {"workflow_id": "${w}", "key": "${k}"}},
            "agents.fail_workflow is called without body.reason",
        ),
        (
            {"call": "agents.get_agent", "args": {"agent_id": "${a}", "key": "${k}", "body": {}}},
            "agents.get_agent does not take body, key",
        ),
        (
            {"call": "call_function", "args": {"url": "u", "call": "http.get", "audience": "a"}},
            "call_function is not called by itself",
        ),
        (
            {"call": "wait_for_callback", "args": {"callback": "${c}", "wait_s": None}},
            "wait_for_callback is called with nothing as wait_s",
        ),
        (
            {"call": "wait_for_callback", "args": {"callback": "${c}", "wait_s": 3, "until": 4}},
            "wait_for_callback does not take until",
        ),
        (
            {"call": "wait_for_callback", "args": {"callback": "${c}"}},
            "wait_for_callback is called without wait_s",
        ),
        ({"try": settle()}, "agents.settle_stage is tried by itself already; put it into steps"),
    ],
)
def test_a_step_is_named_with_what_it_takes(assembled, body, wrong):
    with pytest.raises(BadCall, match=wrong):
        assembled(body)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("", "w.yaml: it is no map of routines"),
        ("# It.\n", "w.yaml: it is no map of routines"),
        ("# It.\n- main\n", "w.yaml: it is no map of routines"),
        ("main:\n  steps: []\n", "w.yaml: its first line is no comment"),
        ("# It.\nmain: [\n", "w.yaml: it is no YAML: "),
        ("# It.\nmain: \udcff\n", "w.yaml: it is no YAML: "),
    ],
)
def test_a_file_that_is_no_source_is_told_in_a_sentence(
    tmp_path, monkeypatch, capsys, source, wrong
):
    from local.workflows.command import check

    monkeypatch.setattr(workflow_source, "FOLDER", tmp_path)
    (tmp_path / "w.yaml").write_text(source, errors="surrogateescape")
    assert check([tmp_path / "w.yaml"]) == 2
    said = capsys.readouterr().err
    assert wrong in said
    assert said.count("\n") == 1


def test_the_command_line_says_what_is_wrong_with_a_call(assembled, tmp_path, capsys):
    from local.workflows.command import check

    with pytest.raises(BadCall):
        assembled(settle(key=None))
    assert check([tmp_path / "w.yaml"]) == 2
    assert "w.yaml: agents.settle_stage is called without key" in capsys.readouterr().err
