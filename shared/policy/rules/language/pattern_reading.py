"""Read a pattern: the common language of them, without back-references and look-around."""

import re
from collections.abc import Callable

from shared.records import dataclass

MAX_NESTING = 16

Test = Callable[[str], bool]
_REPEAT = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_HEX = {"x": 2, "u": 4}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_TIMES: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class BadPattern(ValueError):
    """A pattern that is none, or that is too large."""


def word(char: str) -> bool:
    """Say whether a character is part of a word."""
    return char.isalnum() or char == "_"


_KINDS: dict[str, Test] = {"d": str.isdecimal, "w": word, "s": str.isspace}


@dataclass(frozen=True)
class Char:
    """One character that passes a test."""

    test: Test


@dataclass(frozen=True)
class Place:
    """A condition of a place: the begin or the end of the text, the edge of a word, or none."""

    is_: str


@dataclass(frozen=True)
class Sequence:
    """One part after another."""

    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Choice:
    """One of several parts."""

    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Repeat:
    """A part, several times."""

    part: "Part"
    least: int
    most: int | None


Part = Char | Place | Sequence | Choice | Repeat


class Reader:
    """Reads a pattern."""

    def __init__(self, pattern: str, folded: bool) -> None:
        """Begin; folded, it makes no difference of case whatever it says."""
        self.text = pattern
        said = pattern.startswith("(?i)")
        self.folded = folded or said
        self.at = 4 if said else 0

    def read(self) -> Part:
        """
        Return what it says.

        Raises:
            BadPattern: It is none.
        """
        found = self._choice(0)
        if self.at < len(self.text):
            raise BadPattern("a “)” stands here that closes nothing; write \\) for the character")
        return found

    def _choice(self, depth: int) -> Part:
        if depth > MAX_NESTING:
            raise BadPattern(f"this pattern is nested deeper than {MAX_NESTING}")
        parts = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            parts.append(self._sequence(depth))
        return Choice(tuple(parts))

    def _sequence(self, depth: int) -> Part:
        parts = []
        while (char := self._peek()) and char not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return Sequence(tuple(parts))

    def _repeated(self, part: Part) -> Part:
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
        return Repeat(part, least, most)

    def _atom(self, depth: int) -> Part:
        char = self._take()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return Char(self._cased(self._class()))
        if char == ".":
            return Char(lambda one: one != "\n")
        if char in "*+?{":
            raise BadPattern(f"nothing stands before “{char}” that it could repeat")
        if char != "\\":
            return Place(char) if char in "^$" else Char(self._cased(_is(char)))
        return self._escaped()

    def _escaped(self) -> Part:
        if self._peek() != "" and self._peek() in "bB":
            return Place(self._take())
        found = self._escape()
        return Char(self._cased(_is(found) if isinstance(found, str) else found))

    def _group(self, depth: int) -> Part:
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

    def _class(self) -> Test:
        negated = self._peek() == "^"
        self.at += negated
        tests: list[Test] = []
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

    def _member(self) -> str | Test:
        if self._peek() == "":
            raise BadPattern("a “[” is not closed")
        char = self._take()
        return char if char != "\\" else self._escape()

    def _escape(self) -> str | Test:
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

    def _cased(self, test: Test) -> Test:
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


def _is(wanted: str) -> Test:
    return lambda one: one == wanted


def _between(first: str, last: str) -> Test:
    return lambda one: first <= one <= last
