import itertools
import json
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from local.clock import Clock
from local.workflows import Home, Runtime
from local.workflows.api import blueprint
from local.workflows.authority import Deployed

_names = itertools.count()


class Web:
    """A real server on this machine that remembers what it was asked, and answers as told."""

    def __init__(self) -> None:
        self.app = flask.Flask("web")
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[str, Callable[[], Any]] = {}
        self.app.add_url_rule(
            "/<path:path>",
            "any",
            self._any,
            methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        )
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def _any(self, path: str) -> Any:
        request = flask.request
        self.asked.append(
            {
                "method": request.method,
                "path": path,
                "query": request.args.to_dict(flat=False),
                "headers": dict(request.headers),
                "body": request.get_data(as_text=True),
            }
        )
        return self.answers.get(path, lambda: flask.jsonify(path=path))()

    def told(self) -> Any:
        """Return what the last request said as JSON."""
        return json.loads(self.asked[-1]["body"])

    def paths(self) -> list[str]:
        return [one["path"] for one in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Anybody:
    """An authority that lets every workflow sign in everywhere at home."""

    def token(self, deployed: Deployed, url: str, audience: str) -> str:
        return f"token-for-{audience}"

    def may_start(self, workflow: str, other: str) -> bool:
        return True


@pytest.fixture
def web() -> Iterator[Web]:
    found = Web()
    yield found
    found.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(tmp_path: Path, clock: Clock, web: Web) -> Iterator[Callable[..., Runtime]]:
    """Start a runtime on the test's folder, served by the test's server; stop it at the end."""
    running: list[Runtime] = []

    def begin(**more: Any) -> Runtime:
        while running:
            running.pop().stop()
        options = {"clock": clock, "home": Home(web.url), "env": {"API": web.url}, **more}
        found = Runtime(tmp_path / "data", **options)
        found.start()
        running.append(found)
        return found

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def runtime(start: Callable[..., Runtime]) -> Runtime:
    return start()


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    app = flask.Flask("api")
    app.register_blueprint(blueprint(runtime, lambda _: None))
    return app.test_client()


@pytest.fixture(scope="module")
def shared_runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A runtime for programs that share nothing but it."""
    found = Runtime(
        tmp_path_factory.mktemp("data"),
        clock=Clock(),
        home=Home("http://127.0.0.1:9"),
        env={"API": "http://127.0.0.1:9"},
    )
    found.start()
    yield found
    found.stop()


class Ports(NamedTuple):
    """Where a runtime is served to Google's clients, to anybody."""

    rest: int
    grpc: int


@pytest.fixture(scope="module")
def ports(shared_runtime: Runtime) -> Iterator[Ports]:
    """Serve the shared runtime, by REST and by gRPC."""
    # gRPC is heavy to import, and most tests ask for none.
    from local.workflows.rpc import Rpc

    rpc = Rpc(shared_runtime, lambda *_: None)
    rpc.start()
    app = flask.Flask("api")
    app.register_blueprint(blueprint(shared_runtime, lambda _: None))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Ports(server.port, rpc.port)
    server.shutdown()
    thread.join()
    server.server_close()
    rpc.stop()


def ended(runtime: Runtime, source: str, argument: object = None) -> dict[str, Any]:
    """Execute a source to its end."""
    name = f"w{next(_names)}"
    runtime.deploy(name, textwrap.dedent(source))
    found = runtime.wait(runtime.execute(name, argument), 60)
    assert found["state"] != "ACTIVE", found
    return found


def outcome(runtime: Runtime, source: str, argument: object = None) -> Any:
    """Execute a source, and return its result, or raise its error as a `Failed`."""
    found = ended(runtime, source, argument)
    if found["state"] == "SUCCEEDED":
        return json.loads(found["result"])
    raise Failed(found["error"])


class Failed(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        self.error = error
        self.payload = json.loads(error["payload"])
        super().__init__(error["context"])


def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    """Wait for something another thread does."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.002)
