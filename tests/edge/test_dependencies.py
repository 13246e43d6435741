"""What the platform depends on, looked at over real sockets: well, failing, and not there."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.actors import PLATFORM
from shared.documents import Key, Write
from shared.edge import jws
from shared.edge.dependencies import PortDependencies
from shared.edge.settings import Settings
from shared.enforcing import Enforcement
from shared.errors import StoreUnavailable
from shared.identity.models import VerificationKey
from shared.platform.models.breakers import Circuit
from shared.platform.rules.targets import TARGETS
from tests.conftest import NOON, FakeEnforcing

SIGN_IN = jws.jwk(rsa.generate_private_key(65537, 2048).public_key(), "sign-in")
ENGINE = "/v1/projects/local/locations/local/workflows/agent_creation/executions?pageSize=1"


@pytest.fixture
def google():
    """A server that knows some addresses, and what was asked of it."""
    asked, answers = [], {ENGINE: 200, "/keys": 200}

    class Google(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(answers.get(self.path, 404))
            self.end_headers()
            self.wfile.write(json.dumps({"keys": [SIGN_IN]}).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Google)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield address, asked, answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def dependencies(google, documents, signer, tmp_path):
    jwk = signer.jwk
    key = VerificationKey(id=jwk["kid"], jwk=jwk)
    place = Key(PLATFORM, VerificationKey.collection, key.id)
    documents.commit([Write(place, key.model_dump(mode="json"))])
    environ = {
        "DATA": str(tmp_path),
        "WORKFLOW_EXECUTIONS": google[0],
        "PEOPLE_KEYS": f"{google[0]}/keys",
        "SERVICE_KEYS": f"{google[0]}/keys",
    }
    enforcing = FakeEnforcing()
    looking = PortDependencies(
        Settings(environ), documents, signer, lambda: "a-token", enforcing=lambda: enforcing.now
    )
    looking.governed = enforcing
    return looking


def states(dependencies):
    return {one.name: one.well for one in dependencies.look()}


def details(dependencies):
    return {one.name: one.detail for one in dependencies.look() if not one.well}


def test_all_are_looked_at_and_well(dependencies, google):
    assert states(dependencies) == dict.fromkeys(
        ("store", "event_bus", "workflow_engine", "identity_keys", "signing_key", "enforcement"),
        True,
    )
    assert (ENGINE, "Bearer a-token") in google[1]


@pytest.mark.parametrize("level", ["degraded", "off"])
def test_rules_that_do_not_hold_are_told_of(dependencies, level):
    says = "the writer key is gone; restore it"
    dependencies.governed.now = Enforcement(level=level, rule="key_missing", says=says, since=NOON)
    assert details(dependencies) == {"enforcement": says}


@pytest.mark.parametrize("status", [403, 404, 503])
def test_an_engine_that_refuses_is_told_of_and_not_raised(dependencies, google, status):
    google[2][ENGINE] = status
    assert set(details(dependencies)) == {"workflow_engine"}
    assert str(status) in details(dependencies)["workflow_engine"]


def test_an_engine_in_this_process_says_what_is_wrong_inside_of_it(dependencies):
    dependencies._engine_trouble = lambda: "a defect ended an execution"
    assert details(dependencies) == {"workflow_engine": "a defect ended an execution"}


def test_keys_that_cannot_be_read_are_told_of(dependencies, google):
    google[2]["/keys"] = 500
    assert set(details(dependencies)) == {"identity_keys"}


def test_a_writer_key_that_nobody_can_verify_is_told_of(dependencies, documents, signer):
    place = Key(PLATFORM, VerificationKey.collection, signer.jwk["kid"])
    documents.commit([Write(place, None)])
    (detail,) = details(dependencies).values()
    assert detail == f"the public half of the writer key {signer.jwk['kid']} is not published"


def test_a_store_that_does_not_answer_is_told_of(dependencies):
    class Broken:
        def get(self, key):
            raise StoreUnavailable("the store cannot be used now")

    dependencies._documents = Broken()
    assert details(dependencies)["store"] == "the store cannot be used now"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("push", "fcm"),
        ("files", "storage"),
        ("files", "iam-credentials"),
        ("secrets", "secret-manager"),
        ("models", "vertex"),
    ],
)
def test_who_was_given_up_on_is_told_of(dependencies, documents, name, target):
    assert name not in states(dependencies)
    environ = dependencies._settings.environ
    dependencies._settings = Settings({**environ, "ENVIRONMENT": "dev", "BUS": "local"})
    assert states(dependencies)[name]
    circuit = Circuit(id=target, opened_at=NOON, failures=3, changed_at=NOON)
    place = Key(PLATFORM, Circuit.collection, target)
    documents.commit([Write(place, circuit.model_dump(mode="json"))])
    expected = f"{TARGETS[target]} has been left alone since 2026-01-01T12:00:00.000Z"
    assert details(dependencies) == {name: expected}


def test_a_folder_that_is_gone_is_a_bus_that_fails(dependencies, tmp_path):
    dependencies._settings = Settings(
        {**dependencies._settings.environ, "DATA": str(tmp_path / "gone")}
    )
    assert details(dependencies)["event_bus"] == "the folder of the tap cannot be written"
