"""
What a server waits for, told to the system once.

waitress looks at all connections before it waits for one, and is woken after each answer to look again: the more there
are, the more each request costs. Here a connection is looked at when something happened to it, and whoever has answered
it has it watched again, without waking anybody.
"""

import os
import select
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from waitress.wasyncore import readwrite

ONCE = getattr(select, "EPOLLONESHOT", 0)
"""Whatever is told of is not watched any more, until it is watched again."""


class Watched(dict[int, Any]):
    """The map of waitress, of whatever has a descriptor; what is put into it is watched."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._poll = select.epoll() if hasattr(select, "epoll") else Polled()

    def __setitem__(self, descriptor: int, one: Any) -> None:
        super().__setitem__(descriptor, one)
        self._poll.register(descriptor, select.POLLIN | ONCE)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        # Not only closed: where another process has a copy of it, it would still be told of.
        self._poll.unregister(descriptor)

    def again(self, one: Any) -> None:
        """Have one watched for what it waits for now; whoever waits for nothing is not, until this is said again."""
        try:
            wanted = select.POLLIN if one.readable() else 0
            if one.writable() and not one.accepting:
                wanted |= select.POLLOUT
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others are read
            one.handle_error()
            return
        # It may be closed meanwhile.
        with suppress(AttributeError, OSError, ValueError):
            if wanted:
                self._poll.modify(one.socket.fileno(), wanted | ONCE)

    def turn(self, timeout_s: float) -> None:
        """Wait until something happens, and let those handle it to whom it did."""
        for descriptor, happened in self._poll.poll(timeout_s):
            one = self.get(descriptor)
            if one is not None:
                readwrite(one, happened)
                self.again(one)

    def close(self) -> None:
        """Close all of them."""
        for one in [*self.values()]:
            one.close()
        self._poll.close()


class Polled:
    """What is used of `epoll`, where there is none, as outside Linux."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._wanted: dict[int, int] = {}
        self._woken, self._waking = os.pipe()
        self._closing, self._closed = threading.Lock(), False

    def register(self, descriptor: int, wanted: int) -> None:
        """Watch a descriptor, once."""
        with self._closing:
            if not self._closed:
                self._wanted[descriptor] = wanted
                os.write(self._waking, b".")

    modify = register

    def unregister(self, descriptor: int) -> None:
        """Watch it no longer."""
        self._wanted.pop(descriptor, None)

    def poll(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """Wait until something happens, and return where and what."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        for descriptor, wanted in [*self._wanted.items()]:
            poll.register(descriptor, wanted)
        found = dict(poll.poll(timeout_s * 1000))
        if found.pop(self._woken, None):
            os.read(self._woken, 4096)
        for descriptor in found:
            self._wanted.pop(descriptor, None)
        return [*found.items()]

    def close(self) -> None:
        """End."""
        with self._closing:
            self._closed = True
            os.close(self._woken)
            os.close(self._waking)
