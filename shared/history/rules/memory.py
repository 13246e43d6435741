"""
What a rule remembers of acts, and whether an act breaks it by that.

Both the gate and the compiler ask this and nothing else, so they cannot disagree. What forbids compares texts as people
read them, whatever their case, script and separators; what permits compares them to the letter. A value of another type
than it is compared with is not known, as one that is missing, and is the worst that it could be.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.canonical import canonical
from shared.history.models import (
    Act,
    AtMost,
    Broken,
    Fact,
    Followed,
    NeverAfter,
    OnlyAfter,
    OnlyWhile,
    Pattern,
    Rule,
    Seen,
    Total,
)
from shared.texts import bare, spelled

Sure = Literal["no", "maybe", "yes"]
_LEAST: dict[tuple[Sure, Sure], Sure] = {("yes", "yes"): "yes"}


def both(one: Sure, other: Sure) -> Sure:
    """Say how sure it is that both are so."""
    return "no" if "no" in (one, other) else _LEAST.get((one, other), "maybe")


def is_one(pattern: Pattern, act: Act, *, permits: bool = False) -> Sure:
    """Say whether an act is one that is meant; *permits* is whether that would be good for whoever acts."""
    if not _called(pattern.name, act.name, to_the_letter=permits):
        return "no"
    sure: Sure = "yes"
    for fact, value in pattern.where.items():
        sure = both(sure, _equal(act.facts.get(fact), value, to_the_letter=permits))
    if pattern.unless:
        out: Sure = "yes"
        for fact, value in pattern.unless.items():
            # Being left out is good for whoever acts where being meant is bad.
            out = both(out, _equal(act.facts.get(fact), value, to_the_letter=not permits))
        left: dict[Sure, Sure] = {"yes": "no", "no": "yes", "maybe": "maybe"}
        sure = both(sure, left[out])
    return sure


def _called(name: str, act: str, *, to_the_letter: bool) -> bool:
    """Say whether an act has a name, or one that begins as it: for what forbids, in any case and with any separators."""
    beginning = name.removesuffix("*")
    if act == name or (name != beginning and act.startswith(beginning)):
        return True
    if to_the_letter:
        return False
    if name == beginning:
        return bare(act) == bare(name)
    return _SEPARATORS.sub(".", act.lower()).startswith(_SEPARATORS.sub(".", beginning.lower()))


_SEPARATORS = re.compile(r"[^0-9a-z]+")


def _equal(known: Fact, wanted: Fact, *, to_the_letter: bool) -> Sure:
    if known is None:
        return "maybe"
    if wanted is None:
        return "no"
    if type(known) is not type(wanted):
        return "maybe"
    if to_the_letter:
        return "yes" if known == wanted else "no"
    return "yes" if _as_read(known) == _as_read(wanted) else "no"


def _as_read(value: Fact) -> Fact:
    """Return a value as people would take it for the same: ACME and acme."""
    return (bare(value) or spelled(value)) if isinstance(value, str) else value


def key_of(names: Iterable[str], act: Act, *, permits: bool = False) -> str | None:
    """Return the facts that acts are held together by, as one text; None where one of them is not known."""
    values = [act.facts.get(name) for name in names]
    if None in values:
        return None
    return canonical(values if permits else [*map(_as_read, values)]).decode()


def place_of(rule: AtMost | Total, act: Act) -> str | None:
    """Return by which facts a rule counts an act, as one text; None where one is no text: it could be counted anywhere."""
    return None if _unsaid(rule, act) else key_of(rule.per, act)


def _unsaid(rule: AtMost | Total, act: Act) -> list[str]:
    return [name for name in rule.per if not isinstance(act.facts.get(name), str)]


def remembered(rule: Rule, act: Act) -> Seen | None:
    """Return what a rule remembers of an act that began; None where it is about other things, or nothing was done."""
    found: Seen | None
    match rule:
        case _ if act.state == "failed":
            found = None
        case NeverAfter():
            found = _seen("before", act, is_one(rule.after, act), key_of(rule.same, act))
        case AtMost():
            found = _seen("act", act, is_one(rule.act, act), place_of(rule, act))
        case Total():
            amount = act.facts.get(rule.of)
            sure, known = is_one(rule.act, act), _is_amount(amount)
            found = _seen("act", act, sure if known else both(sure, "maybe"), place_of(rule, act))
            found = found and found.model_copy(update={"amount": amount if known else 0})
        case OnlyAfter():
            found = _seen("before", act, *_permitting(rule.after, rule.same, act))
            found = found or (_seen("other", act, "yes", None) if rule.directly else None)
        case OnlyWhile():
            # Closing is bad for whoever acts, opening is good: an act that may be both closes.
            found = _seen("closed", act, is_one(rule.closed, act), _exactly(rule.same, act))
            found = found or _seen("before", act, *_permitting(rule.opened, rule.same, act))
        case Followed():
            # Following is good for whoever acts, owing is bad: an act that may be both owes.
            closing = _seen("closed", act, *_permitting(rule.by, rule.same, act))
            owing = _seen("act", act, is_one(rule.act, act), _exactly(rule.same, act))
            found = closing if closing and closing.sure else owing or closing
    return found


def _exactly(same: Iterable[str], act: Act) -> str | None:
    return key_of(same, act, permits=True)


def _permitting(pattern: Pattern, same: Iterable[str], act: Act) -> tuple[Sure, str | None]:
    key = key_of(same, act, permits=True)
    sure = is_one(pattern, act, permits=True)
    return (sure if key is not None else both(sure, "maybe")), key


def _seen(
    what: Literal["act", "before", "closed", "other"], act: Act, sure: Sure, key: str | None
) -> Seen | None:
    if sure == "no":
        return None
    done = act.state == "done"
    at = act.at if done else None
    return Seen(act=act.id, what=what, key=key, at=at, sure=sure == "yes", done=done)


def _is_amount(value: Fact) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def breaks(rule: Rule, seen: Sequence[Seen], act: Act) -> Broken | None:
    """
    Return how an act breaks a rule, after all that the rule remembers; None where it keeps it.

    Args:
        rule: The rule.

        seen: What it remembers of the acts before, in the order in which they began.

        act: What is to be done.
    """
    about = is_one(rule.act, act)
    if about == "no":
        return None
    sure, message = _found(rule, [*_in_time(rule, seen, act.at)], act)
    sure = both(sure, about)
    if sure == "no":
        return None
    return Broken(rule=rule.id, message=message, severity=rule.severity, certain=sure == "yes")


def _in_time(rule: Rule, seen: Iterable[Seen], now: datetime | None) -> Iterator[Seen]:
    """Yield what counts by its age: what is in flight always does, and what has no time."""
    within = None if rule.within_s is None else timedelta(seconds=rule.within_s)
    for one in seen:
        if within is None or one.at is None or now is None or now - one.at <= within:
            yield one


def _found(rule: Rule, seen: Sequence[Seen], act: Act) -> tuple[Sure, str]:
    answer: tuple[Sure, str]
    match rule:
        case NeverAfter():
            answer = _forbidden(rule, seen, act)
        case AtMost():
            answer = _counted(rule, seen, act, own=1, most=rule.times, what=f"{rule.act}")
        case Total():
            answer = _summed(rule, seen, act)
        case OnlyAfter():
            answer = _permitted(rule, seen, act)
        case OnlyWhile():
            answer = _standing(rule, seen, act)
        case Followed():
            answer = "no", ""
    return answer


def _summed(rule: Total, seen: Sequence[Seen], act: Act) -> tuple[Sure, str]:
    amount = act.facts.get(rule.of)
    if not isinstance(amount, int) or not _is_amount(amount):
        known = amount is not None
        return ("yes" if known else "maybe"), f"{rule.act} says no {rule.of} to add up"
    what = f"{rule.of} of {rule.act}"
    return _counted(rule, seen, act, own=amount, most=rule.limit, what=what)


def _forbidden(rule: NeverAfter, seen: Sequence[Seen], act: Act) -> tuple[Sure, str]:
    key = key_of(rule.same, act)
    met = {_meets(one, key) for one in seen}
    sure: Sure = "yes" if "yes" in met else "maybe" if "maybe" in met else "no"
    return sure, f"{rule.act} never after {rule.after}{_span(rule)}"


def _counted(
    rule: AtMost | Total, seen: Sequence[Seen], act: Act, *, own: int, most: int, what: str
) -> tuple[Sure, str]:
    key, unsaid = place_of(rule, act), _unsaid(rule, act)
    if key is None:
        # Counted apart, it would have what all others have left, and they what it has.
        surely: Sure = "yes" if any(act.facts.get(name) is not None for name in unsaid) else "maybe"
        counted = f"{rule.act} is counted by {', '.join(rule.per)}"
        return surely, f"{counted}; send {', '.join(unsaid)} as a text"
    alike = [one for one in seen if one.key in (None, key)]
    unsure = any(not one.sure or one.key is None for one in alike)
    taken = sum(one.amount for one in alike)
    known = sum(one.amount for one in alike if one.sure and one.key == key)
    per = f" for the same {', '.join(rule.per)}" if rule.per else ""
    message = f"at most {most} {what}{per}{_span(rule)}; {taken} were before, and this is {own}"
    if known + own > most:
        return "yes", message
    # An amount that is not known may be any: nothing fits beside it.
    unknown = isinstance(rule, Total) and any(not one.sure for one in alike)
    return ("maybe" if taken + own > most or (unsure and unknown) else "no"), message


def _permitted(rule: OnlyAfter, seen: Sequence[Seen], act: Act) -> tuple[Sure, str]:
    key = key_of(rule.same, act, permits=True)
    looked = seen[-1:] if rule.directly else seen
    met = [_meets(one, key) for one in looked if one.what == "before" and one.done]
    sure: Sure = "no" if "yes" in met else "maybe" if "maybe" in met else "yes"
    directly = " directly" if rule.directly else ""
    return sure, f"{rule.act} only{directly} after {rule.after}{_alike(rule.same)}{_span(rule)}"


def _standing(rule: OnlyWhile, seen: Sequence[Seen], act: Act) -> tuple[Sure, str]:
    key, stands = key_of(rule.same, act, permits=True), "no"
    for one in seen:
        met = _meets(one, key)
        if met == "no" or (one.what == "before" and not one.done):
            continue
        if one.what == "before":
            stands = "yes" if "yes" in (met, stands) else "maybe"
        else:
            stands = "no" if met == "yes" or stands == "no" else "maybe"
    sure: Sure = "no" if stands == "yes" else "maybe" if stands == "maybe" else "yes"
    same = _alike(rule.same)
    return sure, f"{rule.act} only after {rule.opened} and before {rule.closed}{same}{_span(rule)}"


def _meets(one: Seen, key: str | None) -> Sure:
    if key is None or one.key is None:
        return "maybe"
    if one.key == key:
        return "yes" if one.sure else "maybe"
    pairs = zip(json.loads(one.key), json.loads(key), strict=True)
    return "no" if any(type(a) is type(b) and a != b for a, b in pairs) else "maybe"


def owed(rule: Rule, seen: Sequence[Seen]) -> Seen | None:
    """Return the act that nothing has followed, of a rule that wants it to; None of every other."""
    if not isinstance(rule, Followed):
        return None
    owing: list[Seen] = []
    for one in seen:
        if one.what == "act":
            owing.append(one)
        elif one.done and one.sure:
            owing = [other for other in owing if other.key is None or other.key != one.key]
    return owing[0] if owing else None


def not_followed(rule: Followed, act: Seen) -> Broken:
    """Return how a run breaks a rule that ends before what it owes."""
    message = f"{rule.act} must be followed by {rule.by}{_alike(rule.same)}"
    return Broken(rule=rule.id, message=message, severity=rule.severity, certain=act.sure)


def _alike(same: Sequence[str]) -> str:
    return f" of the same {', '.join(same)}" if same else ""


def _span(rule: Rule) -> str:
    where = {"run": "in a run", "agent": "by an agent", "tenant": "in all"}[rule.across]
    if rule.within_s is None:
        return f" {where}"
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    name, size = next((n, s) for n, s in units if rule.within_s % s == 0)
    many = rule.within_s // size
    return f" within {many} {name}{'s' if many > 1 else ''} {where}"
