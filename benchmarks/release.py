"""
Simulate how long a deployment takes, by the program's own graph and what Google publishes as quotas.

    python -m benchmarks.release --functions 161,430

Each step takes what is assumed or was reported for its kind, waits for what the graph says, for one of the engine's
workers and for room in the quotas (`rollout.py`); then the same with a build for each function, as it was before
(`shapes.py`). What cannot be known here is said beside it.
"""

import argparse
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks.bill import PROVISION
from benchmarks.report import SCALING, show
from benchmarks.rollout import Engine, Quota, Span, Step, rolled_out
from benchmarks.shapes import FUNCTIONS, INDEX, before, foundations, now, sized

BUILDS_MIN = (2, 3, 7)
"""How long a function takes whose image is built: reports say from two to seven minutes."""

WORKERS, WORKERS_BEFORE = 10, 16
"""What `infra deploy` asks for; without, Pulumi takes four for each processor, of which a runner of GitHub has four."""

SAVING_S = 1.0
"""Saving the state in a bucket once (pulumi/pulumi#10960 reports one to three seconds for 600 resources)."""

PASS_S = 30
"""The program is run, the state read and the providers started; assumed, of which the program takes ten here."""

IMAGE_S = 180
"""Upload, build with Google's buildpack, push: assumed."""

PROMOTED_S = 30
"""The image of the stack before is copied by its digest: assumed."""

KEYS_S = 20
"""The writer keys that lack are made: assumed."""

REPORTED = {"apigateway.ApiConfig": 107, "apigateway.Gateway": 63}
"""Seconds that somebody reported, of a gateway for being changed (hashicorp/terraform-provider-google#8532)."""

ASSUMED: dict[str, float] = {
    "apigateway.Api": 100,
    "apigateway.Gateway": 210,
    "artifactregistry.Repository": 10,
    "cloudfunctionsv2.Function": 180,
    "cloudrunv2.Service": 20,
    "eventarc.Trigger": 120,
    "firebase.Project": 30,
    "firestore.Database": 30,
    "firestore.Field": 240,
    INDEX: 150,
    "projects.IAMMember": 8,
    "projects.Service": 30,
    "workflows.Workflow": 15,
}
"""Seconds of what takes long, in a database with little in it; an index of a large collection takes up to an hour."""

OTHERWISE_S = 5.0

RUN_WRITES = "writes to Cloud Run a minute"
QUOTAS = (
    Quota(
        RUN_WRITES,
        60,
        {
            "cloudrunv2.Service": 1,
            "cloudrunv2.ServiceIamBinding": 1,
            "cloudrunv2.ServiceIamMember": 1,
            "cloudfunctionsv2.Function": 2,
        },
        "the default in two projects that state it; a function takes two",
        60,
    ),
    Quota(
        "vCPU in a region",
        20,
        {
            "cloudrunv2.Service": PROVISION.starting_vcpu,
            "cloudfunctionsv2.Function": PROVISION.vcpu,
        },
        "firebase/firebase-tools#11001; each new revision starts an instance",
    ),
    Quota(
        "builds at once",
        30,
        {"cloudfunctionsv2.Function": 1},
        "<https://cloud.google.com/build/quotas>: 10 to 30",
    ),
    Quota(
        "writes to Cloud Functions in 100 s",
        80,
        {"cloudfunctionsv2.Function": 1},
        "<https://cloud.google.com/functions/quotas-1st-gen>",
        100,
    ),
    Quota(
        "indexes begun a minute",
        60,
        {INDEX: 1},
        "assumed: some 60 at once were too many in terraform-google-modules/terraform-google-cloud-datastore#22",
        60,
    ),
    Quota(
        "changes of the project's policy a minute",
        60,
        {"projects.IAMMember": 1},
        "assumed",
        60,
    ),
)


class _Seconds(dict[str, float]):
    def __missing__(self, kind: str) -> float:
        return OTHERWISE_S


def engine(workers: int, build_min: float = 3, saving_s: float = SAVING_S) -> Engine:
    """Return what steps are done by."""
    seconds = _Seconds(REPORTED | ASSUMED)
    seconds["cloudfunctionsv2.Function"] = build_min * 60
    return Engine(workers, seconds, QUOTAS, saving_s)


@dataclass(frozen=True)
class Deployment:
    """How long one takes, in seconds, by its parts."""

    image_s: float
    passes: Sequence[dict[str, Span]]

    @property
    def minutes(self) -> float:
        """The whole, without the watch after it."""
        return (self.image_s + sum(PASS_S + _end(spans.values()) for spans in self.passes)) / 60


def first(steps: Sequence[Step], on: Engine, *, image_s: float) -> Deployment:
    """Return the first deployment in a project: foundations, image, keys, everything."""
    made = foundations(steps)
    early = [step for step in steps if step.name in made]
    rest = [replace(step, works=step.name not in made) for step in steps]
    spans = [rolled_out(part, on) for part in (early, rest)]
    return Deployment(image_s + KEYS_S, spans)


def release(
    steps: Sequence[Step], on: Engine, *, image_s: float, more: Collection[str] = ()
) -> Deployment:
    """Return a deployment of other code: every function changes, what is *more* is made, all else stays."""
    on = replace(on, seconds=_Seconds({**on.seconds, **REPORTED}))
    steps = [replace(step, works=step.kind in FUNCTIONS or step.name in more) for step in steps]
    return Deployment(image_s, [{}, rolled_out(steps, on)])


def grown(steps: Sequence[Step], functions: int) -> tuple[list[Step], set[str]]:
    """Return a program with one more function and one more index than so many, and what must be made for them."""
    smaller = sized(steps, functions)
    indexes = sum(step.kind == INDEX for step in smaller)
    larger = sized(steps, functions + 1, indexes + 1)
    known = {step.name for step in smaller}
    routes = {
        step.name for step in larger if step.kind in {"apigateway.ApiConfig", "apigateway.Gateway"}
    }
    return larger, {step.name for step in larger if step.name not in known} | routes


def _end(spans: Iterable[Span]) -> float:
    return max((span.ended for span in spans), default=0.0)


DONE = (
    ("first deployment", IMAGE_S),
    ("release of other code", IMAGE_S),
    ("the same with a new function, its route and an index", IMAGE_S),
    ("the same code to the next stack", PROMOTED_S),
    ("roll-back", 0),
)
"""What is done, and how long it takes until there is an image."""


def done(what: str, steps: Sequence[Step], size: int, on: Engine, image_s: float) -> Deployment:
    """Return how long something takes with so many functions."""
    if what == "first deployment":
        return first(sized(steps, size), on, image_s=image_s)
    if "a new function" in what:
        larger, more = grown(steps, size)
        return release(larger, on, image_s=image_s, more=more)
    return release(sized(steps, size), on, image_s=image_s)


def compared(
    steps: Sequence[Step], one_each: Sequence[Step], sizes: Sequence[int]
) -> list[list[str]]:
    """Return how long each takes in either design, and in each size."""
    rows = []
    for size in sizes:
        for what, image_s in DONE:
            new = done(what, steps, size, engine(WORKERS), image_s).minutes
            old = [
                done(what, one_each, size, engine(WORKERS_BEFORE, build), 0).minutes
                for build in BUILDS_MIN
            ]
            shown = " / ".join(f"{each:.0f}" for each in old)
            rows.append([str(size), what, shown, f"{new:.1f}", f"{old[1] / new:.1f} ×"])
    return rows


def bounds(steps: Sequence[Step], sizes: Sequence[int]) -> list[list[str]]:
    """Return how long a first deployment and a release take where something else holds them."""
    swift = engine(20, saving_s=0.3)
    others = {f"as above: {WORKERS} at once, saving in {SAVING_S:g} s": engine(WORKERS)}
    others |= {f"saving in {s:g} s": engine(WORKERS, saving_s=s) for s in (0.3, 3)}
    others |= {"20 at once": engine(20), "20 at once, saving in 0.3 s": swift}
    for quota in QUOTAS:
        if not quota.takes.keys() <= {"cloudfunctionsv2.Function"}:
            rest = [one for one in QUOTAS if one is not quota]
            others[f"the same, no limit of {quota.name}"] = replace(swift, quotas=rest)
    return [
        [
            name,
            *(
                f"{done(what, steps, size, on, image_s).minutes:.1f}"
                for size in sizes
                for what, image_s in DONE[:2]
            ),
        ]
        for name, on in others.items()
    ]


def waves(steps: Sequence[Step], size: int) -> list[list[str]]:
    """Return when each wave of a release with a new route begins and ends, in its second pass."""
    larger, more = grown(steps, size)
    spans = release(larger, engine(WORKERS), image_s=0, more=more).passes[-1]
    services = [step for step in larger if step.kind in FUNCTIONS]
    canary = min(services, key=lambda step: spans[step.name].ended)
    found: dict[str, list[Span]] = {}
    for step in larger:
        if step.name in more or step.kind in FUNCTIONS:
            wave = "the first function" if step is canary else _WAVES.get(step.kind, _LAST)
            found.setdefault(wave, []).append(spans[step.name])
    return [
        [
            wave,
            str(len(found[wave])),
            f"{min(one.began for one in found[wave]) / 60:.1f}",
            f"{_end(found[wave]) / 60:.1f}",
        ]
        for wave in (*dict.fromkeys([_WAVES[INDEX], "the first function", *_WAVES.values()]), _LAST)
        if wave in found
    ]


_LAST = "who may call it, what calls it"
_WAVES = {
    INDEX: "indexes",
    "cloudrunv2.Service": "all other functions",
    "apigateway.ApiConfig": "routes",
    "apigateway.Gateway": "routes",
}


def main() -> None:
    """Simulate, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", default="161,430")
    sizes = [int(part) for part in parser.parse_args().functions.split(",")]
    steps, one_each = now(), before()
    functions = sum(step.kind in FUNCTIONS for step in steps)
    show(
        "Deployments, simulated",
        (
            "functions",
            "what",
            "minutes, an image for each (2 / 3 / 7 a build)",
            "one image",
            "ratio",
        ),
        compared(steps, one_each, sizes),
        _SIMULATED.format(
            functions=functions, steps=len(steps), workers=WORKERS, before=WORKERS_BEFORE
        ),
        SCALING,
    )
    show(
        "What holds a deployment",
        ("where", *(f"{size}: {what}" for size in sizes for what, _ in DONE[:2])),
        bounds(steps, sizes),
        _BOUNDS,
        SCALING,
    )
    show(
        "The waves of a release",
        ("wave", "resources", "begins, min", "over, min"),
        waves(steps, sizes[-1]),
        _WAVED.format(size=sizes[-1]),
        SCALING,
    )
    quotas = [[f"{one.name}: {one.most:g}", one.source] for one in QUOTAS]
    seconds = [[f"{kind}: {s:g} s", _REPORTS[kind]] for kind, s in REPORTED.items()]
    seconds += [[f"{kind}: {s:g} s", "assumed"] for kind, s in ASSUMED.items()]
    show("What a deployment is simulated with", ("what", "from"), quotas + seconds, _GIVEN, SCALING)


_REPORTS = {
    "apigateway.ApiConfig": "hashicorp/terraform-provider-google#8532",
    "apigateway.Gateway": "the same, where there is one already",
}

_SIMULATED = """\
Pulumi's rules over the real graph of production ({functions} functions, {steps} resources), with the quotas and seconds below, without the watch of 15 minutes. Other sizes: functions are \
left out or come again with all that is theirs alone, and indexes in proportion; accounts, topics, secrets and the gateway stay. An image for each is the program of 890069e, {before} at once as \
Pulumi does by itself, if it could have been deployed; its archive of before was gone, so it is built again to go back. One image: {workers} at once. The ratio is to builds of 3 minutes."""

_BOUNDS = """\
Minutes with one image. With ten at once no quota is met, as each start takes 2 vCPU of 20 (startup boost), and a first deployment is held by the indexes and by saving the state: keep its bucket \
near whoever deploys. More at once helps only once the quota of vCPU is larger."""

_WAVED = "With {size} functions, a new one, its route and an index; from the start of the second pass. Routes go live when all they lead to is there."

_GIVEN = """\
What is not listed takes 5 s. A deployment has two passes of Pulumi, each with 30 s before its first step; an image takes 180 s, one that is copied 30 s, the first keys 20 s (assumed). \
The state is saved twice for each resource that changes, one saving after the other, a second each (pulumi/pulumi#10960 reports one to three). Who comes too early for a quota waits \
exactly as long as it needs: the provider's own pauses are longer."""

if __name__ == "__main__":
    main()
