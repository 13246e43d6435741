"""Somebody else's service, over a real socket, which answers as a test tells it."""

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """One answer: JSON unless *body* is bytes already."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip_s: float = 0.0
    """Seconds between two bytes of the body."""

    cut: bool = False
    """Whether the connection is closed instead."""


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Provider(ThreadingHTTPServer):
    """Gives one reply after the other, the last one for ever, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), _Spoken)
        self.replies = [Reply()]
        self.seen = []
        self.address = f"http://127.0.0.1:{self.server_port}"
        self._taking = threading.Lock()

    def take(self, seen):
        with self._taking:
            self.seen.append(seen)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Spoken(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = Seen(self.command, self.path, {k.title(): v for k, v in self.headers.items()}, body)
        reply = self.server.take(seen)
        time.sleep(reply.wait_s)
        if reply.cut:
            self.close_connection = True
            return
        sent = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(sent)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(sent), 1 if reply.drip_s else len(sent) or 1):
            time.sleep(reply.drip_s)
            self.wfile.write(sent[start : start + 1] if reply.drip_s else sent)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def handle(self):
        # Whoever asked may not have waited for the answer.
        with suppress(OSError, ValueError):
            super().handle()

    def log_message(self, *_):
        pass


@contextmanager
def providing(port=0):
    """Have a provider, at a free port unless one is named."""
    server = Provider(port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
