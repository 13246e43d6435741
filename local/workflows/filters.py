"""The filters and orders of a list of executions, as the subset of AIP-160 that the service documents."""

import re
from datetime import datetime
from typing import Any

from local.workflows.records import written

_COLUMNS = {
    "executionid": "id",
    "state": "state",
    "createtime": "created",
    "starttime": "created",
    "endtime": "ended",
    "workflowrevisionid": "revision",
}
_TIMES = {"created", "ended"}
_TERM = re.compile(
    r'\s*([A-Za-z_]+(?:\.[\w-]+)?)\s*(!=|<=|>=|=|<|>|:)\s*(?:"([^"]*)"|([^\s"]+))\s*'
)


class FilterError(Exception):
    """Say which part of a filter or an order cannot be understood."""


def _column(name: str) -> str:
    bare = name.replace("_", "").lower()
    if bare not in _COLUMNS:
        known = "executionId, state, createTime, startTime, endTime, workflowRevisionId"
        raise FilterError(
            f"executions have no field '{name}' to filter or order by; they have: {known}"
        )
    return _COLUMNS[bare]


def condition(text: str) -> tuple[str, list[Any]]:
    """Translate a filter, terms joined by AND, to a condition and its values."""
    parts, values, at = ["1"], [], 0
    while text[at:].strip():
        found = _TERM.match(text, at)
        if found is None:
            raise FilterError(f"cannot understand the filter from: {text[at:].strip()}")
        part, more = _term(found[1], found[2], found[4] if found[3] is None else found[3])
        parts.append(part)
        values += more
        at = found.end()
        joint = re.compile(r"AND\b").match(text, at)
        if joint is None and text[at:].strip():
            raise FilterError(f"the terms of a filter are joined by AND; got: {text[at:].strip()}")
        at = joint.end() if joint else at
    return " AND ".join(parts), values


def _term(name: str, operator: str, value: str) -> tuple[str, list[Any]]:
    operator = "=" if operator == ":" else operator
    field, _, label = name.partition(".")
    if field.lower() in {"label", "labels"} and label:
        return f"json_extract(labels, ?) {operator} ?", [f'$."{label}"', value]
    column = _column(name)
    if column in _TIMES:
        try:
            value = written(datetime.fromisoformat(value))
        except ValueError:
            raise FilterError(f"{value} is not a time in RFC 3339") from None
    return f"{column} {operator} ?", [value]


def order(text: str) -> str:
    """Translate an order; without one, the newest come first."""
    if not text.strip():
        return "n DESC"
    terms = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        if direction.strip().lower() not in {"", "asc", "desc"}:
            raise FilterError(f"cannot understand the order: {part.strip()}")
        terms.append(f"{_column(name)} {direction.strip().upper()}")
    return ", ".join([*terms, "n DESC"])
