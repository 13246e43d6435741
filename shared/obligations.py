"""What must be done with what is allowed: obligations, how several are united, and what they leave of an answer."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import StrictBool, StrictInt, StrictStr

from shared.canonical import canonical
from shared.entity import Code, Value


class Obligation(Value):
    """What must be done with what is allowed."""

    type: Code
    """What it is; who does not know it denies."""
    parameters: Mapping[str, StrictStr | StrictInt | StrictBool | list[StrictStr]] = {}
    """How it is done."""
    source_rule: Code
    """The rule that asks for it."""


_STRICTER: Mapping[tuple[str, str], Callable[[int, int], int]] = {
    ("rate_limit", "limit"): min,
    ("require_idempotency_key", "window_h"): max,
    ("cap_cost", "micro_usd"): min,
    ("cap_cost", "tokens"): min,
    ("step_up_auth", "max_age_s"): min,
}
"""Which of two numbers is the stricter one, by obligation and parameter."""

_LISTED = {("mask_fields", "fields")}
"""The parameters of which both hold."""


def united(obligations: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """Return obligations without repetitions: those that differ in nothing else are one, with the stricter numbers."""
    return tuple(_placed(obligations).values())


def lacking(before: Iterable[Obligation], after: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """Return the obligations of the one that are not in the other, or not as strict there."""
    held = _placed(after)
    return tuple(one for place, one in _placed(before).items() if not _holds(held.get(place), one))


def _placed(obligations: Iterable[Obligation]) -> dict[bytes, Obligation]:
    """Return united obligations by what they do not unite in."""
    united: dict[bytes, Obligation] = {}
    for one in obligations:
        own = {
            name: value
            for name, value in one.parameters.items()
            if (one.type, name) not in {*_STRICTER, *_LISTED}
        }
        place = canonical([one.type, own])
        before = united.get(place)
        united[place] = _both(before, one) if before else one
    return united


def _holds(held: Obligation | None, one: Obligation) -> bool:
    """Say whether somebody who is held to one obligation is held to another, too."""
    return held is not None and _both(held, one).parameters == _both(held, held).parameters


def _both(one: Obligation, other: Obligation) -> Obligation:
    parameters = {**one.parameters}
    for name, value in other.parameters.items():
        held, stricter = parameters.get(name, value), _STRICTER.get((one.type, name))
        if stricter and isinstance(held, int) and isinstance(value, int):
            parameters[name] = stricter(held, value)
        elif isinstance(held, list) and isinstance(value, list):
            parameters[name] = sorted({*held, *value})
        else:
            parameters[name] = held
    return one.model_copy(update={"parameters": parameters})


MET: Mapping[str, frozenset[str]] = {
    "api_gateway": frozenset(
        {"mask_fields", "rate_limit", "redact", "require_idempotency_key", "sandbox_route"}
        | {"sign_payload", "step_up_auth"}
    ),
}
"""Which obligations are met where something is enforced; who enforces elsewhere meets what that place says."""

MASKED = "[REDACTED]"


def without(document: Any, fields: Iterable[str]) -> Any:
    """Return a document in which the members of these names, wherever they are, are masked (``policy.md`` section 7)."""
    names = frozenset(fields)
    if isinstance(document, Mapping):
        return {
            name: _mask(name, value) if name in names else without(value, names)
            for name, value in document.items()
        }
    return [without(one, names) for one in document] if isinstance(document, list) else document


def _mask(name: str, value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, str):
        return MASKED
    if "email" in name and "@" in value:
        local, _, domain = value.partition("@")
        return f"{local[:1]}***@{domain}"
    if "phone" in name and len(value) > _SHOWN_OF_A_PHONE:
        return f"*****{value[-4:]}"
    if name.endswith("name"):
        return "".join(f"{word[0]}." for word in value.split())
    return MASKED


_SHOWN_OF_A_PHONE = 8
"""A shorter number would be nearly whole by its last four digits."""
