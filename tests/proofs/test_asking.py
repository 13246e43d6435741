"""A question that many ask at once is one, on each store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from functions.approvals.create_approval import create_approval
from functions.approvals.request_approval_changes import request_approval_changes
from shared.actors import PLATFORM
from shared.approvals.models.approvals import Approval
from shared.documents import Query
from shared.edge.firestore import FirestoreDocuments
from tests.approvals.questions import CALLBACK, EXAMPLE, others
from tests.emulators import firestore_emulator, fresh_project, needs_emulator

__all__ = ["firestore_emulator"]

AT_ONCE = 40


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=needs_emulator)])
def anywhere(request, world):
    if request.param == "sqlite":
        return world
    request.getfixturevalue("firestore_emulator")
    world.ports = replace(world.ports, documents=FirestoreDocuments(fresh_project()))
    return world


def at_once(world, bodies):
    start = Barrier(AT_ONCE)

    def ask(body):
        start.wait()
        return world.call(create_approval, "/v1/approvals", body, as_="service")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, bodies))


def stored(world):
    return world.ports.documents.find(PLATFORM, Query(Approval.collection))


def test_forty_who_ask_the_same_at_once_ask_one_question(anywhere):
    bodies = [EXAMPLE | {"callback_url": f"{CALLBACK}{n}"} for n in range(AT_ONCE)]
    answers = at_once(anywhere, bodies)
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == 1
    assert set(codes) <= {200, 201, 503}, answers[0].data
    assert len({answer.json["id"] for answer in answers if answer.status_code < 300}) == 1
    assert len(stored(anywhere)) == 1


def test_of_forty_successors_at_once_one_is_asked(anywhere):
    first = anywhere.call(create_approval, "/v1/approvals", EXAMPLE, as_="service").json
    path = f"/v1/approvals/{first['id']}/request-changes"
    body = {"changes": ["Add a test."]}
    anywhere.call(request_approval_changes, path, body, as_="governor")
    bodies = [EXAMPLE | {"subject": others(), "supersedes": first["id"]} for _ in range(AT_ONCE)]
    answers = at_once(anywhere, bodies)
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == 1
    assert set(codes) <= {201, 409, 503}
    assert len(stored(anywhere)) == 2
