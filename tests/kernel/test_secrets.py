"""A request brings a secret in, and nothing that it leads to tells it: no answer, no log, nothing that is stored."""

import logging

import pytest
from pydantic import BaseModel

from shared.actors import Scope
from shared.edge.schemas import schemas
from shared.entity import Id, Record, ShownLine
from shared.operation import Call
from shared.ports import SecretWriter
from shared.secrets import Secret, SecretRef
from tests.worlds import declared

KEY = "what-nobody-may-know-of-9f3a"
PLACE = "/v1/tests/00000000-0000-4000-8000-000000000001/connect"


class Connect(BaseModel):
    """What connects."""

    model_config = {"extra": "forbid"}
    account: ShownLine
    """Whose it is."""

    key: Secret
    """The key of it."""


class Connected(Record):
    """What is connected."""

    collection = "tests_connected"

    reference: SecretRef
    """Where its key is."""


@declared("POST", "/v1/tests/{id}/connect", scopes={Scope.ACCOUNT})
def connect_account(call: Call, id: Id, body: Connect, secrets: SecretWriter) -> Connected:
    """Connect an account."""
    reference = secrets.keep(id, body.key)
    with call.transaction() as txn:
        return txn.save(Connected(id=id, reference=reference))


@declared("POST", "/v1/tests/{id}/connect", scopes={Scope.ACCOUNT})
def tell_it(call: Call, id: Id, body: Connect) -> Connected:
    """Show what was brought, as a careless function would."""
    raise RuntimeError(f"{body!r} {body}")


def send(world, function, **body):
    sent = {"account": "Kim", "key": KEY, **body}
    return world.call(function, PLACE, sent, as_="admin", headers={"Idempotency-Key": "k" * 16})


def stored(world):
    files = [file for file in world.ports.settings.data.rglob("*") if file.is_file()]
    return b"".join(f.read_bytes() for f in files if "secrets" not in f.parts)


def test_a_secret_is_kept_and_used_by_its_reference(world, caplog):
    with caplog.at_level(logging.DEBUG):
        first, again = (send(world, connect_account) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200), first.json
    reference = first.json["reference"]
    assert world.ports.secret_reader.use(reference).get_secret_value() == KEY
    for told in (first.data, again.data, caplog.text.encode(), stored(world)):
        assert KEY.encode() not in told


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"key": KEY * 1000}, 422),
        ({"account": 1}, 422),
        ({"more": KEY}, 422),
        ({"key": [KEY]}, 422),
    ],
)
def test_a_refusal_tells_no_secret(world, caplog, body, status):
    with caplog.at_level(logging.DEBUG):
        answer = send(world, connect_account, **body)
    assert answer.status_code == status
    for told in (answer.data, caplog.text.encode(), stored(world)):
        assert KEY.encode() not in told


def test_a_defect_tells_no_secret(world, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = send(world, tell_it)
    assert answer.status_code == 500
    assert KEY not in answer.get_data(as_text=True) + caplog.text


def test_the_description_says_that_it_is_one():
    _, definitions = schemas([connect_account.declared])
    key = definitions["Connect"]["properties"]["key"]
    assert (key["type"], key["format"], key["writeOnly"]) == ("string", "password", True)
    assert key["examples"] == ["a-key-of-somebody-elses"]
