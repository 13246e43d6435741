"""
Simulate a day of many agents against what Google publishes as limits.

    python -m benchmarks.scale --agents 10,1000,100000

Each story of the day is carried out once on this machine and counted (`stories.py`); then a day is drawn from
the load below, second by second, and its busiest second, minute or moment is laid beside each limit.
"""

import argparse
import math
import random
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from benchmarks.report import SCALING, show
from benchmarks.stories import Counts, counted
from shared.edge.catalog import catalog
from shared.mobile.actions.following import TOTALS
from shared.precedents.actions.figures import FIGURES

DAY_S = 24 * 3600
SEED = 1
PER_AGENT_AND_DAY = {"creation": 1 / 90, "decision": 3.0}
"""An agent is made anew each quarter, and asks three times a day."""

NINE_S, WORK_S, RUSH_S = 9 * 3600, 9 * 3600, 600
WORK_SHARE, RUSH_SHARE = 0.75, 0.05
"""Of the day's things three in four fall into nine working hours, as customers share a time zone, and one in
twenty into the ten minutes after nine o'clock."""

CREATION_S = (4 * 3600, 26 * 3600)
"""How long an agent's creation takes, mostly waiting for people: anything between these."""

MESSAGE_KB = 2.0
"""What a message counts for at the most; audit entries carry ids and digests."""

Series = Sequence[float]


@dataclass(frozen=True)
class Limit:
    """A published limit, and what a day takes of it."""

    name: str
    most: float
    source: str
    taken: Callable[["Day"], float]


class Day:
    """What begins in each second of one day."""

    def __init__(self, agents: int, stories: dict[str, Counts]) -> None:
        """Draw the day of so many agents."""
        chance = random.Random(SEED)
        self.agents, self.stories = agents, stories
        self.begin = {story: array("d", bytes(8 * DAY_S)) for story in PER_AGENT_AND_DAY}
        changes = array("d", bytes(8 * DAY_S))
        for story, often in PER_AGENT_AND_DAY.items():
            for _ in range(_drawn(agents * often, chance)):
                second = _moment(chance)
                if story == "creation":
                    life_s = int(chance.uniform(*CREATION_S))
                    self._live(changes, second, life_s)
                    # Its requests come at any time of its life, not all at its begin.
                    second = (second + chance.randrange(life_s)) % DAY_S
                self.begin[story][second] += 1
        self.executions = list(accumulate(changes))

    @staticmethod
    def _live(changes: "array[float]", second: int, life_s: int) -> None:
        """Note an execution; those of the days before look like today's."""
        changes[0] += (second + life_s) // DAY_S
        changes[second] += 1
        changes[(second + life_s) % DAY_S] -= 1

    def series(self, weight: Callable[[Counts], float]) -> Series:
        """Return what each second takes, where a story takes *weight* of its counts."""
        weights = [(self.begin[name], weight(counts)) for name, counts in self.stories.items()]
        return [sum(begin[s] * weight for begin, weight in weights) for s in range(DAY_S)]

    def shared(self, collection: str, spread: int) -> float:
        """Return how long the last write of the day's longest queue at one document waits, in seconds."""
        waiting = longest = 0.0
        for more in self.series(lambda counts: counts.shared[collection] / spread):
            waiting = max(0.0, waiting + more - 1)
            longest = max(longest, waiting)
        return longest


def _drawn(mean: float, chance: random.Random) -> int:
    """Draw how often something happens that happens so often on average (Poisson, by its normal limit)."""
    return max(0, round(chance.gauss(mean, math.sqrt(mean))))


def _moment(chance: random.Random) -> int:
    drawn = chance.random()
    if drawn < RUSH_SHARE:
        return NINE_S + chance.randrange(RUSH_S)
    if drawn < WORK_SHARE:
        return NINE_S + chance.randrange(WORK_S)
    return (NINE_S + WORK_S + chance.randrange(DAY_S - WORK_S)) % DAY_S


def peak(series: Series, window_s: int = 1) -> float:
    """Return the most of any window."""
    sums = [0.0, *accumulate(series)]
    return max(sums[end] - sums[end - window_s] for end in range(window_s, len(sums)))


def growth(series: Series, window_s: int = 300, from_per_s: float = 500) -> float:
    """Return the steepest growth from one window to the next, above what may come at once."""
    windows = [sum(series[s : s + window_s]) / window_s for s in range(0, len(series), window_s)]
    steep = (after / before for before, after in pairwise(windows) if after > from_per_s)
    return max(steep, default=0.0)


FIRESTORE = "https://firebase.google.com/docs/firestore/best-practices"
LIMITS = (
    Limit(
        "seconds that a count of requests waits (one write a second and document)",
        600,
        FIRESTORE,
        lambda day: day.shared("seed_figures", FIGURES.shards),
    ),
    Limit(
        "seconds that the Governor's totals wait (the same)",
        600,
        FIRESTORE,
        lambda day: day.shared("dashboard_totals", TOTALS.shards),
    ),
    Limit(
        "seconds that the number of a new agent waits (the same)",
        600,
        FIRESTORE,
        lambda day: day.shared("external_ids", 1),
    ),
    Limit(
        "audit entries a second (a collection indexed by time)",
        500,
        FIRESTORE,
        lambda day: peak(day.series(lambda counts: counts.entries)),
    ),
    Limit(
        "growth of writes in five minutes, above 500 a second",
        1.5,
        "https://cloud.google.com/firestore/docs/best-practices",
        lambda day: growth(day.series(lambda counts: counts.writes)),
    ),
    Limit(
        "kB a minute published (small regions)",
        3_000_000,
        "https://cloud.google.com/pubsub/quotas",
        lambda day: MESSAGE_KB * peak(day.series(lambda counts: 2 * counts.entries), 60),
    ),
    Limit(
        "workflow executions at once",
        10_000,
        "https://cloud.google.com/workflows/quotas",
        lambda day: max(day.executions),
    ),
    Limit(
        "workflow executions begun or called back a minute",
        6_000,
        "https://cloud.google.com/workflows/quotas",
        lambda day: peak(day.series(lambda counts: counts.shared["waits"]), 60),
    ),
    Limit(
        "push messages a minute",
        600_000,
        "https://firebase.google.com/docs/cloud-messaging/throttling-and-quotas",
        lambda day: peak(day.begin["decision"], 60),
    ),
    Limit(
        "functions in a region",
        1_000,
        "https://cloud.google.com/functions/quotas",
        lambda _: len(catalog()),
    ),
)


def main() -> int:
    """Simulate, print the table, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", default="10,1000,100000")
    given = parser.parse_args()
    stories = counted()
    days = [Day(int(part), stories) for part in given.agents.split(",")]
    rows = []
    for limit in LIMITS:
        taken = [limit.taken(day) for day in days]
        rows.append(
            [
                f"[{limit.name}]({limit.source})",
                f"{limit.most:,g}",
                *(f"{one:,.3g}" for one in taken),
                f"{taken[-1] / limit.most:.2g} ×",
            ]
        )
    header = ["limit", "most", *(f"{day.agents:,} agents" for day in days), "of the limit"]
    counts = "; ".join(
        f"one {name} writes {one.writes} documents, {one.entries} of them audit entries, and reaches"
        f" consumers {one.deliveries} times"
        for name, one in stories.items()
    )
    note = (
        f"Counted here: {counts}. A day: each agent is made anew each quarter and asks three times; three in four"
        " of these fall into nine hours, one in twenty into the ten minutes after nine. The busiest second,"
        " minute or moment of the day is shown; what a story takes is laid into one second, which overstates it."
    )
    show("A day against the published limits", header, rows, note, SCALING)
    return 0


if __name__ == "__main__":
    sys.exit(main())
