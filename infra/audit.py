"""
Look for what is known to be wrong with the locked dependencies: ``python -m infra.audit``.

It ends with 0 if every one of them was looked up and nothing is known, with 1 if something is, and with 3 if one of them, or all,
could not be looked up, or nobody can say: that is no word about it, and is never taken for one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from infra.stack import ROOT
from infra.supply import locked as pins

SOUND, UNSOUND, UNKNOWN = 0, 1, 3
LOCKED = ("requirements.txt", "requirements-dev.txt")
"""What is deployed, and what tests and deploys it."""


class Flaw(BaseModel):
    """What is known to be wrong, as pip-audit says it."""

    id: str
    fix_versions: list[str] = []


class Dependency(BaseModel):
    """A dependency, likewise: either it was looked up, or it says why not."""

    name: str
    version: str = ""
    vulns: list[Flaw] | None = None
    skip_reason: str = "it says nothing of it"


class Report(BaseModel):
    """What pip-audit says of a file."""

    dependencies: list[Dependency]


def audited(locked: Path) -> tuple[int, list[str]]:
    """Return how it stands with what a file locks, and why."""
    # Not `--strict`: it ends at the first that cannot be looked up, and says nothing of the others.
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(locked)]
    command += ["--disable-pip", "--require-hashes", "--format", "json"]
    command += ["--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as we say
    last = (done.stderr.strip() or f"it ended with {done.returncode}").splitlines()[-1]
    try:
        found = Report.model_validate_json(done.stdout).dependencies
    except ValueError:
        why = f"the advisories are not reachable, nothing was looked up: {last}"
        return UNKNOWN, [f"{locked.name}: {why}"]
    known = [said for one in found for said in _known(locked.name, one)]
    looked_up = {_plain(one.name) for one in found if one.vulns is not None}
    why_not = {_plain(one.name): one.skip_reason for one in found}
    wanted = {_plain(one.name): one.name for one in pins(locked.read_text())}
    missed = [
        f"{locked.name}: {name} was not looked up: {why_not.get(plain, 'pip-audit leaves it out')}"
        for plain, name in wanted.items()
        if plain not in looked_up
    ]
    if not looked_up:
        why = next(iter(why_not.values()), "there is none")
        missed = [
            f"{locked.name}: the advisories are not reachable, none of {len(wanted)} was looked up: {why}"
        ]
    if done.returncode and not known and not missed:
        missed = [
            f"{locked.name}: pip-audit ended with {done.returncode}, and names no flaw: {last}"
        ]
    return UNSOUND if known else UNKNOWN if missed else SOUND, known + missed


def _known(file: str, one: Dependency) -> Iterator[str]:
    for flaw in one.vulns or ():
        mended = " or ".join(flaw.fix_versions) or "no version yet"
        yield f"{file}: {one.name} {one.version} has {flaw.id}, mended in {mended}"


def _plain(name: str) -> str:
    """Return a name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Look, and say what was found."""
    ends = []
    for name in LOCKED:
        end, said = audited(ROOT / name)
        ends.append(end)
        print("\n".join(said) or f"{name}: all looked up, nothing is known", flush=True)
    return UNSOUND if UNSOUND in ends else max(ends)


if __name__ == "__main__":
    sys.exit(main())
