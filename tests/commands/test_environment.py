"""The environment of a checkout: whole or made anew, in its own place, whatever is activated and whenever it was stopped."""

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial
from pathlib import Path

import pytest

from local import environment
from local.environment import fetching

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def wheel(folder, name, version="1.0", needs="", tag="py3-none-any"):
    """Make a package, and return how it is locked."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = [
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for file, text in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,\n"])
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as made:
        for file, text in files.items():
            made.writestr(file, text)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}=={version} \\\n    --hash=sha256:{digest}\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    names = ("one", "two", "three")
    return folder, {name: wheel(folder, name) for name in names}


@pytest.fixture
def checkout(tmp_path, wheels):
    """Return a folder as somebody might have it, with a lock of three small packages."""
    _, locked = wheels
    root = tmp_path / "mein Projekt größer"
    (root / "local").mkdir(parents=True)
    for name in ("__init__", "environment", "hints", "made", "progress"):
        shutil.copy(ROOT / "local" / f"{name}.py", root / "local")
    shutil.copy(ROOT / "Makefile", root)
    (root / "requirements-local.txt").write_text(locked["one"] + locked["two"])
    (root / "requirements-dev.txt").write_text("".join(locked.values()))
    return root


def environ(wheels, **more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "MAKE"))}
    return kept | {"PIP_FIND_LINKS": str(wheels[0]), "PIP_NO_INDEX": "1"} | more


def make(checkout, wheels, kind="run", **more):
    return subprocess.run(
        ["make", f".venv/{kind}", f"PYTHON={sys.executable}"],
        cwd=checkout,
        env=environ(wheels, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def has(checkout):
    """Return which of the packages can be imported."""
    code = (
        "import importlib.util as u; print([n for n in ('one', 'two', 'three') if u.find_spec(n)])"
    )
    python = checkout / ".venv/bin/python"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_is_made_in_its_place_whatever_is_activated_around_it(checkout, wheels, tmp_path):
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    elsewhere = {
        "VIRTUAL_ENV": str(other),
        "CONDA_PREFIX": str(other),
        "PATH": f"{other}/bin:{os.environ['PATH']}",
        "PIP_TARGET": str(tmp_path / "target"),
        "PIP_PREFIX": str(tmp_path / "prefix"),
        "PIP_ROOT": str(tmp_path / "root"),
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "UV_PROJECT_ENVIRONMENT": str(other),
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": str(tmp_path / "home"),
        "PYTHONSAFEPATH": "1",
    }
    before = sorted(other.rglob("*"))
    done = make(checkout, wheels, **elsewhere)
    assert done.returncode == 0, done.stderr
    assert has(checkout) == "['one', 'two']"
    assert sorted(other.rglob("*")) == before
    assert not any((tmp_path / name).exists() for name in ("target", "prefix", "root"))


def test_it_is_looked_at_each_time_and_mended(checkout, wheels, monkeypatch):
    assert "installing 2 packages" in make(checkout, wheels).stdout
    assert make(checkout, wheels).stdout == ""
    grown = make(checkout, wheels, "dev")
    assert "making" not in grown.stdout
    assert "installing 3 packages" in grown.stdout
    assert make(checkout, wheels, "run").stdout == ""

    place = checkout / ".venv"
    monkeypatch.setattr(environment, "ROOT", checkout)
    monkeypatch.setattr(environment, "PLACE", place)
    monkeypatch.setattr(environment, "PYTHON", place / "bin" / "python")
    whole = partial(environment.whole, "dev", exactly=False)
    assert whole()
    module = next(place.rglob("two.py"))
    for harmed, harm in (
        (module, lambda: module.write_text("")),
        (module, module.unlink),
        (place / "bin" / "python3", (place / "bin" / "python3").unlink),
        (place / "pyvenv.cfg", lambda: (place / "pyvenv.cfg").write_text("")),
        (place / ".made-here", lambda: (place / ".made-here").write_text("{")),
        (checkout / "requirements-local.txt", (checkout / "requirements-local.txt").unlink),
    ):
        kept = harmed.with_name("kept")
        shutil.copy2(harmed, kept, follow_symlinks=False)
        harm()
        if harmed.parent == checkout:
            harmed.write_text("")
        assert not whole(), harmed
        kept.replace(harmed)
        assert whole()
    place.rename(checkout / "moved")
    assert not whole()
    (checkout / "moved").rename(place)

    module.unlink()
    (checkout / "requirements-dev.txt").write_text(wheels[1]["one"] + wheels[1]["two"])
    assert make(checkout, wheels, "dev").returncode == 0
    assert has(checkout) == "['one', 'two']"


def test_wherever_it_is_killed_the_next_time_mends_it(checkout, wheels):
    """Each of these is killed a little later than the one before, on what that left behind."""
    for moment in range(8):
        process = subprocess.Popen(
            [sys.executable, "-m", "local.environment", "dev"],
            cwd=checkout,
            env=environ(wheels),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(0.4 * moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert make(checkout, wheels, "dev").returncode == 0
    assert has(checkout) == "['one', 'two', 'three']"
    assert not list(checkout.glob(".venv.before-*"))


def test_what_was_not_made_here_is_kept(checkout, wheels):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").write_text("precious")
    assert "kept as .venv.before-1" in make(checkout, wheels).stdout
    assert (checkout / ".venv.before-1" / "mine").read_text() == "precious"
    assert has(checkout) == "['one', 'two']"


def test_a_link_to_another_environment_is_its_owners_business(checkout, wheels, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (checkout / ".venv").symlink_to(tmp_path / "elsewhere")
    assert make(checkout, wheels).stdout == ""
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_pip_cannot_install_is_said(checkout, wheels, tmp_path):
    failed = make(checkout, wheels, PIP_FIND_LINKS=str(tmp_path))
    assert failed.returncode != 0
    assert "No matching distribution" in failed.stderr
    assert "`pip config list` says where pip looks" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert make(checkout, wheels).returncode == 0


def test_what_is_locked_is_installed_though_it_asks_for_a_newer_python(checkout, wheels, tmp_path):
    asks = wheel(tmp_path, "one", needs="Requires-Python: >=3.99\n")
    (checkout / "requirements-local.txt").write_text(asks)
    assert make(checkout, wheels, PIP_FIND_LINKS=str(tmp_path)).returncode == 0
    assert has(checkout) == "['one']"


def test_where_the_policy_engine_is_not_to_be_had_that_is_said(checkout, wheels, tmp_path):
    locked = wheel(tmp_path, environment.ENGINE, tag="py3-none-manylinux_2_999_x86_64")
    (checkout / "requirements-local.txt").write_text(locked)
    failed = make(checkout, wheels, PIP_FIND_LINKS=str(tmp_path))
    assert failed.returncode != 0
    assert "policy engine is to be had for Linux with glibc 2.34 or newer" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_only_how_packages_are_fetched_is_taken_from_pips_configuration():
    listed = r"""
:env:.timeout='7'
global.index-url='https://index.example/simple'
global.target='/elsewhere'
global.timeout='90'
install.find-links='\n/a\n/b'
install.user='true'
download.timeout='1'
"""
    given = fetching({"HOME": "/home/me", "PIP_PREFIX": "/p", "UV_INDEX_URL": "x"}, listed)
    assert given == {
        "HOME": "/home/me",
        "PIP_TIMEOUT": "7",
        "PIP_INDEX_URL": "https://index.example/simple",
        "PIP_FIND_LINKS": "\n/a\n/b",
    }


def test_cleaning_removes_what_was_made_here_and_no_more(checkout, wheels):
    make(checkout, wheels)
    demo = checkout / ".data" / "demo"
    demo.mkdir(parents=True)
    (demo / ".made-here").write_text("")
    (checkout / ".data" / "store.db").write_text("mine")
    (checkout / "served" / "demo").mkdir(parents=True)
    (checkout / "served" / "demo" / "store.db").write_text("mine as well")
    command = ["make", "clean", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    assert not (checkout / ".venv").exists()
    assert not demo.exists()
    assert "removing " in done.stdout
    assert (checkout / ".data" / "store.db").read_text() == "mine"
    assert "is kept" in done.stdout
    again = subprocess.run(
        [*command, "DATA=served"], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert (checkout / "served" / "demo" / "store.db").read_text() == "mine as well"
    assert "is left as it is" in again.stdout


def test_cleaning_that_is_interrupted_says_how_to_go_on(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setenv("DATA", "my data")
    monkeypatch.setattr(environment, "_clean", interrupted)
    assert environment.main(["clean"]) == 130
    said = capsys.readouterr().err
    assert said == "\nInterrupted; `make clean DATA='my data'` again goes on.\n"


def test_the_environment_of_developers_holds_what_the_platform_runs_on():
    run, dev = (pins(f"requirements-{kind}.txt") for kind in ("local", "dev"))
    assert run.items() <= dev.items()
    assert run
    assert all(hashes for _, hashes in dev.values())


def pins(name):
    """Return each package of a lock with its version and its hashes."""
    text = (ROOT / name).read_text()
    found = re.finditer(r"^(\S+)==(\S+)((?: \\\n    --hash=\S+)+)", text, re.MULTILINE)
    return {one[1]: (one[2], tuple(sorted(re.findall(r"--hash=(\S+)", one[3])))) for one in found}
