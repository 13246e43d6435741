"""Hide in an answer what policies say must be hidden; what cannot be looked through in time is hidden as a whole."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.canonical import digest
from shared.deciding import Obligation
from shared.policy.rules.language.conditions import Asked, TooLong
from shared.policy.rules.language.nodes import EACH
from shared.policy.rules.language.patterns import MAX_TEXT, Pattern, pattern

KEPT = 4
"""How many characters `last4` keeps, of what has twice as many at least."""

WITHHELD = "[REDACTED:too_long]"
_STEP = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+|\*)\]")


def redacted(document: Any, redactions: Iterable[Obligation], *, salt: str) -> Any:
    """
    Return an answer without what must be hidden; the one that is given stays as it is.

    Args:
        document: The answer; paths of redactions begin with ``output``, which is it.

        redactions: The obligations of type `redact`; others change nothing.

        salt: What tokens are made with: within one salt the same value has the same token, and nobody finds the value
            by trying some.
    """
    asked = Asked({})
    for one in redactions:
        if one.type != "redact":
            continue
        mask = _Mask(str(one.parameters["mask"]), str(one.parameters.get("text", "")), salt)
        if "path" in one.parameters:
            document = _at(_steps(str(one.parameters["path"])), document, mask)
        else:
            document = _found(pattern(str(one.parameters["pattern"])), document, mask, asked)
    return document


class _Gone:
    """What stands in the place of what is removed, until its container drops it."""


_GONE = _Gone()


class _Mask:
    def __init__(self, how: str, text: str, salt: str) -> None:
        self.how, self.text, self.salt = how, text, salt

    def of(self, value: Any) -> Any:
        """Return what is shown in place of a value; where there is none, there is nothing to hide."""
        if self.how == "remove":
            return _GONE
        if value is None:
            return None
        if self.how == "text":
            return self.text
        if self.how == "hash":
            return f"sha256:{digest(value)}"
        if self.how == "token":
            own = hashlib.sha256(f"{self.salt}\n{digest(value)}".encode()).hexdigest()
            return f"tok_{own[:24]}"
        said = "" if isinstance(value, dict | list) else str(value)
        return f"…{said[-KEPT:]}" if len(said) >= 2 * KEPT else "…"


def _steps(path: str) -> tuple[str | int, ...]:
    found = [one[1] or one[2] for one in _STEP.finditer(path)]
    return tuple(int(one) if one.isdigit() else one for one in found[1:])


def _at(steps: tuple[str | int, ...], value: Any, mask: _Mask) -> Any:
    if not steps:
        return mask.of(value)
    step, rest = steps[0], steps[1:]
    if isinstance(value, Mapping) and isinstance(step, str) and step in value:
        return _without({**value, step: _at(rest, value[step], mask)})
    if isinstance(value, list) and step == EACH:
        return _without([_at(rest, one, mask) for one in value])
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        changed = [_at(rest, one, mask) if at == step else one for at, one in enumerate(value)]
        return _without(changed)
    return value


def _found(wanted: Pattern, value: Any, mask: _Mask, asked: Asked) -> Any:
    if isinstance(value, Mapping):
        return _without({name: _found(wanted, one, mask, asked) for name, one in value.items()})
    if isinstance(value, list):
        return _without([_found(wanted, one, mask, asked) for one in value])
    if isinstance(value, str):
        return _in_text(wanted, value, mask, asked)
    if isinstance(value, int) and not isinstance(value, bool):
        shown = _in_text(wanted, str(value), mask, asked)
        return value if shown == str(value) else shown
    return value


def _in_text(wanted: Pattern, text: str, mask: _Mask, asked: Asked) -> str:
    if len(text) > MAX_TEXT:
        return WITHHELD
    try:
        if not wanted.found(text, asked.spend):
            return text
        spans = list(wanted.spans(text, asked.spend))
    except TooLong:
        return WITHHELD
    told, last = [], 0
    for begin, end in spans:
        shown = mask.of(text[begin:end])
        told += [text[last:begin], shown if isinstance(shown, str) else ""]
        last = end
    return "".join((*told, text[last:]))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if one is not _GONE}
    return [one for one in value if one is not _GONE]
