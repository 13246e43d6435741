"""Nobody reads or writes a document but through the API: the rules, tried on Google's own rules engine."""

import base64
import json

import pytest
import urllib3

from infra.records import RULES
from tests.emulators import firestore_emulator, fresh_project, needs_emulator

__all__ = ["firestore_emulator"]
pytestmark = list(needs_emulator)

OPEN = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /{document=**} { allow read, write: if true; }
  }
}"""
PLACES = (
    "tenants/platform/approvals/1",
    "tenants/acme/agents/1",
    "tenants/acme",
    "anything/else",
)


def token(project, **claims):
    """Make an unsigned token of a person, which the emulator takes for one that Firebase signed."""

    def part(content):
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    head = {"alg": "none", "typ": "JWT"}
    person = {
        "iss": f"https://securetoken.google.com/{project}",
        "aud": project,
        "sub": "u1",
        "user_id": "u1",
        "iat": 0,
        "exp": 2**33,
    }
    return f"{part(head)}.{part(person | claims)}."


@pytest.fixture
def firestore(firestore_emulator):
    project, http = fresh_project(), urllib3.PoolManager()
    root = f"http://{firestore_emulator}"
    documents = f"{root}/v1/projects/{project}/databases/(default)/documents"

    class Firestore:
        def rule(self, text):
            body = {"rules": {"files": [{"name": "firestore.rules", "content": text}]}}
            address = f"{root}/emulator/v1/projects/{project}:securityRules"
            answer = http.request("PUT", address, json=body)
            assert answer.status == 200, answer.data

        def ask(self, method, place, who):
            headers = {"Authorization": f"Bearer {who}"} if who else {}
            body = {"fields": {"a": {"stringValue": "b"}}} if method == "PATCH" else None
            address = f"{documents}/{place}"
            return http.request(method, address, json=body, headers=headers).status

    found = Firestore()
    found.project = project
    return found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_nobody_reads_or_writes_a_document(firestore, place, method):
    firestore.rule(RULES.read_text())
    people = (
        None,
        token(firestore.project),
        token(firestore.project, tenant="platform", roles=["admin", "governor"]),
        token(firestore.project, tenant="acme", roles=["customer_admin"]),
    )
    for who in people:
        assert firestore.ask(method, place, who) == 403


def test_an_open_rule_would_be_seen(firestore):
    firestore.rule(OPEN)
    who = token(firestore.project)
    assert firestore.ask("PATCH", PLACES[0], who) == 200
    assert firestore.ask("GET", PLACES[0], who) == 200
    firestore.rule(RULES.read_text())
    assert firestore.ask("GET", PLACES[0], who) == 403
    assert firestore.ask("GET", PLACES[0], "owner") == 200, "the API's own account is not a person"
