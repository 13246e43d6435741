"""
Plans, held to rules over history before anything runs: on no way through a plan may a step break one.

Ways are not counted out, as they double with each choice. What a rule remembers is all that it judges by; so of two ways that
leave it the same memory one is followed, and of two of which one is worse for all that may come, the worse.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.errors import Invalid
from shared.history.models import (
    Act,
    AtMost,
    Broken,
    Followed,
    NeverAfter,
    OnAPath,
    OnlyAfter,
    OnlyWhile,
    Part,
    PlanAgain,
    PlanBeside,
    PlanChoice,
    PlanPart,
    PlanStep,
    Rule,
    Seen,
    Total,
)
from shared.history.rules.memory import breaks, not_followed, owed, remembered

MOST_WAYS = 256
"""How many memories that differ one rule is followed with through a plan."""

DEEPEST = 10
MOST_STEPS = 10_000
"""How many steps are taken to judge a plan, by all ways that are followed for all rules."""

MOST_ROUNDS = 1_000
"""How often something that is done again and again is followed."""

START = datetime(2000, 1, 1, tzinfo=UTC)
_FORBID = (NeverAfter, AtMost, Total)


class _Way(NamedTuple):
    seen: tuple[Seen, ...]
    path: tuple[str, ...]


_Ways = Mapping[tuple[Seen, ...], _Way]


def judge_plan(rules: Iterable[Rule], plan: Sequence[Part]) -> tuple[OnAPath, ...]:
    """
    Return each rule that a plan breaks, once for each step that does, with a way there.

    A step that breaks a rule is not taken by that way, as the gate would not let it happen. So a plan in which nothing
    is found is let through by the gate, whatever way it goes; where something is found there may be more behind it.

    Raises:
        Invalid: The plan has too many ways that differ for a rule, or goes on for too long.
    """
    found: list[OnAPath] = []
    budget = _Budget()
    for rule in rules:
        one = _Judge(rule, budget)
        ends = one.through({(): _Way((), ())}, plan)
        found += one.found.values()
        if isinstance(rule, Followed):
            found += _unfollowed(rule, ends.values())
    return tuple(found)


def _unfollowed(rule: Followed, ends: Iterable[_Way]) -> Iterator[OnAPath]:
    told = set[str]()
    for way in ends:
        owing = owed(rule, way.seen)
        if owing and owing.act not in told:
            told.add(owing.act)
            yield OnAPath(broken=not_followed(rule, owing), step=owing.act, path=way.path)


class _Budget:
    def __init__(self) -> None:
        self._left = MOST_STEPS

    def take(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise Invalid(
                f"following all ways through the plan takes more than {MOST_STEPS} steps;"
                " divide it into plans of their own",
                rule="too_many_steps",
            )


class _Judge:
    """Follows all ways through a plan for one rule."""

    def __init__(self, rule: Rule, budget: _Budget, lurking: Sequence[Seen] = ()) -> None:
        self._rule, self._budget = rule, budget
        self._lurking = tuple(lurking)
        """What goes on beside may have done by any moment."""
        self.found: dict[str, OnAPath] = {}

    def through(self, ways: _Ways, parts: Iterable[Part]) -> _Ways:
        for part in parts:
            match part:
                case PlanStep():
                    ways = self._step(ways, part)
                case PlanChoice():
                    ways = self._any(self.through(ways, way) for way in part.ways)
                case PlanBeside():
                    ways = self._beside(ways, part)
                case PlanAgain():
                    ways = self._again(ways, part)
        return ways

    def _step(self, ways: _Ways, step: PlanStep) -> _Ways:
        at = None if step.after_s is None else START + timedelta(seconds=step.after_s)
        act = Act(id=step.id, name=step.name, run="plan", facts=step.facts, at=at)
        seen = remembered(self._rule, act)
        self._budget.take(len(ways))
        after: list[_Way] = []
        for way in ways.values():
            path = (*way.path, step.id)
            broken = breaks(self._rule, (*way.seen, *self._lurking), act)
            if broken:
                self._tell(broken, step.id, path)
                after.append(way)
            else:
                more = (seen.model_copy(update={"act": step.id}),) if seen else ()
                after.append(_Way((*way.seen, *more), path))
        return self._any([{way.seen: way for way in after}])

    def _tell(self, broken: Broken, step: str, path: tuple[str, ...]) -> None:
        before = self.found.get(step)
        if before is None or (broken.certain and not before.broken.certain):
            self.found[step] = OnAPath(broken=broken, step=step, path=path)

    def _beside(self, ways: _Ways, part: PlanBeside) -> _Ways:
        """
        Follow ways that go on at once, each by the worst order that there may be.

        What forbids sees all of the others before; what permits sees nothing that they open, and all that they close.
        """
        ends: list[_Ways] = []
        for number, own in enumerate(part.ways):
            others = [way for n, way in enumerate(part.ways) if n != number]
            judge = _Judge(self._rule, self._budget, (*self._lurking, *self._closing(others)))
            after_all = ways
            for other in others:
                after_all = judge.through(after_all, other)
            judge.found.clear()
            judge.through(after_all if isinstance(self._rule, _FORBID) else ways, own)
            for found in judge.found.values():
                self._tell(found.broken, found.step, found.path)
            ends.append(_Judge(self._rule, self._budget).through(after_all, own))
        closing = self._closing(part.ways)
        shut = (
            {(*way.seen, *closing): _Way((*way.seen, *closing), way.path)}
            for one in ends
            for way in one.values()
        )
        return self._any([*ends, *(shut if closing else ())])

    def _closing(self, ways: Iterable[Sequence[Part]]) -> list[Seen]:
        """Return what ways may do that is bad for whoever needs something to stand, or to be the last."""
        if isinstance(self._rule, Followed):
            return []
        acts = (Act(id=s.id, name=s.name, run="plan", facts=s.facts) for s in _steps(ways))
        seen = (remembered(self._rule, act) for act in acts)
        return [one for one in seen if one and one.what in {"closed", "other"}]

    def _again(self, ways: _Ways, part: PlanAgain) -> _Ways:
        """Follow a body until it leaves nothing new, or as often as it may run."""
        every = last = self._any([ways])
        for _ in range(MOST_ROUNDS if part.times is None else part.times):
            last = self.through(last, part.body)
            more = self._any([every, last])
            if more.keys() == every.keys():
                return every
            every = more
        if part.times is None:
            raise Invalid(
                f"after {MOST_ROUNDS} rounds of a loop the rule {self._rule.id} still counts more;"
                " say how often it runs at the most",
                rule="too_many_rounds",
            )
        return every

    def _any(self, several: Iterable[_Ways]) -> _Ways:
        """Return the ways of all of them, without those that others make needless."""
        ways = {self._plainly(way.seen): way for one in several for way in one.values()}
        kept = {
            seen: _Way(seen, way.path)
            for seen, way in ways.items()
            if not any(_worse(self._rule, other, seen) for other in ways if other != seen)
        }
        if len(kept) > MOST_WAYS:
            raise Invalid(
                f"the plan has more than {MOST_WAYS} ways that differ for the rule {self._rule.id};"
                " divide it into plans of their own",
                rule="too_many_ways",
            )
        return kept

    def _plainly(self, seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
        """Return a memory as every other is written from which the same follows."""
        rule = self._rule
        if isinstance(rule, Followed):
            return _owing(rule, seen)
        if isinstance(rule, OnlyAfter) and rule.directly:
            return seen[-1:]
        if not isinstance(rule, _FORBID):
            # The later of two that are alike says all that both do.
            last: dict[Seen, None] = {}
            for one in seen:
                alike = one.model_copy(update={"act": ""})
                last.pop(alike, None)
                last[alike] = None
            return tuple(last if isinstance(rule, OnlyWhile) else sorted(last, key=_place))
        sums: dict[tuple[str, str, bool], Seen] = {}
        for one in seen:
            before = sums.get(_place(one))
            counted = one.amount + before.amount if before else one.amount
            amount = 1 if isinstance(rule, NeverAfter) else counted
            sums[_place(one)] = one.model_copy(update={"act": "", "amount": amount})
        return tuple(sorted(sums.values(), key=_place))


def _owing(rule: Followed, seen: Sequence[Seen]) -> tuple[Seen, ...]:
    """Return what is still to be followed of what was seen."""
    owing: dict[tuple[str, str | None], Seen] = {}
    for n, one in enumerate(seen):
        if one.what == "act" and owed(rule, [one, *seen[n + 1 :]]) == one:
            owing[one.act, one.key] = one
    return tuple(owing.values())


def _place(seen: Seen) -> tuple[str, str, bool]:
    return (str(seen.key), str(seen.at), seen.sure)


def _worse(rule: Rule, one: tuple[Seen, ...], other: tuple[Seen, ...]) -> bool:
    """Say whether a memory is worse than another for whatever may come."""
    if isinstance(rule, _FORBID):
        most = {_place(seen): seen.amount for seen in one}
        return all(most.get(_place(seen), -1) >= seen.amount for seen in other)
    if isinstance(rule, OnlyAfter) and not rule.directly:
        return {*map(_place, one)} < {*map(_place, other)}
    return False


def _steps(ways: Iterable[Sequence[Part]]) -> Iterator[PlanStep]:
    for way in ways:
        for part in way:
            match part:
                case PlanStep():
                    yield part
                case PlanChoice() | PlanBeside():
                    yield from _steps(part.ways)
                case PlanAgain():
                    yield from _steps([part.body])


def built(parts: Sequence[PlanPart], plan: Sequence[str]) -> tuple[Part, ...]:
    """
    Return a plan of its parts, each of which has one place in it.

    Raises:
        Invalid: A part is not there, is in two places or in itself, or does not say what it must.
    """
    left = {part.id: part for part in parts}
    if len(left) < len(parts):
        raise Invalid("two parts of the plan have the same id", rule="plan_part")

    def way(ids: Iterable[str], level: int) -> tuple[Part, ...]:
        if level > DEEPEST:
            raise Invalid(f"a plan is at most {DEEPEST} levels deep", rule="plan_depth")
        return tuple(one(id, level) for id in ids)

    def one(id: str, level: int) -> Part:
        part = left.pop(id, None)
        if part is None:
            raise Invalid(f"{id} is no part of the plan, or is in it twice", rule="plan_part")
        if part.kind == "step":
            return _step(part)
        ways = tuple(way(ids, level + 1) for ids in part.ways)
        if not ways or part.name is not None or (part.kind == "again" and len(ways) > 1):
            raise Invalid(
                f"{id} is no step: it has ways, or the one that is done over, and no name",
                rule="plan_part",
            )
        if part.kind == "again":
            return PlanAgain(ways[0], part.times)
        return PlanChoice(ways) if part.kind == "choice" else PlanBeside(ways)

    whole = way(plan, 1)
    if left:
        raise Invalid(f"{next(iter(left))} is in no place of the plan", rule="plan_part")
    return whole


def _step(part: PlanPart) -> PlanStep:
    if part.name is None or part.ways:
        raise Invalid(f"{part.id} is a step: it has a name, and no ways", rule="plan_part")
    return PlanStep(part.id, part.name, part.facts, part.after_s)
