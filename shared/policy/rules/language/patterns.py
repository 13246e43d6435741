"""
Match patterns in time that is linear in the text.

The language of patterns is the common one without back-references and look-around, so that each is a finite automaton:
its states are walked side by side, and none of them is ever tried again. What was found for a set of states and a
character is remembered. Every step is counted, so a pattern that needs too many ends its evaluation and hangs nothing.

A pattern is found anywhere in a text unless it says ``^`` or ``$``, which are the begin and the end of all of it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from shared.records import dataclass

MAX_PATTERN = 256
MAX_TEXT = 10_000
MAX_STATES = 1_000
MAX_NESTING = 16
MAX_REMEMBERED = 5_000

Spend = Callable[[int], None]
"""Counts steps, and raises where there were too many."""

_Test = Callable[[str], bool]
_REPEAT = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_HEX = {"x": 2, "u": 4}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_TIMES: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class BadPattern(ValueError):
    """A pattern that is none, or that is too large."""


def word(char: str) -> bool:
    """Say whether a character is part of a word."""
    return char.isalnum() or char == "_"


_KINDS: dict[str, _Test] = {"d": str.isdecimal, "w": word, "s": str.isspace}


@dataclass(frozen=True)
class _Char:
    test: _Test


@dataclass(frozen=True)
class _Place:
    """A condition of a place: the begin or the end of the text, the edge of a word, or none."""

    is_: str


@dataclass(frozen=True)
class _Sequence:
    parts: tuple["_Part", ...]


@dataclass(frozen=True)
class _Choice:
    parts: tuple["_Part", ...]


@dataclass(frozen=True)
class _Repeat:
    part: "_Part"
    least: int
    most: int | None


_Part = _Char | _Place | _Sequence | _Choice | _Repeat


class _Reader:
    """Reads a pattern."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.folded = pattern.startswith("(?i)")
        self.at = 4 if self.folded else 0

    def read(self) -> _Part:
        found = self._choice(0)
        if self.at < len(self.text):
            raise BadPattern("a “)” stands here that closes nothing; write \\) for the character")
        return found

    def _choice(self, depth: int) -> _Part:
        if depth > MAX_NESTING:
            raise BadPattern(f"this pattern is nested deeper than {MAX_NESTING}")
        parts = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            parts.append(self._sequence(depth))
        return _Choice(tuple(parts))

    def _sequence(self, depth: int) -> _Part:
        parts = []
        while (char := self._peek()) and char not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return _Sequence(tuple(parts))

    def _repeated(self, part: _Part) -> _Part:
        char = self._peek()
        if char == "" or char not in "*+?{":
            return part
        if char == "{":
            said = _REPEAT.match(self.text, self.at)
            if not said:
                raise BadPattern("write \\{ for the character, or {2,5} for how often")
            self.at = said.end()
            least = int(said[1])
            most = int(said[3]) if said[3] else None if said[2] else least
            if most is not None and most < least:
                raise BadPattern("it repeats at least more often than at most")
        else:
            self.at += 1
            least, most = _TIMES[char]
        # Whether it takes as little as it can makes no difference to whether it is found.
        if self._peek() == "?":
            self.at += 1
        if self._peek() != "" and self._peek() in "*+?{":
            raise BadPattern("what repeats is not repeated again; put it in brackets")
        return _Repeat(part, least, most)

    def _atom(self, depth: int) -> _Part:
        char = self._take()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return _Char(self._cased(self._class()))
        if char == ".":
            return _Char(lambda one: one != "\n")
        if char in "*+?{":
            raise BadPattern(f"nothing stands before “{char}” that it could repeat")
        if char != "\\":
            return _Place(char) if char in "^$" else _Char(self._cased(_is(char)))
        return self._escaped()

    def _escaped(self) -> _Part:
        if self._peek() != "" and self._peek() in "bB":
            return _Place(self._take())
        found = self._escape()
        return _Char(self._cased(_is(found) if isinstance(found, str) else found))

    def _group(self, depth: int) -> _Part:
        if self._peek() == "?":
            if self.text[self.at + 1 : self.at + 2] != ":":
                raise BadPattern(
                    "look-around, names and flags are not taken: (?:…) groups, and (?i) where the pattern begins"
                    " ignores case"
                )
            self.at += 2
        found = self._choice(depth + 1)
        if self._peek() != ")":
            raise BadPattern("a “(” is not closed")
        self.at += 1
        return found

    def _class(self) -> _Test:
        negated = self._peek() == "^"
        self.at += negated
        tests: list[_Test] = []
        while self._peek() != "]" or not tests:
            first = self._member()
            ranged = self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", ""}
            if ranged:
                self.at += 1
                last = self._member()
                if not isinstance(first, str) or not isinstance(last, str) or last < first:
                    raise BadPattern("a range in […] goes from one character to a later one")
                tests.append(_between(first, last))
            else:
                tests.append(_is(first) if isinstance(first, str) else first)
        self.at += 1
        return lambda one: any(test(one) for test in tests) is not negated

    def _member(self) -> str | _Test:
        if self._peek() == "":
            raise BadPattern("a “[” is not closed")
        char = self._take()
        return char if char != "\\" else self._escape()

    def _escape(self) -> str | _Test:
        char = self._take()
        if char.lower() in _KINDS:
            test = _KINDS[char.lower()]
            return test if char.islower() else lambda one: not test(one)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if digits := _HEX.get(char):
            said = self.text[self.at : self.at + digits]
            if not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", said):
                raise BadPattern(f"after \\{char} stand {digits} hexadecimal digits")
            self.at += digits
            return chr(int(said, 16))
        if char.isdigit():
            raise BadPattern("a pattern does not refer back to what it matched")
        if char.isalpha():
            raise BadPattern(f"\\{char} is no escape that is taken here")
        return char

    def _cased(self, test: _Test) -> _Test:
        if not self.folded:
            return test
        return lambda one: test(one) or test(one.lower()) or test(one.upper())

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise BadPattern("it ends in the middle of something")
        self.at += 1
        return char


def _is(wanted: str) -> _Test:
    return lambda one: one == wanted


def _between(first: str, last: str) -> _Test:
    return lambda one: first <= one <= last


@dataclass(frozen=True)
class _State:
    """Where an automaton may be, and where it goes from there: by a character, at a certain place, or at once."""

    to: tuple[int, ...] = ()
    test: _Test | None = None
    place: str = ""


class _Writer:
    """Writes the states of an automaton, the last first."""

    def __init__(self, part: _Part) -> None:
        self.states = [_State()]
        """Of which the first is the end."""
        self.work = 0
        self.begin = self._written(part, 0)

    def _put(self, state: _State) -> int:
        if len(self.states) >= MAX_STATES:
            raise BadPattern("this pattern is too large: it repeats too much")
        self.states.append(state)
        return len(self.states) - 1

    def _written(self, part: _Part, then: int) -> int:
        self.work += 1
        if self.work > 10 * MAX_STATES:
            raise BadPattern("this pattern is too large: it repeats too much")
        match part:
            case _Char(test=test):
                return self._put(_State((then,), test=test))
            case _Place(is_=place):
                return self._put(_State((then,), place=place))
            case _Sequence(parts=parts):
                for one in reversed(parts):
                    then = self._written(one, then)
                return then
            case _Choice(parts=parts):
                ways = tuple(self._written(one, then) for one in parts)
                return ways[0] if len(ways) == 1 else self._put(_State(ways))
            case _Repeat(part=inner, least=least, most=most):
                return self._repeated(inner, least, most, then)

    def _repeated(self, part: _Part, least: int, most: int | None, then: int) -> int:
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


class Pattern:
    """A pattern, ready to be found."""

    def __init__(self, text: str) -> None:
        """
        Read it.

        Raises:
            BadPattern: It is none.
        """
        if len(text) > MAX_PATTERN:
            raise BadPattern(f"a pattern has {MAX_PATTERN} characters at most")
        written = _Writer(_Reader(text).read())
        self._states, self._begin = tuple(written.states), written.begin
        self._placed = any(one.place for one in self._states)
        self._next: dict[tuple[frozenset[int], str, str], tuple[frozenset[int], bool]] = {}

    def found(self, text: str, spend: Spend) -> bool:
        """Say whether it is somewhere in a text."""
        spend(len(text) // 8 + 1)
        now: frozenset[int] = frozenset()
        for at in range(len(text) + 1):
            char, key = text[at : at + 1], self._around(text, at)
            known = self._next.get((now, char, key))
            if known is None:
                known = self._stepped(now, char, key, spend)
            now, ended = known
            if ended:
                return True
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

    def _stepped(
        self, now: frozenset[int], char: str, around: str, spend: Spend
    ) -> tuple[frozenset[int], bool]:
        reached: dict[int, int] = {}
        for one in self._at_once((*now, self._begin), around, reached):
            spend(1)
            reached[one] = 0
        then = frozenset(
            state.to[0]
            for state in [self._states[one] for one in reached]
            if state.test and char and state.test(char)
        )
        if len(self._next) >= MAX_REMEMBERED:
            self._next.clear()
        found = self._next[now, char, around] = (then, 0 in reached)
        return found

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


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    """Return a pattern, read once."""
    return Pattern(text)
