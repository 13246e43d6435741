"""The archive, and a machine that has nothing but it and what it requires."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.archive import build

UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    return build(into=tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    with zipfile.ZipFile(archive.path) as content:
        content.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def machine(unpacked, tmp_path_factory):
    """Return the folder of an environment with what the archive requires, to the letter."""
    folder = tmp_path_factory.mktemp("machine")
    require(folder, [UV, "venv", "-q", "--python", sys.executable, folder])
    exact = ["--require-hashes", "--compile-bytecode", "-r", unpacked / "requirements.txt"]
    require(folder, [UV, "pip", "install", "-q", *exact])
    return folder


def require(folder, command):
    """Run a command for the environment in *folder*; one that has no package index says so."""
    environ = {**os.environ, "VIRTUAL_ENV": str(folder)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
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
