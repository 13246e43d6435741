"""
The tap of one machine: a file of lines, each the id and the hash of an entry that was published.

Each line carries a running hash over all lines up to it, so that one that is changed, taken out or moved is
seen. Whoever may write the file can make it anew; that is why the cloud's tap is a bucket that no code of ours
writes.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from shared.canonical import canonical
from shared.entity import ZERO_HASH
from shared.errors import Invalid

_LONGEST = 4096
"""More bytes than a line has."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Line(NamedTuple):
    """One line as it was read; without `id` and `entry_hash` where *problem* says what it is instead."""

    number: int
    end: int
    """Where it ends in the file, in bytes."""

    id: str = ""
    entry_hash: str = ""
    running: str = ZERO_HASH
    """The running hash up to it."""

    problem: str = ""


def append(file: Path, bodies: Sequence[bytes]) -> None:
    """
    Add a line for each body, durably and behind what other processes add.

    Raises:
        OSError: The file cannot be written now.
    """
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        size = out.seek(0, os.SEEK_END)
        out.seek(max(0, size - _LONGEST))
        end = out.read()
        # What a crash cut short was never acknowledged: its entry is published again.
        torn = len(end) - (end.rfind(b"\n") + 1)
        running = _running(file, end[: len(end) - torn])
        added = b""
        for body in bodies:
            running = _next(running, body)
            added += canonical(json.loads(body) | {"running_hash": running}) + b"\n"
        out.truncate(size - torn)
        out.seek(size - torn)
        while added:
            added = added[out.write(added) :]
        os.fdatasync(out.fileno())


def lines(file: Path) -> Iterator[Line]:
    """
    Read a tap, whole or broken; a last line without its end is still being written, or never was.

    Lines without a running hash are those of before it, and of the cloud's tap; none comes after one with.
    """
    running, begun, end = ZERO_HASH, False, 0
    with file.open("rb") as found:
        for number, raw in enumerate(found, 1):
            if not raw.endswith(b"\n"):
                return
            end += len(raw)
            line = _parsed(raw)
            if line is None:
                yield Line(number, end, running=running, problem="it is no line of a tap")
                continue
            running = _next(running, canonical({name: line[name] for name in ("entry_hash", "id")}))
            stated, problem = line.get("running_hash"), ""
            if stated is None and begun:
                problem = "it has no running hash, and the lines before it have one"
            elif stated is not None and stated != running:
                problem = "its running hash is not that of the lines before it"
                # One break is told once: what comes after it is held to what it says.
                running = stated
            begun = begun or stated is not None
            yield Line(number, end, line["id"], line["entry_hash"], running, problem)


def copy(file: Path, to: Path, *, sure: int, stored: Callable[[set[str]], set[str]]) -> None:
    """
    Copy a tap beside a copied store, up to the first line about what that store does not have.

    An entry is committed before the tap has it, and marked after: what lies behind that line cannot be marked as
    published in the copied store.

    Args:
        file: The tap.

        to: The copy.

        sure: How long the tap was before the store was copied, in bytes: all of that is copied.

        stored: Says which of some entries the copied store has.
    """
    later = [line for line in lines(file) if line.end > sure]
    known = stored({line.id for line in later})
    unknown = next((n for n, line in enumerate(later) if line.id not in known), len(later))
    end = later[unknown - 1].end if unknown else sure
    with file.open("rb") as source, os.fdopen(os.open(to, _NEW, 0o600), "wb") as target:
        while end > 0 and (part := source.read(min(end, 1 << 20))):
            end -= target.write(part)


def _running(file: Path, end: bytes) -> str:
    """Return the running hash of the last line, which a file of before it does not carry."""
    last = end.rstrip(b"\n").rpartition(b"\n")[2]
    if not last:
        return ZERO_HASH
    line = _parsed(last)
    if line and line.get("running_hash"):
        return line["running_hash"]
    running = ZERO_HASH
    for one in lines(file):
        running = one.running
    return running


def _next(running: str, body: bytes) -> str:
    return hashlib.sha256(running.encode() + body).hexdigest()


def _parsed(raw: bytes) -> dict[str, str] | None:
    """Read one line; what is written otherwise than `append` writes it is none."""
    try:
        line = json.loads(raw)
        as_written = raw.removesuffix(b"\n") == canonical(line)
    except (ValueError, RecursionError, Invalid):
        return None
    named = as_written and isinstance(line, dict) and {"id", "entry_hash"} <= line.keys()
    return line if named and all(isinstance(value, str) for value in line.values()) else None
