"""What a month takes: what stands there, what runs by itself, what people do, and what starts from cold for them."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.bill import (
    BY_ID,
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
from shared.precedents.actions.figures import FIGURES
from shared.reaction import Reaction

WARM = frozenset(
    {
        "approvals.approve_approval",
        "approvals.create_veto",
        "mobile.approve_on_phone",
        "mobile.veto_on_phone",
    }
)
"""What keeps an instance (infra/functions.py)."""

IDLE_S = 15 * 60
"""How long an instance stays at most that nobody calls (https://cloud.google.com/run/docs/about-instance-autoscaling)."""

DASHBOARD = "mobile.get_dashboard"
DASHBOARD_SHARDS = TOTALS.shards + FIGURES.shards
STORED_GIB_AN_AGENT = 0.5 / 1024
BACKUPS = 7
LOG_BYTES_A_RUN = 1000
IMAGE_GIB = 0.06
WRITER_KEYS = 4
"""Assumed, not measured: half a MiB with its indexes, seven daily backups, a kilobyte of log a run, 60 MiB of an image of its own."""


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
    bill["log_gib"] += bill["invocations"] * LOG_BYTES_A_RUN / 2**30
    return bill + starting(found, use, given)


def standing(found: Measured, given: Provision = PROVISION) -> Bill:
    """Return what a month takes in which nobody comes: schedules, warm instances, secrets, images."""
    bill = Bill(
        jobs=len(found["schedules"]),
        secrets=WRITER_KEYS,
        keys=1,
        image_gib=len(BY_ID) * IMAGE_GIB,
        idle_vcpu_s=len(WARM) * given.vcpu * MONTH_S,
        gib_s=len(WARM) * given.gib * MONTH_S,
    )
    for id, count in found["schedules"].items():
        runs = MONTH_S / EVERY_S[id]
        bill += billed(id, count, found["cpu_ms"], given).times(runs)
    return bill


def starting(found: Measured, use: Use, given: Provision = PROVISION) -> Bill:
    """Return what the starts from cold of a month take; they are billed like requests, and none of them is one."""
    seconds = cold_starts(found, use) * given.start_s
    return Bill(vcpu_s=seconds * given.starting_vcpu, gib_s=seconds * given.gib)


def cold_starts(found: Measured, use: Use) -> float:
    """
    Return how many runs of a month find no instance of their function.

    A run is cold where none came in the time before that an instance stays. Runs are taken to come at any time,
    independent of each other; what comes together, as most does, is cold less often.
    """
    scheduled = sum(MONTH_S / pause for pause in EVERY_S.values() if pause > IDLE_S)
    return scheduled + sum(
        runs * math.exp(-runs * IDLE_S / MONTH_S)
        for id, runs in runs_for(found, use).items()
        if id not in WARM and id not in EVERY_S
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
