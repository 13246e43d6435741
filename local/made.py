"""
What is made here is marked, and only what is marked is ever removed.

It needs nothing but the standard library: the environment is made and cleaned with it.
"""

import fcntl
import shutil
from pathlib import Path

MARK = ".made-here"
LOCK = "workflows.lock"
"""What the process holds that serves a data folder."""


class NotOurs(Exception):
    """What would have to be removed was not made here, or is in use; it says what."""


def marked(folder: Path) -> bool:
    """Say whether a folder is marked, or has nothing in it that could be lost."""
    return (folder / MARK).is_file() or not folder.exists() or (folder.is_dir() and _empty(folder))


def clear(folder: Path) -> None:
    """
    Have a folder with nothing in it but its mark.

    Raises:
        NotOurs: It holds what was not made here, or somebody serves what is in it.
    """
    if not marked(folder):
        raise NotOurs(f"{folder} was not made here, or holds more by now, and is left as it is")
    if served(folder):
        raise NotOurs(f"a platform that runs serves what is in {folder}; stop it first")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / MARK).write_text("")
    for entry in folder.iterdir():
        if entry.name != MARK:
            _remove(entry)


def keep(folder: Path) -> None:
    """Take the mark away: from now on there is more in the folder than what was made."""
    (folder / MARK).unlink(missing_ok=True)


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
