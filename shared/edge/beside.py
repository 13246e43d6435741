"""Rules that no release brought, evaluated in a process beside this one, which is ended where they do not end."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from shared.edge import evaluating
from shared.edge.bundles import ROOT, NotLoaded
from shared.errors import EnforcementUnavailable

WAIT_S = 60
"""How long such a process may say nothing, by the clock: one that the machine lets do nothing is ended as well."""

_OTHERWISE = {1, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT}
"""
How it ends where it cannot begin, or somebody ends it; else the kernel did for its time, or the engine, which has no error
for memory.
"""


class Ended(Exception):
    """The rules ended their process: they took more than they may."""


class Gone(Exception):
    """The process was ended, and not by what its rules took: nothing is known of them."""


class Silent(Exception):
    """The process said nothing, for which it may have had no processor: nothing is known of its rules."""


class Failed(Exception):
    """The rules could not be evaluated; it says the class of what was raised."""


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    link: socket.socket
    lines: BinaryIO
    made_in: int


class Beside:
    """One such process: the first question starts it, and the next one where it is gone. One question is asked at a time."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        """Say which rules it has: their `names`, their `modules` and their `data`."""
        self._rules = rules
        self._running: _Running | None = None
        self._begun: Mapping[str, Any] | None = None

    def begin(self, question: Mapping[str, Any]) -> None:
        """Have a process that is there begin with the question that is asked next, while something else is done here."""
        running = self._running
        if running is None or running.made_in != os.getpid():
            return
        self._begun = question
        with suppress(OSError):
            self._say(running, question)

    def answer(self, question: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """
        Return what the bundles answer that a question names, and how long it took, in ms of a processor.

        A process that was there before may have been ended by somebody else, or have less memory left than an answer may take:
        what it ends with is asked once more of one that is begun for it. Where several bundles took too much, whoever asks
        must find out anyway which.

        Raises:
            Ended: They took more than they may.
            EnforcementUnavailable: There is no such process.
            Failed: The evaluation failed.
            Gone: Somebody ended it, twice.
            NotLoaded: The rules do not compile.
            Silent: It says nothing.
        """
        if self._begun not in (None, question):
            self.close()
        before, running = self._running, self._started()
        try:
            told = self._told(running, question)
        except (Ended, Gone) as error:
            which = isinstance(error, Ended) and len(question["bundles"]) > 1
            if running is not before or which:
                raise
            told = self._told(self._started(), question)
        if failed := told.get("failed"):
            raise Failed(failed)
        return told["answer"], told["took_ms"]

    def close(self) -> None:
        """End it; a copy of it by a fork is let go of."""
        running, self._running, self._begun = self._running, None, None
        if running is None:
            return
        if running.made_in == os.getpid():
            running.process.kill()
            running.process.wait()
        running.lines.close()
        running.link.close()

    __del__ = close

    def _started(self) -> _Running:
        running = self._running
        if running and running.made_in == os.getpid() and running.process.poll() is None:
            return running
        self.close()
        ours, theirs = socket.socketpair()
        ours.settimeout(WAIT_S)
        try:
            with theirs:
                process = subprocess.Popen(  # noqa: S603 - a module of ours
                    [sys.executable, "-m", evaluating.__name__],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.DEVNULL,
                    cwd=ROOT.parent,
                    # Whoever ends all of a terminal means the process that asks, and with that this ends.
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise _none(type(error).__name__) from error
        running = _Running(process, ours, ours.makefile("rb"), os.getpid())
        self._running = running
        told = self._told(running, self._rules)
        if why := told.get("refused"):
            self.close()
            raise NotLoaded(why)
        if why := told.get("missing"):
            self.close()
            raise _none(why)
        return running

    def _told(self, running: _Running, said: Mapping[str, Any]) -> dict[str, Any]:
        begun, self._begun = self._begun, None
        try:
            if said != begun:
                self._say(running, said)
            if answer := running.lines.readline():
                told: dict[str, Any] = json.loads(answer)
                return told
        except TimeoutError as error:
            self.close()
            raise Silent(f"it said nothing for {WAIT_S} seconds") from error
        except ConnectionError:
            pass
        code = running.process.wait(WAIT_S)
        self.close()
        if code in _OTHERWISE:
            raise Gone(f"it ended with {code}")
        raise Ended("time" if code == -signal.SIGXCPU else "memory")

    @staticmethod
    def _say(running: _Running, said: Mapping[str, Any]) -> None:
        running.link.sendall(json.dumps(said).encode() + b"\n")


def _none(why: str) -> EnforcementUnavailable:
    return EnforcementUnavailable(f"there is no policy engine beside this process ({why})")
