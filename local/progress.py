"""How far pip is, in one line that changes, or in a line now and then where there is no terminal."""

import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from typing import Self

SOMETIMES_S = 5.0
"""How long nothing is said where there is no terminal."""

_PACKAGE = re.compile(r"(?:Collecting|Processing|Requirement already satisfied:) (\S+)")
_FILE = re.compile(r"\s+Downloading \S+ \((.+)\)")
_BYTES = re.compile(r"Progress (\d+) of (\d+)")


class Progress:
    """Reads what pip says, and shows how much is left."""

    def __init__(self, total: int) -> None:
        """Say how many packages there are."""
        self._total, self._begun, self._package, self._of = total, 0, "", ""
        self._terminal = sys.stdout.isatty()
        self._started = self._told = time.monotonic()
        self.last: deque[str] = deque(maxlen=8)
        """What pip said last that is no progress."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            sys.stdout.write("\r\033[K")
            sys.stdout.flush()

    def follow(self, process: "subprocess.Popen[str]") -> None:
        """Read until pip has ended; end it where we are interrupted."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        try:
            while (line := _next(lines)) is not None:
                self._take(line)
                self._tell()
            process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise

    def _take(self, line: str) -> None:
        if found := _PACKAGE.match(line):
            name = found[1].replace("\\", "/").rpartition("/")[2]
            self._begun += 1
            self._package, self._of = re.split(r"==|-\d", name, maxsplit=1)[0], ""
        elif found := _FILE.match(line):
            self._of = f", {found[1]}"
        elif found := _BYTES.match(line):
            done, size = int(found[1]), int(found[2])
            if size:
                self._of = f", {done / 1e6:.1f} of {size / 1e6:.1f} MB"
        elif line.startswith("Installing collected packages"):
            self._package, self._of = "all are there, putting them in place", ""
        elif line.strip() and not line.startswith(("WARNING: Location", "Looking in", " ")):
            self.last.append(line.rstrip())

    def _tell(self) -> None:
        now = time.monotonic()
        if not self._package or (not self._terminal and now - self._told < SOMETIMES_S):
            return
        self._told = now
        line = f"  {self._begun} of {self._total}: {self._package}{self._of}, {now - self._started:.0f} s"
        sys.stdout.write(f"\r\033[K{line}" if self._terminal else f"{line}\n")
        sys.stdout.flush()


def _read(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)


def _next(lines: "queue.SimpleQueue[str | None]") -> str | None:
    """Return the next line, an empty one where there is none for a second, None at the end."""
    try:
        return lines.get(timeout=1)
    except queue.Empty:
        return ""
