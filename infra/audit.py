"""
Look for what is known to be wrong with the locked dependencies: ``python -m infra.audit``.

It ends with 0 if every one of them was looked up and nothing is known, with 1 if something is, and with 3 if one of them, or all,
could not be looked up: that is no word about it, and is never taken for one.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.stack import ROOT

SOUND, UNSOUND, UNKNOWN = 0, 1, 3
LOCKED = ("requirements.txt", "requirements-dev.txt")
"""What is deployed, and what tests and deploys it."""


def audited(locked: Path) -> tuple[int, list[str]]:
    """Return how it stands with what a file locks, and why."""
    # Not `--strict`: it ends at the first that cannot be looked up, and says nothing of the others.
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(locked)]
    command += [
        "--disable-pip",
        "--require-hashes",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as we say
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip() or f"it ended with {done.returncode}").splitlines()[-1]
        return UNKNOWN, [
            f"{locked.name}: the advisories are not reachable, nothing was looked up: {last}"
        ]
    known = [said for one in found for said in _known(locked.name, one)]
    skipped = [one for one in found if "skip_reason" in one]
    missed = [
        f"{locked.name}: {one['name']} was not looked up: {one['skip_reason']}" for one in skipped
    ]
    if len(skipped) == len(found):
        why = skipped[0]["skip_reason"] if skipped else "there is none"
        missed = [
            f"{locked.name}: the advisories are not reachable, none of {len(found)} was looked up: {why}"
        ]
    return UNSOUND if known else UNKNOWN if missed else SOUND, known + missed


def _known(file: str, one: Any) -> Iterator[str]:
    for flaw in one.get("vulns", ()):
        mended = " or ".join(flaw["fix_versions"]) or "no version yet"
        yield f"{file}: {one['name']} {one['version']} has {flaw['id']}, mended in {mended}"


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
