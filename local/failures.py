"""What ends a command, as one sentence that says what to do; whatever has none is a defect, and is shown whole."""

import errno
import socket
import tempfile
from pathlib import Path

from local.hints import make


class Failure(Exception):
    """A command cannot go on; it says why, and what to do."""


_SAID = {
    errno.ENOSPC: "the disk is full; make room, or choose another folder with DATA=…",
    errno.EDQUOT: "your share of the disk is used up; make room, or choose another folder with DATA=…",
    errno.EROFS: "this may only be read; choose another folder with DATA=…",
    errno.EACCES: "you may not write or read this; choose another folder with DATA=…",
    errno.EPERM: "you may not do this; choose another folder with DATA=…",
    errno.ENOTDIR: "this is a file, and a folder is needed; choose another one with DATA=…",
    errno.EEXIST: "this is a file, and a folder is needed; choose another one with DATA=…",
    errno.EADDRINUSE: "another program listens at the port; choose another one with PORT=…",
}


def sentence(error: BaseException) -> str | None:
    """Return what to say of an error; None where it is a defect."""
    said = _said(error)
    if said and "is full" in said and "DATA=" not in said:
        return f"{said} Make room, or choose another folder with DATA=…."
    return said


def _said(error: BaseException) -> str | None:
    from local.made import NotOurs
    from local.workflows.errors import LockedError
    from shared.errors import Refusal

    match error:
        case Failure() | NotOurs() | LockedError():
            return f"{error}."
        case Refusal():
            return f"{error.detail.rstrip('.')}."
        case OSError() if error.errno in _SAID:
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{_SAID[error.errno]}."
    return None


def usable(data: Path, port: int, target: str, **settings: object) -> None:
    """
    See that a platform could be served, before anything there is changed.

    Raises:
        Failure: The port is taken, or may not be used; or nothing can be kept in the folder.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "may not be used" if error.errno == errno.EACCES else "is taken"
            other = make(target, **{**settings, "DATA": data, "PORT": another(port)})
            raise Failure(f"port {port} {why}; `{other}` takes another one") from None
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        if error.errno in _SAID:
            raise
        said = (
            f"nothing can be kept in {data} ({error.strerror}); choose another folder with DATA=…"
        )
        raise Failure(said) from error


def another(port: int) -> int:
    """Return a port nearby that every user may take."""
    return port + 1 if 1024 <= port < 65535 else 8081
