"""
Match patterns in time that is linear in the text.

The language of patterns is the common one without back-references and look-around, so that each is a finite automaton:
its states are walked side by side, and none of them is ever tried again. What was found for a set of states and a
character is remembered. Every step is counted, remembered or not, so a pattern that needs too many ends its evaluation,
hangs nothing, and does so each time: how many they are comes of the pattern and the text alone.

A pattern is found anywhere in a text unless it says ``^`` or ``$``, which are the begin and the end of all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from shared.policy.rules.language.pattern_reading import (
    BadPattern,
    Char,
    Choice,
    Part,
    Place,
    Reader,
    Repeat,
    Sequence,
    Test,
    word,
)
from shared.records import dataclass

MAX_PATTERN = 256
MAX_TEXT = 10_000
MAX_STATES = 1_000
MAX_REMEMBERED = 5_000

Spend = Callable[[int], None]
"""Counts steps, and raises where there were too many."""


@dataclass(frozen=True)
class _State:
    """Where an automaton may be, and where it goes from there: by a character, at a certain place, or at once."""

    to: tuple[int, ...] = ()
    test: Test | None = None
    place: str = ""


class _Writer:
    """Writes the states of an automaton, the last first."""

    def __init__(self, part: Part) -> None:
        self.states = [_State()]
        """Of which the first is the end."""
        self.work = 0
        self.begin = self._written(part, 0)

    def _put(self, state: _State) -> int:
        if len(self.states) >= MAX_STATES:
            raise BadPattern("this pattern is too large: it repeats too much")
        self.states.append(state)
        return len(self.states) - 1

    def _written(self, part: Part, then: int) -> int:
        self.work += 1
        if self.work > 10 * MAX_STATES:
            raise BadPattern("this pattern is too large: it repeats too much")
        match part:
            case Char(test=test):
                return self._put(_State((then,), test=test))
            case Place(is_=place):
                return self._put(_State((then,), place=place))
            case Sequence(parts=parts):
                for one in reversed(parts):
                    then = self._written(one, then)
                return then
            case Choice(parts=parts):
                ways = tuple(self._written(one, then) for one in parts)
                return ways[0] if len(ways) == 1 else self._put(_State(ways))
            case Repeat(part=inner, least=least, most=most):
                return self._repeated(inner, least, most, then)

    def _repeated(self, part: Part, least: int, most: int | None, then: int) -> int:
        if most is None:
            fork = self._put(_State())
            self.states[fork] = _State((self._written(part, fork), then))
            then = fork
        else:
            end = then
            for _ in range(most - least):
                then = self._put(_State((self._written(part, then), end)))
        for _ in range(least):
            then = self._written(part, then)
        return then


@dataclass(frozen=True)
class _Step:
    """Where one character leads."""

    then: frozenset[int]
    ended: bool
    costs: int
    """How many steps it is, whoever walked it first."""


class Pattern:
    """A pattern, ready to be found."""

    def __init__(self, text: str, *, folded: bool = False) -> None:
        """
        Read it; folded, it makes no difference of case whatever it says.

        Raises:
            BadPattern: It is none.
        """
        if len(text) > MAX_PATTERN:
            raise BadPattern(f"a pattern has {MAX_PATTERN} characters at most")
        written = _Writer(Reader(text, folded).read())
        self._states, self._begin = tuple(written.states), written.begin
        self._placed = any(one.place for one in self._states)
        self._next: dict[tuple[frozenset[int], str, str], _Step] = {}

    def found(self, text: str, spend: Spend) -> bool:
        """Say whether it is somewhere in a text."""
        spend(len(text) // 8 + 1)
        now: frozenset[int] = frozenset()
        walked: set[tuple[frozenset[int], str, str]] = set()
        for at in range(len(text) + 1):
            way = now, text[at : at + 1], self._around(text, at)
            step = self._next.get(way) or self._stepped(*way)
            if way not in walked:
                walked.add(way)
                spend(step.costs)
            if step.ended:
                return True
            now = step.then
        return False

    def spans(self, text: str, spend: Spend) -> Iterator[tuple[int, int]]:
        """Yield where it is found, from where to where: the first, of those the longest, and so on after it."""
        at = 0
        while at <= len(text):
            found = self._first(text, at, spend)
            if found is None:
                return
            if found[1] > found[0]:
                yield found
            at = max(found[1], found[0] + 1)

    def _first(self, text: str, at: int, spend: Spend) -> tuple[int, int] | None:
        best: tuple[int, int] | None = None
        now: dict[int, int] = {}
        for place in range(at, len(text) + 1):
            if best is None:
                now.setdefault(self._begin, place)
            reached = self._spread(now, self._around(text, place), spend)
            if 0 in reached and (best is None or reached[0] <= best[0]):
                best = (reached[0], place)
            now = {}
            for state, since in reached.items():
                test = self._states[state].test
                if best is not None and since > best[0]:
                    continue
                if test and place < len(text) and test(text[place]):
                    then = self._states[state].to[0]
                    now[then] = min(since, now.get(then, since))
            if best is not None and not now:
                break
        return best

    def _spread(self, now: dict[int, int], around: str, spend: Spend) -> dict[int, int]:
        """Return where it may be at once, each with the earliest begin that leads there."""
        reached: dict[int, int] = {}
        for state, since in sorted(now.items(), key=lambda one: one[1]):
            for one in self._at_once((state,), around, reached):
                spend(1)
                reached[one] = since
        return reached

    def _stepped(self, now: frozenset[int], char: str, around: str) -> _Step:
        reached: dict[int, int] = {}
        for one in self._at_once((*now, self._begin), around, reached):
            reached[one] = 0
        then = frozenset(
            state.to[0]
            for state in [self._states[one] for one in reached]
            if state.test and char and state.test(char)
        )
        if len(self._next) >= MAX_REMEMBERED:
            self._next.clear()
        step = self._next[now, char, around] = _Step(then, 0 in reached, len(reached))
        return step

    def _at_once(self, begin: Iterable[int], around: str, reached: dict[int, int]) -> Iterator[int]:
        """Yield every state that is reached without a character, and not before; it is noted in between."""
        waiting = list(begin)
        while waiting:
            one = waiting.pop()
            if one in reached:
                continue
            yield one
            state = self._states[one]
            if state.test is None and (not state.place or state.place in around):
                waiting.extend(state.to)

    def _around(self, text: str, at: int) -> str:
        """Return which conditions of a place hold."""
        if not self._placed:
            return ""
        edge = (at > 0 and word(text[at - 1])) is not (at < len(text) and word(text[at]))
        begin, end = "^" if at == 0 else "", "$" if at == len(text) else ""
        return f"{begin}{end}{'b' if edge else 'B'}"


@lru_cache(maxsize=512)
def pattern(text: str, *, folded: bool = False) -> Pattern:
    """Return a pattern, read once."""
    return Pattern(text, folded=folded)
