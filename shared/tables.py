"""Tables for people's own programs, as RFC 4180 writes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from shared.answers import Download
from shared.entity import Value
from shared.records import dataclass

FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes a cell for a formula by, also behind white space."""
BEFORE = ("\t", "\r", "\n")
"""White space that alone makes it look further."""


@dataclass(frozen=True)
class Csv(Download):
    """A table: a row of names, and a row for each thing."""

    media_type: str = "text/csv; charset=utf-8"

    @classmethod
    def of(
        cls, name: str, names: Sequence[str], rows: Iterable[Sequence[str | int | None]]
    ) -> Self:
        """Return the table of rows; a text that a spreadsheet would calculate begins with an apostrophe."""
        text = "".join(",".join(map(_cell, row)) + "\r\n" for row in (names, *rows))
        return cls(text.encode(), f"{name}.csv")


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
    formula = value[:1] in BEFORE or value.lstrip().startswith(FORMULA)
    text = f"'{value}" if formula else value
    return '"' + text.replace('"', '""') + '"' if any(one in text for one in ',"\r\n') else text
