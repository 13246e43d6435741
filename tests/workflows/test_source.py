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


def test_a_call_of_an_operation_goes_to_its_address_as_it_alone(assembled):
    call = assembled(settle())["try"]
    functions = 'sys.get_env("FUNCTIONS")'
    address = '"/agents-settle-stage/v1/workflows/" + run.workflow_id + "/stages/3/settle"'
    assert call["call"] == "http.post"
    assert call["args"]["url"] == f"${{{functions} + {address}}}"
    assert call["args"]["auth"]["audience"] == f'${{{functions} + "/agents-settle-stage"}}'
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
    url = assembled(settle(stage="${string(1 + 2)}"))["try"]["args"]["url"]
    assert '"/stages/" + (string(1 + 2)) + "/settle"' in url


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (settle(key=None), "agents.settle_stage is called without key"),
        (settle(stage=None), "agents.settle_stage is called without stage"),
        (settle(colour="red"), "call_function does not take colour"),
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


def test_the_command_line_says_what_is_wrong_with_a_call(assembled, tmp_path, capsys):
    from local.workflows.command import check

    with pytest.raises(BadCall):
        assembled(settle(key=None))
    assert check([tmp_path / "w.yaml"]) == 2
    assert "w.yaml: agents.settle_stage is called without key" in capsys.readouterr().err
