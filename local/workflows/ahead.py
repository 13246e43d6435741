"""
Room in the write-ahead log of the journal, made before it is needed.

A commit that makes its file longer has the file system write down how long it is now, which takes as much again as the
flush of what was written. SQLite begins its log from the start when it is long, so there has to be room only once.
"""

import contextlib
import os
from pathlib import Path

# SQLite writes a log of a thousand pages into the database, and begins it again.
_LONG = 1000 * (24 + 4096) + 32
_ZEROS = bytes(32 * 1024)


class Ahead:
    """Double a log's file whenever it was made longer, so that few executions take little room."""

    def __init__(self, database: Path) -> None:
        self._file = -1
        self._size = 0
        with contextlib.suppress(OSError):  # Some file systems have no such log.
            self._file = os.open(f"{database}-wal", os.O_WRONLY | os.O_CLOEXEC)

    def make_room(self) -> None:
        """
        Make room if there is none, and raise nothing if there is no more; a log that is long has it for good.

        Only a transaction that has written nothing may do so, as nobody else writes.
        """
        if self._file < 0 or self._size > _LONG - len(_ZEROS):
            return
        with contextlib.suppress(OSError):  # A disk that is full has no room: a commit says so.
            size = os.fstat(self._file).st_size
            if size != self._size:
                self._size = size
                self._lengthen(size)

    def _lengthen(self, size: int) -> None:
        # Zeros are no frame of a log, so that whoever reads it stops there. They are written, as room that is only
        # reserved is written down when it is used.
        blocks = min(size, _LONG - size) // len(_ZEROS)
        if blocks > 0:
            os.pwritev(self._file, [_ZEROS] * blocks, size)
            self._size = os.fstat(self._file).st_size

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
