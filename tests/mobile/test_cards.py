"""What a phone lists to be decided: what is alike on one card, and what is held back on none."""

from functions.approvals.create_approval import create_approval
from functions.approvals.list_approvals import ApprovalQuery, list_approvals
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.mobile.list_approval_cards import CardQuery, list_approval_cards
from shared.actors import Role
from shared.approvals.actions import workload
from tests import answered
from tests.approvals.questions import EXAMPLE, request
from tests.conftest import DEPLOYMENT


def asked(call_as, n, **changes):
    subject = EXAMPLE["subject"] | {"spec_hash": f"{n:064x}"}
    call = call_as(Role.SERVICE, at=n / 1000)
    return answered.body(
        create_approval(call, request(**{"subject": subject} | changes), DEPLOYMENT)
    )


def test_what_is_alike_is_one_card_and_what_is_held_back_none(call_as, monkeypatch):
    monkeypatch.setattr(workload, "MAX_OPEN", 5)
    alike = [asked(call_as, n) for n in range(3)]
    other = [asked(call_as, 10 + n, approval_class=f"agent.deploy:HC:J-{n}") for n in range(3)]
    held = [one for one in other if one.held_back]
    assert len(held) == 1
    found = list_approval_cards(call_as(Role.GOVERNOR, at=1), CardQuery())
    assert [(one.approval_id, one.alike) for one in found.items] == [
        (alike[0].id, 3),
        *((one.id, 1) for one in other if not one.held_back),
    ]
    cursor, paged = None, []
    while True:
        page = list_approval_cards(call_as(Role.GOVERNOR, at=1), CardQuery(limit=1, cursor=cursor))
        paged += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == list(found.items)
    every = ApprovalQuery(group_key=found.items[0].group_key)
    assert list_approvals(call_as(Role.GOVERNOR), every).items == tuple(alike)
    reject_approval(call_as(Role.GOVERNOR, at=1), alike[0].id, Rejection(reason="It is too early."))
    first = list_approval_cards(call_as(Role.GOVERNOR, at=1), CardQuery()).items[0]
    assert (first.approval_id, first.alike) == (alike[1].id, 2)
