"""Every text is held against the record when it is shown, whatever became of what it is about."""

import re
from datetime import timedelta
from typing import get_args

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.defer_approval import Rest, defer_approval
from functions.approvals.expire_approval import expire_approval
from functions.approvals.notify_governor import notify_governor
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from functions.approvals.tell_of_silence import tell_of_silence
from functions.approvals.tell_of_veto import tell_of_veto
from functions.mobile.get_approval_detail import get_approval_detail
from functions.mobile.get_dashboard import get_dashboard
from functions.mobile.list_notifications import InboxQuery, list_notifications
from functions.mobile.notify_escalation import notify_escalation
from functions.mobile.notify_violation import notify_violation
from functions.mobile.push_notification import push_notification
from shared.actors import Role
from shared.approvals.events.lifecycle import (
    ApprovalDeadline,
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalRequested,
)
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.entity import written
from shared.mobile.rules import subjects
from shared.notifications.actions.telling import tell
from shared.notifications.events import NotificationSent
from shared.notifications.models import Kind
from shared.notifications.rules import claims
from shared.notifications.rules.notices import CLAIM, notice, saying
from shared.violations.actions import opening
from shared.violations.events import ViolationOpened
from shared.violations.models import Finding, OpenedViolation
from shared.violations.rules import lifecycle as violations
from tests.approvals.questions import WHY
from tests.conftest import NOON
from tests.mobile.phone import Phone, asked, stored

END = 250.0
"""After the deadline, in minutes."""


class Life:
    """A question, what everybody is told of it, and what becomes of it."""

    def __init__(self, call_as, reacting, **changes):
        self.call_as, self.reacting = call_as, reacting
        self.asked = asked(call_as, on_behalf_of="asha", **changes)
        at = f"approvals/{self.asked.id}"
        self.subject = at
        notify_governor(reacting(at), ApprovalRequested.of(self.asked))
        told = ApprovalEscalated(level=1, to=(Role.DEPUTY_GOVERNOR,), trigger="50")
        notify_escalation(reacting(at, at=1), told)

    def now(self):
        return stored(self.call_as, Approval, self.asked.id)

    def governor(self, at=2.0):
        return self.call_as(Role.GOVERNOR, id="ben", at=at)

    def approve(self):
        approve_approval(
            self.governor(), self.asked.id, Agreement(expected_digest=self.asked.action_digest)
        )

    def veto(self, at=3.0):
        veto = create_veto(
            self.call_as(Role.GOVERNOR, id="carl", at=at),
            Objection(approval_id=self.asked.id, category="safety", explanation=WHY),
        )
        tell_of_veto(self.reacting(f"vetoes/{veto.id}", at=at), VetoRecorded.of(veto))

    def reject(self):
        reject_approval(self.governor(), self.asked.id, Rejection(reason=WHY))

    def send_back(self):
        wanted = WantedChanges(changes=["Add a test."])
        request_approval_changes(self.governor(), self.asked.id, wanted)

    def withdraw(self):
        cancel_approval(
            self.call_as(Role.ADMIN, id="asha", at=2), self.asked.id, Withdrawal(reason=WHY)
        )

    def expire(self):
        before = self.now()
        event = ApprovalDeadline(decision_version=before.decision_version)
        late = (before.expires_at - NOON).total_seconds() / 60
        expire_approval(self.reacting(self.subject, at=late), event)
        tell_of_silence(self.reacting(self.subject, at=late), ApprovalExpired.of(self.now()))

    def defer(self):
        defer_approval(
            self.governor(), self.asked.id, Rest(missing_evidence=["A report of a test"])
        )

    def never_begin(self):
        self.approve()
        self.expire()

    def veto_the_yes(self):
        self.approve()
        self.veto()

    def wait(self):
        """Let nothing happen."""

    def told(self, *roles, id, at):
        """Return what somebody's inbox shows, and their badge."""
        return list_notifications(self.call_as(*roles, id=id, at=at), InboxQuery(limit=100))


ENDS = [
    Life.wait,
    Life.approve,
    Life.reject,
    Life.send_back,
    Life.veto,
    Life.withdraw,
    Life.expire,
    Life.defer,
    Life.never_begin,
    Life.veto_the_yes,
]
WAITS = re.compile("waits for you|is missing|asks you to decide|Still open")
READERS = [((Role.GOVERNOR,), "ben"), ((Role.DEPUTY_GOVERNOR,), "dora"), ((), "asha"), ((), "ben")]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("later", [4.0, END])
def test_whatever_became_of_it_every_text_says_what_is(call_as, reacting, end, later):
    life = Life(call_as, reacting)
    end(life)
    record = life.now()
    now = life.governor(later).now
    waits = record.open and now < record.expires_at
    for roles, id in READERS:
        box = life.told(*roles, id=id, at=later)
        for one in box.items:
            text = f"{one.title} {one.body}"
            assert bool(WAITS.search(text)) <= waits, text
            assert ("Nobody" not in text) or record.status == "expired", text
            assert ("Nobody answered" not in text) or not record.answers, text
            for instant in re.findall(r"\d{4}-[0-9T:.-]+Z", text if waits else ""):
                assert instant == written(record.expires_at)
            claim = one.claim or CLAIM[one.kind]
            assert one.over is not subjects.told(record).so(claim, now)
        held = [one for one in box.items if not one.over and one.read_at is None]
        assert box.unread == len(held)
    badge = get_dashboard(call_as(Role.GOVERNOR, id="ben", at=later)).unread_notifications
    assert badge == life.told(Role.GOVERNOR, id="ben", at=later).unread
    detail = get_approval_detail(life.governor(later), record.id)
    assert detail.card_matches
    if record.open:
        assert detail.card["expires_at"] == written(detail.deadlines.answer_by)


def test_whoever_approved_is_told_of_the_veto_and_not_that_nobody_answered(call_as, reacting):
    for end, said in ((Life.veto_the_yes, "carl vetoed it"), (Life.never_begin, "nobody began it")):
        life = Life(call_as, reacting)
        end(life)
        shown = [one.body for one in life.told(Role.GOVERNOR, id="ben", at=END).items]
        assert any(said in body for body in shown), shown


def test_whoever_answered_in_time_is_not_told_that_nobody_did(call_as, reacting):
    life = Life(call_as, reacting, type="constitutional", gate="change")
    life.approve()
    assert life.now().open
    life.expire()
    for roles, id in [*READERS, ((Role.VISION_GUARDIAN,), "vera")]:
        shown = " ".join(one.body for one in life.told(*roles, id=id, at=END * 10).items)
        assert "Nobody" not in shown
        assert ("Not everybody who must agree answered in time" in shown) or not roles


def test_every_kind_of_notice_declares_what_it_claims():
    assert set(CLAIM) == set(get_args(Kind))


def test_what_is_over_is_not_pushed(call_as, reacting, push):
    phone = Phone(call_as, Role.GOVERNOR, id="ben").register()
    life = Life(call_as, reacting)
    (one,) = [
        n for n in life.told(Role.GOVERNOR, id="ben", at=2).items if n.kind == "approval_pending"
    ]
    sent = NotificationSent(kind=one.kind, channel="inbox")
    life.reject()
    push_notification(reacting(f"notifications/{one.id}", at=3), sent, push)
    assert push.messages == []
    assert phone.device.user_id == "ben"


def test_a_veto_signed_before_a_deferral_still_counts(call_as, reacting):
    from functions.mobile.veto_on_phone import veto_on_phone
    from shared.edge.keys import verify_ed25519
    from shared.mobile.models.queue import SignedVeto
    from tests.mobile.phone import OBJECTION

    phone = Phone(call_as, Role.GOVERNOR, id="ben").register()
    life = Life(call_as, reacting)
    body = SignedVeto.model_validate(phone.sign(life.asked, "veto", at=2, **OBJECTION))
    life.defer()
    assert life.now().card_hash != life.asked.card_hash
    veto_on_phone(phone.call(at=3), life.asked.id, body, verify_ed25519)
    assert life.now().status == "vetoed"


def test_what_an_agent_was_is_not_told_as_what_it_is(call_as):
    one = notice(
        "agent_status",
        tenant="platform",
        audience="governor",
        subject="agents/a1",
        title="Suspended: Writer",
        body="The reason: x.",
        at=NOON,
    )
    with call_as(Role.SERVICE).transaction() as txn:
        tell(txn, saying("suspended", one))
    (shown,) = list_notifications(call_as(Role.GOVERNOR), InboxQuery()).items
    assert (shown.title, shown.over) == ("Suspended: Writer", False)


FINDING = Finding(
    type="ethics", code="ETH-UNCLEAR", severity="high", description="Nobody knows.", actor_id="x"
)


@pytest.mark.parametrize(
    ("status", "over", "words"),
    [
        ("open", False, "Answer for it until 2026-01-01T12:30:00.000Z."),
        ("acknowledged", True, "ben answers for it until 2026-01-01T12:30:00.000Z."),
        ("dismissed", True, "It was dismissed at 2026-01-01T12:00:00.000Z."),
    ],
)
def test_a_notice_of_a_violation_says_how_it_is_dealt_with(call_as, reacting, status, over, words):
    new = violations.opened(FINDING, tenant="platform", occasion="o", by="x", at=NOON)
    with call_as(Role.SERVICE).transaction() as txn:
        kept = opening.open_violation(txn, new)
    event = ViolationOpened(
        type="ethics", code="ETH-UNCLEAR", severity="high", agent_id=None, automatic_response="none"
    )
    notify_violation(reacting(f"violations/{kept.id}"), event)
    changes = {"status": status, "owner": "ben"}
    changes |= {"closed_at": NOON} if status == "dismissed" else {}
    with call_as(Role.SERVICE).transaction() as txn:
        before = txn.get(OpenedViolation, kept.id)
        after = before.model_copy(update=changes)
        txn.save(after, violations.updated(after))
    box = list_notifications(call_as(Role.GOVERNOR), InboxQuery())
    (shown,) = box.items
    assert (shown.over, box.unread) == (over, int(not over))
    assert words in shown.body
    assert "none" not in shown.body


def test_what_is_over_does_not_wait_beside_what_says_nothing_of_it_and_is_looked_up_once(
    call_as, documents, monkeypatch
):
    new = violations.opened(FINDING, tenant="platform", occasion="o", by="x", at=NOON)
    with call_as(Role.SERVICE).transaction() as txn:
        kept = opening.open_violation(txn, new)
    about = {"tenant": "platform", "audience": "governor", "subject": f"violations/{kept.id}"}
    for n, claim in enumerate(("unsettled", "unsettled", None)):
        at = NOON + timedelta(minutes=n)
        one = notice("announcement", occasion=str(n), title="t", body="b", at=at, **about)
        with call_as(Role.SERVICE).transaction() as txn:
            tell(txn, saying(claim, one))
    with call_as(Role.SERVICE).transaction() as txn:
        after = txn.get(OpenedViolation, kept.id)
        after = after.model_copy(update={"status": "dismissed", "closed_at": NOON})
        txn.save(after, violations.updated(after))
    looked, get_all = [], documents.get_all
    monkeypatch.setattr(documents, "get", None)
    monkeypatch.setattr(documents, "get_all", lambda keys: looked.append(keys) or get_all(keys))

    box = list_notifications(call_as(Role.GOVERNOR), InboxQuery())

    assert [one.over for one in box.items].count(True) == 2
    assert box.unread == 1
    assert [[key.id for key in keys] for keys in looked] == [[kept.id]]


def test_a_veto_that_is_carried_out_after_all_is_told_so(call_as, reacting):
    life = Life(call_as, reacting)
    life.veto_the_yes()
    with call_as(Role.SERVICE).transaction() as txn:
        (veto,) = txn.all(Veto, approval_id=life.asked.id)
    late = veto.model_copy(update={"effect_completed_at": None})
    page = notice(
        "constitutional_violation",
        tenant="platform",
        audience="governor",
        subject=f"vetoes/{veto.id}",
        title="A veto is not carried out",
        body="Its effect was to be complete.",
        at=NOON,
    )
    page = saying("not_undone", page)
    assert claims.seen(page, subjects.told(late), NOON).title == page.title
    done = claims.seen(page, subjects.told(veto), NOON)
    assert (done.title, done.over) == ("A veto is carried out", True)
