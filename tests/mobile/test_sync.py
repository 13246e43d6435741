"""A phone's queue of vetoes: each row of the table of results, each once."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.mobile.sync_vetoes import QueuedItems, sync_vetoes
from functions.mobile.unregister_device import unregister_device
from shared.actors import Role
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.vetoes import Veto
from shared.documents import Query
from shared.edge.keys import verify_ed25519
from shared.entity import written
from shared.errors import SelfApproval
from tests.approvals.questions import minutes
from tests.mobile.phone import Phone, approved, asked, stored

DAY = 60 * 24


@pytest.fixture
def phone(call_as):
    return Phone(call_as).register()


@pytest.fixture
def approval(call_as):
    return asked(call_as)


def sync(phone, *items, at=0, **body):
    return sync_vetoes(phone.call(at), QueuedItems(items=items, **body), verify_ed25519).results


def vetoes(documents):
    return [row.data for row in documents.find("platform", Query(Veto.collection))]


def test_the_first_valid_veto_is_applied(phone, approval, call_as, documents):
    (result,) = sync(phone, phone.queue(approval, at=1), at=30)
    assert (result.result, result.offline, result.approval_status) == ("applied", False, "vetoed")
    assert stored(call_as, Approval, approval.id).status == "vetoed"
    (veto,) = vetoes(documents)
    assert (veto["id"], veto["offline"]) == (result.veto_id, True)
    assert veto["decided_at"] == "2026-01-01T12:01:00.000Z"
    assert veto["received_at"] == "2026-01-01T12:30:00.000Z"


def test_the_same_key_again_is_a_duplicate_with_the_stored_answer(phone, approval, documents):
    item = phone.queue(approval)
    (first,) = sync(phone, item)
    (again,) = sync(phone, item, at=5)
    assert again == first.model_copy(update={"result": "duplicate"})
    assert len(vetoes(documents)) == 1


def test_a_queue_may_hold_one_item_twice(phone, approval, documents):
    item = phone.queue(approval)
    assert [one.result for one in sync(phone, item, item)] == ["applied", "duplicate"]
    assert len(vetoes(documents)) == 1


def test_what_the_platform_decided_meanwhile_counts(phone, approval, call_as):
    item = phone.queue(approval)
    reject_approval(
        call_as(Role.GOVERNOR, id="another", at=1), approval.id, Rejection(reason="not like this")
    )
    (result,) = sync(phone, item, at=2)
    assert (result.result, result.approval_status, result.decided) == (
        "superseded",
        "rejected",
        "reject",
    )


def test_a_second_veto_of_the_same_is_superseded(phone, approval):
    items = phone.queue(approval), phone.queue(approval, explanation="for another reason, too")
    assert [one.result for one in sync(phone, *items)] == ["applied", "superseded"]


def test_one_that_was_withdrawn_shows_as_it_stands(phone, call_as):
    gone = asked(call_as, status=ApprovalStatus.CANCELLED)
    (result,) = sync(phone, phone.queue(gone))
    assert (result.result, result.decided) == ("superseded", "cancelled")


def test_signed_inside_its_window_it_may_come_an_hour_late(phone, approval, call_as):
    done = approved(call_as, approval, at=1)
    item = phone.queue(done, at=DAY)
    (result,) = sync(phone, item, at=DAY + 1 + 60)
    assert (result.result, result.offline) == ("applied", True)
    assert stored(call_as, Approval, approval.id).status == "vetoed"


def test_later_it_opens_the_question_whether_to_roll_back_once(phone, approval, call_as, documents):
    done = approved(call_as, approval, at=1)
    item = phone.queue(done, at=DAY)
    (result,) = sync(phone, item, at=DAY + 1 + 61)
    assert result.result == "expired"
    asked_for = stored(call_as, Approval, result.rollback_approval_id)
    assert asked_for.open
    assert asked_for.approval_class == "agent.rollback:HC:JOB-HC-001"
    assert asked_for.requested_by == "governor"
    agreed = Agreement(expected_digest=asked_for.action_digest)
    with pytest.raises(SelfApproval):
        approve_approval(phone.call(at=DAY + 70), asked_for.id, agreed)
    deputy = call_as(Role.DEPUTY_GOVERNOR, id="dora", at=DAY + 70)
    assert approve_approval(deputy, asked_for.id, agreed).decided_by == "dora"
    assert stored(call_as, Approval, approval.id).status == "vetoed"
    assert stored(call_as, Approval, asked_for.id).status == "consumed"
    (veto,) = vetoes(documents)
    assert (veto["late"], veto["confirmed_through"]) == (True, asked_for.id)
    (again,) = sync(phone, item, at=DAY + 200)
    assert (again.result, again.rollback_approval_id) == ("duplicate", asked_for.id)


def test_signed_after_its_window_it_came_too_late(phone, approval, call_as):
    done = approved(call_as, approval, at=1)
    (result,) = sync(phone, phone.queue(done, at=DAY + 5), at=DAY + 6)
    assert result.result == "expired"


def test_an_open_request_whose_timer_is_late_is_still_vetoed(phone, approval):
    minutes = 240
    item = phone.queue(approval, at=minutes - 1)
    (result,) = sync(phone, item, at=minutes + 10)
    assert (result.result, result.offline) == ("applied", True)


def test_a_clock_that_is_a_little_off_is_corrected(phone, approval, documents):
    item = phone.queue(approval, at=0)
    sync(phone, item, at=5, sent_at="2026-01-01T12:02:00.000Z")
    assert vetoes(documents)[0]["decided_at"] == "2026-01-01T12:03:00.000Z"


def test_a_clock_that_is_far_off_is_not_believed(phone, approval, call_as, documents):
    done = approved(call_as, approval, at=1)
    item = phone.queue(done, at=DAY)
    far_off = "2026-01-02T11:00:00.000Z"
    (result,) = sync(phone, item, at=DAY + 10, sent_at=far_off)
    assert result.result == "expired"


def test_a_veto_of_the_future_counts_as_of_now(phone, approval, documents):
    sync(phone, phone.queue(approval, at=10), at=5)
    assert vetoes(documents)[0]["decided_at"] == "2026-01-01T12:05:00.000Z"


@pytest.mark.parametrize(
    ("registered", "signed", "counts_at"),
    [(0, -DAY, 30), (0, -31 * DAY, 30), (0, -3, 0), (20, 10, 30), (20, 17, 20), (20, 25, 25)],
)
def test_a_veto_is_not_older_than_the_question_nor_than_its_device(
    call_as, approval, documents, registered, signed, counts_at
):
    phone = Phone(call_as).register(at=registered)
    (result,) = sync(phone, phone.queue(approval, at=signed), at=30)
    assert (result.result, vetoes(documents)[0]["decided_at"]) == (
        *("applied", written(minutes(counts_at))),
    )
    after = stored(call_as, Approval, approval.id)
    assert (after.decided_at, after.vetoed_at) == (minutes(counts_at), minutes(30))


def test_a_device_that_came_after_the_window_says_nothing_inside_it(call_as, approval):
    done = approved(call_as, approval, at=1)
    phone = Phone(call_as).register(at=DAY + 10)
    (result,) = sync(phone, phone.queue(done, at=DAY), at=DAY + 11)
    assert result.result == "expired"
    assert stored(call_as, Approval, approval.id).status == "approved"


def test_whoever_may_not_veto_is_forbidden(call_as, approval):
    viewer = Phone(call_as, Role.VIEWER).register()
    (result,) = sync(viewer, viewer.queue(approval))
    assert (result.result, result.rule) == ("forbidden", "forbidden")


def test_another_scopes_governor_is_forbidden(call_as):
    theirs = Phone(call_as, Role.CUSTOMER_ADMIN).register()
    mine = asked(call_as)
    (result,) = sync(theirs, theirs.queue(mine))
    assert (result.result, result.rule) == ("forbidden", "not_governor")


def test_a_revoked_device_is_forbidden(phone, approval):
    item = phone.queue(approval)
    unregister_device(phone.call(), phone.device.id)
    assert sync(phone, item)[0].result == "forbidden"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"said": {"verb": "approve"}}, "bad_signature"),
        ({"said": {"card_hash": "1" * 64}}, "bad_signature"),
        ({"expected_digest": "1" * 64}, "stale_subject"),
        ({"life_min": 10 * DAY}, "signature_too_long"),
    ],
)
def test_a_signature_that_is_not_good_is_forbidden(phone, approval, change, rule):
    (result,) = sync(phone, phone.queue(approval, **change))
    assert (result.result, result.rule) == ("forbidden", rule)


def test_a_reused_nonce_is_forbidden_in_one_queue_or_another(phone, call_as):
    items = [phone.queue(asked(call_as), nonce="n" * 16) for _ in range(3)]
    results = [*sync(phone, *items[:2]), *sync(phone, items[2])]
    assert [one.result for one in results] == ["applied", "forbidden", "forbidden"]
    assert results[1].rule == "nonce_reused"


def test_a_key_is_for_one_veto(phone, call_as):
    items = [phone.queue(asked(call_as), key="k" * 16) for _ in range(2)]
    first, second = sync(phone, *items)
    assert (first.result, second.result) == ("applied", "invalid")


@pytest.mark.parametrize("verb", ["approve", "reject", "defer", None])
def test_nothing_but_vetoes_is_queued(phone, approval, verb):
    item = phone.queue(approval) | {"verb": verb}
    (result,) = sync(phone, item)
    assert (result.result, result.idempotency_key) == ("invalid", item["idempotency_key"])


def test_what_has_no_shape_is_invalid_and_the_others_go_on(phone, approval):
    broken = phone.queue(approval)
    broken.pop("explanation")
    results = sync(phone, {"idempotency_key": 7}, broken, phone.queue(approval))
    assert [one.result for one in results] == ["invalid", "invalid", "applied"]
    assert "explanation" in results[1].detail
    assert results[0].idempotency_key is None


@pytest.mark.parametrize(
    ("member", "value"),
    [("decided_at", 1767268800), ("decided_at", "2026-01-01T12:00:00"), ("explanation", 7)],
)
def test_what_is_queued_is_judged_like_a_request(phone, approval, member, value):
    (result,) = sync(phone, phone.queue(approval) | {member: value})
    assert (result.result, result.rule) == ("invalid", "schema")
    assert result.detail.startswith(f"{member}: ")


def test_what_does_not_exist_here_is_invalid(phone, call_as):
    theirs = asked(call_as, tenant="acme")
    (result,) = sync(phone, phone.queue(theirs))
    assert (result.result, result.rule) == ("invalid", "not_found")


def test_fifty_vetoes_are_one_commit_in_order(phone, call_as, documents):
    approvals = [asked(call_as) for _ in range(50)]
    call = phone.call(at=1, commits=False)
    body = QueuedItems(items=tuple(phone.queue(one) for one in approvals))
    results = sync_vetoes(call, body, verify_ed25519).results
    assert [one.result for one in results] == ["applied"] * 50
    assert len(call.writes) <= 500
    documents.commit(call.writes)
    assert all(stored(call_as, Approval, one.id).status == "vetoed" for one in approvals)


def test_an_old_sign_in_does_not_matter_to_a_signed_queue(world):
    body = {"items": [{"verb": "veto"}]}
    answer = world.call(sync_vetoes, "/v1/mobile/sync", body, as_="governor", signed_in_min_ago=50)
    assert answer.status_code == 200
    assert answer.json["results"][0]["result"] == "invalid"
