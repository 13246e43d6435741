"""
What is made here is marked, and only what is marked is ever removed.

It needs nothing but the standard library: the environment is made and cleaned with it.
"""

import fcntl
import shutil
from contextlib import suppress
from pathlib import Path

MARK = ".made-here"
KEPT = ".served-since"
"""What the mark becomes once somebody serves what was made: there may be more in it from then on."""

LOCK = "workflows.lock"
"""What the process holds that serves a data folder."""


class NotOurs(Exception):
    """What would have to be removed was not made here, holds more by now, or is in use; it says what."""


class InUse(NotOurs):
    """Somebody serves it."""


def marked(folder: Path) -> bool:
    """Say whether a folder is marked, or has nothing in it that could be lost."""
    return (folder / MARK).is_file() or not folder.exists() or (folder.is_dir() and _empty(folder))


def clear(folder: Path) -> None:
    """
    Have a folder with nothing in it but its mark.

    Raises:
        NotOurs: It holds what was not made here, or may, or somebody serves what is in it.
    """
    if served(folder):
        raise InUse(f"a platform that runs serves what is in {folder}; stop it first")
    if (folder / KEPT).exists():
        raise NotOurs(
            f"{folder} was served since it was made, so it may hold more, and is left as it is"
        )
    if not marked(folder):
        raise NotOurs(f"{folder} was not made here, and is left as it is")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / MARK).write_text("")
    for entry in folder.iterdir():
        if entry.name != MARK:
            _remove(entry)


def keep(folder: Path) -> None:
    """Keep what was made from being removed: from now on there may be more in it."""
    with suppress(FileNotFoundError):
        (folder / MARK).rename(folder / KEPT)


def remove(folder: Path) -> None:
    """Remove a folder as `clear` does, and its mark last: what is interrupted can be done again."""
    clear(folder)
    (folder / MARK).unlink()
    folder.rmdir()


def served(folder: Path) -> bool:
    """Say whether a process runs that serves a data folder."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
