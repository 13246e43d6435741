"""The whole platform on one machine, on its embedded defaults, in one data folder."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any, Self

import flask

from local.accounts import SignIn, accounts
from local.authority import Admission, Authority
from local.broker import Broker
from local.clock import Clock
from local.commits import opened
from local.connections import Elsewhere, Limits
from local.console import console
from local.dispatcher import Dispatcher
from local.emulators import AuthEmulator
from local.entrance import Entrance
from local.folder import close_to_others
from local.hosts import Names
from local.links import linked
from local.pages import pages
from local.server import Server, application, counted, longest_body
from local.signing import Signing
from local.stories import Stories
from local.streams import Streams
from local.timers import DueLoop, ForgetLoop, RelayLoop, ScheduleLoop
from local.worker import Figures, work
from local.workers import Workers
from local.workflows import Home, Runtime
from local.workflows.api import blueprint
from shared.actors import OF_PEOPLE, PLATFORM, Role
from shared.documents import Key, Write
from shared.edge import jobs, keyring, workflow_source
from shared.edge.breakers import Board, show_on
from shared.edge.catalog import reactions
from shared.edge.delivery import woken
from shared.edge.dependencies import PortDependencies
from shared.edge.keys import FileSigner, PemSigner, Signatures
from shared.edge.meter import Metered, MeteredBus, MeteredFiles, MeteredSigner
from shared.edge.ports import Ports, connect
from shared.edge.queue import QueueBus
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.edge.storage import FolderFiles
from shared.edge.workflows import WorkflowExecutions
from shared.entity import written
from shared.errors import EnforcementUnavailable
from shared.here import named_here
from shared.identity.models import Member, VerificationKey
from shared.identity.rules.members import member

if TYPE_CHECKING:
    from local.workflows.rpc import Rpc

THREADS = 16
log = logging.getLogger("waooaw")


class Platform:
    """Everything that `make run` starts; stopping and starting again loses nothing."""

    def __init__(  # noqa: PLR0913 - each is a choice of whoever runs it
        self,
        data: Path,
        *,
        port: int = 8080,
        rpc_port: int | None = None,
        origins: str = "",
        hosts: str = "",
        movable: bool = False,
        store: str = "sqlite",
        bus: str = "local",
        project: str = "local",
        more: Mapping[str, str] | None = None,
        counting: bool = True,
        workers: int = 0,
        auth: AuthEmulator | None = None,
    ) -> None:
        """
        Assemble the platform.

        Args:
            data: The folder that holds everything it remembers.

            port: Where it listens, on this machine only.

            rpc_port: Where it speaks gRPC to Google's own client of Workflow Executions, if it should.

            origins: The web origins that browsers may call from, separated by commas.

            hosts: Further names that the server is reached by, each with its port, separated by commas.

            movable: Whether ``POST /local/clock`` may move the clock: for tests and the demo.

            store: `sqlite`, or `firestore`: the emulator that FIRESTORE_EMULATOR_HOST names.

            bus: `local`, or `pubsub`: the emulator that PUBSUB_EMULATOR_HOST names.

            project: The project, which is a world of its own in an emulator.

            more: Other settings, as `Settings` reads them.

            counting: Whether it is counted what each function takes, as the cloud would bill it.

            workers: How many processes answer requests beside this one, on the embedded store.

            auth: The Auth emulator that people sign in at, of the same project; without it they have but to ask.
        """
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._data = data
        environ = {
            **(more or {}),
            "DATA": str(data),
            "PORT": str(port),
            "ORIGINS": origins,
            "STORE": store,
            "BUS": bus,
            "PROJECT": project,
        }
        self.settings = Settings(environ)
        self.address = self.settings.served
        self._figures = Figures(workers)
        self.clock = Clock(data / "clock", self._figures.ahead)
        self.sign_in = SignIn(self.settings)
        self.signing = Signing(auth, self.sign_in, self.clock) if auth else None
        self.entrance = Entrance(data, self.address, self.sign_in, self.clock, self.signing)
        self.failing: set[str] = set()
        """Agents whose releases answer their probes badly."""

        self.runtime = Runtime(
            data,
            clock=self.clock,
            home=Home(self.address, self.settings.api, named_here),
            authority=Authority(self.settings, self.sign_in, self.clock),
            env={
                "FUNCTION_ADDRESS": self.settings.functions,
                # What release 0.1.0 began goes on as it was written.
                "FUNCTIONS": self.settings.address("").rstrip("/"),
            },
            project=project,
        )
        self.documents = opened(self.settings)
        self.meter = Metered(self.documents, counting=counting)
        self.broker = _broker(self.settings, self.clock)
        # What the queue of this machine writes is no document of the cloud, and is not counted.
        self.bus = MeteredBus(self.broker or QueueBus(self.documents, data / "tap.jsonl"))
        connected = connect(self.settings, self.clock.now, self.meter, self.bus)
        self._signer = connected.signer
        pem = connected.signer if isinstance(connected.signer, PemSigner) else None
        self._signatures = pem.signatures if pem else Signatures()

        def token() -> str:
            return self.sign_in.service_token("events", self.clock.now())

        engine = WorkflowExecutions(self.settings, token)
        dependencies = PortDependencies(
            self.settings,
            self.meter,
            connected.signer,
            token,
            self.runtime.trouble,
            enforcing=lambda: connected.enforcement.state(self.clock.now()),
        )
        self._files = FolderFiles(
            self.settings.uploads, data / "keys" / "links.key", self.clock.now
        )
        files = MeteredFiles(self._files)
        self.ports: Ports = replace(
            connected,
            signer=MeteredSigner(connected.signer),
            files=files,
            file_reader=files,
            file_remover=files,
            workflows=engine,
            dependencies=dependencies,
        )
        self.admission = Admission(self.ports.identify)
        self.dispatcher = Dispatcher(self.ports, self.clock)
        self.relay = RelayLoop(self.ports, self.clock)
        self.streams = Streams()
        self.dues = DueLoop(self.ports, self.clock)
        self.schedules = ScheduleLoop(self.ports, self.clock)
        embedded = self.documents if isinstance(self.documents, SqliteDocuments) else None
        self.forgetting = ForgetLoop(embedded, self.clock) if embedded else None
        self._requests = 0
        self._commits = 0
        self._counting = threading.Lock()
        self._server: Server | None = None
        self._workers: Workers | None = None
        self._port, self._movable = port, movable
        self._hosts = frozenset(filter(None, hosts.lower().split(",")))
        self._rpc_port = rpc_port
        self._rpc: Rpc | None = None

    @property
    def secret(self) -> str:
        """What signs in at the port; only this machine's user can read it."""
        return self.entrance.served.secret

    # --- life ------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start everything; what an earlier process left unfinished goes on."""
        for path in close_to_others(self._data):
            log.warning("others may read %s, and it is not ours to close", path)
        self.sign_in.publish()
        jwk = self._signer.jwk if isinstance(self._signer, FileSigner) else None
        show_on(Board(self.documents, self.clock.now, self.clock.passed))
        app = self._app()
        if self._figures.of:
            self._workers = Workers(self._figures, partial(self._work, app.wsgi_app))
        if jwk:
            self._publish_writer_key(jwk)
        self._enrol_accounts()
        self._ship()
        self.documents.on_commit(self._take)
        self._server = Server(
            counted(app, self._under_way),
            port=self._port,
            threads=THREADS,
            longest=longest_body,
            hosts=self._hosts,
            origins=self.settings.origins,
        )
        self.runtime.start()
        for name in workflow_source.names():
            self.runtime.deploy(name, workflow_source.assembled(name))
        self.entrance.open()
        self._server.start()
        if self._workers:
            self._workers.start(
                self._server.listening,
                self._take,
                self.documents,
                self.ports.traffic,
                self._look,
                self._signatures.remember,
            )
        jobs.abandoned(self.documents, self.clock.now())
        self.dispatcher.start()
        if self.broker:
            self.broker.start(self.ports)
        for loop in (self.relay, self.dues, self.schedules, self.forgetting):
            if loop:
                loop.start()
        if self._rpc_port is not None:
            # gRPC is heavy to import, and only Google's client library asks for it.
            from local.workflows.rpc import Rpc

            self._rpc = Rpc(self.runtime, self.admission.admit_call, port=self._rpc_port)
            self._rpc.start()
        return self

    def stop(self) -> None:
        """
        Stop everything in good order.

        What asks this platform itself ends first, so that it is never refused; then nobody is taken any more, and
        whoever asked is answered.
        """
        show_on(None)
        self.streams.close()
        for loop in (self.forgetting, self.schedules, self.dues, self.relay):
            if loop:
                loop.stop()
        if self.broker:
            self.broker.stop()
        self.dispatcher.stop()
        if self._rpc is not None:
            self._rpc.stop()
        self.runtime.stop()
        if self._server:
            self._server.finish()
        if self._workers:
            self._workers.stop()
        if self._server:
            self._server.stop()
        self.entrance.close()
        self.documents.close()

    def _work(self, app: Any, number: int, link: socket) -> None:
        """Be one of the workers."""
        names = Names(self._port, self._hosts, self.settings.origins)

        def limits(elsewhere: Elsewhere) -> Limits:
            return Limits(port=self._port, longest=longest_body, elsewhere=elsewhere)

        own, share = self._figures.of[number], len(self._figures.of)
        lately = self._signatures.lately
        work(link, own, app, limits, self.ports, self.documents, names, share, lately)

    def _publish_writer_key(self, jwk: Mapping[str, Any]) -> None:
        keyring.keep(self._data, jwk)
        key = VerificationKey(id=jwk["kid"], jwk=jwk)
        place = Key(PLATFORM, VerificationKey.collection, key.id)
        self.documents.commit([Write(place, key.to_stored())])

    def _ship(self) -> None:
        """Put the rules of this release in force, as a deployment does: nobody may change anything before."""
        ship = next(one for one in reactions() if one.id == "policy.ship_policy_bundles")
        try:
            woken(ship, self.ports)
        except EnforcementUnavailable as refusal:
            # Whoever reads can read; until it is mended, nothing changes.
            log.warning("nothing may change: %s", refusal.detail)

    def _enrol_accounts(self) -> None:
        """Put the accounts of this machine into the roster, and where they sign in: they exist before they do."""
        if self.signing:
            self.signing.enrol()
        new = {
            Key(tenant, Member.collection, f"{role}.{tenant}"): Role(role)
            for role, _, tenant in (account.partition("@") for account in accounts())
            if Role(role) in OF_PEOPLE
        }
        self.documents.commit(
            [
                Write(place, member(place.id, {role}, self.clock.now()).to_stored())
                for place, role in new.items()
                if self.documents.get(place) is None
            ]
        )

    # --- time ------------------------------------------------------------------------------------

    def idle(self) -> bool:
        """
        Say whether everything waits: for a time, or for somebody outside.

        The parts are looked at one after the other, and what one hands on meanwhile to another that was looked at
        already is a commit; so there was none.
        """
        with self._counting:
            commits = self._commits
            if self._requests:
                return False
        if self._workers and self._workers.busy():
            return False
        if self.broker and not self.broker.idle():
            return False
        parts = (self.relay, self.dues, self.schedules, self.dispatcher, self.runtime)
        at_rest = all(part.idle() for part in parts)
        busy = self._workers is not None and self._workers.busy()
        return at_rest and not busy and commits == self._commits

    def next_time(self) -> datetime | None:
        """Return when something will happen by itself."""
        times = [
            self.dues.next_after(self.clock.now()),
            self.dispatcher.next_at(),
            self.broker.next_at() if self.broker else None,
            self.runtime.next_deadline(),
        ]
        return min((time for time in times if time is not None), default=None)

    def jump(self, latest: datetime | None = None) -> datetime | None:
        """
        Move the clock to the next thing that will happen, if everything waits for it.

        Returns:
            Where it moved to; None where something is still going on or nothing lies before *latest*.
        """
        return self._jumped(latest)[1]

    def _jumped(self, latest: datetime | None) -> tuple[bool, datetime | None]:
        """Say whether everything waits, and where the clock moved to, if it did."""
        if not self.idle():
            return False, None
        then = self.next_time()
        if not self.idle():
            return False, None
        if then is None or (latest is not None and then > latest):
            return True, None
        self.clock.jump(then)
        return True, then

    # --- what it serves --------------------------------------------------------------------------

    def _app(self) -> flask.Flask:
        app = application(self.ports, self.streams.held)
        app.register_blueprint(blueprint(self.runtime, self.admission.admit))
        app.register_blueprint(pages(self.address, self._data))
        # Open on this machine, as the docs are: it tells what runs and of which agent, and shows no value.
        app.register_blueprint(console(self.runtime, lambda _: None, Stories(self.documents).of))
        app.register_blueprint(self.entrance.blueprint())
        if self.signing:
            app.register_blueprint(self.signing.blueprint(self.settings.origins))
        app.register_blueprint(linked(self._files))
        app.add_url_rule("/local/releases/<release_id>/health", "release", self._release)
        if self._movable:
            app.add_url_rule("/local/clock", "clock", self._move, methods=["POST"])
            app.add_url_rule("/local/failing/<agent_id>", "failing", self._fail, methods=["POST"])
        return app

    def _release(self, release_id: str) -> Any:
        found = self.documents.get(Key(PLATFORM, "releases", release_id))
        failing = found is None or found.data["agent_id"] in self.failing
        return {"status": "failing" if failing else "ok"}, 503 if failing else 200

    def _move(self) -> Any:
        self._under_way(-1)
        try:
            given = flask.request.get_json(force=True) if flask.request.get_data() else {}
            latest = self.clock.now() + timedelta(seconds=float(given.get("within_s", 3600)))
            idle, then = self._jumped(latest)
        finally:
            self._under_way(1)
        return {"now": written(self.clock.now()), "idle": idle, "jumped": then is not None}

    def _fail(self, agent_id: str) -> Any:
        self.failing.add(agent_id)
        return {}

    def _under_way(self, more: int) -> None:
        with self._counting:
            self._requests += more

    def _take(self, writes: Sequence[Write]) -> None:
        """Have everybody take what is theirs of what was committed; by commits one part hands on to another."""
        with self._counting:
            self._commits += 1
        for part in (self.relay, self.dispatcher, self.dues, self.streams):
            part.take(writes)

    def _look(self) -> None:
        """Look for what was committed and nobody told of."""
        self.relay.ask()
        self.dues.ask()
        self.dispatcher.look()


def _broker(settings: Settings, clock: Clock) -> Broker | None:
    if settings.bus != "pubsub":
        return None
    from shared.edge.pubsub import PubsubBus

    return Broker(settings, clock, PubsubBus(settings.project, settings.environment))
