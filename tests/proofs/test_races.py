"""Whoever decides first has decided: ten thousand races, in every order, and some on each store."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from functions.approvals.approve_approval import approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.reject_approval import reject_approval
from functions.approvals.request_approval_changes import request_approval_changes
from shared.edge.firestore import FirestoreDocuments
from tests.approvals.questions import WHY, others, request
from tests.emulators import firestore_emulator, fresh_project, needs_emulator
from tests.proofs.races import STATUS, hold
from tests.proofs.verdicts import ENDS, Pairs

__all__ = ["firestore_emulator"]

log = logging.getLogger("tests.races")

THREE = ["approve", "veto", "expire"]
THREADS = 6

ON_FIRESTORE = int(os.environ.get("RACES", "500"))
"""How many races the emulator holds; ten thousand take minutes."""

PAIRS = int(os.environ.get("PAIRS", "200"))
"""How many pairs of verdicts each store holds; `make pairs` holds ten thousand."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_of_approve_veto_and_expire_exactly_one_wins(documents, call_as, reacting, seed):
    wins = hold(2_500, documents, call_as, reacting, verbs=THREE, seed=seed)
    assert wins.total() == 2_500
    assert set(wins) == set(THREE)


def test_of_all_six_ends_exactly_one_wins(documents, call_as, reacting):
    wins = hold(120, documents, call_as, reacting, verbs=list(STATUS), seed=5)
    assert set(wins) == set(STATUS)


def held(documents, call_as, seed):
    """Hold pairs of verdicts, say how they ended, and return that."""
    ends = Pairs(documents, call_as, seed).hold(PAIRS)
    log.info("%s: %d pairs: %s", type(documents).__name__, PAIRS, dict(ends))
    assert ends.total() == PAIRS
    return set(ends)


def test_of_two_verdicts_at_once_one_wins_and_the_other_is_told(documents, call_as):
    assert held(documents, call_as, seed=7) == ENDS


@pytest.fixture
def on_firestore(firestore_emulator):
    documents = FirestoreDocuments(fresh_project())
    yield documents
    documents.close()


class TestOnFirestore:
    """The same, where the store is far away and has its own notion of who came first."""

    pytestmark = list(needs_emulator)

    @pytest.fixture
    def documents(self, on_firestore):
        return on_firestore

    def test_exactly_one_wins(self, documents, call_as, reacting):
        wins = hold(ON_FIRESTORE, documents, call_as, reacting, verbs=THREE, seed=6)
        assert wins.total() == ON_FIRESTORE
        assert set(wins) == set(THREE)

    def test_of_two_verdicts_one_wins_and_the_other_is_told(self, documents, call_as):
        assert held(documents, call_as, seed=8) == ENDS


def test_everybody_else_hears_over_http_who_was_first(world):
    example = request().model_dump(mode="json", exclude_none=True)
    for _ in range(10):
        body = example | {"subject": others()}
        asked = world.call(create_approval, "/v1/approvals", body, as_="service").json
        path = f"/v1/approvals/{asked['id']}"
        verbs = [
            (approve_approval, "approve", {"expected_digest": asked["action_digest"]}),
            (reject_approval, "reject", {"reason": WHY}),
            (request_approval_changes, "request-changes", {"changes": ["Add a test."]}),
        ] * (THREADS // 3)
        start = Barrier(THREADS)

        def decide(verb, path=path, start=start):
            function, name, body = verb
            start.wait()
            return name, world.call(function, f"{path}/{name}", body, as_="governor")

        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(decide, verbs))
        won = {name for name, answer in answers if answer.status_code == 200}
        assert len(won) == 1, "an identical repeat is answered with what is stored"
        for name, answer in answers:
            if name not in won:
                assert (answer.status_code, answer.json["code"]) == (409, "already_decided")
                assert answer.json["decided"].replace("_", "-") in won
