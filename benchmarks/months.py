"""What a month takes: what stands there, what runs by itself, what people do, and what starts from cold for them."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.bill import (
    PROVISION,
    RELAY,
    Bill,
    Provision,
    billed,
    creation,
    deciding,
    decision,
)
from benchmarks.counts import Measured
from benchmarks.prices import DAYS, MONTH_S
from shared.edge.catalog import reactions
from shared.mobile.actions.following import TOTALS
from shared.platform.models.services import INTERVAL
from shared.precedents.actions.figures import FIGURES
from shared.reaction import Reaction

IDLE_S = 15 * 60
"""How long an instance stays at most that nobody calls (https://cloud.google.com/run/docs/about-instance-autoscaling)."""

DASHBOARD = "mobile.get_dashboard"
DASHBOARD_SHARDS = TOTALS.shards + FIGURES.shards
STORED_GIB_AN_AGENT = 0.5 / 1024
BACKUPS = 7
LOG_BYTES_A_RUN = 1000
WRITER_KEYS = 4
ANSWER_GIB = 4 / 2**20
SAMPLES = 40
"""
Assumed, not measured: half a MiB with its indexes, seven daily backups, a kilobyte of log a run, four kilobytes an answer, forty
figures of our own.
"""

FIGURES_BYTES = 8 + 80
"""What a run adds to figures: a count, and a place in a distribution (https://cloud.google.com/stackdriver/pricing)."""

CONDITIONS = 6
"""Of alerts (infra/watching.py), each of which looks at one series twice a minute."""

FIGURES_READ = 3
"""How many figures a look at the services reads (shared/edge/telemetry.py)."""


@dataclass(frozen=True)
class Use:
    """What people do in a month."""

    agents: int
    decisions_a_day: int
    looks_a_day: int


NOBODY = Use(agents=0, decisions_a_day=0, looks_a_day=0)
PILOT = Use(agents=10, decisions_a_day=10, looks_a_day=100)
THOUSAND = Use(agents=1000, decisions_a_day=100, looks_a_day=1000)


def month(found: Measured, use: Use = PILOT, given: Provision = PROVISION) -> Bill:
    """Return what a month takes, in which functions are given so much."""
    bill = standing(found, given)
    for part in creation(found, given).values():
        bill += part.times(use.agents)
    bill += decision(found, given).times(use.decisions_a_day * DAYS)
    look = billed(DASHBOARD, found["functions"][DASHBOARD], found["cpu_ms"], given)
    look["reads"], look["gateway_calls"] = DASHBOARD_SHARDS, 1
    bill += look.times(use.looks_a_day * DAYS)
    bill["stored_gib"] += use.agents * STORED_GIB_AN_AGENT
    bill["backup_gib"] += use.agents * STORED_GIB_AN_AGENT * BACKUPS
    bill["egress_gib"] = bill["between_gib"] = bill["gateway_calls"] * ANSWER_GIB
    bill["log_gib"] += bill["invocations"] * LOG_BYTES_A_RUN / 2**30
    bill["metric_mib"] += bill["invocations"] * FIGURES_BYTES / 2**20
    return bill + starting(found, use, given)


def standing(found: Measured, given: Provision = PROVISION) -> Bill:
    """Return what a month takes in which nobody comes: schedules, warm instances, secrets, alerts, figures."""
    bill = Bill(
        jobs=len(found["schedules"]),
        secrets=WRITER_KEYS,
        keys=1,
        idle_vcpu_s=len(given.warm) * given.vcpu * MONTH_S,
        gib_s=len(given.warm) * given.gib * MONTH_S,
        conditions=CONDITIONS,
        condition_series=CONDITIONS * MONTH_S / 30,
        samples=SAMPLES * MONTH_S / EVERY_S["platform.export_metrics"],
        figure_reads=FIGURES_READ * MONTH_S / INTERVAL.total_seconds(),
    )
    for id, count in found["schedules"].items():
        runs = MONTH_S / EVERY_S[id]
        bill += billed(id, count, found["cpu_ms"], given).times(runs)
    return bill


def starting(found: Measured, use: Use, given: Provision = PROVISION) -> Bill:
    """Return what the starts from cold of a month take: they are billed by their time, and are no requests."""
    starts = cold_starts(found, use, given)
    seconds = starts * given.start_s
    # Each reads its writer key.
    return Bill(
        vcpu_s=seconds * given.starting_vcpu, gib_s=seconds * given.gib, secret_reads=starts
    )


def cold_starts(found: Measured, use: Use, given: Provision = PROVISION) -> float:
    """
    Return how many runs of a month find no instance of their function.

    A run is cold where none came in the time before that an instance stays. Runs are taken to come at any time,
    independent of each other; what comes together, as most does, is cold less often.
    """
    scheduled = sum(MONTH_S / pause for pause in EVERY_S.values() if pause > IDLE_S)
    return scheduled + sum(
        runs * math.exp(-runs * IDLE_S / MONTH_S)
        for id, runs in runs_for(found, use).items()
        if id not in given.warm and id not in EVERY_S
    )


def runs_for(found: Measured, use: Use) -> Mapping[str, float]:
    """Return how often each function runs in a month for what people do."""
    runs: Counter[str] = Counter({DASHBOARD: use.looks_a_day * DAYS})
    for counts, times in (
        (found["main_job"]["functions"], use.agents),
        (deciding(found), use.decisions_a_day * DAYS),
    ):
        for id, count in counts.items():
            runs[id] += count["runs"] * times
            runs[RELAY] += count["signatures"] * times
    return runs


def _pause_s(reaction: Reaction) -> float:
    """Return how long after one run of a schedule the next one is, at any time."""
    once = reaction.next_after(datetime(2026, 1, 1, tzinfo=UTC))
    return (reaction.next_after(once) - once).total_seconds()


EVERY_S = {one.id: _pause_s(one) for one in reactions() if one.scheduled}
