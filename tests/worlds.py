"""Operations of the tests' own, served as the real ones are."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import flask
import pytest

from local.accounts import SignIn
from shared.edge.keys import FileSigner
from shared.edge.ports import Ports, connect
from shared.edge.serving import view
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.edge.web import Request
from shared.operation import operation
from shared.signature import Method
from tests.conftest import NOON, FakeEnforcing

APP = flask.Flask("tests")
"""Made once: making one compiles code, which Python 3.11 does not do in several threads at once."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class World:
    """One data folder, a clock that stands still, and requests by account."""

    ports: Ports
    sign_in: SignIn
    now: datetime = NOON

    def call(self, function: Any, path: str, body: Any = None, **given: Any) -> flask.Response:
        """Send a request to one operation: ``as_`` an account, with headers, raw data or a query."""
        account, headers = given.get("as_"), dict(given.get("headers", {}))
        if account:
            signed_in = self.now - timedelta(minutes=given.get("signed_in_min_ago", 0))
            headers["Authorization"] = f"Bearer {self.sign_in.token(account, signed_in)}"
        data = given.get("data")
        if body is not None:
            data = json.dumps(body)
        context = APP.test_request_context(
            path,
            method=given.get("method", function.declared.method),
            data=data,
            query_string=given.get("query"),
            headers=headers,
            content_type=given.get("content_type", "application/json" if data else None),
        )
        with context:
            request = Request(flask.request.environ)
            return APP.make_response(view(function.declared, lambda: self.ports)(request))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SignIn:
    """Make the two private keys once; making one, or reading it, takes longer than most tests."""
    settings = Settings({"DATA": str(tmp_path_factory.mktemp("keys"))})
    FileSigner(Path(settings.writer_key)).sign(b"")
    sign_in = SignIn(settings)
    sign_in.publish()
    return sign_in


def a_world(folder: Path, keys: SignIn, documents: SqliteDocuments) -> World:
    """Open a world on an empty store."""
    shutil.copytree(keys.file.parent, folder / "keys")
    settings = Settings({"DATA": str(folder), "ORIGINS": "https://app.example"})
    world = World(None, keys)  # type: ignore[arg-type]
    world.ports = connect(settings, lambda: world.now, documents)
    world.ports.enforcement = FakeEnforcing()
    return world


@pytest.fixture
def world(tmp_path: Path, keys: SignIn, documents: SqliteDocuments) -> World:
    return a_world(tmp_path, keys, documents)


def declared(method: Method, path: str, **options: Any) -> Callable[[F], F]:
    """Declare a function of a test as if it stood in ``functions/tests``."""

    def declare(function: F) -> F:
        function.__module__ = f"functions.tests.{function.__name__}"
        operation(method, path, **options)(function)
        return function

    return declare
