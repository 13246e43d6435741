"""
What an agent, a decision and a month cost: counts taken by the meter, times the price table.

`benchmarks/counts.py` keeps the counts, as tests/e2e/counting.py took them; `page` makes docs/costs.md of them, and
`python -m benchmarks.costs` writes it, without counting again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from benchmarks.bill import (
    BY_ID,
    PROVISION,
    Bill,
    Provision,
    billed,
    creation,
    decision,
    entries,
    tenths,
    usd,
)
from benchmarks.counts import DOCS, Measured, kept
from benchmarks.deploying import FUNCTIONS, MANY, PACES, Pace, build_each, one_image
from benchmarks.months import EVERY_S, NOBODY, PILOT, THOUSAND, cold_starts, month, starting
from benchmarks.prices import MONTH_S, PRICES, REGION, Price

PAGE = DOCS / "costs.md"

SHARDED = {"mobile.get_dashboard", "platform.get_stats", "precedents.get_seed_metrics"}
"""What adds up the shards that exist."""

ALWAYS_ON_USD = (200, 265)
"""What the design with services that always run was to cost a month."""

AGENT_USD = 0.0007
"""What the creation of an agent may cost as it is billed in a month with a thousand of them."""

AGENT_LIST_USD = 0.00105
"""
What it may cost where nothing is free. It was 0.001 until every mutation was decided by policies, paid for by budgets and
held to roles that are decided here: these took it from 0.000999 to 0.001046; 0.000022 of that are two reads of each look at
the rules in force, 0.000015 two more of each operation that is decided.
"""

COLD = replace(PROVISION, warm=frozenset())
"""What dev and staging give."""

PROVISIONS = [
    PROVISION,
    replace(PROVISION, boost=False),
    *(
        replace(PROVISION, vcpu=vcpu, gib=mib / 1024)
        for vcpu in (0.167, PROVISION.vcpu, 0.25, 0.333, 0.5, 1)
        for mib in (160, 256)
        if (vcpu, mib) != (PROVISION.vcpu, PROVISION.gib * 1024)
    ),
]
"""What could be given instead."""


def page(found: Measured) -> str:
    """Return docs/costs.md."""
    parts = creation(found)
    whole = sum(parts.values(), Bill())
    a_thousand = usd(whole.times(1000), free=True) / 1000
    low, high = ALWAYS_ON_USD
    pilot, thousand = month(found, PILOT), month(found, THOUSAND)
    return "\n".join(
        [
            _HEAD.format(region=REGION),
            "## The creation of one agent",
            "",
            _CREATION.format(
                times=PROVISION.times, list=usd(whole), billed=a_thousand, limit=AGENT_USD
            ),
            *_table(("what", "takes", "$ per million agents"), map(_part, parts.items())),
            f"| **together** | {_shown(whole)} | **{usd(whole) * 1e6:,.0f}** |",
            "",
            _DECISION.format(usd=usd(decision(found))),
            "",
            "## A month",
            "",
            _MONTHS.format(pilot=PILOT, thousand=THOUSAND, warm=len(PROVISION.warm)),
            *_table(
                (
                    "month",
                    "billed, $",
                    "nothing free, $",
                    f"always on, ${low}–{high}: times as much",
                ),
                [
                    _month("nobody comes, nothing warm", month(found, NOBODY, COLD)),
                    _month("nobody comes", month(found, NOBODY)),
                    _month("pilot", pilot),
                    _month("1,000 agents", thousand),
                ],
            ),
            "",
            "## Deploying",
            "",
            _DEPLOYING.format(many=MANY, standing=usd(month(found, NOBODY, COLD))),
            *_table(
                (
                    "a month",
                    "functions",
                    "one image: builds, min",
                    "billed, $",
                    "nothing free, $",
                    "a build for each: min",
                    "billed, $",
                    "nothing free, $",
                    "of one image",
                    "with the pilot, billed, $",
                ),
                (
                    _pace(found, pace, functions)
                    for pace in PACES
                    for functions in (FUNCTIONS, MANY)
                ),
            ),
            "",
            "## What is given, and starts from cold",
            "",
            _STARTS.format(pilot=cold_starts(found, PILOT), thousand=cold_starts(found, THOUSAND)),
            *_table(
                (
                    "vCPU",
                    "MiB",
                    "boost",
                    "a start, s",
                    "starts, $ a pilot month",
                    "pilot, billed, $",
                    "nothing free, $",
                ),
                (_provision(found, given) for given in PROVISIONS),
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
                (_function(found, id) for id in found["functions"] if id in BY_ID),
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
                ("item", "$", "for", "free in a month", "source", "read"),
                map(_price, PRICES.values()),
            ),
            "",
        ]
    )


_HEAD = """\
# What it costs

Counted by a meter at the ports while the platform runs, times Google's prices in {region}, each with its source and the day it was read, or assumed. `make costs` counts again;
[costs](costs) holds the counts of each area for other programs, [costs.json](costs.json) those of the whole; a test holds every function to them.
"""

_CREATION = """\
From the request to an agent in service: every stage, eight verdicts, the Governor's look and yes, twenty-one looks at the release, and whatever follows within
two days. As a month with a thousand of them is billed, **${billed:.6f}** an agent, at most ${limit}; **${list:.6f}** where nothing is free. A function's time is its CPU on
this machine, {times:.0f} times as long on the part of a processor that it is given, and ten milliseconds for each request to Firestore (assumed), rounded up to tenths of a second; it is warm.
"""

_MONTHS = """\
Pilot: {pilot.agents} agents made, {pilot.decisions_a_day} decisions and {pilot.looks_a_day} looks at the dashboard a day; 1,000 agents: {thousand.decisions_a_day} decisions and {thousand.looks_a_day} looks.
What stands there whether anybody comes or not is mostly the {warm} functions of the approval path that keep an instance warm.
Then come the alerts, by their conditions. Dev and staging keep nothing warm. A warm instance bills its requests as any other does, on top.
Assumed: half a MiB of an agent's documents with their indexes, seven daily backups, a kilobyte of log a run, four kilobytes an answer, which leaves Mumbai and then Tokyo.
The always-on design is the one this replaces: its services were to cost $200–265 a month.
"""

_DEPLOYING = """\
What deployments take over all three stacks: each merge goes to dev, each release to staging and to production. With one image a merge is one build of three minutes, whose digest the other stacks
take; images stay for three months, ten at the least. A build for each function is what that replaces: two minutes for each in each stack, images kept three times and for a month. Assumed besides: 133 MiB
an image, of which a merge changes 31; 61 MiB an image of a function's own; a state of 2 MiB, saved twice for each function that changes and kept for a month. What is free is free once for all stacks of a
billing account. Dev and staging stand there besides, each for ${standing:.2f} a month if nothing were free, mostly their alerts; {many} is the size of the catalogue that deployments are simulated with.
"""

_STARTS = """\
What each function is given, and what the month comes to; the first line is what is deployed. A start is the CPU of the dearest function on this machine,
without the pull of the image; it is billed as a request is. A boosted one has 2 vCPU, also for the first ten seconds after it, in which a request is mostly over.
At most {pilot:,.0f} starts in the pilot's month, {thousand:,.0f} with 1,000 agents, if runs came at any time; what comes together, as most does, is cold less often.
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


def _pace(found: Measured, pace: Pace, functions: int) -> tuple[str, ...]:
    one, each = one_image(pace, functions), build_each(pace, functions)
    together = month(found, PILOT) + one
    return (
        f"{pace.name}: merges {pace.merges}, releases {pace.releases}",
        str(functions),
        f"{one['build_min']:,.0f}",
        f"{usd(one, free=True):,.2f}",
        f"{usd(one):,.2f}",
        f"{each['build_min']:,.0f}",
        f"{usd(each, free=True):,.2f}",
        f"{usd(each):,.2f}",
        f"{usd(each) / usd(one):,.0f} ×",
        f"{usd(together, free=True):,.2f}",
    )


def _provision(found: Measured, given: Provision) -> tuple[str, ...]:
    bill, starts = month(found, PILOT, given), starting(found, PILOT, given)
    return (
        f"{given.vcpu:.3g}",
        f"{given.gib * 1024:.0f}",
        "yes" if given.boost else "no",
        f"{given.start_s:.2f}",
        f"{usd(starts):.2f}",
        f"{usd(bill, free=True):,.2f}",
        f"{usd(bill):,.2f}",
    )


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
    bill = billed(id, count, found["cpu_ms"]).times(MONTH_S / EVERY_S[id])
    every = f"{EVERY_S[id] / 60:g} min"
    return f"`{id}`", every, str(count["reads"]), str(count["writes"]), f"{usd(bill):.2f}"


def _price(price: Price) -> tuple[str, ...]:
    number = "" if price.per == 1 else f"{price.per:,.0f} × "
    source = f"<{price.source}>" + (f"; {price.note}" if price.note else "")
    return (
        price.item,
        _plain(price.usd),
        number + price.unit,
        _plain(price.free),
        source,
        "" if price.assumed else price.read_on,
    )


def _plain(number: float) -> str:
    return f"{number:,.7f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    PAGE.write_text(page(kept()))
