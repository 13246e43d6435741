"""Who the caller is, since when their tokens count, and whether the platform is well."""

import json
import tomllib
from pathlib import Path

import pytest

from functions.identity.get_me import get_me
from functions.identity.list_keys import list_keys
from functions.identity.log_out import Logout, log_out
from functions.platform.get_health import get_health
from shared.actors import PLATFORM, Role, Scope
from shared.documents import Key, Query
from shared.errors import StoreUnavailable
from shared.evidence import Entry
from shared.identity.events import AuthFailed, PolicyDenied, ValidationFailed
from shared.identity.models import Principal, VerificationKey
from shared.identity.rules.principals import principal
from shared.release import VERSION
from tests.conftest import NOON, FakeEnforcing


def test_a_caller_learns_who_they_are(call_as):
    me = get_me(call_as(Role.VIEWER, Role.GOVERNOR, id="u1"))
    assert (me.id, me.tenant, me.roles) == ("u1", PLATFORM, (Role.GOVERNOR, Role.VIEWER))
    assert Scope.VETO_EXECUTE in me.scopes
    assert Scope.AGENTS_RUN not in me.scopes
    assert list(me.scopes) == sorted(me.scopes)


def test_signing_out_ends_all_earlier_tokens(call_as, documents):
    for minute in (1, 2):
        call = call_as(Role.CUSTOMER_USER, id="u1", tenant="acme", at=minute)
        assert log_out(call, Logout(all_devices=True)).valid_after == call.now
        found = documents.get(Key("acme", "principals", "u1"))
        assert Principal.model_validate(found.data).valid_after == call.now
    entries = documents.find("acme", Query(Entry.collection))
    assert [entry.data["action"] for entry in entries] == ["auth.logout"] * 2
    assert entries[0].data["data"] == {"all_devices": True}


def test_a_principal_answers_to_a_governor():
    new = principal("u1", PLATFORM, NOON)
    assert new.violations() == ()
    broken = new.model_copy(update={"governance_agent_id": ""})
    assert [violation.rule for violation in broken.violations()] == ["L0-01"]


def test_a_denial_names_the_operation_in_its_data():
    denied = PolicyDenied(decision_id="d1", action="approvals.approve_approval", reasons=("rbac",))
    assert denied.traits.action == "policy.denied"
    assert denied.model_dump(mode="json") == {
        "decision_id": "d1",
        "agent_id": None,
        "action": "approvals.approve_approval",
        "reasons": ["rbac"],
        "said": "",
        "run_id": None,
        "step_id": None,
    }
    assert PolicyDenied.model_validate(denied.model_dump(mode="json")) == denied


@pytest.mark.parametrize("event", [PolicyDenied, AuthFailed, ValidationFailed])
def test_a_refusal_is_recorded_as_denied(event):
    assert event.traits.outcome == "denied"


def test_the_public_keys_are_published(call_as, signer):
    assert list_keys(call_as()).keys == ()
    with call_as(Role.SERVICE).transaction() as txn:
        txn.create(VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk))
    published = json.loads(list_keys(call_as()).model_dump_json())
    assert published == {"keys": [signer.jwk]}


def test_the_platform_is_well_while_its_store_answers(call_as):
    health = get_health(call_as(at=3), FakeEnforcing())
    assert (health.status, health.time) == ("healthy", call_as(at=3).now)


def test_the_platform_is_not_well_without_its_store(call_as):
    class Broken:
        def get(self, *_):
            raise StoreUnavailable("the store cannot be used now")

    with pytest.raises(StoreUnavailable):
        get_health(call_as(documents=Broken()), FakeEnforcing())


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
