"""Whatever happens to an approval, at whatever time, it takes no path that the rules do not know."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.approvals import rules
from shared.approvals.events import decided
from shared.approvals.models import ApprovalStatus, Consumer
from shared.errors import Refusal
from shared.identity import Role
from tests.approvals.questions import GOVERNOR, GUARDIAN, SERVICE, approval, minutes, person

S = ApprovalStatus
PATHS = {
    (S.PENDING, S.APPROVED),
    (S.PENDING, S.REJECTED),
    (S.PENDING, S.CHANGES_REQUESTED),
    (S.PENDING, S.VETOED),
    (S.PENDING, S.EXPIRED),
    (S.PENDING, S.CANCELLED),
    (S.APPROVED, S.CONSUMED),
    (S.APPROVED, S.VETOED),
    (S.APPROVED, S.EXPIRED),
}
ASKED = [
    approval(),
    approval(on_behalf_of=GOVERNOR.id),
    approval(gate="stage-5"),
    approval(type="constitutional", gate="change"),
]
PEOPLE = st.sampled_from(
    [GOVERNOR, GUARDIAN, SERVICE, person(Role.GOVERNOR, id="g2", signed_in=10_000)]
)
WAIT_MIN = st.sampled_from([1, 30, 200, 239, 240, 1_440])
WORDS = st.sampled_from(["A reason of some length.", "Another reason of some length."])


class Life(RuleBasedStateMachine):
    """One approval, many hands."""

    @initialize(asked=st.sampled_from(ASKED))
    def ask(self, asked):
        self.now, self.path, self.timers = 0, [asked], [(asked.expires_at, 0)]

    @property
    def current(self):
        return self.path[-1]

    def attempt(self, act, **how):
        """Try something; a refusal is a correct answer of no, and changes nothing."""
        try:
            after = act(self.current, at=minutes(self.now), **how)
        except Refusal:
            return
        if after is self.current:
            return
        assert after.decision_version == self.current.decision_version + 1
        assert after.decisions[: len(self.current.decisions)] == self.current.decisions
        if act is rules.approve:
            self.timers.append((after.expires_at, after.decision_version))
        self.path.append(after)

    @rule(by=PEOPLE, right=st.booleans())
    def approve(self, by, right):
        digest = self.current.action_digest if right else "f" * 64
        before = self.current
        self.attempt(rules.approve, by=by, expected_digest=digest)
        assert right or self.current is before

    @rule(by=PEOPLE, reason=WORDS)
    def reject(self, by, reason):
        self.attempt(rules.reject, by=by, reason=reason)

    @rule(by=PEOPLE)
    def request_changes(self, by):
        self.attempt(rules.request_changes, by=by, changes=["Add a test."])

    @rule(by=PEOPLE, explanation=WORDS)
    def veto(self, by, explanation):
        self.attempt(rules.veto, by=by, category="safety", explanation=explanation)

    @rule(by=PEOPLE)
    def cancel(self, by):
        self.attempt(rules.cancel, by=by, reason="No longer wanted.")

    @rule(run=st.sampled_from(["r1", "r2"]), right=st.booleans())
    def consume(self, run, right):
        digest = self.current.action_digest if right else "f" * 64
        before = self.current
        self.attempt(rules.consume, by=Consumer(run_id=run, step_id="s"), action_digest=digest)
        if self.current is not before:
            assert right
            assert minutes(self.now) < before.expires_at

    @rule(wait=WAIT_MIN)
    def pass_time(self, wait):
        self.now += wait

    @precondition(lambda self: any(at <= minutes(self.now) for at, _ in self.timers))
    @rule()
    def deadline(self):
        due = [timer for timer in self.timers if timer[0] <= minutes(self.now)]
        self.timers = [timer for timer in self.timers if timer not in due]
        for _, version in due:
            self.attempt(rules.expire, decision_version=version)
        assert self.current.status not in {S.PENDING, S.APPROVED} or self.timers

    @invariant()
    def takes_known_paths_only(self):
        for before, after in zip(self.path, self.path[1:], strict=False):
            if before.status is after.status:
                assert before.current_step + 1 == after.current_step
            else:
                assert (before.status, after.status) in PATHS

    @invariant()
    def keeps_the_constitution(self):
        assert self.current.violations() == ()

    @invariant()
    def is_decided_by_the_right_people_in_time(self):
        for decision in self.current.decisions:
            assert decision.approver_id not in {SERVICE.id, self.current.requested_by}
            day = minutes(24 * 60) - minutes(0)
            granted = [step.decided_at for step in self.path if step.status is S.APPROVED]
            late = granted[0] + day if granted and decision.verb == "veto" else None
            assert decision.at < (late or self.path[0].expires_at)
        if self.current.gate == "stage-5":
            assert self.current.status not in {S.APPROVED, S.CONSUMED}

    @invariant()
    def tells_of_every_answer(self):
        for step in self.path:
            if (
                step.decisions
                and step.last.verb != "veto"
                and step.status
                in {
                    S.PENDING,
                    S.APPROVED,
                    S.REJECTED,
                    S.CHANGES_REQUESTED,
                }
            ):
                assert decided(step).traits.action.startswith("approval.")


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
