"""What a deployment consists of: the program as it is, the one with a build for each function, and either in another size."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from benchmarks.rollout import Step
from infra.graph import IMAGE, Resource, planned

FUNCTIONS = frozenset({"cloudfunctionsv2.Function", "cloudrunv2.Service"})
INDEX = "firestore.Index"
GOLDEN = (5**0.5 - 1) / 2

BEFORE = (
    ("service", "projects.Service", 31, ""),
    ("account", "serviceaccount.Account", 17, ""),
    ("role", "projects.IAMCustomRole", 3, ""),
    ("may", "projects.IAMMember", 44, "account role"),
    ("acts", "serviceaccount.IAMMember", 2, "account"),
    ("pool", "iam.WorkloadIdentityPool", 1, ""),
    ("provider", "iam.WorkloadIdentityPoolProvider", 1, "pool"),
    ("secret", "secretmanager.Secret", 7, ""),
    ("reads", "secretmanager.SecretIamMember", 8, "secret account"),
    ("ring", "kms.KeyRing", 1, ""),
    ("key", "kms.CryptoKey", 1, "ring"),
    ("encrypts", "kms.CryptoKeyIAMMember", 1, "key"),
    ("source", "storage.Bucket", 1, ""),
    ("archive", "storage.BucketObject", 1, "source"),
    ("bucket", "storage.Bucket", 3, "key"),
    ("uses", "storage.BucketIAMMember", 15, "bucket account"),
    ("database", "firestore.Database", 1, ""),
    ("index", INDEX, 61, "database"),
    ("field", "firestore.Field", 8, "database"),
    ("backup", "firestore.BackupSchedule", 2, "database"),
    ("rules", "firebaserules.Ruleset", 1, "database"),
    ("released", "firebaserules.Release", 1, "rules"),
    ("api", "apigateway.Api", 1, ""),
    ("config", "apigateway.ApiConfig", 1, "api account"),
    ("managed", "projects.Service", 1, "api"),
    ("web", "projects.ApiKey", 1, "managed"),
    ("gateway", "apigateway.Gateway", 1, "config"),
    ("repository", "artifactregistry.Repository", 1, ""),
    ("agent", "projects.ServiceIdentity", 1, ""),
    ("topic", "pubsub.Topic", 15, ""),
    ("publishes", "pubsub.TopicIAMMember", 17, "topic account agent"),
    ("keeps", "pubsub.Subscription", 5, "topic uses"),
    ("workflow", "workflows.Workflow", 1, "gateway account"),
    ("firebase", "firebase.Project", 1, ""),
    ("app", "firebase.WebApp", 1, "firebase"),
    ("site", "firebase.HostingSite", 1, "app"),
    ("sign-in", "identityplatform.Config", 1, "firebase"),
    ("channel", "monitoring.NotificationChannel", 1, ""),
    ("figure", "logging.Metric", 4, ""),
    ("alert", "monitoring.AlertPolicy", 6, "figure channel"),
    ("dashboard", "monitoring.Dashboard", 1, ""),
    ("hot", "logging.ProjectBucketConfig", 1, ""),
    ("sink", "logging.ProjectSink", 1, "bucket"),
    ("budget", "billing.Budget", 1, "channel"),
)
"""
What the program of 890069e declares besides its functions, by what it is: its type, how many there are, and what each waits
for, one of each row. All wait for all services.
"""

_FUNCTION = ("function", "cloudfunctionsv2.Function", "gateway repository archive secret account")
_GRANT = ("grant", "cloudrunv2.ServiceIamMember", "function account")
_PUSH = ("push", "pubsub.Subscription", "function topic account")
_BROKER = ("broker", "pubsub.SubscriptionIAMMember", "push agent")
BEFORE_FUNCTIONS = (
    (127, (_FUNCTION, _GRANT)),
    (10, (_FUNCTION, _GRANT, ("called", "cloudrunv2.ServiceIamMember", "function account"))),
    (63, (_FUNCTION, _GRANT, _PUSH, _BROKER)),
    (9, (_FUNCTION, _GRANT, ("job", "cloudscheduler.Job", "function account"))),
    (1, (_FUNCTION, _GRANT)),
)
"""How many functions it has of each form, with what is theirs alone: operations, those that workflows call, reactions, schedules."""


def before() -> list[Step]:
    """Return the program that has a function built for each operation, as it was recorded."""
    rows: dict[str, list[str]] = {}
    steps: list[Step] = []

    def add(row: str, kind: str, waits: str, number: int, own: Mapping[str, str]) -> str:
        name = f"{row} {number}"
        after = {own.get(one) or rows[one][number % len(rows[one])] for one in waits.split()}
        services = rows.get("service", []) if row != "service" else []
        steps.append(Step(name, kind, frozenset(after | set(services))))
        return name

    for row, kind, count, waits in BEFORE:
        rows[row] = [add(row, kind, waits, number, {}) for number in range(count)]
    number = 0
    for count, parts in BEFORE_FUNCTIONS:
        for _ in range(count):
            own: dict[str, str] = {}
            for row, kind, waits in parts:
                own[row] = add(row, kind, waits, number, own)
            number += 1
    return steps


def now() -> list[Step]:
    """Return the program as it is, of production."""
    return of(planned("prod", IMAGE, {"waooaw:repository": "owner/name"}))


def of(resources: Iterable[Resource]) -> list[Step]:
    """Return the steps of a graph; what is looked up takes no time."""
    return [Step(one.urn, one.type, one.after, not one.looked_up) for one in resources]


def sized(steps: Sequence[Step], functions: int, indexes: int | None = None) -> list[Step]:
    """
    Return the same with another number of functions.

    Functions are left out, or come again under another name, in turn, with all that is theirs alone (who may invoke them,
    their subscription, their schedule), and indexes likewise, without a number in the same proportion. Whoever waits for
    what comes again waits for both. What there is once stays once: accounts, topics, secrets, buckets, the gateway.
    """
    own = owned(steps)
    kinds = Counter(step.kind for parts in own.values() for step in parts)
    have = sum(step.kind in FUNCTIONS for step in steps)
    usual = [parts for parts in own.values() if all(kinds[step.kind] > 1 for step in parts)]
    there = [[step] for step in steps if step.kind == INDEX]
    indexes = round(len(there) * functions / have) if indexes is None else indexes
    return _changed(_changed(steps, usual, functions - have), there, indexes - len(there))


def owned(steps: Sequence[Step]) -> dict[str, list[Step]]:
    """Return of each function what is there for it alone; the one that all others wait for is nobody's."""
    functions = {step.name for step in steps if step.kind in FUNCTIONS}
    behind = _behind(steps)
    first = {
        name for name in functions if all(name in behind[one] for one in functions if one != name)
    }
    own: dict[str, list[Step]] = {name: [] for name in sorted(functions - first)}
    for step in steps:
        of = ({step.name} | behind[step.name]) & functions - first
        if len(of) == 1:
            own[of.pop()].append(step)
    return own


FOUNDATIONS = frozenset(
    {
        "artifactregistry.Repository",
        "secretmanager.Secret",
        "firestore.Database",
        "logging.Metric",
    }
)
"""What is made first, besides the services, so that an image can be built and keys be kept."""


def foundations(steps: Sequence[Step]) -> set[str]:
    """Return the names of what is made first, with whatever it waits for."""
    behind = _behind(steps)
    chosen = {step.name for step in steps if step.kind in FOUNDATIONS}
    chosen |= {
        step.name
        for step in steps
        if step.kind == "projects.Service" and not behind[step.name] & behind.keys()
    }
    return chosen.union(*(behind[name] for name in chosen)) & behind.keys()


def _behind(steps: Sequence[Step]) -> dict[str, frozenset[str]]:
    """Return all that each step waits for, at whatever distance."""
    after = {step.name: step.after for step in steps}
    behind: dict[str, frozenset[str]] = {}

    def of(name: str) -> frozenset[str]:
        if name not in behind:
            nearest = after[name] & after.keys()
            behind[name] = nearest.union(*map(of, nearest))
        return behind[name]

    for name in after:
        of(name)
    return behind


def _changed(steps: Sequence[Step], parts: Sequence[Sequence[Step]], more: int) -> list[Step]:
    if more < 0:
        # Of those that have the same, as many in a hundred are left out as of all.
        alike = sorted(parts, key=lambda part: sorted(step.kind for step in part))
        left_out = {step.name for n in _spread(-more, len(alike)) for step in alike[n]}
        return [step for step in steps if step.name not in left_out]
    copies: dict[str, list[str]] = {}
    new: list[Step] = []
    for n in range(more):
        again = {step.name: f"{step.name} {n // len(parts) + 2}" for step in parts[n % len(parts)]}
        for step in parts[n % len(parts)]:
            after = frozenset(again.get(name, name) for name in step.after)
            new.append(replace(step, name=again[step.name], after=after))
            copies.setdefault(step.name, []).append(again[step.name])
    theirs = {step.name for part in parts for step in part}
    return [*(one if one.name in theirs else _with(one, copies) for one in steps), *new]


def _with(step: Step, copies: Mapping[str, Sequence[str]]) -> Step:
    more: Iterable[str] = (copy for name in step.after for copy in copies.get(name, ()))
    return replace(step, after=step.after.union(more))


def _spread(number: int, of: int) -> list[int]:
    """Return so many of them, spread over all; of fewer each is among those of more."""
    return sorted(range(of), key=lambda n: n * GOLDEN % 1)[:number]
