"""A seed in shadow says what it would answer, and is compared with what people do."""

from itertools import permutations, product

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.precedents.get_precedent_seed import get_precedent_seed
from functions.precedents.get_seed_metrics import get_seed_metrics
from functions.precedents.judge_seeds import judge_seeds
from functions.precedents.predict_approval import predict_approval
from shared.actors import Role
from shared.approvals.events.lifecycle import (
    ApprovalConfirmed,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalRequested,
)
from shared.approvals.events.vetoes import VetoRecorded
from shared.precedents.models.seeds import Prediction
from tests.approvals.questions import EXAMPLE
from tests.precedents.conftest import heard, vetoed
from tests.precedents.samples import draft, in_service, validated

WHY = "It was looked at by several people."


def test_a_seed_in_shadow_predicts_and_never_decides(call_as, ask, kept, read, reacting, entries):
    in_service(call_as)
    seed = kept(validated(draft(by_governor=False, samples=3)))
    asked = [ask(), ask(), ask(facts={"alignment_score": 10})]
    for approval in asked:
        assert approval.status == "pending"
        told = ApprovalRequested.of(approval)
        heard(reacting, predict_approval, told, approval.id)
    assert (read(seed).predicted_count, read(seed).match_count) == (3, 2)
    good, bad, low = asked
    agreed = approve_approval(
        call_as(Role.GOVERNOR), good.id, Agreement(expected_digest=good.action_digest)
    )
    heard(reacting, judge_seeds, ApprovalGranted.of(agreed), good.id)
    for approval in (bad, low):
        no = reject_approval(call_as(Role.GOVERNOR), approval.id, Rejection(reason=WHY))
        heard(reacting, judge_seeds, ApprovalRejected.of(no), approval.id)
    after = read(seed)
    assert (after.compared_count, after.agreed_count) == (3, 2)
    assert after.shadow_agreement_bp == 6_666
    answered = [e.data["human_agreed"] for e in entries("seed.matched")]
    assert sorted(answered, key=str) == [False, None, None, None, True, True]
    figures = get_seed_metrics(call_as(Role.VIEWER)).figures
    assert (figures.totals.eligible, figures.totals.compared, figures.disagreement_bp) == (
        *(3, 3),
        3_333,
    )
    with call_as(Role.SERVICE).transaction() as txn:
        assert [(one.id, one.answered) for one in txn.all(Prediction)] == [(good.id, True)]
    view = get_precedent_seed(call_as(Role.VIEWER), seed.id)
    assert len(view.effectiveness.lacking) == 3


def test_a_prediction_is_compared_once_whichever_is_heard_of_first(
    call_as, ask, kept, read, reacting
):
    """A question and its answer come on different topics: the answer may be here before the question is."""
    seed = kept(validated(draft(by_governor=False, samples=3)))
    counted = []
    for n, (answer, heard_of) in enumerate(product(["yes", "no"], ["first", "between", "last"])):
        asked = ask(subject=EXAMPLE["subject"] | {"gate_results_hash": f"{n}" * 64})
        question = (predict_approval, ApprovalRequested.of(asked), asked.id)
        if heard_of == "first":
            heard(reacting, *question)
        after = decided(call_as, asked, answer)
        if heard_of == "between":
            heard(reacting, *question)
        told = ApprovalGranted.of(after) if answer == "yes" else ApprovalRejected.of(after)
        heard(reacting, judge_seeds, told, asked.id)
        if heard_of == "last":
            heard(reacting, *question)
        now = read(seed)
        figures = get_seed_metrics(call_as(Role.VIEWER)).figures.totals
        counted.append((now.predicted_count, now.match_count, now.compared_count, now.agreed_count))
        counted[-1] += (figures.eligible, figures.compared, figures.disagreed)
    assert [one[:3] for one in counted] == [(n, n, n) for n in range(1, 7)]
    assert [one[3] for one in counted] == [1, 2, 3, 3, 3, 3]
    assert [one[4:] for one in counted] == [(n, n, max(0, n - 3)) for n in range(1, 7)]
    with call_as(Role.SERVICE).transaction() as txn:
        assert [one.answered for one in txn.all(Prediction)] == [True] * 3


HEARD = {
    "question": lambda asked, _, __: (predict_approval, ApprovalRequested.of(asked), asked.id),
    "yes": lambda asked, yes, _: (judge_seeds, ApprovalGranted.of(yes), asked.id),
    "veto": lambda _, __, veto: (judge_seeds, VetoRecorded.of(veto), veto.id),
}


@pytest.mark.parametrize("order", list(permutations(HEARD)))
def test_a_yes_that_is_vetoed_is_no_agreement_in_whatever_order_it_is_heard_of(
    call_as, ask, kept, read, reacting, order
):
    seed = kept(validated(draft(by_governor=False, samples=3)))
    asked = ask()
    yes = decided(call_as, asked, "yes")
    objection = Objection(approval_id=asked.id, category="safety", explanation=WHY)
    veto = create_veto(call_as(Role.GOVERNOR), objection)
    for one in order:
        heard(reacting, *HEARD[one](asked, yes, veto))
    after = read(seed)
    assert (after.predicted_count, after.compared_count, after.agreed_count) == (1, 1, 0)
    figures = get_seed_metrics(call_as(Role.VIEWER)).figures.totals
    assert (figures.compared, figures.disagreed) == (1, 1)
    with call_as(Role.SERVICE).transaction() as txn:
        assert txn.count(Prediction) == 0


def test_what_is_confirmed_is_compared_no_more(call_as, ask, kept, read, reacting):
    seed = kept(validated(draft(by_governor=False, samples=3)))
    asked = ask()
    yes = decided(call_as, asked, "yes")
    for one in ("question", "yes"):
        heard(reacting, *HEARD[one](asked, yes, None))
    heard(reacting, judge_seeds, ApprovalConfirmed(veto_until=yes.veto_until), asked.id)
    assert (read(seed).compared_count, read(seed).agreed_count) == (1, 1)
    with call_as(Role.SERVICE).transaction() as txn:
        assert txn.count(Prediction) == 0


def decided(call_as, asked, answer):
    call = call_as(Role.GOVERNOR)
    if answer == "yes":
        return approve_approval(call, asked.id, Agreement(expected_digest=asked.action_digest))
    return reject_approval(call, asked.id, Rejection(reason=WHY))


def test_what_people_always_decide_is_not_predicted(ask, kept, read, reacting):
    seed = kept(validated(draft()))
    approval = ask(risk="critical")
    heard(reacting, predict_approval, ApprovalRequested.of(approval), approval.id)
    assert read(seed).predicted_count == 0


def test_what_was_vetoed_before_it_was_granted_is_a_no(ask, kept, read, reacting):
    seed = kept(validated(draft()))
    approval = ask()
    heard(reacting, predict_approval, ApprovalRequested.of(approval), approval.id)
    heard(reacting, judge_seeds, vetoed(approval), "-")
    assert (read(seed).compared_count, read(seed).agreed_count) == (1, 0)
