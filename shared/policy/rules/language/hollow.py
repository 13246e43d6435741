"""
Rules over history that say nothing: no act can ever be one that they are about, or none can ever keep them.

Only what is certain is told, whatever is done: a fact that an act does not say counts as the worst that it could be, so
facts alone never keep an act out of what restricts.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args

from shared.deciding import FACTS
from shared.facts import Acts
from shared.history.models import (
    Act,
    AtMost,
    Fact,
    Followed,
    NeverAfter,
    OnlyAfter,
    OnlyWhile,
    Pattern,
    Rule,
    Total,
)
from shared.history.rules.memory import is_one
from shared.policy.models.acts import ActingFor
from shared.policy.rules.acts import declared

OPERATIONS = tuple(get_args(Acts))
_BESIDE = frozenset(name for name in ActingFor.model_fields if name.endswith("_id"))
UNSAID = frozenset().union(*FACTS.values(), FACTS.keys(), _BESIDE) - {"purpose"}
"""What no argument of a tool says: it is looked up, or said beside the arguments. The purpose is handed on with them."""


def never_matches(rule: Rule) -> Iterator[str]:
    """Yield in words why no act can ever be one that a rule is about."""
    # A plan says itself of what operation its steps are, and what must follow is looked for there alone.
    for pattern in () if isinstance(rule, Followed) else _patterns(rule):
        said = pattern.where.get("operation")
        if isinstance(said, str) and not any(_alike(said, one) for one in OPERATIONS):
            near = get_close_matches(said, OPERATIONS, 1)
            other = f"did you mean {near[0]}?" if near else f"there are {', '.join(OPERATIONS)}"
            yield f"no act is of the operation {said}, so {pattern} is none; {other}"


def no_tools(rule: Rule) -> Iterator[str]:
    """Yield in words which operations of the platform a rule names, as it looks at tools alone."""
    for pattern in _patterns(rule):
        if pattern.name in declared():
            yield f"{pattern.name} is an operation of the platform, and a history looks at the tools that agents use; a rule denies an operation"


def never_kept(rule: Rule) -> Iterator[str]:
    """Yield in words why every act that a rule is about breaks it."""
    match rule:
        case AtMost():
            yield from _counted(rule)
            if rule.times == 0:
                yield f"{rule.act} is denied always: at most 0; a rule that denies says so in its own words"
        case Total():
            yield from _counted(rule)
            yield from _added_up(rule)
        case OnlyAfter():
            yield from _permitting(rule, rule.after)
            yield from _apart(rule, rule.after)
            if _within(rule.after, rule.act):
                yield f"{rule.after} is itself allowed only after {rule.after}, so there is never a first; say of act what is not among it"
        case OnlyWhile():
            yield from _permitting(rule, rule.opened)
            yield from _apart(rule, rule.opened)
            if _within(rule.opened, rule.closed):
                yield f"{rule.opened} is also {rule.closed}, so what opens closes at once; tell them apart"
            if _within(rule.opened, rule.act):
                yield f"{rule.opened} is itself allowed only while that stands, so nothing ever opens it; say of act what is not among it"
        case NeverAfter() | Followed():
            pass


def _patterns(rule: Rule) -> Iterator[Pattern]:
    yield rule.act
    match rule:
        case NeverAfter() | OnlyAfter():
            yield rule.after
        case OnlyWhile():
            yield from (rule.opened, rule.closed)
        case Followed():
            yield rule.by
        case AtMost() | Total():
            pass


def _counted(rule: AtMost | Total) -> Iterator[str]:
    for name in (one for one in rule.per if one in UNSAID):
        yield f"no argument of a tool says {name}, so everything is denied that is counted by it; count by a fact of {rule.act}{_across(name)}"


def _across(name: str) -> str:
    return {
        "agent_id": ', or say "across": "agent"',
        "run_id": ", or leave it out: by runs is the usual",
    }.get(name, "")


def _added_up(rule: Total) -> Iterator[str]:
    always = rule.act.where.get(rule.of, 0)
    if rule.of in UNSAID:
        yield f"no argument of a tool says {rule.of}, so there is nothing to add up, and everything is denied"
    elif rule.of in rule.per:
        yield f"what is counted by {rule.of} says it as a text, and what adds it up as a number: everything is denied"
    elif isinstance(always, bool) or not isinstance(always, int) or always < 0:
        yield f"{rule.of} is no number from 0 on in {rule.act}, so everything is denied"
    elif always > rule.limit:
        yield f"{rule.act} is more than {rule.limit} at once, so everything is denied"
    if rule.limit == 0:
        yield f"nothing but 0 {rule.of} is let through: the limit is 0"


def _permitting(rule: Rule, before: Pattern) -> Iterator[str]:
    """Find that no act can be known to be the one that must have been before."""
    unsaid = [name for name in (*before.where, *before.unless) if name in UNSAID]
    unsaid += [name for name, value in before.where.items() if value is None]
    for name in dict.fromkeys(unsaid):
        yield f"nothing is known to be {before}, as no argument of a tool says {name}; so {rule.act} is denied always"
    if before.unless and is_one(before, _act(before, before.name), permits=True) == "no":
        yield f"{before} is what it is not, so nothing is, and {rule.act} is denied always"


def _apart(rule: OnlyAfter | OnlyWhile, before: Pattern) -> Iterator[str]:
    """Find that an act and what must have been before it never have the same facts."""
    for name in (one for one in rule.same if one in rule.act.where and one in before.where):
        if not _alike(rule.act.where[name], before.where[name]):
            yield f"{rule.act} and {before} never have the same {name}, so it is denied always"


def _within(inner: Pattern, outer: Pattern) -> bool:
    """Say whether all that is known to be meant by one pattern may be meant by another."""
    if {*outer.where, *outer.unless} - inner.where.keys():
        return False
    begins = inner.name.removesuffix("*")
    # Of a name that only begins so any other letter may follow: one that does not lead on to the other name.
    rests = ("",) if begins == inner.name else ("q", "x")
    names = [f"{begins}{rest}" for rest in rests]
    return all(is_one(outer, _act(inner, name)) != "no" for name in names)


def _act(pattern: Pattern, name: str) -> Act:
    """Return an act of a name of which nothing is known but what a pattern asks for."""
    return Act(id="one", name=name, run="one", facts=pattern.where)


def _alike(one: Fact, other: Fact) -> bool:
    """Say whether two facts are the same, as people read them."""
    act = Act(id="one", name="one", run="one", facts={"one": other})
    return is_one(Pattern(name="one", where={"one": one}), act) == "yes"
