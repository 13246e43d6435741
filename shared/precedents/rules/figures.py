"""The figures of the last days, of all seeds together."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.entity import Value
from shared.precedents.models.figures import Day, Figures

DAYS = 30


class Metrics(Value):
    """How well seeds answered in the last 30 days; shares are in basis points, or absent."""

    match_rate_bp: int | None
    """Answered by a seed, of the requests that a seed may answer."""

    veto_rate_bp: int | None
    """Objected to, of what was approved by anybody."""

    disagreement_bp: int | None
    """Predictions of seeds in shadow that people decided otherwise."""

    totals: Day
    """The counts behind the shares."""


def counted(before: Figures, at: datetime, **more: int) -> Figures:
    """Return the figures with *more* of a day, and without the days too long before the latest to matter."""
    of = _day(at)
    day = before.days.get(of, Day())
    changed = day.model_copy(update={name: getattr(day, name) + n for name, n in more.items()})
    days = {**before.days, of: changed}
    first = _day(datetime.fromisoformat(max(days)) - timedelta(DAYS))
    return before.model_copy(update={"days": {n: days[n] for n in sorted(days) if n > first}})


def metrics(shards: Iterable[Figures], *, at: datetime) -> Metrics:
    """Add the shards up."""
    first = _day(at - timedelta(DAYS))
    days = [day for one in shards for name, day in one.days.items() if name > first]
    totals = Day(**{name: sum(getattr(day, name) for day in days) for name in Day.model_fields})
    return Metrics(
        match_rate_bp=_share(totals.matched, totals.eligible),
        veto_rate_bp=_share(totals.vetoed, totals.approved),
        disagreement_bp=_share(totals.disagreed, totals.compared),
        totals=totals,
    )


def _share(part: int, whole: int) -> int | None:
    return part * 10_000 // whole if whole else None


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")
