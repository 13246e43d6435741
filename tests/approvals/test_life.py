"""Whatever happens to an approval, at whatever time, it takes no path that the rules do not know."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.actors import Role
from shared.approvals.events.lifecycle import decided
from shared.approvals.models.approvals import OPEN, ApprovalStatus, Consumer
from shared.approvals.rules import binding, chains, decisions, delegation, windows
from shared.approvals.rules.windows import REVIEW_WINDOW, VETO_WINDOW
from shared.errors import Refusal
from tests.approvals.questions import GOVERNOR, GUARDIAN, SERVICE, approval, minutes, needed, person
from tests.conftest import examples

S = ApprovalStatus
ENDS = {S.APPROVED, S.REJECTED, S.CHANGES_REQUESTED, S.VETOED, S.EXPIRED, S.CANCELLED}
PATHS = {(before, after) for before in OPEN for after in {*OPEN, *ENDS}}
PATHS |= {(S.APPROVED, S.CONSUMED), (S.APPROVED, S.VETOED), (S.APPROVED, S.EXPIRED)}
PATHS |= {(S.CONSUMED, S.CONSUMED)}
DEPUTY = person(Role.DEPUTY_GOVERNOR, signed_in=10_000)
CHAIN = {
    "name": "own",
    "steps": [
        {"roles": ["genesis", "systems_architect"], "mode": "all", "timeout_min": 300},
        {"roles": ["governor"]},
    ],
}
ASKED = [
    approval(),
    approval(gate="step", urgency="immediate"),
    approval(on_behalf_of=GOVERNOR.id),
    approval().model_copy(update={"concerned": (GOVERNOR.id,)}),
    approval(gate="stage-5"),
    approval(type="constitutional", gate="change"),
    approval(gate="step", chain=CHAIN),
]
PEOPLE = st.sampled_from(
    [
        GOVERNOR,
        GUARDIAN,
        SERVICE,
        DEPUTY,
        person(Role.GENESIS),
        person(Role.SYSTEMS_ARCHITECT),
        person(Role.GOVERNOR, id="g2", signed_in=10_000),
    ]
)
NAMES = st.sampled_from([GOVERNOR.id, DEPUTY.id, "g2", "somebody", SERVICE.id])
WAIT_MIN = st.sampled_from([1, 30, 100, 200, 239, 240, 1_440])
WORDS = st.sampled_from(["A reason of some length.", "Another reason of some length."])


class Life(RuleBasedStateMachine):
    """One approval, many hands."""

    @initialize(asked=st.sampled_from(ASKED))
    def ask(self, asked):
        self.now, self.path, self.used = 0, [asked], None
        self.timer = windows.following(asked, at=minutes(0))

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
        if after.open or after.status is S.APPROVED:
            self.timer = windows.following(after, at=minutes(self.now))
        self.path.append(after)

    @rule(by=PEOPLE, right=st.booleans())
    def approve(self, by, right):
        digest = self.current.action_digest if right else "f" * 64
        before = self.current
        self.attempt(decisions.approve, by=by, expected_digest=digest)
        assert right or self.current is before

    @rule(by=PEOPLE, reason=WORDS)
    def reject(self, by, reason):
        self.attempt(decisions.reject, by=by, reason=reason)

    @rule(by=PEOPLE)
    def request_changes(self, by):
        self.attempt(decisions.request_changes, by=by, changes=["Add a test."])

    @rule(by=PEOPLE, explanation=WORDS)
    def veto(self, by, explanation):
        self.attempt(decisions.veto, by=by, category="safety", explanation=explanation)

    @rule(by=PEOPLE)
    def cancel(self, by):
        self.attempt(decisions.cancel, by=by, reason="No longer wanted.")

    @rule(by=PEOPLE, to=NAMES, wait=WAIT_MIN)
    def delegate(self, by, to, wait):
        until = minutes(self.now + wait)
        self.attempt(delegation.delegate, by=by, to=to, reason="On leave today.", until=until)

    @rule(by=PEOPLE)
    def escalate(self, by):
        before = self.current
        self.attempt(delegation.escalate, by=by, reason="It cannot wait any longer.")
        assert self.current.expires_at == before.expires_at

    @rule(by=PEOPLE, wait=WAIT_MIN)
    def defer(self, by, wait):
        self.attempt(delegation.defer, by=by, until=minutes(self.now + wait))

    @rule(run=st.sampled_from(["r1", "r2"]), right=st.booleans())
    def consume(self, run, right):
        other = {} if right else {"subject": {**self.current.subject, "spec_hash": "f" * 64}}
        question = needed(self.current, **other)
        before = self.current
        self.attempt(binding.consume, by=Consumer(run_id=run, step_id="s"), question=question)
        if self.current is not before:
            assert right
            assert minutes(self.now) < before.expires_at
            assert self.used is None, "an approval is used once"
            self.used = run

    @rule()
    def confirm(self):
        before = self.current
        self.attempt(decisions.confirm)
        if self.current is not before:
            assert minutes(self.now) >= before.veto_until
            assert before.vetoed_at is None

    @rule(wait=WAIT_MIN)
    def pass_time(self, wait):
        self.now += wait

    @precondition(lambda self: self.timer[1] <= minutes(self.now))
    @rule()
    def promise(self):
        """Keep the one promise that there is; where it asks nobody new, it leads on by itself."""
        event, version = self.timer[0], self.timer[0].decision_version
        before = self.current
        if event.traits.action == "approval.mark_reached":
            told = self.current.requested_at
            self.attempt(delegation.remind, by=SERVICE, decision_version=version, told_at=told)
            if self.current is before and before.open and version == before.decision_version:
                self.timer = windows.following(before, at=minutes(self.now))
            assert self.current.expires_at == before.expires_at
        else:
            self.attempt(decisions.expire, decision_version=version)
            assert self.current.status not in {*OPEN, S.APPROVED}

    @invariant()
    def takes_known_paths_only(self):
        for before, after in zip(self.path, self.path[1:], strict=False):
            assert (before.status, after.status) in PATHS
            assert after.current_step - before.current_step in {0, 1}
            assert after.delegations[: len(before.delegations)] == before.delegations or any(
                one.taken_back_at for one in after.delegations
            )
            assert after.escalations[: len(before.escalations)] == before.escalations

    @invariant()
    def keeps_the_constitution(self):
        assert self.current.violations() == ()

    @invariant()
    def always_has_a_promise_that_holds(self):
        if self.current.open or self.current.status is S.APPROVED:
            assert self.timer[0].decision_version == self.current.decision_version
            assert self.timer[1] <= self.current.expires_at

    @invariant()
    def is_decided_by_the_right_people_in_time(self):
        for before, after in zip(self.path, self.path[1:], strict=False):
            if len(after.decisions) == len(before.decisions):
                continue
            said = after.last
            assert said.verb == "veto" or said.approver_id not in after.parties
            assert said.at < (before.expires_at if before.open else before.veto_until)
            if said.via != "governor":
                assert chains.for_substitutes(after)
                assert said.verb != "veto"
            if said.via == "vision_guardian_override":
                assert "80" in {one.trigger for one in before.escalations}
                assert chains.urgent_and_safe(after)
        if self.current.gate == "stage-5":
            assert self.current.status not in {S.APPROVED, S.CONSUMED}

    @invariant()
    def gives_more_time_to_review_what_others_decided(self):
        granted = next((one for one in self.path if one.status is S.APPROVED), None)
        if granted is not None:
            alone = {one.via for one in granted.decisions} == {"governor"}
            window = VETO_WINDOW if alone else REVIEW_WINDOW
            assert granted.veto_until == granted.decided_at + window

    @invariant()
    def rests_three_times_for_a_week_at_most(self):
        assert self.current.defer_count <= 3
        for one in self.current.deferrals:
            assert timedelta(hours=1) <= one.until - one.at <= timedelta(days=7)

    @invariant()
    def counts_one_vote_of_each_person(self):
        agreed = [one.approver_id for one in self.current.decisions if one.verb == "approve"]
        assert len(agreed) == len(set(agreed))

    @invariant()
    def tells_of_every_answer(self):
        for step in self.path:
            told = {S.APPROVED, S.REJECTED, S.CHANGES_REQUESTED, *OPEN}
            if step.decisions and step.last.verb != "veto" and step.status in told:
                assert decided(step).traits.action.startswith("approval.")


Life.TestCase.settings = settings(max_examples=examples(80), stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
