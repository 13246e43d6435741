"""
What the cloud's build does with the archive's requirements, by the commands that its Python buildpack runs.

GoogleCloudPlatform/buildpacks, pkg/python: pip installs without compiling, `compileall` makes byte code that is not
checked, and `pip check` ends the build where requirements contradict each other. The build's variables reach pip.
"""

import os
import subprocess

import pytest

from infra.archive import BUILD_ENVIRONMENT
from tests.archive.conftest import require, without_index
from tests.archive.test_archive import UNCHECKED, flags

pytestmark = pytest.mark.slow

ENGINE = (
    "opa-golib-python-bindings==0.4.4"
    " --hash=sha256:d411c901e14b8c7c3023e23e4a944f4cf429c1d31baf80e959e57d11efbfd24a\n"
)
"""The policy engine: its wheel asks for Python 3.14 in its metadata only."""

INSTALL = (
    "--upgrade",
    "--upgrade-strategy",
    "only-if-needed",
    "--no-warn-script-location",
    "--no-warn-conflicts",
    "--force-reinstall",
    "--no-compile",
    "--require-hashes",
)


def pip(machine, *command, **environ):
    base = {name: v for name, v in os.environ.items() if name not in BUILD_ENVIRONMENT}
    return subprocess.run(
        [machine / "bin" / "python", "-m", "pip", *command],
        env=base | environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def empty(python, tmp_path):
    """Return an environment with nothing but pip, as the build has one."""
    require([python, "-m", "venv", tmp_path / "env"])
    return tmp_path / "env"


@pytest.fixture
def requirements(unpacked, tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text(ENGINE + (unpacked / "requirements.txt").read_text())
    return file


def test_the_build_installs_the_policy_engine_beside_everything_else(empty, requirements):
    done = pip(empty, "install", "--requirement", requirements, *INSTALL, **BUILD_ENVIRONMENT)
    without_index(done.stderr)
    assert done.returncode == 0, done.stderr
    assert pip(empty, "check").returncode == 0

    site = next((empty / "lib").glob("python3*/site-packages"))
    compiling = ["-m", "compileall", "--invalidation-mode", "unchecked-hash", "-qq"]
    subprocess.run([empty / "bin" / "python", *compiling, site], check=False)
    assert flags(next((site / "flask" / "__pycache__").glob("app.*.pyc")).read_bytes()) == UNCHECKED

    code = "import opa_bindings, flask, pydantic; print('ready')"
    importing = [empty / "bin" / "python", "-c", code]
    ran = subprocess.run(importing, capture_output=True, text=True, check=False)
    assert ran.stdout == "ready\n", ran.stderr


def test_without_its_variable_the_build_refuses_the_policy_engine(empty, requirements):
    done = pip(empty, "install", "--requirement", requirements, *INSTALL)
    without_index(done.stderr.replace("No matching distribution", ""))
    assert done.returncode != 0
    assert "opa-golib-python-bindings" in done.stderr
    assert "require a different python version" in done.stderr.lower()
