"""
When two texts say the same though they are written differently.

A no is said to a thing and not to its letters (rulings 76 and 82): what restricts takes two texts for one whatever
their case, script, width, spaces, separators, accents and percent-encoding are; what allows compares to the letter.
"""

from functools import cached_property, lru_cache
from urllib.parse import unquote

from shared import texts
from shared.records import dataclass

MAX_TEXT = 10_000
"""A longer text is not looked into: what a rule says of it is undefined."""

MAX_CODINGS = 8
"""A text that was encoded more often is not looked into either."""


@dataclass(frozen=True)
class Spelling:
    """What all spellings of a text have in common."""

    text: str

    @cached_property
    def decoded(self) -> str:
        """The text without percent-encoding, however often it was encoded."""
        text = self.text
        for _ in range(MAX_CODINGS):
            before, text = text, unquote(text)
            if text == before:
                break
        return text

    @property
    def plain(self) -> bool:
        """Whether that is all that it says: it was not encoded more often than is looked into."""
        return unquote(self.decoded) == self.decoded

    @cached_property
    def words(self) -> str:
        """Its words, whatever separates them."""
        return texts.worded(self.decoded)

    @cached_property
    def letters(self) -> str:
        """Its letters and digits; empty where it has no letter, for figures are told apart by what separates them."""
        bare = texts.bare(self.decoded)
        return "" if bare.isdecimal() else bare

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The forms in which a pattern that makes no difference of case may find it."""
        decoded = self.decoded
        said = (decoded, texts.alike(decoded), texts.spelled(decoded), self.words, self.letters)
        return tuple(dict.fromkeys(said))

    def same(self, other: "Spelling") -> bool:
        """Say whether another says the same."""
        if self.letters or other.letters:
            return self.letters == other.letters
        return self.words == other.words != ""

    def begins(self, other: "Spelling") -> bool:
        """Say whether it begins as another; one that ends between two words ends there."""
        if not other.words:
            return False
        words, begin = f"{self.words} ", other.words
        if _apart(other.decoded[-1:]):
            return words.startswith(f"{begin} ")
        return words.startswith(begin) or (_part(other) and self.letters.startswith(other.letters))

    def ends(self, other: "Spelling") -> bool:
        """Say whether it ends as another; one that begins between two words begins there."""
        if not other.words:
            return False
        words, end = f" {self.words}", other.words
        if _apart(other.decoded[:1]):
            return words.endswith(f" {end}")
        return words.endswith(end) or (_part(other) and self.letters.endswith(other.letters))

    def holds(self, other: "Spelling") -> bool:
        """Say whether another is in it."""
        found = other.words != "" and other.words in self.words
        return found or (_part(other) and other.letters in self.letters)


@lru_cache(maxsize=2048)
def spelling(text: str) -> Spelling:
    """Return the spelling of a text, which is looked into once."""
    return Spelling(text)


def _apart(char: str) -> bool:
    return not texts.worded(char)


def _part(other: Spelling) -> bool:
    return other.letters != ""
