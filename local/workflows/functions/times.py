"""The module time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.workflows.errors import raised
from local.workflows.functions.registry import expect, function
from local.workflows.values import Value


@function("time.format")
def time_format(seconds: Value, timezone: Value = "UTC") -> str:
    """Write a moment as ISO 8601 with microseconds."""
    expect(seconds, "seconds", int, float)
    try:
        zone = ZoneInfo(expect(timezone, "timezone", str))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        text = moment.astimezone(zone).isoformat(timespec="microseconds")
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        raise raised("ValueError", f"cannot write {seconds} in the zone {timezone}") from None
    return text.removesuffix("+00:00") + "Z" if timezone == "UTC" else text


def moment(text: Value) -> datetime:
    """Read an ISO 8601 moment; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(expect(text, "the time", str))
    except ValueError:
        raise raised("ValueError", f"{text} is not a time in ISO 8601") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@function("time.parse")
def time_parse(value: Value) -> float:
    """Read an ISO 8601 moment as seconds since 1970."""
    return moment(value).timestamp()
