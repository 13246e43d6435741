"""Commands as they are printed: with the settings in force, so that they do what is said of them."""

import shlex
from pathlib import Path

USUAL = {
    "DATA": ".data",
    "PORT": "8080",
    "PROJECT": "local",
    "STORE": "sqlite",
    "BUS": "local",
    "AUTH": "local",
}
"""What holds where nothing else is set."""


def make(target: str, **settings: object) -> str:
    """Return a target of the Makefile, as it is called under these settings."""
    return " ".join(["make", target, *_set(settings)])


def local(command: str, **settings: object) -> str:
    """Return a command of this machine, as it is called under these settings."""
    return " ".join([*_set(settings), ".venv/bin/python -m local", command])


def forget(folder: Path) -> str:
    """Return what removes a folder with all that is in it, for good."""
    return f"rm -r {shlex.quote(str(folder))}"


def _set(settings: dict[str, object]) -> list[str]:
    return [
        f"{name}={shlex.quote(str(value))}"
        for name, value in settings.items()
        if str(value) != USUAL[name]
    ]
