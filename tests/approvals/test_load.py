"""What one person can answer well, and whether they looked."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.delegate_approval import Handover, delegate_approval
from functions.approvals.expire_approval import expire_approval
from functions.approvals.flag_approver import flag_approver
from functions.approvals.get_approval import get_approval
from functions.approvals.list_approvals import ApprovalQuery, list_approvals
from functions.approvals.notify_governor import notify_governor
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.release_held import release_held
from functions.approvals.remind_approvers import remind_approvers
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from functions.approvals.sample_approvers import sample_approvers
from functions.approvals.tell_of_delegation import tell_of_delegation
from functions.approvals.tell_of_deputy import tell_of_deputy
from functions.approvals.tell_of_silence import tell_of_silence
from functions.approvals.watch_veto import watch_veto
from shared.actors import PLATFORM, Role
from shared.approvals.actions import attention, workload
from shared.approvals.events import lifecycle
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Attention, Canary, Opening
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import acts, decisions
from shared.documents import Key, Query, Write
from shared.edge.contention import settled
from shared.errors import Forbidden, StoreUnavailable
from shared.evidence import Entry
from shared.notifications.models import Notification
from shared.precedents.models.seeds import SeedSwitch
from shared.violations.models import OpenedViolation
from tests import answered
from tests.agents.catalogue import once
from tests.approvals.questions import (
    EXAMPLE,
    GOVERNOR,
    RUN,
    WHY,
    another,
    approval,
    approve,
    consume,
    minutes,
    veto,
)
from tests.conftest import DEPLOYMENT

OTHER_AGENT = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def asked(call_as):
    def ask(*, at=0, tenant=PLATFORM, **changes):
        given = {"gate": "step", "window_min": 100} | changes
        return answered.body(
            create_approval(
                call_as(Role.SERVICE, at=at, tenant=tenant), another(**given), DEPLOYMENT
            )
        )

    return ask


@pytest.fixture
def stored(documents):
    def all_of(kind, tenant=PLATFORM):
        found = documents.find(tenant, Query(kind.collection))
        return [kind.model_validate(snapshot.data) for snapshot in found]

    return all_of


def grant(call_as, approval, at=3.0, role=Role.GOVERNOR, opened=False):
    if opened:
        get_approval(call_as(role, at=at), approval.id)
    body = Agreement(expected_digest=approval.action_digest)
    return approve_approval(call_as(role, at=at), approval.id, body)


# --- looking -------------------------------------------------------------------------------------


def test_that_an_approver_looked_is_kept_with_the_answer(asked, call_as, stored):
    new = asked()
    for minute in (1, 2):
        get_approval(call_as(Role.GOVERNOR, at=minute), new.id)
    assert [one.opened for one in stored(Attention)] == [{new.id: minutes(1)}]
    after = grant(call_as, new)
    assert after.last.opened_at == minutes(1)
    seen = get_approval(call_as(Role.GOVERNOR, at=4), new.id)
    assert (seen.latency_s, seen.unopened_by) == (180, ())


def test_who_answers_unseen_is_known(asked, call_as, stored):
    new = asked()
    get_approval(call_as(Role.VIEWER, at=1), new.id)
    get_approval(call_as(Role.SERVICE, at=1), new.id)
    grant(call_as, new)
    seen = get_approval(call_as(Role.GOVERNOR, at=4), new.id)
    assert seen.unopened_by == ("governor",)
    assert [one.opened for one in stored(Attention)] == [{}]


def test_a_decision_reads_the_question_its_last_entry_and_whether_it_was_opened(
    asked, call_as, documents
):
    new = asked()
    reads = []
    get = documents.get
    documents.get = lambda key: reads.append(key.collection) or get(key)
    grant(call_as, new)
    documents.get = get
    assert reads == ["approvals", "attention", "events"]


def test_of_what_somebody_opened_the_latest_are_known(asked, call_as, monkeypatch):
    monkeypatch.setattr(attention, "MAX_OPENED", 2)
    waiting = [asked(at=n / 100) for n in range(3)]
    for n, one in enumerate(waiting):
        get_approval(call_as(Role.GOVERNOR, at=1 + n / 100), one.id)
    said = [grant(call_as, one).last.opened_at for one in waiting]
    assert said == [None, minutes(1.01), minutes(1.02)]


def test_what_was_opened_in_an_earlier_release_was_opened(asked, call_as, documents, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(acts.Act, "family", None)
        first, second = asked(), asked(at=0.1)
    for one, who in ((first, "governor"), (second, "another")):
        place = Key(PLATFORM, Opening.collection, f"{one.id}:{who}")
        kept = {"approval_id": one.id, "opened_by": who, "opened_at": "2026-01-01T12:01:00.000Z"}
        documents.commit([Write(place, {"id": place.id, "schema_version": 1} | kept)])
    assert grant(call_as, first).last.opened_at == minutes(1)
    assert grant(call_as, second).last.opened_at is None


# --- too much at once ----------------------------------------------------------------------------


def shaped(number):
    return {"approval_class": f"agent.deploy:HC:JOB-{number}", "on_behalf_of": f"asker{number % 3}"}


@pytest.fixture
def crowd(asked, documents):
    return once(
        "crowd",
        documents,
        lambda: [asked(at=n / 100, **shaped(n)) for n in range(workload.MAX_OPEN)],
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({}, "its agent"),
        ({"agent_id": None, "on_behalf_of": "asker1"}, "whoever asks"),
        ({"agent_id": None, "approval_class": "agent.deploy:HC:JOB-3"}, "its class"),
    ],
)
def test_above_twenty_what_comes_from_where_others_wait_is_held_back(crowd, asked, source, why):
    fresh = shaped(99) | {"on_behalf_of": "somebody"}
    assert not asked(at=1, agent_id=OTHER_AGENT, **shaped(98) | {"on_behalf_of": "else"}).held_back
    held = asked(at=1, **fresh | source)
    assert held.held_back
    assert held.held_because.startswith("21 requests wait for an answer;")
    assert why in held.held_because


def test_above_forty_only_an_emergency_is_shown(crowd, asked):
    def new(number, **changes):
        source = shaped(number) | {"on_behalf_of": f"other{number}", "agent_id": None}
        return asked(at=1, **source | changes)

    assert [new(n).held_back for n in range(20, 41)] == [False] * 20 + [True]
    assert not new(50, urgency="immediate").held_back


def at_once(count, ask):
    """Ask from eight threads, as services do: whoever was slower runs again, and asks again where told so."""

    def asking(n):
        while True:
            with suppress(StoreUnavailable):
                return settled(lambda _: ask(n))

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(asking, range(count)))


@pytest.mark.slow
def test_of_many_at_once_no_more_are_shown_than_one_person_is_shown(asked, stored):
    """All before the first is there; without the desk each counts what none has committed."""
    found = at_once(60, lambda n: asked(**shaped(n)))
    assert sum(not one.held_back for one in found) == workload.MAX_OPEN
    assert sum(not one.held_back for one in stored(Approval)) == workload.MAX_OPEN


@pytest.mark.slow
def test_of_many_alike_at_once_one_is_told_of(asked):
    found = at_once(
        workload.MAX_ALIKE, lambda n: asked(subject=EXAMPLE["subject"] | {"spec_hash": f"{n:064x}"})
    )
    assert sum(not one.grouped for one in found) == 1
    assert not any(one.held_back for one in found)


def test_what_is_shown_again_and_what_is_asked_share_the_room(
    crowd, asked, call_as, reacting, stored
):
    """Two make room and five are asked while it is given away."""
    held = [asked(at=1 + n / 100, **shaped(50 + n)) for n in range(5)]
    for one in crowd[:2]:
        cancel_approval(call_as(Role.SERVICE, at=2), one.id, Withdrawal(reason=WHY))
    told = lifecycle.ApprovalCancelled(reason="x")

    def either(n):
        if n % 2:
            return release_held(reacting(f"approvals/{crowd[0].id}", at=3), told)
        return asked(at=3, **shaped(70 + n))

    at_once(10, either)
    assert held
    assert sum(not one.held_back and one.open for one in stored(Approval)) == workload.MAX_OPEN


@pytest.mark.slow
def test_a_hundred_and_eighty_in_a_short_time_are_grouped_or_held(asked, call_as, reacting, stored):
    """Of mixed agents, askers and classes, alike and not, some answered meanwhile."""
    found = []
    for n in range(180):
        agent = f"{n % 7:08d}-0000-4000-8000-000000000000"
        source = shaped(n % 12) | {"agent_id": agent, "on_behalf_of": f"asker{n % 5}"}
        found.append(new := asked(at=n / 1000, **source))
        notify_governor(reacting(f"approvals/{new.id}"), lifecycle.ApprovalRequested.of(new))
    cards = [one for one in found if not (one.held_back or one.grouped)]
    assert len(cards) <= workload.MAX_OPEN
    assert len(stored(Notification)) == len(cards)
    assert all(one.held_because for one in found if one.held_back)


@pytest.mark.slow
def test_what_is_alike_is_one_card_of_fifty_each_with_its_digest(asked, reacting, stored):
    alike = [asked(at=n / 100) for n in range(workload.MAX_ALIKE + 1)]
    assert [one.grouped for one in alike] == [False] + [True] * 49 + [False]
    assert [one.held_back for one in alike] == [False] * 50 + [True]
    assert len({one.action_digest for one in alike}) == 51
    for one in alike:
        notify_governor(reacting(f"approvals/{one.id}"), lifecycle.ApprovalRequested.of(one))
    assert len(stored(Notification)) == 1


def test_twenty_in_ten_minutes_are_enough_also_where_they_are_answered(asked, call_as):
    for n in range(workload.MAX_RECENT):
        new = asked(at=n / 100, **shaped(n))
        if n:
            grant(call_as, new, at=n / 100, opened=True)
    assert asked(at=1, **shaped(30)).held_back
    assert not asked(at=11, **shaped(31)).held_back


def test_what_is_held_back_is_in_no_queue_and_nobody_is_told(
    crowd, asked, call_as, reacting, stored
):
    held = asked(at=1, **shaped(50))
    queue = list_approvals(call_as(Role.GOVERNOR), ApprovalQuery(limit=100)).items
    assert held.id not in {one.id for one in queue}
    every = ApprovalQuery(status="pending", limit=100)
    assert held.id in {one.id for one in list_approvals(call_as(Role.GOVERNOR), every).items}
    notify_governor(reacting(f"approvals/{held.id}"), lifecycle.ApprovalRequested.of(held))
    assert stored(Notification) == []


def end(call_as, reacting, approval, at=2):
    withdrawal = Withdrawal(reason="It is no longer needed.")
    after = cancel_approval(call_as(Role.SERVICE, at=at), approval.id, withdrawal)
    release_held(reacting(f"approvals/{after.id}", at=at), lifecycle.ApprovalCancelled.of(after))


def test_what_waited_is_shown_when_there_is_room_the_oldest_first(
    crowd, asked, call_as, reacting, stored
):
    first, second = asked(at=1, **shaped(50)), asked(at=1.5, **shaped(51))
    end(call_as, reacting, crowd[0])
    shown = {one.id: one for one in stored(Approval)}
    assert (shown[first.id].held_back, shown[second.id].held_back) == (False, True)
    assert shown[first.id].expires_at == first.expires_at
    assert [notice.subject for notice in stored(Notification)] == [f"approvals/{first.id}"]
    release_held(reacting(f"approvals/{crowd[0].id}"), lifecycle.ApprovalCancelled(reason="x"))
    assert len(stored(Notification)) == 1, "there is room for one"


ENDS = {
    "approve": lambda call, one: approve_approval(
        call, one.id, Agreement(expected_digest=one.action_digest)
    ),
    "reject": lambda call, one: reject_approval(call, one.id, Rejection(reason=WHY)),
    "changes": lambda call, one: request_approval_changes(
        call, one.id, WantedChanges(changes=["Add a test."])
    ),
    "veto": lambda call, one: create_veto(
        call, Objection(approval_id=one.id, category="safety", explanation=WHY)
    ),
    "cancel": lambda call, one: cancel_approval(call, one.id, Withdrawal(reason=WHY)),
    "expire": lambda call, one: expire_approval(
        call, lifecycle.ApprovalDeadline(decision_version=one.decision_version)
    ),
}


@pytest.mark.parametrize("way", ENDS)
def test_every_way_an_open_one_ends_makes_room(crowd, asked, call_as, reacting, stored, way):
    held, one = asked(at=1, **shaped(50)), crowd[0]
    by = {"expire": None, "cancel": Role.SERVICE}.get(way, Role.GOVERNOR)
    call = call_as(by, at=2) if by else reacting(f"approvals/{one.id}", at=100)
    ENDS[way](call, one)
    known = release_held.declared.events
    told = [e for e in stored(Entry) if e.topic == lifecycle.DECISIONS and e.action in known]
    assert told, "what ends it is heard of"
    for entry in told:
        event = known[entry.action].from_stored(entry.data, 1)
        release_held(reacting(entry.entity, at=101), event)
    assert not {o.id: o for o in stored(Approval)}[held.id].held_back


def test_all_that_there_is_room_for_is_shown(crowd, asked, call_as, reacting, stored):
    held = [asked(at=1 + n / 10, **shaped(50 + n)) for n in range(3)]
    for one in crowd[:2]:
        cancel_approval(call_as(Role.SERVICE, at=2), one.id, Withdrawal(reason=WHY))
    release_held(
        reacting(f"approvals/{crowd[1].id}", at=3), lifecycle.ApprovalCancelled(reason="x")
    )
    shown = {one.id: one for one in stored(Approval)}
    assert [shown[one.id].held_back for one in held] == [False, False, True]


def test_nothing_expires_unseen_for_want_of_room(crowd, asked, reacting, stored):
    held = asked(at=1, **shaped(50))
    half = lifecycle.ApprovalMark(percent=50, decision_version=0)
    remind_approvers(reacting(f"approvals/{held.id}", at=51), half)
    [after] = [one for one in stored(Approval) if one.id == held.id]
    assert (after.held_back, after.expires_at) == (False, held.expires_at)
    assert "held back" in stored(Notification)[0].body


def test_where_nothing_waits_nothing_is_shown(asked, call_as, reacting, stored):
    end(call_as, reacting, asked())
    assert stored(Notification) == []


# --- faster than a person reads ------------------------------------------------------------------


def test_sixty_yeses_in_a_second_flag_and_are_stopped(asked, call_as, stored):
    waiting = [asked(at=n / 1000) for n in range(30)]
    said = []
    for n, one in enumerate(waiting):
        try:
            said.append(grant(call_as, one, at=1 + n / 3000).status)
        except Forbidden as refused:
            said.append(refused.violations[0].rule)
    assert said == ["approved"] * attention.MAX_UNREAD + ["open_first"] * 20
    [violation] = stored(OpenedViolation)
    assert violation.finding.actor_id == "governor"
    assert grant(call_as, waiting[-1], at=1.1, opened=True).status == "approved"
    assert grant(call_as, waiting[-2], at=3).status == "approved", "a minute later it is one again"


def test_whoever_opens_what_they_decide_is_never_flagged(asked, call_as, stored):
    for n in range(15):
        assert grant(call_as, asked(at=n / 100), at=1, opened=True).status == "approved"
    assert stored(OpenedViolation) == []
    assert [one.unread for one in stored(Attention)] == [()]


# --- a request that must be refused --------------------------------------------------------------


def test_one_request_in_a_hundred_and_one_a_day_is_a_test(asked, reacting, stored, monkeypatch):
    monkeypatch.setattr(workload, "SAMPLE_OF", 2)
    asked()
    sample_approvers(reacting(at=5))
    assert stored(Canary) == []
    asked(at=1)
    sample_approvers(reacting(at=5))
    [mark] = stored(Canary)
    [test] = [one for one in stored(Approval) if one.id == mark.id]
    assert test.evidence_facts["tests_passed"] is False
    assert "canary" not in test.model_dump_json()


@pytest.mark.parametrize("switch", [None, True, False])
def test_whoever_approves_the_test_is_flagged_and_seeds_stop(
    asked, call_as, reacting, stored, monkeypatch, switch
):
    monkeypatch.setattr(workload, "SAMPLE_OF", 1)
    asked()
    sample_approvers(reacting(at=1))
    [mark] = stored(Canary)
    if switch is not None:
        set_switch(call_as, switch)
    with call_as(Role.GOVERNOR).transaction() as txn:
        test = txn.get(Approval, mark.id)
    granted = grant(call_as, test)
    for _ in range(2):
        told = lifecycle.ApprovalGranted.of(granted)
        flag_approver(reacting(f"approvals/{mark.id}", at=4), told)
    [violation] = stored(OpenedViolation)
    assert violation.finding.actor_id == "governor"
    assert violation.finding.automatic_response == "paused"
    assert [one.on for one in stored(SeedSwitch)] == [False]


def set_switch(call_as, on):
    from functions.precedents.switch_precedent_seeds import Switching, switch_precedent_seeds

    switch_precedent_seeds(call_as(Role.GOVERNOR), Switching(on=on, reason="As a test wants it."))


def test_an_ordinary_approval_flags_nobody(asked, call_as, reacting, stored):
    granted = grant(call_as, asked())
    told = lifecycle.ApprovalGranted.of(granted)
    flag_approver(reacting(f"approvals/{granted.id}", at=4), told)
    assert stored(OpenedViolation) == []


# --- who is told ---------------------------------------------------------------------------------


def test_the_governor_reviews_what_a_deputy_decided(asked, call_as, reacting, stored):
    new = asked()
    granted = grant(call_as, asked())
    tell_of_deputy(reacting(f"approvals/{granted.id}"), lifecycle.ApprovalGranted.of(granted))
    assert stored(Notification) == []
    handed = delegate_approval(
        call_as(Role.GOVERNOR, at=1), new.id, Handover(to="deputy_governor", reason=WHY)
    )
    told = lifecycle.ApprovalDelegated.of(handed, at=minutes(1), by="governor")
    tell_of_delegation(reacting(f"approvals/{new.id}", at=2), told)
    decided = grant(call_as, new, role=Role.DEPUTY_GOVERNOR)
    tell_of_deputy(reacting(f"approvals/{new.id}"), lifecycle.ApprovalGranted.of(decided))
    assert {notice.audience for notice in stored(Notification)} == {"deputy_governor", "governor"}
    [review] = [notice for notice in stored(Notification) if notice.audience == "governor"]
    assert "2026-01-04T12:03" in review.body


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"type": "communication", "approval_class": "publish:HC:blog"},
            {"service", "governor"},
        ),
        ({"type": "constitutional", "gate": "change"}, {"service", "governor", "vision_guardian"}),
    ],
)
def test_silence_is_told_to_whom_it_concerns(asked, reacting, stored, change, told):
    new = asked(**change)
    tell_of_silence(reacting(f"approvals/{new.id}"), lifecycle.ApprovalExpired.of(new))
    assert {notice.audience for notice in stored(Notification)} == told


def test_the_platforms_governor_hears_of_money_that_nobody_decided_on(asked, reacting, stored):
    new = asked(tenant="acme", type="financial", governor_scope="engagement", on_behalf_of="u1")
    told = lifecycle.ApprovalExpired.of(new)
    tell_of_silence(reacting(f"approvals/{new.id}", tenant="acme"), told)
    audiences = {notice.audience for notice in stored(Notification, "acme")}
    assert audiences == {"u1", "customer_admin"}
    (told,) = [one for one in stored(Notification) if one.subject == f"approvals/{new.id}"]
    assert (told.audience, told.tenant_id) == ("governor", "platform")


def test_what_cannot_be_undone_is_a_violation(call_as, reacting, stored):
    used = consume(approve(approval(reversibility="irreversible")), by=RUN, at=2)
    after = veto(used, by=GOVERNOR, at=3)
    with call_as(Role.GOVERNOR).transaction() as txn:
        record = decisions.record_veto(used, after, id="11111111-1111-4111-8111-111111111112")
        record = txn.create(record, VetoRecorded.of(record))
    watch_veto(reacting(f"vetoes/{record.id}"), VetoRecorded.of(record))
    [violation] = stored(OpenedViolation)
    assert violation.finding.code == "GOVERNOR-OVERRIDE"
    assert [entry.action for entry in stored(Entry)].count("violation.opened") == 1
    assert stored(Veto) == [record]
