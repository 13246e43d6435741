"""What shows that human oversight works: counted as it was, by nobody's name, and proved by a signature."""

import csv
from datetime import timedelta

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.get_approval import get_approval
from functions.approvals.get_oversight_report import Window, get_oversight_report
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.sample_approvers import sample_approvers
from shared.actors import Role
from shared.approvals.actions import workload
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import ApprovalStatus
from shared.approvals.models.records import Canary
from shared.approvals.rules import delegation, oversight
from shared.canonical import canonical
from shared.edge.keys import TicketSigner, verifier
from tests.approvals.questions import (
    WHY,
    approval,
    approve,
    constitutional,
    consume,
    minutes,
    person,
    reject,
    send_back,
    veto,
)
from tests.conftest import NOON
from tests.mobile.phone import asked

DEPUTY = person(Role.DEPUTY_GOVERNOR)


def counted(*approvals, samples=()):
    """Count questions, and among them tests that had to be refused."""
    given = [*((one, False) for one in approvals), *((one, True) for one in samples)]
    return oversight.report(given, tenant="platform", since=NOON, until=minutes(9))


def expired(before=None):
    return (before or approval()).model_copy(update={"status": ApprovalStatus.EXPIRED})


def seeded(**changes):
    granted = {
        "status": ApprovalStatus.APPROVED,
        "decided_at": minutes(0),
        "decided_by": "GEN-004",
        "decided_via": "precedent_seed",
        "seed_id": "GEN-004",
        "veto_until": minutes(1440),
    }
    return approval().model_copy(update=granted | changes)


def by_deputy():
    before = delegation.delegate(
        approval(gate="step"), by=person(Role.GOVERNOR), to=DEPUTY.id, at=minutes(1), reason=WHY
    )
    return approve(before, by=DEPUTY, at=2)


def test_every_question_ends_in_one_way():
    ended = approval().model_copy(update={"status": ApprovalStatus.CANCELLED})
    told = counted(approval(), expired(), ended, approve(approval()), reject(approval()), seeded())
    assert (told.questions, told.answered) == (6, 3)
    assert (told.expired_unanswered, told.withdrawn, told.open) == (1, 1, 1)


def test_what_one_of_two_had_answered_did_not_end_unanswered():
    told = counted(expired(approve(constitutional())))
    assert (told.answered, told.expired_unanswered, told.expired_partly) == (0, 0, 1)


def test_a_yes_that_nobody_used_was_answered():
    told = counted(expired(approve(approval())))
    assert (told.answered, told.expired_unanswered) == (1, 0)


def test_who_answered_is_told_by_right():
    override = approve(approval())
    vote = override.last.model_copy(update={"via": "vision_guardian_override"})
    override = override.model_copy(update={"decisions": (vote,)})
    told = counted(approve(approval()), send_back(approval()), seeded(), by_deputy(), override)
    assert told.answered_by.to_stored() == {
        "governor": 2,
        "deputy": 1,
        "vision_guardian_override": 1,
        "precedent_seed": 1,
    }


@pytest.mark.parametrize(
    ("before", "right"),
    [(by_deputy(), "deputy"), (seeded(), "precedent_seed"), (approve(approval()), "governor")],
)
def test_an_objection_to_a_yes_does_not_write_over_who_gave_it_and_when(before, right):
    after = veto(before, at=60)
    assert after.decided_via == "governor"
    told = counted(after)
    assert told.answered_by.to_stored()[right] == 1
    assert (told.vetoed_after_yes, told.refused) == (1, 0)
    assert told.times == counted(before).times


def test_an_objection_to_what_was_used_is_counted_too():
    assert counted(veto(consume(approve(approval())), at=60)).vetoed_after_yes == 1


def test_an_objection_to_an_open_question_is_a_no():
    told = counted(veto(approval()))
    assert (told.vetoed_after_yes, told.refused) == (0, 1)
    assert (told.opened_first, told.unopened) == (0, 0)


def test_times_are_those_of_people():
    told = counted(*(approve(approval(), at=n) for n in range(1, 21)), seeded())
    assert told.times.to_stored() == {"median_s": 600, "p95_s": 19 * 60}
    assert counted(approve(approval(), at=2)).times.to_stored() == {"median_s": 120, "p95_s": 120}
    assert counted(seeded(), approval()).times.to_stored() == {"median_s": None, "p95_s": None}


def test_tests_are_told_once_they_ended():
    samples = [reject(approval()), approve(approval()), veto(approve(approval())), expired()]
    told = counted(approval(), samples=[*samples, approval()])
    assert told.samples.to_stored() == {"asked": 4, "caught": 1, "missed": 2}
    assert told.questions == 6


# --- the report ----------------------------------------------------------------------------------


@pytest.fixture
def seen(call_as):
    def look(*, at=5, tenant="platform", role=Role.GOVERNOR, days=30):
        tickets = TicketSigner(call_as.signer)
        return get_oversight_report(call_as(role, at=at, tenant=tenant), Window(days=days), tickets)

    return look


def test_whether_they_had_opened_it_is_told(call_as, seen):
    for opened in (True, False, False):
        new = asked(call_as, on_behalf_of=f"asker{opened}")
        if opened:
            get_approval(call_as(Role.GOVERNOR, at=1), new.id)
        body = Agreement(expected_digest=new.action_digest)
        approve_approval(call_as(Role.GOVERNOR, at=3), new.id, body)
    told = seen().report
    assert (told.opened_first, told.unopened, told.times.median_s) == (1, 2, 180)


def test_a_spreadsheet_gets_the_same_figures(call_as):
    asked(call_as)

    def look(format):
        call, tickets = call_as(Role.GOVERNOR, at=5), TicketSigner(call_as.signer)
        return get_oversight_report(call, Window(format=format), tickets)

    (header, *rows), told = csv.reader(look("csv").data.decode().splitlines()), look("json")
    assert header == ["member", "value"]
    found = dict(rows)
    assert found.pop("signature").removeprefix("'") == told.signature
    assert found.pop("kid") == told.kid
    figures = told.report.to_stored()
    assert (found["report.questions"], found["report.times.median_s"]) == ("1", "")
    assert len(found) == sum(len(one) if isinstance(one, dict) else 1 for one in figures.values())


def test_an_answer_after_a_withdrawal_is_none(call_as, seen):
    new = asked(call_as)
    cancel_approval(call_as(Role.SERVICE, at=1), new.id, Withdrawal(reason=WHY))
    assert (seen().report.withdrawn, seen().report.answered) == (1, 0)


def test_the_test_that_the_platform_puts_is_found(call_as, reacting, seen, monkeypatch):
    monkeypatch.setattr(workload, "SAMPLE_OF", 1)
    asked(call_as)
    sample_approvers(reacting(at=1))
    assert seen().report.samples.asked == 0
    with call_as(Role.GOVERNOR).transaction() as txn:
        (test,) = txn.all(Canary)
    reject_approval(call_as(Role.GOVERNOR, at=2), test.id, Rejection(reason=WHY))
    assert seen().report.samples.to_stored() == {"asked": 1, "caught": 1, "missed": 0}


def test_everybody_sees_their_own_tenant(call_as, seen):
    asked(call_as, tenant="acme", on_behalf_of="asha")
    own = seen(tenant="acme", role=Role.CUSTOMER_ADMIN).report
    assert (own.tenant, own.questions) == ("acme", 1)
    assert (seen().report.tenant, seen().report.questions) == ("platform", 0)
    assert seen(tenant="globex", role=Role.CUSTOMER_ADMIN).report.questions == 0


def test_only_what_was_asked_in_the_window_is_counted_and_all_of_it(call_as, seen):
    for n in range(205):
        new = approval()
        new = new.model_copy(update={"id": f"{n:08d}-0000-4000-8000-000000000000"})
        with call_as(Role.SERVICE).transaction() as txn:
            txn.create(new, ApprovalRequested.of(new))
    assert seen(days=1).report.questions == 205
    assert seen(at=24 * 60, days=1).report.questions == 205
    assert seen(at=24 * 60 + 1, days=1).report.questions == 0
    assert seen(at=24 * 60 + 1, days=2).report.since == minutes(1) - timedelta(days=1)


def test_the_report_is_checked_with_nothing_but_the_key(call_as, seen):
    asked(call_as)
    answer = seen().to_stored()
    verify = verifier({answer["kid"]: call_as.signer.jwk})
    assert verify(answer["kid"], canonical(answer["report"]), answer["signature"])
    better = answer["report"] | {"unopened": 7}
    assert not verify(answer["kid"], canonical(better), answer["signature"])


def test_the_report_names_nobody(call_as, seen):
    new = asked(call_as, on_behalf_of="asha")
    approve_approval(
        call_as(Role.GOVERNOR, id="ravi", at=3),
        new.id,
        Agreement(expected_digest=new.action_digest),
    )
    assert not {"asha", "ravi", new.id} & set(seen().model_dump_json().split('"'))
