"""
A process that has loaded everything and runs nothing: workers are forked from it.

A process with threads is not forked, as what its other threads hold would be held for ever; so the one that serves
forks this one before it begins anything, and asks it for workers, also for one in place of a worker that died. What is
loaded is in memory once.
"""

import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import NoReturn

log = logging.getLogger("waooaw.workers")

CLOSE_S = 2.0

Work = Callable[[int, socket.socket], None]
"""What a worker does: it is told which one it is, and given its end of a link."""


class Nursery:
    """Makes workers."""

    def __init__(self, work: Work) -> None:
        """Fork; no thread may run, and no database be open."""
        # What is there stays: looked for garbage in, it would be copied.
        gc.freeze()
        self._asking, asked = _pair()
        self._pid = os.fork()
        if self._pid == 0:
            self._asking.close()
            _attend(asked, work)
        asked.close()

    def worker(self, number: int) -> socket.socket:
        """
        Return the link to a new worker.

        Raises:
            OSError: The nursery is dead.
        """
        link, its_own = _pair()
        with its_own:
            socket.send_fds(self._asking, [bytes([number])], [its_own.fileno()])
        return link

    def close(self) -> None:
        """Let it go, or kill it where it stands still; its workers live on."""
        self._asking.close()
        ends = time.monotonic() + CLOSE_S
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > ends:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.01)


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _attend(asked: socket.socket, work: Work) -> NoReturn:
    """Fork whenever that is asked for, as long as somebody may ask."""
    # Whoever ends all processes of a terminal or a unit at once means the one that serves, and it ends the others.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        number, links, _, _ = socket.recv_fds(asked, 1, 1)
        if not number:
            os._exit(0)
        if not links:
            # Too many files are open; whoever asked sees the end of the link, and asks again.
            continue
        link = socket.socket(fileno=links[0])
        if os.fork() == 0:
            asked.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _live(link, number[0], work)
        link.close()


def _live(link: socket.socket, number: int, work: Work) -> NoReturn:
    code = 1
    try:
        work(number, link)
        code = 0
    except BaseException:
        log.exception("worker %d ends", number)
        raise
    finally:
        # Nothing of what the process that serves would do at its end.
        os._exit(code)
