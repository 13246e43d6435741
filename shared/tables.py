"""Tables for people's own programs, as RFC 4180 writes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Self

from shared.entity import Value
from shared.operation import PlainText

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by."""


class Csv(PlainText):
    """A table: a row of names, and a row for each thing."""

    __slots__ = ()
    media_type: ClassVar[str] = "text/csv; charset=utf-8"

    @classmethod
    def of(cls, names: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> Self:
        """Return the table of rows; a text that a spreadsheet would calculate begins with an apostrophe."""
        return cls("".join(",".join(map(_cell, row)) + "\r\n" for row in (names, *rows)))


def leaves(value: Value) -> Iterator[tuple[str, str | int | None]]:
    """Yield the single values inside of a value, each by the way to it: ``times.median_s``."""
    yield from _leaves("", value.to_stored())


def _leaves(way: str, inside: Any) -> Iterator[tuple[str, str | int | None]]:
    if not isinstance(inside, dict):
        yield way, inside
        return
    for name, one in inside.items():
        yield from _leaves(f"{way}.{name}" if way else name, one)


def _cell(value: str | int | None) -> str:
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    text = f"'{value}" if value.startswith(FORMULA) else value
    return '"' + text.replace('"', '""') + '"' if any(one in text for one in ',"\r\n') else text
