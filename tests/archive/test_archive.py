"""The archive: the same bytes for the same input, and nothing in it that is not deployed."""

import hashlib
import marshal
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from infra import archive as building
from infra import supply
from infra.archive import BUILD_ENVIRONMENT, ROOT, build

UNCHECKED = 0b01
CHECKED = 0b11


def flags(pyc):
    """Return what the byte code is checked against: 0 for the file's time (PEP 552)."""
    return int.from_bytes(pyc[4:8], "little")


@pytest.fixture
def contents(archive):
    with zipfile.ZipFile(archive.path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_the_same_input_makes_the_same_archive_elsewhere(archive, tmp_path):
    """Another folder, another process, other hashes, other rights, other times."""
    for name in (*building.SINGLE, *building.PACKAGES, "infra", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "main.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "infra.archive"],
        cwd=tmp_path,
        umask=0o077,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Kolkata"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert archive.sha256 in done.stdout
    made, bill = (next((tmp_path / "build").glob(f"*{end}")) for end in (".zip", supply.BILL))
    assert hashlib.sha256(made.read_bytes()).hexdigest() == archive.sha256
    assert made.name == f"waooaw-{archive.sha256[:12]}.zip"
    assert bill.read_text() == supply.materials(archive.path), "what it is made of, to the byte"


def test_another_line_makes_another_archive(archive, tmp_path):
    for name in (*building.SINGLE, *building.PACKAGES):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    with (tmp_path / "shared" / "errors.py").open("a") as more:
        more.write("# one line more\n")
    assert build(tmp_path, tmp_path / "build").sha256 != archive.sha256


def test_only_what_runs_is_deployed(contents):
    roots = {name.partition("/")[0] for name in contents}
    assert roots == {
        "main.py",
        "start.py",
        "requirements.txt",
        "functions",
        "policies",
        "shared",
        "__pycache__",
    }
    kinds = {name.rpartition(".")[2] for name in contents}
    assert kinds == {"py", "pyc", "txt", "json", "rego"}
    assert "policies/rbac/rbac.rego" in contents
    assert [name for name in contents if name.endswith("_test.rego")] == []
    assert "shared/precedents/rules/builtin_seeds.json" in contents


def test_every_module_is_deployed_with_its_byte_code(contents):
    sources = {name for name in contents if name.endswith(".py")}
    compiled = {
        re.sub(r"__pycache__/(\w+)\.cpython-311\.pyc$", r"\1.py", name)
        for name in contents
        if name.endswith(".pyc")
    }
    assert compiled == sources


def test_byte_code_serves_whatever_the_times_of_the_files_are(contents):
    stale = [n for n, pyc in contents.items() if n.endswith(".pyc") and flags(pyc) != UNCHECKED]
    assert stale == []


def test_byte_code_names_no_folder_of_the_machine_that_made_it(contents):
    named = {
        marshal.loads(pyc[16:]).co_filename for n, pyc in contents.items() if n.endswith(".pyc")
    }
    assert [name for name in named if name.startswith("/")] == []


def test_every_dependency_is_pinned_by_its_hash(contents):
    lines = contents["requirements.txt"].decode().replace("\\\n", "").splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    loose = [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin]
    assert pins
    assert loose == []


def test_entries_have_one_order_one_time_and_one_mode(archive):
    with zipfile.ZipFile(archive.path) as opened:
        entries = opened.infolist()
    assert [e.filename for e in entries] == sorted(e.filename for e in entries)
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {e.external_attr >> 16 for e in entries} == {0o100644}


def test_another_python_builds_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(building, "PYTHON", (3, 2))
    with pytest.raises(SystemExit, match=r"does not serve on python3\.2, .*install it"):
        build(into=tmp_path / "build")
    assert not (tmp_path / "build").exists()


def test_what_does_not_compile_is_not_archived(tmp_path):
    for name in building.PACKAGES:
        (tmp_path / name).mkdir()
    for name in building.SINGLE:
        (tmp_path / name).touch()
    (tmp_path / "main.py").write_text("def serve(:\n")
    with pytest.raises(SystemExit, match=r"does not compile(.|\n)*main\.py"):
        build(tmp_path, tmp_path / "build")


@pytest.mark.parametrize(
    ("told", "kind"), [(BUILD_ENVIRONMENT, CHECKED), ({}, 0)], ids=["as told", "by default"]
)
def test_what_the_clouds_build_compiles_again_serves_in_its_image(
    python, unpacked, tmp_path, told, kind
):
    """
    The build runs `compileall -f` over the source, and its image resets the times of all files.

    Byte code that goes by the file's time would be compiled anew at every start.
    """
    workspace = tmp_path / "workspace"
    shutil.copytree(unpacked, workspace)
    environ = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"} | told
    command = [python, "-m", "compileall", "-f", "-q", "."]
    subprocess.run(command, cwd=workspace, env=environ, check=True)
    assert {flags(pyc.read_bytes()) for pyc in workspace.rglob("*.pyc")} == {kind}
