"""The engine that a deployment is simulated with: what waits does wait, and no quota is ever exceeded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rollout import Engine, Quota, Step, minutes, rolled_out

WRITES = Quota("writes", 6, {"write": 1, "double": 2}, "", window_s=60)
ROOM = Quota("room", 4, {"write": 1, "double": 2}, "")
SECONDS = {"write": 7, "double": 11, "free": 3}


def steps_of(*rows):
    """Return steps, each of a kind, with how far before it those are that it waits for."""
    return [
        Step(f"{n}", kind, frozenset(f"{n - back}" for back in backs if back <= n), works)
        for n, (kind, backs, works) in enumerate(rows)
    ]


def equal(number, kind="write"):
    return steps_of(*[(kind, (), True)] * number)


def chain(*kinds):
    return steps_of(*((kind, (1,), True) for kind in kinds))


any_steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(SECONDS)),
        st.sets(st.integers(1, 6), max_size=3),
        st.sampled_from([True, True, False]),
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: steps_of(*rows))
any_engine = st.builds(
    Engine,
    workers=st.integers(1, 12),
    seconds=st.just(SECONDS),
    quotas=st.sampled_from([[], [WRITES], [ROOM], [WRITES, ROOM]]),
    saving_s=st.sampled_from([0, 1]),
)


@given(any_steps, any_engine)
def test_nothing_begins_before_what_it_waits_for_is_done(steps, engine):
    spans = rolled_out(steps, engine)
    for step in steps:
        took = SECONDS[step.kind] if step.works else 0
        assert spans[step.name].ended >= spans[step.name].began + took
        assert all(spans[name].ended <= spans[step.name].began for name in step.after)


@given(any_steps, any_engine)
def test_no_quota_and_no_number_of_workers_is_exceeded(steps, engine):
    spans = rolled_out(steps, engine)
    steps = [step for step in steps if step.works]
    at_work = [
        (spans[step.name].began, spans[step.name].began + SECONDS[step.kind]) for step in steps
    ]
    for moment, _ in at_work:
        assert sum(began <= moment < ended for began, ended in at_work) <= engine.workers
    for quota in engine.quotas:
        units = [quota.takes.get(step.kind, 0) for step in steps]
        for moment, _ in at_work:
            window = [
                unit
                for unit, (began, ended) in zip(units, at_work, strict=True)
                if (
                    moment - quota.window_s < began <= moment
                    if quota.window_s
                    else began <= moment < ended
                )
            ]
            assert sum(window) <= quota.most


@given(any_steps, any_engine)
def test_a_quota_or_a_state_to_save_never_makes_it_faster(steps, engine):
    free = Engine(len(steps), SECONDS)
    assert minutes(steps, engine) >= minutes(steps, free)


def test_a_chain_takes_the_sum_of_its_steps():
    steps = chain("write", "free", "double")
    assert minutes(steps, Engine(8, SECONDS)) == pytest.approx(21 / 60)
    assert minutes(steps, Engine(8, SECONDS, saving_s=1)) == pytest.approx((21 + 6) / 60)


def test_what_has_nothing_to_do_takes_no_time_and_no_worker_and_is_waited_through():
    steps = [Step("a", "free"), Step("b", "double", frozenset({"a"}), works=False)]
    steps.append(Step("c", "free", frozenset({"b"})))
    assert minutes(steps, Engine(1, SECONDS, saving_s=1)) == pytest.approx(10 / 60)


@pytest.mark.parametrize(
    ("quotas", "saving_s", "took_s"),
    [
        ((), 0, 7 * 2),
        ([WRITES], 0, 60 * 3 + 7),  # six a minute: the last of twenty begin in the fourth
        ([ROOM], 0, 7 * 5),  # four at once
        ((), 1, 40),  # the state is saved forty times
    ],
)
def test_twenty_equal_steps_take_what_their_bound_says(quotas, saving_s, took_s):
    engine = Engine(10, SECONDS, quotas, saving_s)
    assert minutes(equal(20), engine) == pytest.approx(took_s / 60, abs=2 / 60)


def test_a_circle_is_found():
    steps = [Step("a", "free", frozenset({"b"})), Step("b", "free", frozenset({"a"}))]
    with pytest.raises(ValueError, match="2 steps wait for each other"):
        rolled_out(steps, Engine(1, SECONDS))
