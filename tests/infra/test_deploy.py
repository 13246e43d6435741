"""`make deploy` says what is missing, one sentence at a time, and deploys nothing that is wrong."""

import json
import stat

import pytest

from infra import __main__ as infra
from infra.graph import IMAGE, planned

SETTINGS = {
    "gcp:project": {"value": "p"},
    "waooaw:projectNumber": {"value": "1"},
    "waooaw:monthlyBudget": {"value": "100"},
    "waooaw:billingAccount": {"value": "b"},
    "waooaw:alertsTo": {"value": "operators@example.com"},
}


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    """Put a command of that name first, which answers as it is told and writes down what it is asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command, asked = folder / "pulumi", tmp_path / "asked"
    asked.touch()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(infra, "signed_in", lambda: True)

    def answer(*, whoami=0, settings=SETTINGS):
        (tmp_path / "settings").write_text(json.dumps(settings))
        command.write_text(
            "#!/bin/sh\n"
            f'echo "$@" >> {asked}\n'
            f'case "$1" in whoami) exit {whoami};; config) cat {tmp_path}/settings;; esac\n'
            f'[ "$1" = config ] && exit {int(settings is None)}\nexit 0\n'
        )
        command.chmod(command.stat().st_mode | stat.S_IEXEC)
        return asked

    return answer


def test_the_missing_command_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="the pulumi command is missing; install it"):
        infra.ready("dev")


def test_the_missing_login_is_said(pulumi):
    pulumi(whoami=1)
    with pytest.raises(SystemExit, match="nobody is signed in to Pulumi; run: pulumi login"):
        infra.ready("dev")


def test_the_missing_stack_is_said(pulumi):
    pulumi(settings=None)
    with pytest.raises(SystemExit, match="there is no stack dev; run: pulumi stack init dev"):
        infra.ready("dev")


@pytest.mark.parametrize(("name", "what"), infra.ASKED_FOR.items())
def test_what_a_stack_must_say_is_asked_for(pulumi, name, what):
    pulumi(settings={key: value for key, value in SETTINGS.items() if key != name})
    with pytest.raises(SystemExit, match=f"dev does not say {what}; run: pulumi config set {name}"):
        infra.ready("dev")


def test_who_wants_no_budget_needs_no_billing_account(pulumi):
    settings = SETTINGS | {"waooaw:monthlyBudget": {"value": "none"}}
    del settings["waooaw:billingAccount"]
    pulumi(settings=settings)
    assert infra.ready("dev")


def test_the_missing_credentials_are_said(pulumi, monkeypatch):
    pulumi()
    monkeypatch.setattr(infra, "signed_in", lambda: False)
    with pytest.raises(SystemExit, match="nobody is signed in to Google Cloud; run: gcloud auth"):
        infra.ready("dev")


def test_the_missing_image_is_said(pulumi):
    pulumi()
    with pytest.raises(SystemExit, match="say which image to deploy"):
        infra.deploy("dev", None)


def test_what_is_wrong_is_not_deployed(pulumi, monkeypatch):
    asked = pulumi()
    monkeypatch.setattr(infra.checks, "findings", lambda *_: ["the door is open"])
    with pytest.raises(SystemExit, match="nothing was deployed:\nthe door is open"):
        infra.deploy("dev", IMAGE)
    assert "up" not in {line.split()[0] for line in asked.read_text().splitlines()}


def test_keys_are_made_between_the_foundations_and_the_rest(pulumi, monkeypatch):
    asked = pulumi()
    monkeypatch.setattr(infra.keys, "connected", lambda project: (project, None))

    def first(project, *_):
        with asked.open("a") as out:
            out.write(f"keys of {project}\n")
        return []

    monkeypatch.setattr(infra.keys, "make_first", first)
    infra.deploy("dev", IMAGE)
    steps = [line for line in asked.read_text().splitlines() if line.startswith(("up", "keys"))]
    foundations, made, everything = steps
    assert made == "keys of p"
    assert "--target" in foundations
    assert "secretmanager/secret:Secret" in foundations
    assert "--target" not in everything
    assert f"waooaw:image={IMAGE}" in everything


def test_what_is_checked_is_the_image_that_is_deployed_and_not_the_one_before():
    assert planned("dev", IMAGE, {"waooaw:image": "another"})


def test_pulumi_runs_the_program_and_not_the_command_line():
    text = (infra.FOLDER / "Pulumi.yaml").read_text()
    assert "main: program.py" in text
    assert (infra.FOLDER / "program.py").exists()
