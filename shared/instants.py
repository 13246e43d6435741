"""
Instants: one type for every moment that comes in, is kept, shown, compared or signed.

RFC 3339 lets one instant be written in many ways. Whatever was written is turned into UTC and cut to
milliseconds on its way in, so that there is one text for one instant and all that follows sees the same.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_HOUR, _MINUTE = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_RFC_3339 = re.compile(
    rf"\d{{4}}-\d\d-\d\d[Tt]{_HOUR}:{_MINUTE}:{_MINUTE}(?:\.\d{{1,9}})?"
    rf"(?:[Zz]|[+-]{_HOUR}:{_MINUTE})?",
    re.ASCII,
)
_EXAMPLE = "2026-01-01T12:00:00.000Z"


def instant(given: Any) -> datetime:
    """
    Return the instant that a text (RFC 3339) or a moment names, in UTC and cut to milliseconds.

    Raises:
        ValueError: It is no time, or has no zone; a number of seconds is no time either.
    """
    if isinstance(given, str):
        if not _RFC_3339.fullmatch(given):
            raise ValueError(f"a time is written as RFC 3339 says: {_EXAMPLE}")
        given = datetime.fromisoformat(given.upper())
    if not isinstance(given, datetime):
        raise ValueError(f"a time is a text, {_EXAMPLE}")  # noqa: TRY004 - what pydantic explains
    if given.utcoffset() is None:
        raise ValueError(f"a time must have a zone: {_EXAMPLE}, or +01:00 in place of Z")
    try:
        here = given.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time is outside the years 1 to 9999 in UTC") from error
    return here.replace(microsecond=here.microsecond // 1000 * 1000)


def written(moment: datetime) -> str:
    """
    Write an instant as RFC 3339 in UTC with milliseconds, so that the order of texts is that of times.

    Raises:
        ValueError: It has no zone, so that nobody knows which instant it is.
    """
    # What was read is in UTC already; the text is cut to milliseconds as the instant is.
    here = moment if moment.tzinfo is UTC else instant(moment)
    return here.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class _Instant:
    """How an instant is read and written. It says the schema whole: a start makes some fifty, each of many parts."""

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Take a text or a moment, and show a text."""
        shown = core_schema.plain_serializer_function_ser_schema(
            written, return_schema=core_schema.str_schema()
        )
        return core_schema.no_info_before_validator_function(
            instant, core_schema.datetime_schema(), serialization=shown
        )

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, __: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the text."""
        return {"type": "string", "format": "date-time", "examples": [_EXAMPLE]}


Timestamp = Annotated[datetime, _Instant()]
"""An instant, in UTC and whole milliseconds."""
