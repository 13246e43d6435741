"""
The filters and orders of lists, in the language of AIP-160 as the two services document it.

A term is a field, an operator and a value; NOT and - negate, OR binds tighter than AND, and parentheses group.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.workflows.records import written
from local.workflows.statuses import Refused, invalid

_TERM = re.compile(
    r'\s*([A-Za-z_]+(?:\.[^\s!<>=:"()]+)?)\s*(!=|<=|>=|=|<|>|:)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"()]+))\s*'
)
_WORD = re.compile(r"\s*(AND\b|OR\b|NOT\b|-|\(|\))\s*")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)s")
_PARENT = re.compile(r"^projects/[^/]+/locations/[^/]+/(?:workflows|operations)/")
_NESTED_MAX, _TERMS_MAX = 50, 100
Part = tuple[str, list[Any]]


@dataclass(frozen=True)
class Field:
    """What a field is in the tables: an expression, or a condition on its value where *sql* has a `?`."""

    sql: str
    kind: str = "text"
    """
    text, time, seconds, number, truth; type: a word with or without the name of its type; name: an id or all of it;
    last: the last part of a name
    """


_TIMES = {
    "createTime": Field("created", "time"),
    "startTime": Field("created", "time"),
    "endTime": Field("ended", "time"),
}
EXECUTIONS = {
    "executionId": Field("id"),
    # As it is shown: what needs another release is not to be had from this one.
    "state": Field("iif(state = 'ACTIVE' AND attention IS NOT NULL, 'UNAVAILABLE', state)"),
    **_TIMES,
    "duration": Field("(julianday(ended) - julianday(created)) * 86400", "seconds"),
    "workflowRevisionId": Field("revision"),
}
EXECUTIONS_FILTERED = {
    **EXECUTIONS,
    "stepName": Field("EXISTS (SELECT 1 FROM step_entries WHERE execution = id AND step = ?)"),
    "label": Field("json_extract(labels, ?)"),
    "disableConcurrencyQuotaOverflowBuffering": Field(
        "coalesce(json_extract(t.fields, '$.disableConcurrencyQuotaOverflowBuffering'), 0)", "truth"
    ),
}
WORKFLOWS = {
    "name": Field("w.id", "name"),
    "state": Field("'ACTIVE'"),
    "createTime": Field("w.created", "time"),
    "updateTime": Field("w.updated", "time"),
    "revisionCreateTime": Field("r.created", "time"),
    "revisionId": Field("w.revision"),
    "description": Field("w.description"),
}
WORKFLOWS_FILTERED = {
    **WORKFLOWS,
    "label": Field("json_extract(t.fields, ?)"),
    # What nobody said has the value that is shown.
    "cryptoKeyName": Field("coalesce(json_extract(t.fields, '$.cryptoKeyName'), '')"),
    "callLogLevel": Field(
        "coalesce(json_extract(t.fields, '$.callLogLevel'), 'CALL_LOG_LEVEL_UNSPECIFIED')"
    ),
    "executionHistoryLevel": Field(
        "coalesce(json_extract(t.fields, '$.executionHistoryLevel'), "
        "'EXECUTION_HISTORY_LEVEL_UNSPECIFIED')"
    ),
}


def account(otherwise: str) -> Field:
    """Return the field of a workflow's account, told with its project or without; *otherwise* is that of the project."""
    named = otherwise.replace("'", "''")
    said = f"coalesce(json_extract(a.fields, '$.serviceAccount'), '{named}')"
    return Field(f"instr('/' || {said} || '\n', '/' || ? || '\n') > 0", "last")


OPERATIONS = {
    "name": Field("id", "name"),
    # One is done when it is told first.
    "done": Field("1", "truth"),
    "metadata.target": Field("workflow", "name"),
    "metadata.verb": Field("verb"),
    "metadata.createTime": Field("at", "time"),
    "metadata.endTime": Field("at", "time"),
    "metadata.apiVersion": Field("'v1'"),
}
LOCATIONS = {
    "name": Field("name"),
    "locationId": Field("location"),
    "displayName": Field("location"),
}
STEPS = {
    "entryId": Field("ordinal", "number"),
    "createTime": Field("created", "time"),
    "updateTime": Field("updated", "time"),
    "routine": Field("routine"),
    "step": Field("step"),
    "stepType": Field("replace(kind, 'STEP_', '')", "type"),
    "state": Field("state", "type"),
}
STEPS_FILTERED = {**STEPS, "parent": Field("coalesce(parent, 0)", "number")}


def condition(text: str, fields: Mapping[str, Field], labels: str = "$") -> Part:
    """Translate a filter to a condition and its values; labels are below the path *labels*."""
    reading = _Reading(text, fields, labels)
    return reading.whole() if text.strip() else ("1", [])


def order(text: str, fields: Mapping[str, Field], otherwise: str) -> str:
    """Translate an order; *otherwise* is what follows, or comes alone without one."""
    terms = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip().lower() not in {"", "asc", "desc"}:
            raise invalid(f"cannot understand the order: {part}", ("order_by", part))
        terms.append(f"{_field(name, fields, 'order_by').sql} {direction.strip().upper()}")
    return ", ".join([*terms, otherwise])


def _field(name: str, fields: Mapping[str, Field], where: str) -> Field:
    bare = {one.lower(): field for one, field in fields.items()}
    found = bare.get(name.replace("_", "").lower())
    if found is None:
        known = ", ".join(fields)
        raise invalid(f"there is no field '{name}' here; there are: {known}", (where, name))
    return found


class _Reading:
    """A filter that is being read."""

    def __init__(self, text: str, fields: Mapping[str, Field], labels: str) -> None:
        self._text, self._fields, self._labels = text, fields, labels
        self._at = self._depth = self._terms = 0

    def whole(self) -> Part:
        found = self._joined("AND", lambda: self._joined("OR", self._term))
        if self._text[self._at :].strip():
            raise self._misread("the terms of a filter are joined by AND and OR; got")
        return found

    def _misread(self, sentence: str) -> Refused:
        rest = self._text[self._at :].strip()
        return invalid(f"{sentence}: {rest}", ("filter", rest))

    def _word(self, *words: str) -> str:
        found = _WORD.match(self._text, self._at)
        if found is None or found[1] not in words:
            return ""
        self._at = found.end()
        return found[1]

    def _joined(self, word: str, part: Any) -> Part:
        sql, values = part()
        while self._word(word):
            more, others = part()
            sql, values = f"({sql} {word} {more})", values + others
        return sql, values

    def _term(self) -> Part:
        if word := self._word("NOT", "-", "("):
            self._depth += 1
            if self._depth > _NESTED_MAX:
                raise self._misread("the filter is nested too deeply at")
            if word == "(":
                found = self._joined("AND", lambda: self._joined("OR", self._term))
                if not self._word(")"):
                    raise self._misread("a parenthesis is open before")
            else:
                sql, values = self._term()
                found = f"NOT coalesce({sql}, 0)", values
            self._depth -= 1
            return found
        self._terms += 1
        if self._terms > _TERMS_MAX:
            raise self._misread(f"a filter has at most {_TERMS_MAX} terms; there are more")
        term = _TERM.match(self._text, self._at)
        if term is None:
            raise self._misread("cannot understand the filter from")
        self._at = term.end()
        value = term[4] if term[3] is None else re.sub(r"\\(.)", r"\1", term[3])
        return self._restricted(term[1], "=" if term[2] == ":" else term[2], value)

    def _restricted(self, name: str, operator: str, value: str) -> Part:
        head, _, label = name.partition(".")
        if head.lower() in {"label", "labels"} and "label" in self._fields:
            if not label:
                raise invalid(f"a label has a key: {head}.KEY", ("filter", name))
            key = label.strip('"').replace('"', "")
            sql, path = self._fields["label"].sql, f'{self._labels}."{key}"'
            return (
                (f"{sql} IS NOT NULL", [path])
                if value == "*"
                else (f"{sql} {operator} ?", [path, value])
            )
        field = _field(name, self._fields, "filter")
        if "?" in field.sql:
            if operator not in {"=", "!="}:
                raise invalid(f"'{name}' can only be equal or not", ("filter", name))
            negated = "NOT " if operator == "!=" else ""
            return f"{negated}({field.sql})", [_READ[field.kind](value)]
        return f"{field.sql} {operator} ?", [_READ[field.kind](value)]


def _moment(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(f"{value} is not a time in RFC 3339", ("filter", value)) from None
    return written(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _seconds(value: str) -> float:
    found = _DURATION.fullmatch(value)
    if found is None:
        raise invalid(f"{value} is not a duration in seconds, as 1.5s is", ("filter", value))
    return float(found[1])


def _whole(value: str) -> int:
    if not value.isdecimal() or len(value) > 18:
        raise invalid(f"{value} is not a number", ("filter", value))
    return int(value)


def _truth(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise invalid(f"{value} is neither true nor false", ("filter", value))
    return value.lower() == "true"


_READ: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "time": _moment,
    "seconds": _seconds,
    "number": _whole,
    "truth": _truth,
    "name": lambda value: _PARENT.sub("", value, count=1),
    "last": lambda value: value.rpartition("/")[2],
    "type": lambda value: value.removeprefix("STEP_").removeprefix("STATE_"),
}
"""How the value of each kind of field is read."""
