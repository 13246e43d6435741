"""The whole platform in one process, on its embedded defaults, in one data folder."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import flask
import waitress
from waitress import wasyncore
from werkzeug.exceptions import HTTPException

from local.accounts import SignIn
from local.clock import Clock
from local.console import console
from local.dispatcher import Dispatcher
from local.pages import pages
from local.server import application
from local.streams import Streams
from local.timers import DueLoop, RelayLoop, ScheduleLoop
from local.uploads import uploads
from local.workflows import Runtime
from local.workflows.api import blueprint
from shared.documents import Key, Write
from shared.edge import assembly
from shared.edge.keys import FileSigner
from shared.edge.meter import Metered
from shared.edge.ports import Ports, connect
from shared.edge.problems import response
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.edge.workflows import WorkflowExecutions
from shared.entity import written
from shared.errors import BadRequest, Forbidden, Refusal
from shared.identities.models import VerificationKey
from shared.identity import PLATFORM, Role

if TYPE_CHECKING:
    from local.workflows.rpc import Rpc

THREADS = 16
MAX_BODY_BYTES = 64 * 1024 * 1024
"""What the server reads at all; each operation has its own, much smaller limit."""


class Platform:
    """Everything that `make run` starts; stopping and starting again loses nothing."""

    def __init__(
        self,
        data: Path,
        *,
        port: int = 8080,
        rpc_port: int | None = None,
        origins: str = "",
        movable: bool = False,
    ) -> None:
        """
        Assemble the platform.

        Args:
            data: The folder that holds everything it remembers.

            port: Where it listens, on this machine only.

            rpc_port: Where it speaks gRPC to Google's own client of Workflow Executions, if it should.

            origins: The web origins that browsers may call from, separated by commas.

            movable: Whether ``POST /local/clock`` may move the clock: for tests and the demo.
        """
        data.mkdir(parents=True, exist_ok=True)
        environ = {"DATA": str(data), "PORT": str(port), "ORIGINS": origins}
        self.settings = Settings(environ)
        self.address = self.settings.api
        self.clock = Clock(data / "clock")
        self.sign_in = SignIn(self.settings)
        self.failing: set[str] = set()
        """Agents whose releases answer their probes badly."""

        self.runtime = Runtime(
            data,
            clock=self.clock,
            base_url=self.address,
            token=lambda _: self.sign_in.service_token("workflows", self.clock.now()),
            env={"API": self.address},
        )
        self.documents = SqliteDocuments(data / "store.db")
        self.meter = Metered(self.documents)
        connected = connect(self.settings, self.clock.now, self.meter)
        engine = WorkflowExecutions(
            self.settings, lambda: self.sign_in.service_token("events", self.clock.now())
        )
        self.ports: Ports = replace(connected, workflows=engine)
        self.dispatcher = Dispatcher(self.ports, self.clock)
        self.relay = RelayLoop(self.ports, self.clock)
        self.streams = Streams(self.ports)
        self.dues = DueLoop(self.ports, self.clock)
        self.schedules = ScheduleLoop(self.ports, self.clock)
        self._requests = 0
        self._counting = threading.Lock()
        self._server: Any = None
        self._serving: threading.Thread | None = None
        self._port, self._movable = port, movable
        self._rpc_port = rpc_port
        self._rpc: Rpc | None = None

    # --- life ------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start everything; what an earlier process left unfinished goes on."""
        self.sign_in.publish()
        self._publish_writer_key()
        takers = (self.relay.take, self.dispatcher.take, self.dues.take, self.streams.take)
        for take in takers:
            self.documents.on_commit(take)
        self._server = waitress.create_server(
            self._counted(self._app()),
            host="127.0.0.1",
            port=self._port,
            threads=THREADS,
            max_request_body_size=MAX_BODY_BYTES,
            ident="waooaw",
        )
        self._serving = threading.Thread(target=self._server.run, name="server", daemon=True)
        self.runtime.start()
        for name in assembly.names():
            self.runtime.deploy(name, assembly.assembled(name))
        self._serving.start()
        self.dispatcher.start()
        for loop in (self.relay, self.dues, self.schedules):
            loop.start()
        if self._rpc_port is not None:
            # gRPC is heavy to import, and only Google's client library asks for it.
            from local.workflows.rpc import Rpc

            self._rpc = Rpc(self.runtime, self._authorise_call, port=self._rpc_port)
            self._rpc.start()
        return self

    def stop(self) -> None:
        """Stop everything in good order."""
        self.streams.close()
        for loop in (self.schedules, self.dues, self.relay):
            loop.stop()
        self.dispatcher.stop()
        if self._rpc is not None:
            self._rpc.stop()
        self.runtime.stop()
        server = self._server
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))  # noqa: SLF001
        if self._serving:
            self._serving.join()
        server.task_dispatcher.shutdown()
        self.documents.close()

    def _publish_writer_key(self) -> None:
        signer = self.ports.signer
        if isinstance(signer, FileSigner):
            key = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
            place = Key(PLATFORM, VerificationKey.collection, key.id)
            self.documents.commit([Write(place, key.model_dump(mode="json"))])

    # --- time ------------------------------------------------------------------------------------

    def idle(self) -> bool:
        """Say whether everything waits: for a time, or for somebody outside."""
        with self._counting:
            if self._requests:
                return False
        parts = (self.relay, self.dues, self.schedules, self.dispatcher, self.runtime)
        return all(part.idle() for part in parts)

    def next_time(self) -> datetime | None:
        """Return when something will happen by itself."""
        times = [
            self.dues.next_after(self.clock.now()),
            self.dispatcher.next_at(),
            self.runtime.next_deadline(),
        ]
        return min((time for time in times if time is not None), default=None)

    def jump(self, latest: datetime | None = None) -> datetime | None:
        """
        Move the clock to the next thing that will happen, if everything waits for it.

        Returns:
            Where it moved to; None where something is still going on or nothing lies before *latest*.
        """
        if not self.idle():
            return None
        then = self.next_time()
        if then is None or (latest is not None and then > latest) or not self.idle():
            return None
        self.clock.jump(then)
        return then

    # --- what it serves --------------------------------------------------------------------------

    def _app(self) -> flask.Flask:
        app = application(self.ports)
        app.register_blueprint(blueprint(self.runtime, self._authorise))
        app.register_blueprint(self.streams.blueprint())
        app.register_blueprint(uploads(self.ports))
        app.register_blueprint(pages())
        # Open on this machine, as the docs are: it tells what runs, and shows no value.
        app.register_blueprint(console(self.runtime, lambda _: None))
        app.add_url_rule("/local/sign-in", "sign_in", self._sign_in, methods=["POST"])
        app.add_url_rule("/local/releases/<release_id>/health", "release", self._release)
        if self._movable:
            app.add_url_rule("/local/clock", "clock", self._move, methods=["POST"])
            app.add_url_rule("/local/failing/<agent_id>", "failing", self._fail, methods=["POST"])
        return app

    def _authorise(self, request: flask.Request) -> None:
        """Let only services and staff at the workflow engine."""
        try:
            self._of_the_engine(dict(request.headers))
        except Refusal as refusal:
            answer = response(refusal, path=request.path, correlation_id=str(uuid4()))
            raise HTTPException(response=answer) from refusal

    def _authorise_call(self, metadata: Mapping[str, str]) -> None:
        """Let the same in over gRPC."""
        try:
            self._of_the_engine({name.title(): value for name, value in metadata.items()})
        except Refusal as refusal:
            raise PermissionError(refusal.detail) from refusal

    def _of_the_engine(self, headers: Mapping[str, str]) -> None:
        actor = self.ports.identify(headers, revoked_within_s=60)
        if not actor.roles & {Role.SERVICE, Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER}:
            raise Forbidden("the workflow engine is for the platform's services")

    def _sign_in(self) -> Any:
        given = flask.request.get_json(silent=True)
        try:
            if not isinstance(given, Mapping) or not isinstance(given.get("account"), str):
                raise BadRequest('say which account: {"account": "governor"}')
            return {"token": self.sign_in.token(given["account"], self.clock.now())}
        except Refusal as refusal:
            return response(refusal, path=flask.request.path, correlation_id="")

    def _release(self, release_id: str) -> Any:
        found = self.documents.get(Key(PLATFORM, "releases", release_id))
        failing = found is None or found.data["agent_id"] in self.failing
        return {"status": "failing" if failing else "ok"}, 503 if failing else 200

    def _move(self) -> Any:
        with self._counting:
            self._requests -= 1
        try:
            given = flask.request.get_json(silent=True) or {}
            latest = self.clock.now() + timedelta(seconds=float(given.get("within_s", 3600)))
            idle, then = self.idle(), self.jump(latest)
        finally:
            with self._counting:
                self._requests += 1
        return {"now": written(self.clock.now()), "idle": idle, "jumped": then is not None}

    def _fail(self, agent_id: str) -> Any:
        self.failing.add(agent_id)
        return {}

    def _counted(self, app: flask.Flask) -> Any:
        """Count the requests under way, as the clock may only jump between them."""

        def counted(environ: dict[str, Any], start_response: Any) -> Any:
            with self._counting:
                self._requests += 1
            try:
                return app(environ, start_response)
            finally:
                with self._counting:
                    self._requests -= 1

        return counted


logging.getLogger("waitress.queue").setLevel(logging.ERROR)
