"""Races for the answer to a question: everybody reads it open, then they commit in some order."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.expire_approval import expire_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from shared.actors import PLATFORM, Role
from shared.approvals.events.lifecycle import ApprovalDeadline, ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Attention
from shared.documents import Contended, Documents, Key, Write
from shared.errors import AlreadyDecided, Expired
from shared.store import Transaction
from tests.approvals.questions import WHY, approval

LAST_MINUTE, OVER = 239.9, 240
STATUS = {
    "approve": "approved",
    "reject": "rejected",
    "request_changes": "changes_requested",
    "veto": "vetoed",
    "cancel": "cancelled",
    "expire": "expired",
}
SILENT = {"cancel", "expire"}
"""Ends that are no decisions."""

BATCH = 50


@dataclass
class Race:
    """One question, and everybody who wants to end it."""

    asked: Approval
    documents: Documents
    call_as: Callable[..., Any]
    reacting: Callable[..., Any]
    won: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def attempt(self, verb: str) -> Any:
        """Read, decide, and stop before the commit; a refusal is an answer."""
        id, why = self.asked.id, Rejection(reason=WHY)
        role = Role.SERVICE if verb == "cancel" else Role.GOVERNOR
        name = "service:workflows" if verb == "cancel" else ""
        call = self.call_as(role, id=name, at=LAST_MINUTE, commits=False)
        if verb == "expire":
            call = self.reacting(f"approvals/{id}", at=OVER, commits=False)
        if verb == "approve":
            approve_approval(call, id, Agreement(expected_digest=self.asked.action_digest))
        elif verb == "reject":
            reject_approval(call, id, why)
        elif verb == "request_changes":
            request_approval_changes(call, id, WantedChanges(changes=["Add a test."]))
        elif verb == "veto":
            create_veto(call, Objection(approval_id=id, category="safety", explanation=WHY))
        elif verb == "cancel":
            cancel_approval(call, id, Withdrawal(reason="It is no longer needed."))
        else:
            expire_approval(call, ApprovalDeadline(decision_version=0))
        return call.writes

    def run(self, verbs: Sequence[str]) -> None:
        """Let everybody read first and commit afterwards; who comes too late looks again."""
        ready = [(verb, self.attempt(verb)) for verb in verbs]
        for verb, writes in ready:
            try:
                self.documents.commit(writes)
                self.won.append(verb)
            except Contended:
                self.told[verb] = self.again(verb)

    def again(self, verb: str) -> Any:
        """Do what the kernel does for whoever came too late: run it once more."""
        try:
            writes = self.attempt(verb)
        except (AlreadyDecided, Expired) as refusal:
            return refusal
        self.documents.commit(writes)
        return writes

    def judge(self) -> str:
        """Hold the race to its claims, and return who won."""
        (winner,) = self.won
        snapshot = self.documents.get(Key(PLATFORM, Approval.collection, self.asked.id))
        assert snapshot is not None
        after = Approval.model_validate(snapshot.data)
        objected = winner == "approve" and "veto" in self.told
        assert after.status == ("vetoed" if objected else STATUS[winner])
        assert after.decision_version == 1 + objected
        said = [winner, *(["veto"] if objected else [])]
        assert [d.verb for d in after.decisions] == [v for v in said if v not in SILENT]
        for verb, answer in self.told.items():
            if verb == "expire":
                kinds = {write.key.collection for write in answer}
                assert kinds <= {"dues"}, "a deadline has no effect on what is decided"
            elif objected and verb == "veto":
                assert len(answer) == 4, "an objection to what was approved is no second decision"
            elif winner == "expire":
                assert isinstance(answer, Expired)
            else:
                assert isinstance(answer, AlreadyDecided)
                first = {"veto", winner} if objected else {winner}
                assert answer.members["decided"] in first
                assert answer.members["decided_at"]
        return winner


def hold(
    count: int,
    documents: Documents,
    call_as: Callable[..., Any],
    reacting: Callable[..., Any],
    *,
    verbs: Sequence[str],
    seed: int,
) -> Counter[str]:
    """
    Hold that many races and return how often everybody won.

    Most are between two, the others between all, each in an order of its own.
    """
    random, wins = Random(seed), Counter[str]()
    while wins.total() < count:
        for asked in put(documents, call_as, min(BATCH, count - wins.total())):
            order = random.sample(verbs, random.choice([2, 2, 2, len(verbs)]))
            race = Race(asked, documents, call_as, reacting)
            race.run(order)
            wins[race.judge()] += 1
    return wins


def fresh(txn: Transaction, id: str) -> Approval:
    """Return a new question."""
    new: Approval = approval()
    return new.model_copy(update={"id": id})


def put(
    documents: Documents,
    call_as: Callable[..., Any],
    count: int,
    question: Callable[[Transaction, str], Approval] = fresh,
) -> list[Approval]:
    """Put questions, many in one commit."""
    kept, writes = [], []
    for _ in range(count):
        call = call_as(Role.SERVICE, commits=False)
        with call.transaction() as txn:
            new = question(txn, call.new_id())
            kept.append(txn.create(new, ApprovalRequested.of(new)))
        writes += call.writes
    seen = {one.id: one.requested_at for one in kept}
    for who in ("governor", "asha", "ben"):
        read = Attention(id=who, opened=seen)
        writes.append(Write(Key(PLATFORM, Attention.collection, who), read.to_stored()))
    documents.commit(writes)
    return kept
