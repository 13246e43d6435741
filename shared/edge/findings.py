"""What a bundle answered, read as what it finds: what has not exactly the shape of an answer is a denial."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from shared.deciding import PDP_ERROR, Finding, denial

_MEMBERS = {"allow": bool, "reasons": list, "obligations": list, "approval": dict, "matched": list}
_CODE = r"[A-Za-z0-9_.-]{1,64}"


def failed(bundle: str, kind: str) -> Finding:
    """Return the denial of a bundle whose rules failed: the class of what was raised, and nothing of what was asked."""
    said = (
        f"the rules of {bundle} could not be evaluated ({kind}), so this is denied;"
        " that is a fault of theirs or of the facts, which those who look after the platform can see"
    )
    return denial(bundle, PDP_ERROR, said, "high")


def read(bundle: str, said: Any, described: frozenset[str]) -> Finding:
    """Return what a bundle answered; what has not exactly the shape of an answer is a denial."""
    if said is None:
        why = f"the rules of {bundle} answer nothing to this, so it is denied"
        return denial(bundle, PDP_ERROR, why, "high")
    finding = _finding(bundle, said, described) if isinstance(said, dict) else None
    if finding is None:
        why = f"the rules of {bundle} answer in a shape that is none, so this is denied"
        return denial(bundle, PDP_ERROR, why, "high")
    return finding


def _finding(bundle: str, said: Mapping[str, Any], described: frozenset[str]) -> Finding | None:
    if said.keys() - _MEMBERS.keys() or type(said.get("allow")) is not bool:
        return None
    if any(not isinstance(value, _MEMBERS[name]) for name, value in said.items()):
        return None
    try:
        reasons = [{**one, "policy": bundle} for one in said.get("reasons", ())]
        codes = [
            *said.get("matched", ()),
            *(one["rule"] for one in reasons),
            *(one["source_rule"] for one in said.get("obligations", ())),
        ]
        matched = _matched(bundle, tuple(codes), described)
        if matched is None:
            return None
        if not any(said.get(member) for member in ("reasons", "obligations", "approval")):
            return _plain(matched, allow=said["allow"])
        return Finding.model_validate({**said, "reasons": reasons, "matched": matched})
    except (TypeError, KeyError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _matched(
    bundle: str, codes: tuple[object, ...], described: frozenset[str]
) -> tuple[str, ...] | None:
    """Return the rules that matched, as ``bundle/rule``; None where one is no code, or none of those that are described."""
    if described and not described.issuperset(codes):
        return None
    if not all(isinstance(code, str) and re.fullmatch(_CODE, code) for code in codes):
        return None
    return tuple(f"{bundle}/{code}" for code in dict.fromkeys(codes))


@lru_cache(maxsize=1024)
def _plain(matched: tuple[str, ...], *, allow: bool) -> Finding:
    """Return a finding with nothing to it: nothing is to be validated, for which a cold function would build models."""
    return Finding.model_construct(allow=allow, matched=matched)
