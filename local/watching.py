"""
What a server waits for, told to the system once.

waitress looks at all connections before it waits for one, and is woken after each answer to look again: the more there
are, the more each request costs. Here a connection is looked at when something happened to it, and whoever has answered
it has it watched again, without waking anybody.
"""

import select
from contextlib import suppress
from typing import Any

from waitress.wasyncore import readwrite


class Watched(dict[int, Any]):
    """The map of waitress, of whatever has a descriptor; what is put into it is watched."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._poll = select.epoll()

    def __setitem__(self, descriptor: int, one: Any) -> None:
        super().__setitem__(descriptor, one)
        self._poll.register(descriptor, select.EPOLLIN | select.EPOLLONESHOT)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        # Not only closed: where another process has a copy of it, it would still be told of.
        self._poll.unregister(descriptor)

    def again(self, one: Any) -> None:
        """Have one watched for what it waits for now; whoever waits for nothing is not, until this is said again."""
        wanted = select.EPOLLIN if one.readable() else 0
        if one.writable() and not one.accepting:
            wanted |= select.EPOLLOUT
        # It may be closed meanwhile.
        with suppress(AttributeError, OSError, ValueError):
            if wanted:
                self._poll.modify(one.socket.fileno(), wanted | select.EPOLLONESHOT)

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
