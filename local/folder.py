"""The data folder is its user's own: keys, answers, callback addresses and push tokens are in it."""

from collections.abc import Iterator
from pathlib import Path

from local.made import KEPT, LOCK, MARK

OURS = (
    "*.db",
    "*.db-wal",
    "*.db-shm",
    "*.db-lock",
    "tap.jsonl*",
    "clock",
    "served.json",
    LOCK,
    MARK,
    KEPT,
    "keys",
    "secrets",
    "uploads",
    "demo",
    ".*.[0-9]*.[0-9]*",  # a draft of `keep_private`, whose process was killed
)
"""What the platform keeps in its folder."""


def close_to_others(data: Path) -> list[Path]:
    """
    Take from everybody else what an earlier, more open folder gave them, and return what cannot be taken.

    The folder itself is closed where there is nothing in it but what is ours.
    """
    own = sorted({found for pattern in OURS for found in data.glob(pattern)})
    alone = {*own} == {*data.iterdir()}
    return [path for path in _all(own, data if alone else None) if not _closed(path)]


def _all(own: list[Path], folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
    for path in own:
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from path.rglob("*")


def _closed(path: Path) -> bool:
    """Leave a file to its owner alone, and say whether it is."""
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            path.chmod(mode & 0o700)
    except PermissionError:
        return False
    except FileNotFoundError:
        pass
    return True
