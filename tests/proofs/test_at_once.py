"""What many do at once comes to what one after the other would have done; over HTTP, on both stores."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from threading import Barrier

import pytest

from functions.approvals.approve_approval import approve_approval
from functions.approvals.create_approval import create_approval
from functions.genesis.create_industry import create_industry
from functions.genesis.create_skill import create_skill
from functions.learning.create_seed_draft import create_seed_draft
from functions.learning.submit_seed_draft import submit_seed_draft
from functions.platform.create_incident import create_incident
from functions.platform.put_feature_flag import put_feature_flag
from functions.precedents.validate_precedent_seed import validate_precedent_seed
from shared.documents import Query
from shared.edge.firestore import FirestoreDocuments
from tests.emulators import firestore_emulator, fresh_project, needs_emulator
from tests.rehearsals.scene import example_of

__all__ = ["firestore_emulator"]

AT_ONCE = 40
ROUNDS = 4


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=needs_emulator)])
def there(request, world):
    """A world on each store."""
    if request.param == "firestore":
        request.getfixturevalue("firestore_emulator")
        world.ports = replace(world.ports, documents=FirestoreDocuments(fresh_project()))
    return world


def together(work, given):
    """Do the same with each of some things, all at the same moment."""
    given = list(given)
    start = Barrier(len(given))

    def one(thing):
        start.wait()
        return work(thing)

    with ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(one, given))


def insisting(send):
    """Repeat a request that was told to come again, as a client does."""
    while (answer := send()).status_code == 503:
        pass
    return answer


def asked(there):
    return there.call(
        create_approval, "/v1/approvals", example_of("/v1/approvals"), as_="service"
    ).json


def skill(_, number):
    letter = chr(97 + number)
    own = {"name": f"{letter} skill", "skill_key": f"skill-{letter}"}
    body = example_of("/v1/genesis/skills") | own
    return create_skill, "/v1/genesis/skills", body, "industry_manager", {}


def industry(_, number):
    own = {"name": f"Trade {number}", "code": ["HC", "ED", "FN", "MK"][number]}
    body = example_of("/v1/genesis/industries") | own
    return create_industry, "/v1/genesis/industries", body, "industry_manager", {}


def incident(_, number):
    body = example_of("/v1/incidents") | {"affected_services": [f"service_{number}"]}
    return create_incident, "/v1/incidents", body, "admin", {}


def flag(_, number):
    path = f"/v1/admin/feature-flags/{chr(97 + number)}_flag"
    body = example_of_put("/v1/admin/feature-flags/{key}")
    return put_feature_flag, path, body, "admin", {"If-Match": '""'}


def verdict(there, _):
    question = asked(there)
    body = {"expected_digest": question["action_digest"]}
    path = f"/v1/approvals/{question['id']}/approve"
    return approve_approval, path, body, "governor", {}


def question(_, __):
    return create_approval, "/v1/approvals", example_of("/v1/approvals"), "service", {}


def example_of_put(path):
    from shared.edge.openapi import openapi

    described = openapi()["paths"][path]["put"]
    return described["requestBody"]["content"]["application/json"]["example"]


@pytest.mark.parametrize("kind", [skill, industry, incident, flag, verdict, question])
def test_a_repeated_request_is_always_answered_as_the_first(there, kind):
    acted = 0
    for number in range(ROUNDS):
        function, path, body, account, headers = kind(there, number)
        headers = headers | {"Idempotency-Key": f"key-{number}"}

        def send(_, function=function, path=path, body=body, account=account, headers=headers):
            return insisting(lambda: there.call(function, path, body, as_=account, headers=headers))

        answers = together(send, range(AT_ONCE))
        assert {one.status_code for one in answers} <= {200, 201}, [
            one.data for one in answers if one.status_code >= 400
        ][:1]
        assert len({one.data for one in answers}) == 1
        acted += 1
    assert acted == ROUNDS


def found(there, collection):
    return there.ports.documents.find(None, Query(collection))


def test_reports_of_one_service_and_type_are_one_incident(there):
    for number in range(ROUNDS):
        body = example_of("/v1/incidents") | {"affected_services": [f"mail_{number}"]}

        def send(_, body=body):
            return insisting(
                lambda: there.call(create_incident, "/v1/incidents", body, as_="admin")
            )

        answers = together(send, range(20))
        assert {one.status_code for one in answers} == {201}, answers[0].data
        assert len({one.json["id"] for one in answers}) == 1
    assert len(found(there, "incidents")) == ROUNDS


def test_of_rules_that_contradict_each_other_one_is_validated(there):
    for number in range(2):
        name = f"agent.deploy:HC:round_{number}"
        seeds = [submitted(there, name, decision) for decision in ("approved", "gate_added") * 2]

        def send(id):
            path = f"/v1/precedent-seeds/{id}/validate"
            body = {"outcome": "approve", "rationale": "It was looked at by several people."}
            return insisting(lambda: there.call(validate_precedent_seed, path, body, as_="genesis"))

        answers = together(send, seeds)
        assert {one.status_code for one in answers} == {200}, answers[0].data
        decided = {one.json["decision"] for one in answers if one.json["status"] == "shadow"}
        assert len(decided) == 1, f"{number}: two rules that contradict each other are in shadow"


def submitted(there, approval_class, decision):
    body = deepcopy(example_of("/v1/seeds"))
    auto = decision == "approved"
    body["rule"] |= {"approval_class": approval_class, "decision": decision, "auto_approve": auto}
    draft = there.call(create_seed_draft, "/v1/seeds", body, as_="governor").json
    path = f"/v1/seeds/{draft['id']}/submit"
    return there.call(submit_seed_draft, path, as_="governor").json["precedent_seed_id"]
