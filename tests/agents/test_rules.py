"""Whatever happens in whatever order, no stage is skipped."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.actors import PLATFORM, Actor, Role
from shared.agents.models.parts import STAGES
from shared.agents.models.runs import Check, Evidence, StageRecord
from shared.agents.rules import pipeline, verdicts
from shared.errors import Conflict, Refusal
from tests.conftest import NOON

RUN = "44444444-4444-4444-8444-444444444444"
AGENT = "55555555-5555-4555-8555-555555555555"
AUTHOR = Actor(id="author", tenant=PLATFORM, roles=frozenset({Role.AGENT_ORCHESTRATOR}))
GOVERNOR = Actor(id="governor", tenant=PLATFORM, roles=frozenset({Role.GOVERNOR}))
JUDGES = {
    stage: Actor(id=role.value, tenant=PLATFORM, roles=frozenset({role}))
    for stage, role in pipeline.EVALUATOR.items()
}


def opened():
    return pipeline.opened(
        job_role="JOB-HC-001",
        id=RUN,
        agent_id=AGENT,
        governance_agent_id="genesis",
        tenant=PLATFORM,
        by=AUTHOR,
        at=NOON,
    )


def enter(run, verdict, at):
    stage = run.current_stage
    checks = [Check(code="X-1", mode="judgement")] if stage in JUDGES else []
    return pipeline.entered(run, stage, checks=checks, at=at)


def judge(run, verdict, at):
    stage = run.current_stage
    judged = verdicts.judged(
        run,
        stage,
        code="X-1",
        verdict=verdict,
        rationale="because",
        patterns=(),
        makers=(),
        by=JUDGES.get(stage, GOVERNOR),
        at=at,
    )
    score = 100 if stage == 5 else None
    return pipeline.settled(judged, stage, review_id=AGENT, score=score, at=at)


def rule(run, verdict, at):
    record = run.stages[-1]
    waits = record.result == "escalated" or (record.stage == 6 and record.open)
    outcomes = {"pass": "approved", "fail": "rejected", "escalate": "changes_requested"}
    if run.over or not waits:
        return run
    return pipeline.ruled(run, approval_id=AGENT, outcome=outcomes[verdict], at=at)


def passes(stage):
    def act(run, verdict, at):
        record = run.stages[-1]
        return pipeline.passed(run, stage, at=at) if record.stage == stage and record.open else run

    return act


ACTED = {
    "submit": passes(2),
    "enter": enter,
    "judge": judge,
    "rule": rule,
    "deliver": passes(7),
    "send_back": lambda run, verdict, at: pipeline.sent_back(
        run, (), by=GOVERNOR, makers=(), at=at
    ),
    "wait": lambda run, verdict, at: (
        run if run.over else pipeline.overdue(run, at=at + timedelta(days=2))
    ),
}


ACTS = st.sampled_from(sorted(ACTED))
LIKELY = st.sampled_from(["submit", "enter", "judge", "enter", "judge", "rule", "deliver"])
VERDICTS = st.sampled_from(["pass", "pass", "pass", "pass", "fail", "escalate"])


@given(st.lists(st.tuples(st.one_of(LIKELY, ACTS), VERDICTS), max_size=60))
def test_no_path_skips_a_stage(path):
    run, at = opened(), NOON
    for act, verdict in path:
        at += timedelta(minutes=1)
        before = run
        try:
            run = ACTED[act](run, verdict, at)
        except Refusal:
            assert run is before
        assert run.violations() == ()
        assert run.current_stage <= before.current_stage + 1
        if before.over:
            assert run.over
    if run.status == "completed":
        assert all(run.passed(stage) is not None for stage in STAGES if stage > 1)


def test_the_straight_path_completes():
    run = opened()
    steps = [("submit", "pass"), *[("enter", "pass"), ("judge", "pass")] * 3]
    steps += [("enter", "pass"), ("rule", "pass"), ("enter", "pass"), ("deliver", "pass")]
    for act, verdict in steps:
        run = ACTED[act](run, verdict, NOON)
    assert run.status == "completed"


def test_a_run_that_goes_round_for_ever_is_stopped():
    run = opened()
    filler = StageRecord(stage=2, attempt=1, result="passed", started_at=NOON, ended_at=NOON)
    run = run.model_copy(update={"stages": (filler,) * 100})
    try:
        pipeline.entered(run, 2, checks=(), at=NOON)
    except Conflict as refusal:
        assert refusal.violations[0].rule == "too_many_rounds"
    else:
        raise AssertionError("it went round again")


def test_a_score_below_the_mark_is_a_concern_though_every_check_passed():
    run = opened().model_copy(update={"current_stage": 5})
    check = Check(code="ETH-1", mode="auto", passed=True)
    run = pipeline.entered(run, 5, checks=[check], at=NOON)
    settled = pipeline.settled(run, 5, review_id=AGENT, score=79, at=NOON)
    assert settled.stages[-1].failure_code == "ethics_concern"
    assert pipeline.settled(run, 5, review_id=AGENT, score=80, at=NOON).current_stage == 6


def test_a_run_that_skipped_a_stage_breaks_the_constitution():
    run = opened().model_copy(update={"current_stage": 4, "governance_agent_id": ""})
    assert {violation.rule for violation in run.violations()} == {"L0-07", "L0-01"}


def test_what_the_gates_left_is_bound_by_its_digest():
    evidence = Evidence(kind="ethics_clearance", ref="r", sha256="0" * 64)
    run = opened()
    assert pipeline.gate_results(run) != pipeline.gate_results(
        run.model_copy(update={"evidence": (evidence,)})
    )
