"""What a deployment is simulated with is the graph, in any size, and its quotas hold."""

import pytest

from benchmarks import bill, months, release, shapes
from benchmarks.release import DONE, QUOTAS, done, engine, grown
from benchmarks.rollout import rolled_out
from benchmarks.shapes import FUNCTIONS, INDEX
from infra import functions, passes
from infra.watching import ALERTS

REAL = "the program"
BEFORE = "an image for each"


@pytest.fixture(scope="module", params=[REAL, BEFORE])
def steps(request, prod):
    return shapes.of(prod) if request.param == REAL else shapes.before()


def number(steps, *kinds):
    return sum(step.kind in kinds for step in steps)


@pytest.mark.parametrize("size", [100, 161, 430])
def test_another_size_has_so_many_functions_with_all_that_is_theirs(steps, size):
    sized = shapes.sized(steps, size)
    assert number(sized, *FUNCTIONS) == size
    names = {step.name for step in sized}
    assert len(names) == len(sized)
    ratio = size / number(steps, *FUNCTIONS)
    for kind in (INDEX, "pubsub.SubscriptionIAMMember"):
        assert number(sized, kind) == pytest.approx(ratio * number(steps, kind), rel=0.15), kind
    for kind in ("serviceaccount.Account", "pubsub.Topic", "apigateway.Gateway"):
        assert number(sized, kind) == number(steps, kind), kind
    known = {step.name for step in steps}
    assert {name for step in sized for name in step.after & (known | names)} <= known | names


def test_what_comes_again_waits_for_its_own_and_is_waited_for(steps):
    function, theirs = max(shapes.owned(steps).items(), key=lambda one: len(one[1]))
    sized = {step.name: step for step in shapes.sized(steps, 2 * number(steps, *FUNCTIONS))}
    for step in theirs:
        again = sized[f"{step.name} 2"]
        assert again.kind == step.kind
        assert (f"{function} 2" in again.after) == (function in step.after)
        assert function not in again.after
    for step in steps:
        if function in step.after and step not in theirs:
            assert f"{function} 2" in sized[step.name].after


def test_one_more_function_brings_its_own_an_index_and_the_routes(steps):
    larger, more = grown(steps, 161)
    assert number(larger, *FUNCTIONS) == 162
    made = [step for step in larger if step.name in more]
    assert number(made, *FUNCTIONS) == number(made, INDEX) == 1
    assert number(made, "apigateway.Gateway") >= 1


@pytest.mark.parametrize(("what", "image_s"), DONE)
def test_more_functions_never_take_less_time(steps, what, image_s):
    took = [
        done(what, steps, size, engine(10), image_s).minutes for size in (80, 161, 240, 430, 600)
    ]
    assert took == sorted(took)
    assert took[0] < took[-1]


def test_no_quota_is_exceeded(steps):
    on = engine(40, saving_s=0)
    sized = shapes.sized(steps, 430)
    spans = rolled_out(sized, on)
    for quota in QUOTAS:
        taken = [
            (spans[step.name].began, quota.takes[step.kind], on.seconds[step.kind])
            for step in sized
            if step.kind in quota.takes
        ]
        for moment, _, _ in taken:
            held = sum(
                units
                for began, units, took in taken
                if began <= moment < began + (quota.window_s or took)
            )
            assert held <= quota.most + 1e-9, quota.name


def test_what_is_limited_and_what_takes_long_is_what_there_is(prod):
    kinds = {step.kind for step in [*shapes.of(prod), *shapes.before()]}
    named = {kind for quota in QUOTAS for kind in quota.takes}
    named |= release.ASSUMED.keys() | release.REPORTED.keys() | shapes.FOUNDATIONS
    assert not named - kinds


def test_an_alert_is_made_ten_minutes_after_its_figure(prod):
    """So long a figure may be unknown to Monitoring."""
    steps = shapes.of(prod)
    foundations, rest = release.first(steps, engine(10), image_s=release.IMAGE_S).passes
    apart_s = release.IMAGE_S + release.KEYS_S + release.PASS_S
    over = max(span.ended for span in foundations.values())
    for step in steps:
        if step.kind == "monitoring.AlertPolicy":
            figures = [foundations[name] for name in step.after if "logging/metric:Metric" in name]
            assert figures
            known = max(span.ended for span in figures)
            assert over - known + apart_s + rest[step.name].began >= 600


def test_what_is_billed_is_what_is_given():
    given = bill.PROVISION
    assert (given.vcpu, given.boost) == (float(functions.CPU), functions.BOOST)
    assert given.gib == int(functions.MEMORY.removesuffix("Mi")) / 1024
    assert given.warm == functions.WARM
    assert len(ALERTS) == months.CONDITIONS


def test_the_passes_are_those_of_a_deployment(prod):
    simulated, made = shapes.foundations(shapes.of(prod)), set(passes.foundations(prod))
    assert simulated <= made
    # For the image: its builder, what that may do, and the bucket of its source.
    kinds = {one.type for one in prod if one.urn in made - simulated}
    assert kinds <= {"storage.Bucket", "serviceaccount.Account", "projects.IAMMember"} | {
        "storage.BucketIAMMember",
        "artifactregistry.RepositoryIamMember",
        "projects.IAMCustomRole",
    }
    assert len(made - simulated) < 15
    assert release.WORKERS == passes.AT_ONCE
