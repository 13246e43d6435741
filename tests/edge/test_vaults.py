"""One suite over every place of secrets: Secret Manager, private files, and the fake of tests."""

import logging
import threading
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.edge.vaults import FolderVault, ManagedVault
from shared.errors import Invalid, NotFound, ProviderDown
from shared.secrets import GRACE, TenantSecrets
from tests.conftest import NOON
from tests.edge.provider import Reply
from tests.edge.secret_manager import pretending
from tests.outside import FakeVault

ID = "acme.6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"
REF = f"secret://{ID}"
FIRST, SECOND = SecretStr("the first of all"), SecretStr("another öne")


class Time:
    now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def manager(time):
    with pretending(time) as server:
        yield server


def managed(manager, time, **options):
    options = {"token": lambda: "a-token", "sleep": lambda _: None, **options}
    return ManagedVault("p", "r", time, manager.address, **options)


@pytest.fixture(params=["secret manager", "folder", "fake"])
def vault(request, tmp_path, time):
    match request.param:
        case "secret manager":
            return managed(request.getfixturevalue("manager"), time)
        case "folder":
            return FolderVault(tmp_path / "secrets", time)
    return FakeVault()


@pytest.fixture
def secrets(vault):
    return TenantSecrets(vault).for_tenant("acme")


def used(secrets, form="{}"):
    return secrets.use(REF, form).get_secret_value()


# --- what every place does -------------------------------------------------------------------------


def test_what_is_kept_is_used_by_its_reference(secrets):
    assert secrets.keep(ID, FIRST) == REF
    assert used(secrets) == "the first of all"
    assert used(secrets, "Bearer {}") == "Bearer the first of all"


def test_kept_twice_is_kept_once(secrets):
    secrets.keep(ID, FIRST)
    secrets.keep(ID, SECOND)
    assert used(secrets) == "the first of all"


def test_the_platform_has_secrets_of_its_own(vault):
    own = TenantSecrets(vault)
    reference = own.keep(ID.partition(".")[2], FIRST)
    assert own.use(reference) == FIRST
    with pytest.raises(NotFound):
        own.use(REF)


def test_another_tenants_secret_does_not_exist(vault, secrets):
    secrets.keep(ID, FIRST)
    other = TenantSecrets(vault).for_tenant("globex")
    for act in (
        lambda: other.use(REF),
        lambda: other.sign(REF, b"m"),
        lambda: other.signed(REF, b"m", "s"),
        lambda: other.rotate(REF, SECOND),
        lambda: other.forget(REF),
    ):
        with pytest.raises(NotFound, match="there is no such secret"):
            act()
    with pytest.raises(RuntimeError, match="nothing under another's id"):
        other.keep(ID, SECOND)
    assert used(secrets) == "the first of all"


@pytest.mark.parametrize(
    "reference", ["", ID, "secret://", f"{REF}/x", f"secret://../{ID}", f"{REF}\n"]
)
def test_what_is_no_reference_leads_nowhere(secrets, reference):
    secrets.keep(ID, FIRST)
    with pytest.raises(NotFound):
        secrets.use(reference)


def test_what_was_never_kept_is_not_there(secrets):
    for act in (lambda: secrets.use(REF), lambda: secrets.rotate(REF, FIRST)):
        with pytest.raises(NotFound):
            act()


def test_what_was_replaced_is_good_for_a_while(secrets):
    secrets.keep(ID, FIRST)
    old = secrets.sign(REF, b"message")
    secrets.rotate(REF, SECOND)
    assert used(secrets) == "another öne"
    new, *before = secrets.sign(REF, b"message")
    assert tuple(before) == old
    assert secrets.signed(REF, b"message", new)
    assert secrets.signed(REF, b"message", old[0])
    assert not secrets.signed(REF, b"another", old[0])


def test_what_must_end_at_once_ends(secrets):
    secrets.keep(ID, FIRST)
    old = secrets.sign(REF, b"message")
    secrets.rotate(REF, SECOND, at_once=True)
    assert len(secrets.sign(REF, b"message")) == 1
    assert not secrets.signed(REF, b"message", old[0])


def test_a_rotation_that_is_sent_twice_ends_nothing(secrets):
    secrets.keep(ID, FIRST)
    old = secrets.sign(REF, b"message")
    for _ in range(2):
        secrets.rotate(REF, SECOND)
    assert used(secrets) == "another öne"
    assert secrets.signed(REF, b"message", old[0])


def test_what_is_forgotten_is_gone_with_all_before_it(secrets):
    secrets.keep(ID, FIRST)
    secrets.rotate(REF, SECOND)
    for _ in range(2):
        secrets.forget(REF)
    with pytest.raises(NotFound):
        secrets.use(REF)
    secrets.keep(ID, SECOND)
    assert len(secrets.sign(REF, b"message")) == 1


@pytest.mark.parametrize("value", ["", "x" * 65537, "ö" * 32769])
def test_a_secret_has_a_length(secrets, value):
    with pytest.raises(Invalid) as refused:
        secrets.keep(ID, SecretStr(value))
    assert "xx" not in refused.value.detail


def test_a_signature_is_that_of_the_documented_example(secrets):
    """`HMAC-SHA256(secret, timestamp.id.body)` of the webhooks that go out."""
    secrets.keep(ID, SecretStr("whsec_test"))
    expected = "db890b2998bbafe6d3ac4c9e22a7ece3cef838613620b2c084666241510523c2"
    assert secrets.sign(REF, b'1700000000.msg_1.{"id":"e1"}') == (expected,)


def test_nothing_tells_a_secret(secrets, caplog):
    with caplog.at_level(logging.DEBUG):
        secrets.keep(ID, FIRST)
        secrets.rotate(REF, SECOND)
        told = f"{secrets!r} {secrets.use(REF)!r} {secrets.use(REF)}"
    for value in (FIRST, SECOND):
        assert value.get_secret_value() not in caplog.text + told


# --- the two that keep time ------------------------------------------------------------------------


@pytest.mark.parametrize("vault", ["secret manager", "folder"], indirect=True)
def test_the_grace_ends(secrets, time):
    secrets.keep(ID, FIRST)
    time.now = NOON + timedelta(days=300)
    secrets.rotate(REF, SECOND)
    time.now += GRACE - timedelta(seconds=1)
    assert len(secrets.sign(REF, b"message")) == 2
    time.now += timedelta(seconds=2)
    assert len(secrets.sign(REF, b"message")) == 1
    assert used(secrets) == "another öne"


def test_what_was_over_is_destroyed_with_the_next_rotation(manager, time):
    secrets = TenantSecrets(managed(manager, time), "acme")
    secrets.keep(ID, FIRST)
    secrets.rotate(REF, SECOND)
    time.now += GRACE * 2
    secrets.rotate(REF, FIRST)
    states = [one["said"]["state"] for one in manager.secrets["kept-" + ID.replace(".", "_")]]
    assert states == ["DESTROYED", "ENABLED", "ENABLED"]


def test_a_folder_holds_private_files_and_changes_one_after_the_other(tmp_path, time):
    vault = FolderVault(tmp_path / "secrets", time)
    secrets = TenantSecrets(vault, "acme")
    secrets.keep(ID, FIRST)
    (file,) = (tmp_path / "secrets").glob("*.json")
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0

    threads = [
        threading.Thread(target=secrets.rotate, args=(REF, SecretStr(f"number {n}")))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.good(ID, 100)) == 9


# --- Secret Manager's protocol ---------------------------------------------------------------------


def test_a_secret_is_made_as_google_documents_it(manager, time):
    TenantSecrets(managed(manager, time), "acme").keep(ID, FIRST)
    name = "kept-acme_6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"
    (_, made, query, _), (method, place, _, body) = manager.asked
    assert (made, query) == ("projects/p/secrets", {"secretId": name})
    assert (method, place) == ("POST", f"projects/p/secrets/{name}:addVersion")
    assert set(body["payload"]) == {"data", "dataCrc32c"}


def test_googles_own_client_reads_what_we_keep(manager, time):
    """The witness: the client library, by REST, finds the version that we added."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceRestTransport,
    )

    TenantSecrets(managed(manager, time), "acme").keep(ID, FIRST)
    transport = SecretManagerServiceRestTransport(
        host=manager.address, credentials=AnonymousCredentials(), url_scheme="http"
    )
    client = SecretManagerServiceClient(transport=transport)
    parent = "projects/p/secrets/kept-" + ID.replace(".", "_")
    (version,) = client.list_secret_versions(request={"parent": parent, "filter": "state:ENABLED"})
    assert client.access_secret_version(name=version.name).payload.data == b"the first of all"


def test_whoever_was_interrupted_before_there_was_a_version_goes_on(manager, time):
    secrets = TenantSecrets(managed(manager, time), "acme")
    manager.secrets["kept-" + ID.replace(".", "_")] = []
    secrets.keep(ID, FIRST)
    assert used(secrets) == "the first of all"


@pytest.mark.parametrize("status", [400, 401, 403, 412])
def test_what_is_withheld_is_told(manager, time, status):
    secrets = TenantSecrets(managed(manager, time), "acme")
    secrets.keep(ID, FIRST)
    for act in (
        lambda: secrets.keep(ID, FIRST),
        lambda: secrets.use(REF),
        lambda: secrets.rotate(REF, SECOND),
        lambda: secrets.forget(REF),
    ):
        manager.failing = [status]
        with pytest.raises(ProviderDown, match=f"answered {status}"):
            act()


NAMED = "projects/1/secrets/kept-" + ID.replace(".", "_") + "/versions/1"


@pytest.mark.parametrize(
    "versions",
    [
        None,
        [1],
        [{"name": NAMED}],
        [{"name": NAMED, "createTime": "x"}],
        [{"name": NAMED.replace("acme", "others"), "createTime": "2026-01-01T12:00:00Z"}],
    ],
)
def test_versions_of_another_secret_or_half_of_them_are_none(provider, time, versions):
    provider.replies = [Reply(200, {"versions": versions})]
    vault = ManagedVault("p", "r", time, provider.address, token=lambda: "secret")
    with pytest.raises(ProviderDown, match="something else than it was asked"):
        vault.good(ID, 2)
    assert len(provider.seen) == 1


def test_what_passes_is_waited_for(manager, time):
    secrets = TenantSecrets(managed(manager, time), "acme")
    manager.failing = [503]
    secrets.keep(ID, FIRST)
    manager.failing, manager.damaged = [429, 500], 1
    assert used(secrets) == "the first of all"


# --- the ports -------------------------------------------------------------------------------------


def test_a_function_is_given_its_own_tenants_secrets(documents, signer):
    from shared.actors import PUBLIC
    from shared.edge.calling import given
    from shared.operation import Call, operation
    from shared.ports import SecretReader, SecretWriter
    from tests.conftest import ports_of

    def connect(call: Call, keeping: SecretWriter, using: SecretReader) -> None: ...

    connect.__module__ = "functions.tests.connect"
    declared = operation("POST", "/v1/tests/connect", scopes=PUBLIC)(connect).declared
    ports = given(declared, ports_of(documents, signer, lambda: NOON), "acme")
    assert ports["using"].use(ports["keeping"].keep(ID, FIRST)) == FIRST
    assert ports["using"].tenant == "acme"


def test_the_settings_say_where_secrets_are(tmp_path):
    from shared.edge.ports import connect
    from shared.edge.settings import Settings

    local = connect(Settings({"DATA": str(tmp_path)}), documents=FakeVault())
    assert isinstance(local.secret_reader.vault, FolderVault)
