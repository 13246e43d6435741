"""
The environment of this checkout, `.venv`, and no other: ``python3 -m local.environment run | dev | clean``.

Either it is marked as whole, with what the locked requirements say, or it is made anew: whatever ended the making of
it, and whenever, the next call mends it. Where packages come from is left to the configuration of pip, where they go
is not. It runs before anything is installed, so it needs nothing but the standard library.
"""

import ast
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local import hints, made
from local.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".venv"
PYTHON = PLACE / "bin" / "python"
LOCKED = {"run": "requirements-local.txt", "dev": "requirements-dev.txt"}
"""What each kind of environment holds; that of developers holds also what the platform needs to run."""

MOSTLY_UNUSED = "/pulumi_gcp/"
"""What is two thirds of all code there is, and is compiled as it is used."""

ENGINE = "opa-golib-python-bindings"
"""What holds Open Policy Agent; it comes compiled, or not at all."""

FETCHING = {
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url", "keyring-provider", "no-cache-dir",
    "no-index", "no-proxy", "proxy", "retries", "timeout", "trusted-host", "use-deprecated", "use-feature",
}  # fmt: skip
"""What of pip's configuration is followed: where packages come from, and how they are fetched."""


class Failed(Exception):
    """The environment is not made; it says why, and what to do."""


def main(arguments: list[str]) -> int:
    """Make the environment, or remove what was made here; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    cleaning = arguments == ["clean"]
    try:
        if cleaning:
            _clean()
        else:
            ensure(arguments[0], exactly=arguments[1:] == ["--this-python"])
    except KeyboardInterrupt:
        more = (
            f"`{hints.make('clean', DATA=_data())}` again goes on"
            if cleaning
            else "the next time it is made anew"
        )
        print(f"\nInterrupted; {more}.", file=sys.stderr)
        return 130
    except (Failed, made.NotOurs) as failed:
        print(f"The environment is not made: {failed}.", file=sys.stderr)
    except OSError as error:
        print(f"The environment is not made: {error}. {_advice(str(error))}", file=sys.stderr)
    else:
        return 0
    return 1


def ensure(kind: str, *, exactly: bool) -> None:
    """
    Have the environment whole.

    Args:
        kind: `run` or `dev`.

        exactly: Whether it must be of the version of Python that this is.
    """
    if PLACE.is_symlink():
        # Somebody put another one in its place, and answers for it.
        return
    if whole(kind, exactly=exactly):
        return
    with _alone():
        if whole(kind, exactly=exactly):
            return
        if kind == "dev" and whole("run", exactly=exactly):
            _mark("")
        else:
            _empty()
        _install(ROOT / LOCKED[kind])
        _compile()
        _mark(_written(kind))


def whole(kind: str, *, exactly: bool) -> bool:
    """Say whether the environment is as it was made, from what is locked now."""
    try:
        was = json.loads((PLACE / made.MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if was["kind"] not in {kind, "dev"} or was["locked"] != _locked() or was["python"] != _python():
        return False
    if exactly and was["python"][0] != sys.version:
        return False
    return all(_size(PLACE / name) == size for name, size in was["files"].items())


def _written(kind: str) -> str:
    files = {str(file.relative_to(PLACE)): _size(file) for file in _files()}
    state = {"kind": kind, "locked": _locked(), "python": _python(), "files": files}
    return json.dumps(state, indent=0)


def _locked() -> dict[str, str]:
    return {
        kind: hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        for kind, name in LOCKED.items()
    }


def _python() -> list[str]:
    """Return what runs in the environment, and where it takes itself to be; nothing where it does not run."""
    command = [str(PYTHON), "-I", "-S", "-c", "import sys; print([sys.version, sys.prefix])"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        return list(ast.literal_eval(done.stdout))
    except (OSError, SyntaxError):
        return []


def _files() -> Iterator[Path]:
    """Walk over what was installed; byte code comes and goes."""
    for file in PLACE.rglob("*"):
        if file.name != made.MARK and "__pycache__" not in file.parts and not file.is_dir():
            yield file


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _mark(text: str) -> None:
    """Put the mark in place of the one before, whole."""
    new = PLACE / f"{made.MARK}.new"
    new.write_text(text, encoding="utf-8")
    new.replace(PLACE / made.MARK)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep others, and what an earlier one left running, from making the same environment meanwhile."""
    with (ROOT / LOCKED["run"]).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another make installs here; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        # What is started holds the lock with us, and beyond us.
        os.set_inheritable(lock.fileno(), True)
        yield


def _empty() -> None:
    """Begin with an environment that has pip, and nothing else."""
    if not made.marked(PLACE):
        before = next(
            place
            for n in range(1, 1000)
            if not (place := ROOT / f".venv.before-{n}").exists() and not place.is_symlink()
        )
        print(f".venv was not made here, or by an earlier release; it is kept as {before.name}")
        PLACE.rename(before)
    made.clear(PLACE)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"making .venv with Python {version}", flush=True)
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-I", "-m", "venv", PLACE],
        capture_output=True,
        text=True,
        check=False,
        close_fds=False,
    )
    if done.returncode:
        said = done.stdout + done.stderr
        if "ensurepip" in said and "No space" not in said:
            raise Failed(
                "this Python cannot make environments with pip; on Debian and Ubuntu"
                f" `apt-get install python3-venv` brings what is missing ({sys.executable})"
            )
        raise Failed(f"{said.strip()}\n{_advice(said)}".rstrip("."))


def _install(locked: Path) -> None:
    environ = _environ()
    asked = "import pip; print(pip.__version__)"
    version = subprocess.run(  # noqa: S603 - our own
        [PYTHON, "-I", "-c", asked], capture_output=True, text=True, check=True
    )
    # From this release on pip also tells others how far it is.
    raw = tuple(map(int, version.stdout.split(".")[:2])) >= (24, 1)
    command = [
        str(PYTHON),
        "-I",
        "-m",
        "pip",
        "--no-input",
        "--no-color",
        "--disable-pip-version-check",
    ]
    # The policy engine says that it needs Python 3.14, and runs on 3.11; what is locked is what was tried.
    command += ["install", "--require-hashes", "--no-deps", "--no-compile"]
    command += ["--ignore-requires-python", "--only-binary", ENGINE]
    command += ["--progress-bar", "raw" if raw else "off", "-r", str(locked)]
    total = sum(line[:1].isalnum() for line in locked.read_text(encoding="utf-8").splitlines())
    print(f"installing {total} packages into .venv", flush=True)
    with Progress(total) as progress:
        process = subprocess.Popen(  # noqa: S603 - our own
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            close_fds=False,
        )
        progress.follow(process)
    if process.returncode:
        said = "\n".join(progress.last)
        raise Failed(f"pip ended with\n{said}\n{_advice(said)}".rstrip("."))


def _environ() -> dict[str, str]:
    """Return the environment for pip, in which its configuration says only how packages are fetched."""
    listing = [str(PYTHON), "-I", "-m", "pip", "config", "list"]
    listed = subprocess.run(listing, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if listed.returncode:
        raise Failed(f"pip cannot read its configuration: {listed.stderr.strip()}")
    return fetching(os.environ, listed.stdout) | {"PIP_CONFIG_FILE": os.devnull}


def fetching(environ: Mapping[str, str], listed: str) -> dict[str, str]:
    """Leave of an environment and of what `pip config list` says what tells how packages are fetched."""
    settings: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in settings and key in FETCHING:
            settings[section][key] = ast.literal_eval(value)
    kept = {name: value for name, value in environ.items() if not name.startswith(("PIP_", "UV_"))}
    followed = settings["global"] | settings["install"] | settings[":env:"]
    return kept | {f"PIP_{key.upper().replace('-', '_')}": value for key, value in followed.items()}


def _compile() -> None:
    """Compile everything now, on all cores, and not at the first start of each module."""
    print("compiling them", flush=True)
    command = [str(PYTHON), "-I", "-m", "compileall", "-q", "-j", "0", "-x", MOSTLY_UNUSED]
    command.append(str(PLACE / "lib"))
    # What does not compile is written for another version, and not used by ours.
    subprocess.run(command, capture_output=True, check=False, close_fds=False)  # noqa: S603 - our own


def _advice(said: str) -> str:
    """Say what to do about what was said."""
    signs = {
        f"No matching distribution found for {ENGINE}": "The policy engine is to be had for Linux with glibc 2.34 or newer (Debian 12,"
        " Ubuntu 22.04, RHEL 9) and for macOS, on x86-64 and arm64; without it nothing may be decided here, so take such a machine or container.",
        "No space left": f"The disk is full; {ROOT} and the folder for temporary files need some 500 MB.",
        "Read-only": f"{ROOT} cannot be written; take a copy of it that you may write.",
        "Permission denied": f"{ROOT} cannot be written; take a copy of it that you may write.",
        "not a supported wheel": "One of the packages is not to be had for this Python; PYTHON=… names another.",
        "No matching distribution": "`pip config list` says where pip looks, `python3 -m pip download` tries it.",
        "CERTIFICATE": "`pip config set global.cert FILE` says which certificates pip trusts.",
    }
    found = [advice for sign, advice in signs.items() if sign in said]
    return found[0] if found else "The same command again begins anew."


def _clean() -> None:
    """Remove what was made here, and say what is kept."""
    data = _data()
    _gone(PLACE)
    _gone(data / "demo")
    # Nothing but what targets of the Makefile build is in it.
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    kept = [entry.name for entry in data.iterdir()] if data.is_dir() else []
    if kept:
        forget = hints.forget(data)
        print(f"{data} holds what was done here, and is kept; `{forget}` forgets it for good")


def _data() -> Path:
    return Path(os.environ.get("DATA") or hints.USUAL["DATA"])


def _gone(folder: Path) -> None:
    if folder.is_symlink():
        print(f"{folder} is a link, and is kept")
    elif folder.exists():
        print(f"removing {folder}", flush=True)
        try:
            made.remove(folder)
        except made.NotOurs as kept:
            print(f"  {kept}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
