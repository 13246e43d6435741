"""
Schedules by the clock on the wall: a time of day in a zone, on every day, some weekdays or one day of the month.

Where the clock is put forward over the time, the moment is the first one after the gap; where the time comes
twice, the first. Why, and what the cloud's scheduler has to do with it: docs/decisions/0028-schedules.md.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, Literal

from shared.entity import Record, Timestamp
from shared.handling import ForEver, Handling, Nobody, Stays
from shared.records import dataclass

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

_DAY = timedelta(days=1)


class LastMoment(Record):
    """For which moment of its schedule a reaction ran last; its id is the reaction's."""

    collection: ClassVar[str] = "last_moments"
    handling: ClassVar = Handling(
        kept=ForEver("one document a schedule, written over"),
        export=Nobody("the platform's own"),
        erasure=Stays("it is about no person"),
    )

    moment: Timestamp


@dataclass(frozen=True)
class Schedule:
    """When a reaction runs that has a time of day."""

    at: time
    zone: str = "UTC"
    weekdays: tuple[Weekday, ...] = ()
    """On which days of the week; none for all."""

    day: int | None = None
    """On which day of the month; the last one of a month that has no such day."""

    def __post_init__(self) -> None:
        """Refuse what is no schedule."""
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise ValueError("a time of day is written 02:30; its zone is said apart")
        if self.weekdays and self.day is not None:
            raise ValueError("a schedule has days of the week or a day of the month, not both")
        if self.day is not None and not 1 <= self.day <= 31:
            raise ValueError("a day of the month is from 1 to 31; what a month lacks is its last")

    def next(self, after: datetime) -> datetime:
        """Return the first moment after a time, in UTC."""
        return next(one for one in self._moments(after, _DAY) if one > after)

    def last(self, until: datetime) -> datetime:
        """Return the last moment that is not after a time, in UTC."""
        return next(one for one in self._moments(until, -_DAY) if one <= until)

    def _moments(self, around: datetime, step: timedelta) -> Iterator[datetime]:
        """Yield the moments in one direction, from one a day or more on the other side of a time."""
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(self.zone)
        # A gap may be a whole day long, where a zone crosses the date line.
        on = around.astimezone(zone).date() - 2 * step
        while True:
            if self._is_on(on):
                yield _moment(datetime.combine(on, self.at, zone))
            on += step

    def _is_on(self, on: date) -> bool:
        if self.day is not None:
            return on.day == min(self.day, monthrange(on.year, on.month)[1])
        return not self.weekdays or WEEKDAYS[on.weekday()] in self.weekdays


def _moment(wall: datetime) -> datetime:
    """Return the instant at which a clock on the wall shows a time first, or jumps over it."""
    instant = wall.astimezone(UTC)
    if instant.astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # By the offset after the change it lies before it, and by the one before the change, after it.
    before, after = wall.replace(fold=1).astimezone(UTC), instant
    old = before.astimezone(wall.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(wall.tzinfo).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
