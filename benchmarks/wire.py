"""A client that takes next to no time of its own: one connection, kept open, and requests made of bytes."""

import socket
from typing import NamedTuple


class Account(NamedTuple):
    """Somebody who is signed in."""

    token: str


class Wire:
    """One connection to a server of this machine."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self._host = f"127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(60)

    def close(self) -> None:
        """Let go."""
        self._socket.close()

    def get(self, account: Account, path: str) -> bytes:
        """Read something."""
        return self._sent(f"GET {path}", account, "", b"")

    def post(self, account: Account, path: str, body: bytes, *, key: str) -> bytes:
        """Have something done, once."""
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: {key}\r\n"
        return self._sent(f"POST {path}", account, more, body)

    def _sent(self, line: str, account: Account, more: str, body: bytes) -> bytes:
        """
        Send a request and return the body of its answer.

        Raises:
            RuntimeError: It was refused.
        """
        head = f"{line} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {account.token}\r\n{more}\r\n"
        self._socket.sendall(head.encode() + body)
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        told = answer[:end].lower()
        length = int(told.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(answer) < end + 4 + length:
            answer += self._more()
        if not told.startswith(b"http/1.1 2"):
            raise RuntimeError(answer.decode(errors="replace")[:500])
        return answer[end + 4 :]

    def _more(self) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise ConnectionError("the server has closed the connection")
        return more
