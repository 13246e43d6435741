"""
The module time.

Zones are those of the package tzdata alone, which the lock file names, so that every machine answers alike.
"""

import importlib.resources
import re
from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed
from functools import lru_cache
from zoneinfo import ZoneInfo

from local.workflows.errors import raised
from local.workflows.functions.registry import expect, function
from local.workflows.values import Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
# RFC 3339 has a year 0, and Python has none: the calendar repeats after 400 years.
_ERA_YEARS, _ERA = 400, timedelta(days=146_097)
_EARLY = datetime(1, 1, 2, tzinfo=UTC) - _EPOCH
_RANGE = "seconds must lie in the years 0000 to 9999"
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:(?P<second>\d\d)"
    r"(?:\.\d++)?(?P<offset>Z|[+-]\d\d:[0-5]\d)?",
    re.ASCII | re.IGNORECASE,
)


@lru_cache
def _zone(name: str) -> ZoneInfo:
    """Load a zone by one of the names that the database lists, so that no other file can be meant."""
    database = importlib.resources.files("tzdata")
    if name not in database.joinpath("zones").read_text().split():
        raise raised("ValueError", "timezone must be a name of the tz database")
    with database.joinpath("zoneinfo", name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _written(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment; an offset has no seconds in RFC 3339, so the time is that of its whole minutes."""
    local = moment.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    if offset.seconds % 60:
        offset = timedelta(minutes=int(offset / timedelta(minutes=1)))
        local = moment.astimezone(fixed(offset))
    text = local.isoformat(timespec="microseconds")
    return text if offset else text.removesuffix("+00:00") + "Z"


@function("time.format")
def time_format(seconds: Value, timezone: Value = "UTC") -> str:
    """Write a moment as RFC 3339 with microseconds."""
    expect(seconds, "seconds", int, float)
    zone = _zone(expect(timezone, "timezone", str) or "UTC")
    try:
        since = timedelta(seconds=seconds)
        early = since < _EARLY
        text = _written(_EPOCH + (since + early * _ERA), zone)
    except (OverflowError, ValueError):
        raise raised("ValueError", _RANGE) from None
    if not early:
        return text
    year = int(text[:4]) - _ERA_YEARS
    if year < 0:
        raise raised("ValueError", _RANGE)
    return f"{year:04}{text[4:]}"


def moment(text: Value, name: str, *, zoned: bool = True) -> float:
    """
    Read a date-time of RFC 3339 section 5.6 as seconds since 1970.

    The second 60 ends a month in UTC, or is refused; it is the same as the second after it. Digits
    after the microseconds are cut. What has no offset is refused, or UTC unless it must be *zoned*.
    """
    found = _DATE_TIME.fullmatch(expect(text, name, str))
    try:
        if found and (found["offset"] or not zoned):
            return _read(found)
    except (OverflowError, ValueError):
        pass
    raise raised("ValueError", f"{name} must be a date-time of RFC 3339 section 5.6")


def _read(found: re.Match[str]) -> float:
    text = found[0].upper() + ("" if found["offset"] else "Z")
    early, leap = text.startswith("0000"), found["second"] == "60"
    if early:
        text = f"{_ERA_YEARS:04}{text[4:]}"
    if leap:
        at = found.start("second")
        text = f"{text[:at]}59{text[at + 2 :]}"
    read = datetime.fromisoformat(text)
    if leap:
        after = read.astimezone(UTC) + _SECOND
        if (after.day, after.hour, after.minute, after.second) != (1, 0, 0, 0):
            raise ValueError
    return (read - _EPOCH + leap * _SECOND - early * _ERA).total_seconds()


@function("time.parse")
def time_parse(value: Value) -> float:
    """Read a date-time of RFC 3339 section 5.6 as seconds since 1970."""
    return moment(value, "value")
