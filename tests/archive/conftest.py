"""The archive, and a machine that has nothing but it and what it requires."""

import os
import subprocess
import zipfile

import pytest

from infra.archive import BUILD_ENVIRONMENT, build, compiler


@pytest.fixture(scope="session")
def python():
    """Return a Python of the version that the cloud runs; without one nothing here can be tried."""
    try:
        return compiler()
    except SystemExit as missing:
        pytest.skip(f"needs python3.11, as the cloud has: {missing}")


@pytest.fixture(scope="session")
def archive(python, tmp_path_factory):
    return build(into=tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    with zipfile.ZipFile(archive.path) as content:
        content.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def machine(python, unpacked, tmp_path_factory):
    """Return the folder of an environment with what the archive requires, to the letter."""
    folder = tmp_path_factory.mktemp("machine")
    require([python, "-m", "venv", folder])
    exact = ["--require-hashes", "--no-deps", "-r", unpacked / "requirements.txt"]
    require([folder / "bin" / "python", "-m", "pip", "install", "-q", *exact])
    return folder


def require(command):
    """Run a command that makes an environment, told what the cloud's build is; one that has no package index says so."""
    env = os.environ | BUILD_ENVIRONMENT
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        without_index(done.stderr)
        pytest.fail(done.stderr)


def without_index(said):
    """Skip where the package index cannot be reached."""
    unreachable = any(
        sign in said for sign in ("error sending request", "Could not fetch", "NewConnectionError")
    )
    if unreachable:
        pytest.skip("needs the package index, which does not answer")
