"""
What functions answered in release 0.1.0, where they answer otherwise now.

An execution is computed again from its beginning whenever it is taken up, so what it began under decides to its end.
An execution lasts a year at most; this goes a year after the release that follows 0.1.0.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.workflows.errors import raised
from local.workflows.functions.effects import SEVERITIES
from local.workflows.functions.registry import EARLIER, Context, expect, function
from local.workflows.values import Value


@function("time.format", among=EARLIER)
def time_format(seconds: Value, timezone: Value = "UTC") -> str:
    """Write a moment; Z was for UTC only."""
    expect(seconds, "seconds", int, float)
    try:
        zone = ZoneInfo(expect(timezone, "timezone", str))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        text = moment.astimezone(zone).isoformat(timespec="microseconds")
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        raise raised("ValueError", f"cannot write {seconds} in the zone {timezone}") from None
    return text.removesuffix("+00:00") + "Z" if timezone == "UTC" else text


def _moment(text: Value) -> float:
    """Read any form of ISO 8601; without an offset it was UTC."""
    try:
        found = datetime.fromisoformat(expect(text, "the time", str))
    except ValueError:
        raise raised("ValueError", f"{text} is not a time in ISO 8601") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@function("time.parse", among=EARLIER)
def time_parse(value: Value) -> float:
    """Read a moment."""
    return _moment(value)


@function("sys.sleep_until", waits="sleep", among=EARLIER)
def sleep_until(time: Value) -> Value:
    """Wait until a moment."""
    return {"until": _moment(time)}


@function("sys.get_env", among=EARLIER)
def get_env(context: Context, name: Value, default: Value = None) -> Value:
    """Read an environment variable; its default could be anything."""
    expect(name, "name", str)
    return context.instant("env", [name, default], lambda: context.environment.get(name, default))


@function("sys.log", call_only=True, among=EARLIER)
def log(
    context: Context,
    data: Value = None,
    text: Value = None,
    json: Value = None,
    severity: Value = "DEFAULT",
    timeout: Value = None,
) -> None:
    """Write one line to the log, of whatever it was given, nothing included."""
    del timeout
    if severity not in SEVERITIES:
        raise raised("ValueError", f"severity must be one of {', '.join(sorted(SEVERITIES))}")
    given = [value for value in (data, text, json) if value is not None]
    if len(given) > 1:
        raise raised("ValueError", "sys.log takes one of data, text and json")
    context.log(severity, given[0] if given else "null")
