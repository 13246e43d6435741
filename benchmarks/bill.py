"""What a run, an agent's creation and a decision take, as Google bills it: counts of the meter, and a provision."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.counts import COUNTED, Measured
from benchmarks.prices import PRICES, TIB
from shared.edge.catalog import catalog, reactions
from shared.edge.meter import MESSAGE_BYTES
from shared.operation import Operation
from shared.outside import Acting
from shared.reaction import Reaction

ROUND_TRIP_MS = 10
"""How long Firestore takes for one request within the region: assumed, not measured."""

BOOSTED_VCPU = 2
"""
What an instance of at most one vCPU has while it starts, and for ten seconds after, where its start is boosted, and what
it is charged for (https://docs.cloud.google.com/run/docs/configuring/services/cpu).
"""


@dataclass(frozen=True)
class Provision:
    """What every function is given, and what its start from cold takes of that."""

    vcpu: float
    gib: float
    cold_cpu_s: float
    """CPU of this machine from the start of a process to its first answer."""

    boost: bool = False
    """Whether a start has more CPU than what follows."""

    warm: frozenset[str] = frozenset()
    """The functions that keep an instance."""

    @property
    def times(self) -> float:
        """How much longer a function computes than on a whole processor of this machine; it has one thread."""
        return 1 / min(self.vcpu, 1)

    @property
    def starting_vcpu(self) -> float:
        """How much of a processor a start has."""
        return max(self.vcpu, BOOSTED_VCPU) if self.boost else self.vcpu

    @property
    def start_s(self) -> float:
        """How long a start from cold takes, once the image is there."""
        return self.cold_cpu_s / min(self.starting_vcpu, 1)


PROVISION = Provision(
    vcpu=0.2,
    gib=160 / 1024,
    cold_cpu_s=0.21,
    boost=True,
    warm=frozenset(
        {
            "approvals.approve_approval",
            "approvals.create_veto",
            "mobile.approve_on_phone",
            "mobile.veto_on_phone",
        }
    ),
)
"""What infra/functions.py gives, and what the dearest function took (docs/performance.md)."""


class Bill(dict[str, float]):
    """How many units of each item of the price table."""

    def __missing__(self, item: str) -> float:
        return 0.0

    def __add__(self, other: Mapping[str, float]) -> "Bill":
        return Bill({item: self[item] + other.get(item, 0.0) for item in {**self, **other}})

    def times(self, number: float) -> "Bill":
        """Return it so many times over."""
        return Bill({item: units * number for item, units in self.items()})


def usd(bill: Mapping[str, float], *, free: bool = False) -> float:
    """Return what a bill comes to, in dollars; *free* takes off what each month is free."""
    return sum(PRICES[item].of(units, free=free) for item, units in bill.items())


def tenths(
    id: str, count: Mapping[str, Any], cpu_ms: Mapping[str, float], given: Provision = PROVISION
) -> int:
    """Return how many tenths of a second a run is billed, which rounds them up."""
    trips = (count["reads"] or 1) + count["index_reads"] + count["publishes"]
    trips += count["files"] + (1 if count["writes"] or count["deletes"] else 0)
    took_ms: float = cpu_ms.get(id, 1.0) * given.times + trips * ROUND_TRIP_MS
    return max(1, math.ceil(took_ms / 100))


def billed(
    id: str, count: Mapping[str, Any], cpu_ms: Mapping[str, float], given: Provision = PROVISION
) -> Bill:
    """Return what a run takes, without what follows from it."""
    seconds = tenths(id, count, cpu_ms, given) / 10
    return Bill(
        invocations=1,
        vcpu_s=seconds * given.vcpu,
        gib_s=seconds * given.gib,
        reads=(count["reads"] or 1) + count["index_reads"],
        writes=count["writes"],
        deletes=count["deletes"],
        files=count["files"],
        expiries=1 if count["writes"] and id in _NOTED else 0,
    )


_NOTED = {
    one.id for one in catalog() if isinstance(one, Operation) or (one.on and not one.repeatable)
}
"""What keeps an answer or a note beside what it writes, which is deleted by age."""

_LISTENERS = Counter(one.topic for one in reactions() if one.topic)
"""How many subscriptions each topic has: a message is billed to each, also where its filter drops it."""

RELAY = "events.publish_entry"


def entries(found: Measured, signatures: int, given: Provision = PROVISION) -> Bill:
    """Return what it takes to publish so many entries, and to keep them in the tap."""
    bill = billed(RELAY, found["relay"], found["cpu_ms"], given).times(signatures)
    bill["message_tib"] = bill["tapped_tib"] = signatures * MESSAGE_BYTES / TIB
    return bill


def creation(found: Measured, given: Provision = PROVISION) -> dict[str, Bill]:
    """Return what the creation of one agent takes, by what takes it."""
    job, cpu_ms = found["main_job"], found["cpu_ms"]
    parts: dict[str, Bill] = {
        "the workflow's steps": Bill(steps=job["steps"]),
        "its waits for callbacks": Bill(external_steps=job["external_steps"]),
        "looks at the release": Bill(),
        "looks at the rules in force": Bill(),
        "functions that answer": Bill(gateway_calls=job["requests_of_people"]),
        "functions that react": Bill(),
    }
    # Whoever asks is looked up once, unless the instance knows them from the last minute.
    parts["functions that answer"]["reads"] = job["requests_of_people"] * job["reads_for_who_asks"]
    signatures, due_runs = 0, 0
    for id, count in job["functions"].items():
        one = BY_ID[id]
        name = "functions that answer" if isinstance(one, Operation) else "functions that react"
        name = "looks at the release" if id == "agents.probe_release" else name
        runs = count["runs"]
        mean = {kind: count[kind] / runs for kind in COUNTED}
        parts[name] += billed(id, mean, cpu_ms, given).times(runs)
        parts["looks at the rules in force"] += looked(found, one, given).times(runs)
        signatures += count["signatures"]
        due_runs += runs if not isinstance(one, Operation) and one.due else 0
    parts["entries, published and kept"] = entries(found, signatures, given)
    # A promise is handed over until it is kept, here at once; by the schedule it is once, mostly.
    sent = {"dues": due_runs * MESSAGE_BYTES}
    sent |= {topic: n for topic, n in job["message_bytes"].items() if topic not in {"tap", "dues"}}
    delivered = sum(size * (1 + _LISTENERS[topic]) for topic, size in sent.items())
    parts["messages"] = Bill(message_tib=delivered / TIB, reads=due_runs)
    return parts


BY_ID = {one.id: one for one in catalog()}

_LOOK = "edge.enforcement"


def looked(found: Measured, one: Operation | Reaction, given: Provision = PROVISION) -> Bill:
    """
    Return what it takes before a run to see which rules are in force, where that is asked: by what is decided or acts.

    No run is taken to find an earlier look that still holds, as functions of a small month do not.
    """
    decided = isinstance(one, Operation) and one.mutates
    if not decided and not any(Acting in port.__mro__ for port in one.ports.values()):
        return Bill()
    reads, seconds = (
        found["main_job"]["reads_for_the_rules"],
        found["cpu_ms"][_LOOK] * given.times / 1000,
    )
    return Bill(reads=reads, vcpu_s=seconds * given.vcpu, gib_s=seconds * given.gib)


def decision(found: Measured, given: Provision = PROVISION) -> Bill:
    """Return what one decision of a Governor takes: the question, a look, the answer, what follows."""
    bill, signatures = Bill(gateway_calls=3), 0
    for id, count in deciding(found).items():
        mean = {kind: count[kind] / count["runs"] for kind in COUNTED}
        run = billed(id, mean, found["cpu_ms"], given) + looked(found, BY_ID[id], given)
        bill += run.times(count["runs"])
        signatures += count["signatures"]
    return bill + entries(found, signatures, given)


def deciding(found: Measured) -> Mapping[str, Mapping[str, int]]:
    """Return the counts of those functions of a creation that run for the Governor's decision."""
    return {
        id: count
        for id, count in found["main_job"]["functions"].items()
        if id.partition(".")[0] in _DECIDING and id not in _OF_AGENTS
    }


_DECIDING = {"approvals", "precedents", "mobile"}
_OF_AGENTS = {"mobile.follow_agent", "mobile.notify_agent", "mobile.record_health"}
