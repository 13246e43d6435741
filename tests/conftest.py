"""What every test may ask for: a clock that stands still, a store, a key, and callers."""

import gc
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import settings

from local.rows import in_port
from local.verify import Verification
from shared.actors import PLATFORM, Actor, Role
from shared.deciding import found
from shared.documents import Documents, Key, Write
from shared.edge.bundles import BundleSet, composed, shipped
from shared.edge.http_pool import pool
from shared.edge.judging import behaviour, judged
from shared.edge.keys import FileSigner, TicketSigner, verifier, verify_ed25519
from shared.edge.opa import OpaEngine
from shared.edge.ports import Ports
from shared.edge.rates import Paces
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.edge.strangers import Strangers
from shared.enforcing import Enforcement, Rules
from shared.errors import ProviderDown, Violation
from shared.evidence import Verify
from shared.here import HERE
from shared.identity.models import VerificationKey
from shared.observability import Backlog, Memory, NoTraffic
from shared.operation import Call
from shared.outside import Look, Pushed
from shared.policy.models.sets import PolicySet
from shared.ports import Deployment
from shared.reaction import ReactionCall
from shared.secrets import TenantSecrets
from tests.counted import count_lines
from tests.outside import FakeFiles, FakeHttpClient, FakeVault, fake_models
from tests.ran import write_down
from tests.ruled import OfTests

pytest_plugins = ["tests.worlds"]


def pytest_configure(config):
    write_down(config)
    count_lines(config)
    config.add_cleanup(lambda: pool().clear())
    if sys.version_info < (3, 13):
        # What nobody closed is told by every Python that we promise, and fails the test.
        monkeypatch = pytest.MonkeyPatch()
        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Told))
        config.add_cleanup(monkeypatch.undo)


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        from tests.workers import place

        items.sort(key=lambda item: place(item.nodeid))


def pytest_collection_finish(session):
    """What is loaded by now stays: the garbage collector need not look through it again and again."""
    gc.freeze()


class Told(sqlite3.Connection):
    """Says, as that of Python 3.13 does, that nobody closed it."""

    _opened = False

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._opened = True

    def close(self) -> None:
        self._opened = False
        super().close()

    def __del__(self) -> None:
        if self._opened:
            warnings.warn(
                f"unclosed database in {self!r}", ResourceWarning, stacklevel=1, source=self
            )


def pytest_terminal_summary(terminalreporter, config):
    """Say which tests were left out, and what runs them."""
    left = len(terminalreporter.stats.get("deselected", ()))
    if left and "not emulator" in config.option.markexpr and not config.option.keyword:
        quick = "`make test` runs the slow ones, " if "not slow" in config.option.markexpr else ""
        terminalreporter.write_line(
            f"{left} tests were left out: {quick}`make emulators` runs those that need Google's"
            " emulators (Cloud SDK and Java)"
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from tests.workers import Sharing

    return Sharing(config, log)


# How long one example takes says how busy the machine is.
settings.register_profile("house", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("house")


def examples(most: int) -> int:
    """Return how many examples a property is tried on that needs more than others, or fewer: *most* of them, a quarter in the inner loop."""
    return most * settings().max_examples // settings.get_profile("house").max_examples


CALLBACKS = f"{HERE}/v1/projects/local/"
DEPLOYMENT = Deployment("local", CALLBACKS)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeWorkflows:
    """Remembers what was started and who was woken."""

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.woken: list[str] = []
        self.gone: set[str] = set()

    def start(self, workflow, argument):
        self.started.append((workflow, dict(argument)))
        return f"execution-{len(self.started)}"

    def wake(self, callback_url):
        self.woken.append(callback_url)
        return callback_url not in self.gone

    def waits(self, callback_url):
        return callback_url not in self.gone


class FakeProbe:
    """Answers as it was told: healthy unless the release is in `failing`."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.looked: list[str] = []

    def look(self, release_id, *, timeout_s):
        self.looked.append(release_id)
        return Look("unwell", 3, 503) if release_id in self.failing else Look("well", 3, 200)


class FakeRelay:
    """Remembers what was published and sent again; nothing waits but what is said to."""

    def __init__(self, waiting: Backlog | None = None, *, there: bool = True) -> None:
        self.there = there
        self.published: list[str] = []
        self.sent: list[tuple[Any, ...]] = []
        self._waiting = waiting or Backlog(unpublished=0, oldest_at=None, overdue=0)

    def publish(self, tenant, entry_id):
        self.published.append(entry_id)

    def sweep(self):
        return 0

    def release_dues(self):
        return 0

    def backlog(self):
        return self._waiting

    def resend(self, topic, tenant, id, *, consumer, replay):
        self.sent.append((topic, tenant, id, consumer, replay))
        return self.there


class FakeDependencies:
    """Is well, and remembers how often it was looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self):
        self.looks += 1
        return ()


class FakeEnforcing:
    """Decides by the rules of this tree, and is effective, unless it is told otherwise."""

    def __init__(self) -> None:
        self.now = Enforcement(level="effective", since=NOON)

    def state(self, at):
        return self.now

    def engine(self, at):
        self.now.demand()
        return OfTests()

    def offered(self):
        return whole(shipped())

    def asked(self, rules, documents):
        there = OpaEngine(BundleSet(rules.modules, rules.selection, rules.data))
        return tuple(found(there, one) for one in documents)

    def composed(self, kept, own):
        return whole(composed(shipped(), kept, own))

    def judge(self, rules, own, tests, at):
        given = BundleSet(rules.modules, rules.selection, rules.data)
        return judged(given, shipped(), own, tests, at, _behaviour)


_BEHAVIOURS: dict[tuple[Any, ...], list[Violation]] = {}


def _behaviour(rules, tests, at):
    """Return what is found of rules and their tests: of the same ones once, as many tests publish the same."""
    key = (rules.digest, tuple(sorted(tests.items())), at)
    if key not in _BEHAVIOURS:
        _BEHAVIOURS[key] = list(behaviour(rules, tests, at))
    return _BEHAVIOURS[key]


def whole(rules: BundleSet) -> Rules:
    """Return rules as the platform keeps them."""
    return Rules(
        digest=rules.digest, modules=rules.modules, selection=rules.selection, data=rules.data
    )


class FakeTelemetry:
    """Keeps what was handed over, and knows of no requests."""

    def __init__(self) -> None:
        self.samples: list[Any] = []

    def export(self, samples):
        self.samples += samples

    def recent(self, at):
        return {}


class FakePush:
    """Remembers what was pushed; says of a token what `answers` says of it, and fails where `down`."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.answers: dict[str, Pushed] = {}
        self.down = False

    def send(self, message):
        if self.down:
            raise ProviderDown("the push provider does not answer", retry_after_s=10)
        self.messages.append(dict(message))
        sent = Pushed("sent", f"provider-{len(self.messages)}")
        return self.answers.get(message["token"], sent)


def broken(documents: Documents, signer: FileSigner) -> list[Violation]:
    """Publish the key that all here is signed with, keep the rules it is decided by, and return what does not verify."""
    key, rules = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk), whole(shipped())
    kept = PolicySet(
        id=rules.digest, modules=rules.modules, selection=rules.selection, data=rules.data
    )
    there = [(key, VerificationKey.collection), (kept, PolicySet.collection)]
    documents.commit(
        [Write(Key(PLATFORM, kind, one.id), one.model_dump(mode="json")) for one, kind in there]
    )
    return [*Verification({key.id: key.jwk}, tapped=None).breaks(in_port(documents))]


def trusting(signer: Any) -> Verify:
    """Return the check of a process that trusts one signer's key and no other."""
    check: list[Verify] = []

    def trusted(kid: str, message: bytes, signature: str) -> bool:
        # The key is made when it is asked for, and not where nothing is delivered.
        if not check:
            check.append(verifier({signer.jwk["kid"]: signer.jwk}))
        return check[0](kid, message, signature)

    return trusted


def ports_of(documents: Any, signer: Any, clock: Callable[[], datetime], **given: Any) -> Ports:
    """Return the ports of a process that reaches fakes, but for those that are given."""
    relay = given.pop("relay", None) or FakeRelay()
    secrets, files = TenantSecrets(FakeVault()), given.get("files") or FakeFiles()
    return Ports(
        settings=Settings({}),
        clock=clock,
        documents=documents,
        signer=signer,
        trusted=trusting(signer),
        **{
            "bus": None,
            "identify": None,
            "deployment": DEPLOYMENT,
            "signature_check": verify_ed25519,
            "tickets": TicketSigner(signer),
            "files": files,
            "file_reader": files,
            "file_remover": files,
            "traffic": NoTraffic(),
            "memory": Memory(),
            "strangers": Strangers(),
            "rates": Paces(documents, eased=1000),
            "workflows": FakeWorkflows(),
            "probe": FakeProbe(),
            "push": FakePush(),
            "http_client": FakeHttpClient(),
            "models": fake_models(clock),
            "secret_writer": secrets,
            "secret_reader": secrets,
            "entry_relay": relay,
            "due_relay": relay,
            "letter_relay": relay,
            "backlogs": relay,
            "dependencies": FakeDependencies(),
            "telemetry": FakeTelemetry(),
            "enforcement": FakeEnforcing(),
            "tenant_rules": lambda _, __: {},
            **given,
        },
    )


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> FileSigner:
    return FileSigner(tmp_path_factory.mktemp("keys") / "writer.pem")


@pytest.fixture(scope="session")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDocuments]:
    """Open a store once: what its connections prepare for all indexes takes longer than most tests."""
    documents = SqliteDocuments(tmp_path_factory.mktemp("store") / "store.db")
    yield documents
    documents.close()


@pytest.fixture
def documents(one_store: SqliteDocuments) -> Iterator[SqliteDocuments]:
    """Lend the one store to a test: empty, and as nobody has changed it."""
    own = set(vars(one_store))
    yield one_store
    for name in vars(one_store).keys() - own:
        delattr(one_store, name)
    one_store._listeners.clear()
    one_store._rows("delete from documents", ())


@pytest.fixture
def breaks(documents: SqliteDocuments, signer: FileSigner) -> Callable[[], list[Violation]]:
    """Verify everything that is stored, and return what is broken."""
    return lambda: broken(documents, signer)


@pytest.fixture
def workflows() -> FakeWorkflows:
    return FakeWorkflows()


@pytest.fixture
def probe() -> FakeProbe:
    return FakeProbe()


@pytest.fixture
def push() -> FakePush:
    return FakePush()


@pytest.fixture
def call_as(documents: SqliteDocuments, signer: FileSigner) -> Callable[..., Call]:
    """
    Make a call as anyone: ``call_as(Role.GOVERNOR)``, ``call_as(Role.CUSTOMER_ADMIN, tenant="acme")``.

    `at` is the time in minutes after noon; `own` is the caller's tenant where it differs from the one
    opened; `said` is what else a call says. A call is good for one transaction.
    """

    def make(
        *roles: Role,
        id: str = "",
        tenant: str = PLATFORM,
        at: float = 0,
        own: str | None = None,
        **said: Any,
    ) -> Call:
        now = NOON + timedelta(minutes=at)
        actor = Actor(
            id=id or (roles[0].value if roles else "nobody"),
            tenant=own or tenant,
            roles=frozenset(roles),
            auth_time=now,
        )
        return Call(
            actor=actor,
            now=now,
            tenant=tenant,
            operation="tests.call",
            correlation_id="00000000-0000-4000-8000-000000000001",
            **{"documents": documents, "signer": signer, **said},
        )

    make.signer = signer  # type: ignore[attr-defined]
    return make


@pytest.fixture
def reacting(
    documents: SqliteDocuments,
    signer: FileSigner,
) -> Callable[..., ReactionCall]:
    """Make a reaction's call: ``reacting("agents/…", at=5)``."""

    def make(
        subject: str = "", *, tenant: str = PLATFORM, at: float = 0, **said: Any
    ) -> ReactionCall:
        now = NOON + timedelta(minutes=at)
        return ReactionCall(
            actor=Actor(id="service:tests", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
            now=now,
            documents=documents,
            signer=signer,
            tenant=tenant,
            operation="tests.reaction",
            correlation_id="00000000-0000-4000-8000-000000000001",
            subject=subject,
            **said,
        )

    return make
