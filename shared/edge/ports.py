"""Everything a function of this process reaches, connected on first use."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shared.actors import Actor, same_hands
from shared.bus import Bus
from shared.documents import Documents, Snapshot
from shared.edge.auth import Authenticator, KeySource
from shared.edge.breakers import Board, show_on
from shared.edge.keys import FileSigner, PemSigner, TicketSigner, verify_ed25519
from shared.edge.later import later
from shared.edge.push import FcmPush, InboxPush
from shared.edge.rates import Outwards, Paces
from shared.edge.roster import Roster
from shared.edge.settings import Settings
from shared.edge.strangers import Strangers
from shared.edge.telemetry import CloudTelemetry, LocalTelemetry, ProcessTraffic
from shared.edge.trust import trust
from shared.evidence import Signer, Verify
from shared.files import FileReader, FileRemover, Files, FileStore
from shared.observability import Dependencies, Enforcing, Memory, NoTraffic, Telemetry, Traffic
from shared.outside import (
    Backlogs,
    DueRelay,
    EntryRelay,
    HttpClient,
    LetterRelay,
    Models,
    Probe,
    Push,
    Workflows,
)
from shared.ports import (
    Deployment,
    SecretReader,
    SecretWriter,
    SignatureCheck,
    Tickets,
)
from shared.records import dataclass

if TYPE_CHECKING:
    from shared.deciding import Finding
    from shared.edge.enforcement import LiveEnforcement
    from shared.edge.relay import Relay
    from shared.secrets import TenantSecrets
    from shared.store import Transaction


class Identify(Protocol):
    """Finds out who asks."""

    def __call__(self, headers: Mapping[str, str], *, revoked_within_s: float) -> Actor:
        """Return the verified identity, or raise Unauthenticated."""


class TenantRules(Protocol):
    """Asks the policies of a tenant: they can only restrict, as each is one finding more."""

    def __call__(self, txn: "Transaction", document: Mapping[str, Any]) -> "Mapping[str, Finding]":
        """Return what each policy that applies finds, by its name and version."""


@dataclass
class Ports:
    """The world, as one process is connected to it: each port once, and none that does nothing by default."""

    settings: Settings
    clock: Callable[[], datetime]
    documents: Documents
    signer: Signer
    trusted: Verify
    """Whether one of our own writers signed an entry."""

    bus: Bus
    identify: Identify
    deployment: Deployment
    signature_check: SignatureCheck
    tickets: Tickets
    files: Files
    file_reader: FileReader
    file_remover: FileRemover
    traffic: Traffic
    memory: Memory
    strangers: Strangers
    rates: Paces
    workflows: Workflows
    probe: Probe
    push: Push
    http_client: HttpClient
    models: Models
    secret_writer: SecretWriter
    secret_reader: SecretReader
    entry_relay: EntryRelay
    due_relay: DueRelay
    letter_relay: LetterRelay
    backlogs: Backlogs
    dependencies: Dependencies
    telemetry: Telemetry
    enforcement: Enforcing
    """By which rules every change is decided; where that cannot be known, nothing changes."""
    tenant_rules: TenantRules
    """The policies of tenants."""
    note: Callable[[Actor], None] = lambda _: None
    """Keep the roster: told of whoever reads."""


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def connect(
    settings: Settings,
    clock: Callable[[], datetime] = utc_now,
    documents: Documents | None = None,
    bus: Bus | None = None,
) -> Ports:
    """
    Connect a process as its settings say. Nothing is imported or opened before it is used.

    Args:
        settings: The deployment.

        clock: The time.

        documents: Where documents are, if somebody else opened it already.

        bus: Where messages go, likewise.
    """
    documents = documents or _documents(settings)
    bus = bus or _bus(settings, documents)
    signer, counting = writer(settings.writer_key), ProcessTraffic()
    trusted = trust(settings, documents, signer)
    rates = Paces(documents, eased=settings.eased)
    # What asks models is paced as such, and not once more as a request.
    client = later(lambda: _http_client(settings))
    files = later(lambda: _files(settings, clock))
    secrets = later(lambda: _secrets(settings, clock))
    relay = later(lambda: _relay(settings, documents, bus, trusted, clock))
    enforcement = later(lambda: _enforcement(settings, documents, signer, trusted))
    authenticator = Authenticator(
        project=settings.project,
        addressed=settings.addressed,
        people=KeySource(settings.people_keys, "people-keys"),
        services=KeySource(settings.service_keys),
        documents=documents,
        clock=clock,
        listed=settings.services,
        hands=same_hands(settings.controllers),
        behind_cloud_run=settings.behind_cloud_run,
        proven=lambda found: _proven(found, documents, trusted),
    )
    return Ports(
        settings=settings,
        clock=clock,
        documents=documents,
        signer=signer,
        trusted=trusted,
        bus=bus,
        identify=authenticator.identify,
        note=Roster(documents, clock).note,
        deployment=Deployment(settings.environment, settings.callbacks),
        signature_check=verify_ed25519,
        tickets=TicketSigner(signer),
        files=files,
        file_reader=files,
        file_remover=files,
        traffic=counting if settings.local else NoTraffic(),
        memory=Memory(),
        strangers=Strangers(),
        rates=rates,
        workflows=later(lambda: _workflows(settings)),
        probe=later(lambda: _probe(settings)),
        push=InboxPush() if settings.local else FcmPush(settings.project),
        http_client=later(lambda: _http_client(settings, _paced(rates, "integration", clock))),
        models=later(lambda: _models(settings, client, clock, _paced(rates, "model", clock))),
        secret_writer=secrets,
        secret_reader=secrets,
        entry_relay=relay,
        due_relay=relay,
        letter_relay=relay,
        backlogs=relay,
        dependencies=later(lambda: _dependencies(settings, documents, signer, enforcement, clock)),
        telemetry=LocalTelemetry(counting) if settings.local else CloudTelemetry(settings),
        enforcement=enforcement,
        tenant_rules=_tenant_rules,
    )


def _proven(found: Snapshot, documents: Documents, trusted: Verify) -> bool:
    from shared.edge.proof import stands

    return stands(found, documents, trusted)


def _documents(settings: Settings) -> Documents:
    if settings.store == "firestore":
        from shared.edge.firestore import FirestoreDocuments

        return FirestoreDocuments(settings.project)
    from shared.edge.sqlite import SqliteDocuments

    return SqliteDocuments(settings.data / "store.db")


def _bus(settings: Settings, documents: Documents) -> Bus:
    if settings.bus == "pubsub":
        from shared.edge.pubsub import PubsubBus

        return PubsubBus(settings.project, settings.environment)
    from shared.edge.queue import QueueBus

    return QueueBus(documents, settings.data / "tap.jsonl")


def _relay(
    settings: Settings,
    documents: Documents,
    bus: Bus,
    trusted: Verify,
    clock: Callable[[], datetime],
) -> "Relay":
    from shared.edge.relay import Relay

    return Relay(documents, bus, trusted, clock, settings.environment)


def _workflows(settings: Settings) -> Workflows:
    from shared.edge.workflows import WorkflowExecutions

    return WorkflowExecutions(settings)


def _probe(settings: Settings) -> Probe:
    from shared.edge.probe import HttpProbe

    return HttpProbe(settings.releases)


def _paced(rates: Paces, what: Outwards, clock: Callable[[], datetime]) -> Callable[[str], None]:
    return lambda tenant: rates.leave(what, tenant, clock())


def _http_client(settings: Settings, paced: Callable[[str], None] | None = None) -> HttpClient:
    from shared.edge.outbound import GuardedHttpClient

    return GuardedHttpClient(settings.reachable, paced=paced)


def _models(
    settings: Settings,
    client: HttpClient,
    clock: Callable[[], datetime],
    paced: Callable[[str], None],
) -> Models:
    from shared.edge.offering import models

    return models(settings, client, clock, paced)


def _secrets(settings: Settings, clock: Callable[[], datetime]) -> "TenantSecrets":
    from shared.edge.vaults import FolderVault, ManagedVault
    from shared.secrets import TenantSecrets

    if settings.local:
        return TenantSecrets(FolderVault(settings.data / "secrets", clock))
    return TenantSecrets(ManagedVault(settings.project, settings.location, clock))


def writer(key: str) -> Signer:
    """Return the signer whose key is where a setting says: in a file, Secret Manager or Cloud KMS."""
    kind, _, name = key.partition("://")
    if kind == "gcp-secret":
        from shared.edge.secrets import SecretManager

        return PemSigner(lambda: SecretManager().access(name))
    if kind == "gcp-kms":
        from shared.edge.kms import KmsSigner

        return KmsSigner(name)
    return FileSigner(Path(key))


def _files(settings: Settings, clock: Callable[[], datetime]) -> FileStore:
    from shared.edge.storage import BucketFiles, FolderFiles

    if settings.local:
        return FolderFiles(settings.uploads, settings.data / "keys" / "links.key", clock)
    return BucketFiles(settings.uploads, settings.account, clock)


def _dependencies(
    settings: Settings,
    documents: Documents,
    signer: Signer,
    enforcing: Enforcing,
    clock: Callable[[], datetime],
) -> Dependencies:
    from shared.edge.dependencies import PortDependencies

    return PortDependencies(settings, documents, signer, enforcing=lambda: enforcing.state(clock()))


def _enforcement(
    settings: Settings, documents: Documents, signer: Signer, trusted: Verify
) -> "LiveEnforcement":
    from shared.edge.enforcement import enforcement

    return enforcement(settings, documents, signer, trusted)


def process() -> Ports:
    """Return the ports of this process, connected once as its environment says."""
    global _process  # noqa: PLW0603 - one process is one connection
    if _process is None or _process[0] != os.getpid():
        _process = (os.getpid(), connect(Settings()))
        show_on(Board(_process[1].documents, _process[1].clock))
    return _process[1]


_process: tuple[int, Ports] | None = None


def _tenant_rules(txn: "Transaction", document: Mapping[str, Any]) -> "Mapping[str, Finding]":
    from shared.policy.actions.policies_in_force import tenant_rules

    return tenant_rules(txn, document)
