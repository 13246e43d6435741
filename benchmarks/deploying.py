"""What deploying takes in a month, over all three stacks, at three paces; and what a build for each function would take."""

from dataclasses import dataclass

from benchmarks.bill import BY_ID, PROVISION, Bill

FUNCTIONS = len(BY_ID)
MANY = 430
"""How many functions there may be once the catalogue has grown; the simulated deployments have as many (release.py)."""

IMAGE_GIB = 0.13
"""One image: Google's base, Python and what is installed."""

CHANGED_GIB = 0.03
"""What of it is another one with each merge: the rest is the same layers."""

OWN_GIB = 0.06
"""An image of a function's own, likewise without what it shares."""

IMAGE_MIN, FUNCTION_MIN = 3, 2
"""How long a build takes: of the one image, and of one function's."""

STATE_GIB, SAVES = 2 / 1024, 2
"""What Pulumi saves twice for each function that changes; the bucket keeps each version for a month."""

STATE_OPERATIONS = 3
"""To save the state lists, copies and writes."""

BUILD_LOG_GIB = 0.2 / 1024
"""All these are assumed, not measured."""


@dataclass(frozen=True)
class Pace:
    """How often something is deployed in a month: each merge to dev, each release to staging and to production."""

    name: str
    merges: int
    releases: int

    @property
    def deployments(self) -> int:
        """How often a stack changes, of all three."""
        return self.merges + 2 * self.releases


PACES = (Pace("few", 2, 1), Pace("normal", 20, 2), Pace("fast", 200, 8))


def one_image(pace: Pace, functions: int = FUNCTIONS) -> Bill:
    """Return what a month of deployments takes: one build a merge, and its digest for the other stacks."""
    kept = [max(10, 3 * each) for each in (pace.merges, pace.releases, pace.releases)]
    return _saved(pace, functions) + Bill(
        build_min=pace.merges * IMAGE_MIN,
        image_gib=sum(IMAGE_GIB + CHANGED_GIB * (images - 1) for images in kept),
        egress_gib=2 * pace.releases * IMAGE_GIB,
        log_gib=pace.merges * BUILD_LOG_GIB,
    )


def build_each(pace: Pace, functions: int = FUNCTIONS) -> Bill:
    """Return what it would take with a build of each function in each stack, kept three times and for a month."""
    builds = pace.deployments * functions
    kept = sum(max(3, each) for each in (pace.merges, pace.releases, pace.releases))
    return _saved(pace, functions) + Bill(
        build_min=builds * FUNCTION_MIN,
        image_gib=kept * functions * OWN_GIB,
        log_gib=builds * BUILD_LOG_GIB,
    )


def _saved(pace: Pace, functions: int) -> Bill:
    """Return what it takes to save the state, and to start each function once with what is new."""
    changes = pace.deployments * functions
    saves = SAVES * changes
    seconds = changes * PROVISION.start_s
    return Bill(
        files=saves * STATE_OPERATIONS,
        bucket_gib=saves * STATE_GIB,
        vcpu_s=seconds * PROVISION.starting_vcpu,
        gib_s=seconds * PROVISION.gib,
    )
