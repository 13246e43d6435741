"""
What an agent, a decision and a month cost: counts taken by the meter, times the price table.

`benchmarks/counts.py` keeps the counts, as tests/e2e/counting.py took them; `page` makes docs/costs.md of them, and
`python -m benchmarks.costs` writes it, without counting again.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.counts import COUNTED, DOCS, Measured, kept
from benchmarks.prices import DAYS, MONTH_S, PRICES, READ_ON, REGION, TIB, Price
from shared.edge.catalog import catalog, reactions
from shared.edge.meter import MESSAGE_BYTES
from shared.mobile.actions.following import TOTALS
from shared.operation import Operation
from shared.precedents.actions.figures import FIGURES
from shared.reaction import Reaction

PAGE = DOCS / "costs.md"

VCPU, GIB = 0.1666, 0.25
"""How much of a processor and of memory each function has (infra/functions.py)."""

ROUND_TRIP_MS = 10
"""How long Firestore takes for one request within the region: assumed, not measured."""

CPU_TIMES = 1 / VCPU
"""How much longer a function computes on its share of a processor than on a whole one of this machine."""

WARM = 4
"""How many functions of the approval path keep an instance (infra/functions.py)."""

SHARDED = {"mobile.get_dashboard", "platform.get_stats", "precedents.get_seed_metrics"}
"""What adds up the shards that exist."""

ALWAYS_ON_USD = (200, 265)
"""What the design with services that always run was to cost a month."""

AGENT_USD = 0.0007
"""What the creation of an agent may cost as it is billed in a month with a thousand of them."""

AGENT_LIST_USD = 0.001
"""What it may cost where nothing is free."""

# --- from counts to a bill -----------------------------------------------------------------------


class Bill(dict[str, float]):
    """How many units of each item of the price table."""

    def __missing__(self, item: str) -> float:
        return 0.0

    def __add__(self, other: Mapping[str, float]) -> "Bill":
        return Bill({item: self[item] + other.get(item, 0.0) for item in {**self, **other}})

    def times(self, number: float) -> "Bill":
        """Return it so many times over."""
        return Bill({item: units * number for item, units in self.items()})


def tenths(id: str, count: Mapping[str, Any], cpu_ms: Mapping[str, float]) -> int:
    """Return how many tenths of a second a run is billed, which rounds them up."""
    trips = (count["reads"] or 1) + count["index_reads"] + count["publishes"]
    trips += count["files"] + (1 if count["writes"] or count["deletes"] else 0)
    took_ms: float = cpu_ms.get(id, 1.0) * CPU_TIMES + trips * ROUND_TRIP_MS
    return max(1, math.ceil(took_ms / 100))


def billed(id: str, count: Mapping[str, Any], cpu_ms: Mapping[str, float]) -> Bill:
    """Return what a run takes, without what follows from it."""
    seconds = tenths(id, count, cpu_ms) / 10
    return Bill(
        invocations=1,
        vcpu_s=seconds * VCPU,
        gib_s=seconds * GIB,
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


def entries(found: Measured, signatures: int) -> Bill:
    """Return what it takes to publish so many entries, and to keep them in the tap."""
    relay = "events.publish_entry"
    bill = billed(relay, found["relay"], found["cpu_ms"]).times(signatures)
    bill["message_tib"] = bill["tapped_tib"] = signatures * MESSAGE_BYTES / TIB
    return bill


def creation(found: Measured) -> dict[str, Bill]:
    """Return what the creation of one agent takes, by what takes it."""
    job, cpu_ms = found["main_job"], found["cpu_ms"]
    parts: dict[str, Bill] = {
        "the workflow's steps": Bill(steps=job["steps"]),
        "its waits for callbacks": Bill(external_steps=job["external_steps"]),
        "looks at the release": Bill(),
        "functions that answer": Bill(gateway_calls=job["requests_of_people"]),
        "functions that react": Bill(),
    }
    # Whoever asks is looked up once, unless the instance knows them from the last minute.
    parts["functions that answer"]["reads"] = job["requests_of_people"]
    signatures, due_runs = 0, 0
    for id, count in job["functions"].items():
        one = _BY_ID[id]
        name = "functions that answer" if isinstance(one, Operation) else "functions that react"
        name = "looks at the release" if id == "agents.probe_release" else name
        runs = count["runs"]
        mean = {kind: count[kind] / runs for kind in COUNTED}
        parts[name] += billed(id, mean, cpu_ms).times(runs)
        signatures += count["signatures"]
        due_runs += runs if not isinstance(one, Operation) and one.due else 0
    parts["entries, published and kept"] = entries(found, signatures)
    # A promise is handed over until it is kept, here at once; by the schedule it is once, mostly.
    sent = {"dues": due_runs * MESSAGE_BYTES}
    sent |= {topic: n for topic, n in job["message_bytes"].items() if topic not in {"tap", "dues"}}
    delivered = sum(size * (1 + _LISTENERS[topic]) for topic, size in sent.items())
    parts["messages"] = Bill(message_tib=delivered / TIB, reads=due_runs)
    return parts


_BY_ID = {one.id: one for one in catalog()}


def decision(found: Measured) -> Bill:
    """Return what one decision of a Governor takes: the question, a look, the answer, what follows."""
    job, cpu_ms, bill = found["main_job"], found["cpu_ms"], Bill(gateway_calls=3)
    signatures = 0
    for id, count in job["functions"].items():
        if id.partition(".")[0] in _DECIDING and id not in _OF_AGENTS:
            mean = {kind: count[kind] / count["runs"] for kind in COUNTED}
            bill += billed(id, mean, cpu_ms).times(count["runs"])
            signatures += count["signatures"]
    return bill + entries(found, signatures)


_DECIDING = {"approvals", "precedents", "mobile"}
_OF_AGENTS = {"mobile.follow_agent", "mobile.notify_agent", "mobile.record_health"}


def usd(bill: Mapping[str, float], *, free: bool = False) -> float:
    """Return what a bill comes to, in dollars; *free* takes off what each month is free."""
    return sum(PRICES[item].of(units, free=free) for item, units in bill.items())


# --- months --------------------------------------------------------------------------------------


def month(found: Measured, *, agents: int, decisions_a_day: int, looks_a_day: int) -> Bill:
    """Return what a month takes: what stands there, what runs by itself, and what people do."""
    bill = standing(found)
    for part in creation(found).values():
        bill += part.times(agents)
    bill += decision(found).times(decisions_a_day * DAYS)
    look = billed(
        "mobile.get_dashboard", found["functions"]["mobile.get_dashboard"], found["cpu_ms"]
    )
    look["reads"], look["gateway_calls"] = DASHBOARD_SHARDS, 1
    bill += look.times(looks_a_day * DAYS)
    bill["stored_gib"] += agents * STORED_GIB_AN_AGENT
    bill["backup_gib"] += agents * STORED_GIB_AN_AGENT * BACKUPS
    bill["log_gib"] += bill["invocations"] * LOG_BYTES_A_RUN / 2**30
    return bill


def standing(found: Measured) -> Bill:
    """Return what a month takes in which nobody comes: schedules, warm instances, secrets, images."""
    bill = Bill(
        jobs=len(found["schedules"]),
        secrets=WRITER_KEYS,
        keys=1,
        image_gib=len(_BY_ID) * IMAGE_GIB,
        idle_vcpu_s=WARM * VCPU * MONTH_S,
        gib_s=WARM * GIB * MONTH_S,
    )
    for id, count in found["schedules"].items():
        runs = MONTH_S / _EVERY_S[id]
        bill += billed(id, count, found["cpu_ms"]).times(runs)
    return bill


def _pause_s(reaction: Reaction) -> float:
    """Return how long after one run of a schedule the next one is, at any time."""
    once = reaction.next_after(datetime(2026, 1, 1, tzinfo=UTC))
    return (reaction.next_after(once) - once).total_seconds()


_EVERY_S = {one.id: _pause_s(one) for one in reactions() if one.scheduled}

DASHBOARD_SHARDS = TOTALS.shards + FIGURES.shards
STORED_GIB_AN_AGENT = 0.5 / 1024
BACKUPS = 7
LOG_BYTES_A_RUN = 1000
IMAGE_GIB = 0.06
WRITER_KEYS = 4
"""Assumed, not measured: half a MiB with its indexes, seven daily backups, a kilobyte of log a run, 60 MiB of an image of its own."""

PILOT = {"agents": 10, "decisions_a_day": 10, "looks_a_day": 100}
THOUSAND = {"agents": 1000, "decisions_a_day": 100, "looks_a_day": 1000}


# --- the page ------------------------------------------------------------------------------------


def page(found: Measured) -> str:
    """Return docs/costs.md."""
    parts = creation(found)
    whole = sum(parts.values(), Bill())
    a_thousand = usd(whole.times(1000), free=True) / 1000
    low, high = ALWAYS_ON_USD
    pilot, thousand = month(found, **PILOT), month(found, **THOUSAND)
    return "\n".join(
        [
            _HEAD.format(read_on=READ_ON, region=REGION),
            "## The creation of one agent",
            "",
            _CREATION.format(list=usd(whole), billed=a_thousand, limit=AGENT_USD),
            *_table(("what", "takes", "$ per million agents"), map(_part, parts.items())),
            f"| **together** | {_shown(whole)} | **{usd(whole) * 1e6:,.0f}** |",
            "",
            _DECISION.format(usd=usd(decision(found))),
            "",
            "## A month",
            "",
            _MONTHS.format(pilot=PILOT, thousand=THOUSAND, warm=WARM),
            *_table(
                (
                    "month",
                    "billed, $",
                    "nothing free, $",
                    f"always on, ${low}–{high}: times as much",
                ),
                [
                    _month("nobody comes", standing(found)),
                    _month("pilot", pilot),
                    _month("1,000 agents", thousand),
                ],
            ),
            "",
            "## Each function",
            "",
            _FUNCTIONS,
            *_table(
                (
                    "function",
                    "reads",
                    "index reads",
                    "writes",
                    "deletes",
                    "signatures",
                    "files",
                    "tenths of a second",
                    "$ per million",
                ),
                (_function(found, id) for id in found["functions"] if id in _BY_ID),
            ),
            "",
            "## What runs by itself",
            "",
            *_table(
                ("schedule", "every", "reads", "writes", "$ a month"),
                (_schedule(found, id) for id in found["schedules"]),
            ),
            "",
            "## Prices",
            "",
            *_table(
                ("item", "$", "for", "free in a month", "source"),
                map(_price, PRICES.values()),
            ),
            "",
        ]
    )


_HEAD = """\
# What it costs

Counted by a meter at the ports while the platform runs, times Google's prices in {region}, read on {read_on}. `make costs` counts again;
[costs](costs) holds the counts of each area for other programs, [costs.json](costs.json) those of the whole; a test holds every function to them. What is assumed stands beside the prices.
"""

_CREATION = """\
From the request to an agent in service: every stage, eight verdicts, the Governor's look and yes, twenty-one looks at the release, and whatever follows within
two days. As a month with a thousand of them is billed, **${billed:.6f}** an agent, at most ${limit}; **${list:.6f}** where nothing is free. A function's time is its CPU on
this machine, six times as long on a sixth of a processor, and ten milliseconds for each request to Firestore (assumed), rounded up to tenths of a second; it is warm.
"""

_MONTHS = """\
Pilot: {pilot[agents]} agents made, {pilot[decisions_a_day]} decisions and {pilot[looks_a_day]} looks at the dashboard a day; 1,000 agents: {thousand[decisions_a_day]} decisions and {thousand[looks_a_day]} looks.
What stands there whether anybody comes or not is mostly the {warm} functions of the approval path that keep an instance warm.
Assumed: half a MiB of an agent's documents with their indexes, seven daily backups, a kilobyte of log a run, 60 MiB of image a function.
The always-on design is the one this replaces: its services were to cost $200–265 a month.
"""

_DECISION = """\
One decision of the Governor, with the question, two looks, the answer and all that follows: ${usd:.6f}."""

_FUNCTIONS = """\
The costliest run of each, with its audit entries (signatures), its stored answer and the documents of people it keeps (files), and what publishing those entries takes; without the gateway's
$3 per million. Once a minute for each person and instance, every five seconds for governance, one read more tells whether the sign-in was ended;
once a minute for each instance and projection, which side of it is shown.
"""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def _part(item: tuple[str, Bill]) -> tuple[str, str, str]:
    name, bill = item
    return name, _shown(bill), f"{usd(bill) * 1e6:,.0f}"


_SHOWN = {
    "steps": "internal steps",
    "external_steps": "external steps",
    "invocations": "runs",
    "reads": "reads",
    "writes": "writes",
    "deletes": "deletes",
    "gateway_calls": "calls of the gateway",
}


def _shown(bill: Bill) -> str:
    return ", ".join(f"{bill[item]:,.0f} {name}" for item, name in _SHOWN.items() if bill[item])


def _month(name: str, bill: Bill) -> tuple[str, str, str, str]:
    paid, whole = usd(bill, free=True), usd(bill)
    low, high = ALWAYS_ON_USD
    return name, f"{paid:,.2f}", f"{whole:,.2f}", f"{low / whole:,.0f}–{high / paid:,.0f}"


def _function(found: Measured, id: str) -> tuple[str, ...]:
    count, cpu_ms = found["functions"][id], found["cpu_ms"]
    reads = "one for each item" if count["reads"] is None else str(count["reads"])
    reads = "one for each shard" if id in SHARDED else reads
    kinds = ("index_reads", "writes", "deletes", "signatures", "files")
    counts = (str(count[name]) for name in kinds)
    bill = billed(id, count, cpu_ms) + entries(found, count["signatures"])
    return f"`{id}`", reads, *counts, str(tenths(id, count, cpu_ms)), f"{usd(bill) * 1e6:,.2f}"


def _schedule(found: Measured, id: str) -> tuple[str, ...]:
    count = found["schedules"][id]
    bill = billed(id, count, found["cpu_ms"]).times(MONTH_S / _EVERY_S[id])
    every = f"{_EVERY_S[id] / 60:g} min"
    return f"`{id}`", every, str(count["reads"]), str(count["writes"]), f"{usd(bill):.2f}"


def _price(price: Price) -> tuple[str, ...]:
    number = "" if price.per == 1 else f"{price.per:,.0f} × "
    source = f"<{price.source}>" + (f"; {price.note}" if price.note else "")
    return price.item, _plain(price.usd), number + price.unit, _plain(price.free), source


def _plain(number: float) -> str:
    return f"{number:,.7f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    PAGE.write_text(page(kept()))
