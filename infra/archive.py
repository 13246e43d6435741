"""
Build the one archive that every function is deployed from: ``python -m infra.archive``.

The same input makes the same bytes on any machine. Entries are sorted, their times and modes are fixed, and they are
stored, not compressed, as no two libraries compress alike. Byte code is compiled in a process of its own, because what
else a process has loaded shows in it; it names no folder of this machine, and serves whatever the times of the files are.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build"
PYTHON = (3, 11)
"""What the runtime python311 runs: its byte code serves no other."""

SINGLE = ("main.py", "start.py", "requirements.txt")
PACKAGES = ("functions", "policies", "shared")
DATA = (".py", ".json", ".rego")
"""What of a package is deployed, by how its name ends."""

TESTS = "_test.rego"
"""What stands beside the rules and is not deployed."""

BUILD_ENVIRONMENT = {
    # A wheel that runs on 3.11 but says that it does not is installed all the same (pip's --ignore-requires-python).
    "PIP_IGNORE_REQUIRES_PYTHON": "1",
    # The cloud's build compiles our source again, by default against the files' times, which its image then resets; with
    # this set, byte code is checked against the source itself (py_compile, PEP 552).
    "SOURCE_DATE_EPOCH": "315532800",
}
"""What the cloud's build must be told."""


@dataclass(frozen=True)
class Archive:
    """An archive as it was built."""

    path: Path
    sha256: str
    size: int
    files: int


def build(root: Path = ROOT, into: Path = BUILT) -> Archive:
    """
    Build the archive of the tree at *root*, into a file named after its content.

    Raises:
        SystemExit: There is no Python here whose byte code would serve, or a file does not compile.
    """
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder)
        for name in _sources(root):
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, staged / name)
        _compile(staged)
        names = sorted(file.relative_to(staged) for file in staged.rglob("*") if file.is_file())
        content = _zipped({name.as_posix(): (staged / name).read_bytes() for name in names})
    sha256 = hashlib.sha256(content).hexdigest()
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"waooaw-{sha256[:12]}.zip"
    path.write_bytes(content)
    return Archive(path, sha256, len(content), len(names))


def _sources(root: Path) -> list[Path]:
    found = [Path(name) for name in SINGLE]
    for package in PACKAGES:
        found += [
            file.relative_to(root)
            for file in (root / package).rglob("*")
            if file.suffix in DATA
            and file.is_file()
            and not file.name.startswith(".")
            and not file.name.endswith(TESTS)
        ]
    return found


def _compile(staged: Path) -> None:
    command = [compiler(), "-I", "-S", "-m", "compileall", "-q", "-j", "1"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(staged), str(staged)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise SystemExit(
            f"the archive is not built, a file does not compile:\n{done.stdout}{done.stderr}"
        )


def compiler() -> str:
    """Return the interpreter that compiles: this one, or another one of the runtime's version."""
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    wanted = ".".join(map(str, PYTHON))
    here = ".".join(map(str, sys.version_info[:2]))
    found = shutil.which(f"python{wanted}")
    # What is found may be a stand-in for one that is not installed.
    if found is None or _fails(found):
        raise SystemExit(
            f"the archive is not built: byte code of Python {here} does not serve on python{wanted}, "
            f"and there is no python{wanted} here; install it"
        )
    return found


def _fails(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode != 0  # noqa: S603 - Python


def _zipped(contents: dict[str, bytes]) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # Unix, whatever this is
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return written.getvalue()


if __name__ == "__main__":
    from infra import supply

    made = build()
    print(f"{made.path.relative_to(ROOT)}  sha256 {made.sha256}")
    for written in supply.write(made.path):
        print(written.relative_to(ROOT))
    print(f"{made.files} files, {made.size / 1024 / 1024:.1f} MiB")
