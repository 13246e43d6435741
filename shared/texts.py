"""
Texts that people write and read: what may be in one, when it says nothing, and when two look alike.

Some characters show nothing and yet make two texts differ, turn what is read around, or carry words that
only a machine reads (Unicode TR 36 and 39). By the Unicode Standard these are: Default_Ignorable_Code_Point
(soft hyphen, zero-width space, joiners, byte order mark, directional marks, embeddings, overrides and
isolates, fillers, variation selectors, tags), General_Category Cc, Zl and Zp, interlinear annotation,
and the noncharacters. Each of them is refused but where a language or an emoji is written with it: line
breaks and tabs in a text of many lines, joiners as UAX #31 lets them in (and as Persian, Urdu and Bengali
write), the break of words in Thai, Lao, Burmese and Khmer, one variation selector after what has variants,
and the flags of emoji that are spelled with tags. Spaces of every width (Zs) are seen, and stay.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

_Ranges = tuple[tuple[int, int], ...]
_UNSEEN_RANGES: _Ranges = (
    *((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160)),
    *((0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F)),
    *((0x3164, 0x3164), (0xFDD0, 0xFDEF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0)),
    *((0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
    *(
        (0xE0000, 0xE0FFF),
        *((plane | 0xFFFE, plane | 0xFFFF) for plane in range(1 << 16, 17 << 16, 1 << 16)),
    ),
)
_SOMETIMES: _Ranges = (
    *((0x180B, 0x180F), (0x200B, 0x200D), (0xFE0E, 0xFE0F), (0xE0020, 0xE007F), (0xE0100, 0xE01EF)),
)
"""Those of them that belong in a text at some places, which no pattern can say."""


@cache
def _unseen() -> frozenset[str]:
    """Return all of them: some five thousand, which most reads never need."""
    return frozenset(chr(code) for first, last in _UNSEEN_RANGES for code in range(first, last + 1))


def _never(but: str = "") -> str:
    """Return the pattern of what a text holds nowhere, to be read by every reader of patterns."""
    kept = [*_SOMETIMES, *((ord(char), ord(char)) for char in but)]
    found: list[tuple[int, int]] = []
    for first, last in _UNSEEN_RANGES:
        start = first
        for begin, end in sorted(kept):
            if first <= begin and end <= last:
                found.append((start, begin - 1))
                start = end + 1
        found.append((start, last))
    return "[" + "".join(f"{_told(a)}-{_told(b)}" for a, b in found if a <= b) + "]"


def _told(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else chr(code)


UNSEEN_IN_A_LINE = _never()
UNSEEN_IN_LINES = _never(but="\n\r\t\x85\u2028\u2029")
UNSEEN_IN_DATA = _never(but="\n\r\t")

_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
"""What other systems end a line or a paragraph with (Unicode Standard, 5.8)."""

_ZWSP, _ZWNJ, _ZWJ = "\u200b", "\u200c", "\u200d"
_NAMED = {"\n": "a line break", "\r": "a line break", "\t": "a tab"}
_BLANK_BRAILLE = "\u2800"
_STYLES = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""What may stand between a picture and its joiner: the variation selector and the colours of skin."""

_PICTURES: _Ranges = (
    *((code, code) for code in (0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, 0x3030, 0x303D)),
    *((0x2190, 0x2BFF), (0x3297, 0x3297), (0x3299, 0x3299), (0x1F000, 0x1FAFF)),
)
"""The blocks of Extended_Pictographic (UTS #51)."""

_IDEOGRAPHS: _Ranges = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_MONGOLIAN: _Ranges = ((0x1820, 0x18AA),)
_UNSPACED: _Ranges = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
"""Thai, Lao, Burmese and Khmer: scripts without spaces between words."""

_ACCENTS = 200
"""Combining classes from here on are marks above and below; those under it are parts of letters."""

_DRAWN_ALIKE = str.maketrans(
    "АВЕЗЅІЇЈКМНОРСТУҮХԌԚԜҺӀаьезѕіїјкмноргстуүхԁԍԛԝһӏвп"
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹαβγεζηικνορστυχϲϳωμ"
    "ՕՍԼօսոհցքյղ"
    "ıɑɡɩɪʏʀʙᴄʜʟꜱøłđħŧƅƽꞵȷ",
    "abe3siijkmhopctyyxgqwhlabe3siijkmhoprctyyxdgqwhlbn"
    "abezhikmnoptyxcabyeznikvopotuxcjwu"
    "oulounhggjn"
    "iagiiyrbchlsoldhtbsbj",
)
"""What is drawn like a Latin letter, where no decomposition of Unicode leads there."""

_FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(char)) for char in name) + "\U000e007f"
    for name in ("gbeng", "gbsct", "gbwls")
)
"""England, Scotland and Wales: all emoji that are spelled with tags (UTS #51, RGI)."""


def of_lines(text: str) -> str:
    """
    Return a text of many lines, each of which ends with a line feed, whatever it ended with.

    Raises:
        ValueError: It holds what nobody sees.
    """
    text = _LINE_ENDS.sub("\n", text)
    _all_seen(text, but="\n\t")
    return text


def of_one_line(text: str) -> str:
    """
    Return a text of one line, as it is.

    Raises:
        ValueError: It holds what nobody sees, or a second line.
    """
    _all_seen(text)
    return text


def of_data(text: str) -> str:
    """
    Return a text inside of data, to the letter, as somebody may have hashed it.

    Raises:
        ValueError: It holds what nobody sees.
    """
    _all_seen(text, but="\n\r\t")
    return text


def printed(text: str) -> str:
    """Return what a program said, with U+FFFD in place of what nobody sees: it must always be heard."""
    text = _LINE_ENDS.sub("\n", text)
    unseen = _unseen()
    return "".join("\ufffd" if char in unseen and char not in "\n\t" else char for char in text)


def plainly_seen(text: str) -> bool:
    """Say whether a text begins with what everybody sees and is of printable ASCII alone: then no judge objects."""
    return text.isascii() and text.isprintable() and text[:1] > " "


def printable(text: str) -> str:
    """Show what a stranger wrote so that it cannot pass for a line of ours."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def says_something(text: str) -> bool:
    """Say whether anybody sees anything of a text."""
    return any(_visible(char) for char in text)


def alike(text: str) -> str:
    """
    Return the form that texts have in common which look the same but for their letters' scripts.

    It is NFKC_Casefold (UAX #31): compatibility variants, case and what nobody sees make no difference;
    here neither does how wide or how many the spaces are.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    seen = (" " if char.isspace() or char == _BLANK_BRAILLE else char for char in folded)
    unseen = _unseen()
    text = "".join(char for char in seen if char not in unseen)
    return " ".join(unicodedata.normalize("NFKC", text).split())


def spelled(text: str) -> str:
    """
    Return the form that all spellings of one text have in common: what is `alike`, in whatever script.

    Letters that are drawn like a Latin one are that letter (the letters of UTS #39's confusables that
    Cyrillic, Greek, Armenian and Latin itself have), digits of any script are ASCII's, and accents make no
    difference. Digits that only resemble letters stay digits: identifiers tell them apart.
    """
    if text.isascii():
        return alike(text)
    before = None
    while text != before:
        before = text
        parts = unicodedata.normalize("NFKD", text)
        letters = "".join(char for char in parts if unicodedata.combining(char) < _ACCENTS)
        text = alike("".join(map(_plain, letters.translate(_DRAWN_ALIKE))))
    return text


def bare(text: str) -> str:
    """Return the form that all spellings of a name have in common which programs give: its letters and digits."""
    return "".join(char for char in spelled(text) if unicodedata.category(char)[0] in "LNM")


def worded(text: str) -> str:
    """Return the form that all spellings of a value have in common: whatever separates its words is one space."""
    kept = (char if unicodedata.category(char)[0] in "LNMS" else " " for char in spelled(text))
    return " ".join("".join(kept).split())


def inside(data: Any) -> Iterator[str]:
    """Yield the texts inside of data, the names of its members among them."""
    match data:
        case str():
            yield data
        case dict():
            for name, value in data.items():
                yield name
                yield from inside(value)
        case list() | tuple():
            for value in data:
                yield from inside(value)


def _plain(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def _visible(char: str) -> bool:
    kind = unicodedata.category(char)
    # What this Python's Unicode does not know yet is taken for an emoji of a newer one.
    shows = kind[0] not in "ZCM" or kind in {"Cn", "Co"}
    return shows and char != _BLANK_BRAILLE and char not in _unseen()


def _all_seen(text: str, but: str = "") -> None:
    unseen = _unseen()
    if unseen.isdisjoint(text):
        return
    for at, char in enumerate(text):
        if char in unseen and char not in but and not _belongs(text, at):
            name = _NAMED.get(char) or unicodedata.name(char, "a control character")
            raise ValueError(
                f"leave out character {at + 1}, which is U+{ord(char):04X} ({name}):"
                " it does not belong in a text that people read"
            )


def _belongs(text: str, at: int) -> bool:
    """Say whether a language or an emoji is written with the unseen character at a place."""
    char, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if char in {_ZWNJ, _ZWJ}:
        return _joins(text, at)
    if char == _ZWSP:
        return _in(before, _UNSPACED) and _in(after, _UNSPACED)
    if char in "\ufe0e\ufe0f":
        return _in(before, _PICTURES) or before in {*"0123456789#*"}
    if "\U000e0100" <= char <= "\U000e01ef":
        return _in(before, _IDEOGRAPHS)
    if "\U000e0020" <= char <= "\U000e007f":
        begin = text.rfind("\U0001f3f4", max(0, at - 6), at)
        return begin >= 0 and text.startswith(_FLAGS, begin)
    return "\u180b" <= char <= "\u180f" and _in(before, _MONGOLIAN)


def _joins(text: str, at: int) -> bool:
    """Say whether a joiner, or a non-joiner, stands where it makes a difference to be seen."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at] == _ZWJ and _in(after, _PICTURES):
        return _in(text[max(0, at - 3) : at].rstrip(_STYLES)[-1:], _PICTURES)
    virama = _virama(before) or (text[at] == _ZWJ and _virama(after))
    letters = _word(before) and _word(after)
    return virama or (letters and (_arabic(text[max(0, at - 8) : at]) or _arabic(after)))


def _in(char: str, ranges: _Ranges) -> bool:
    return char != "" and any(first <= ord(char) <= last for first, last in ranges)


def _virama(char: str) -> bool:
    return char != "" and unicodedata.combining(char) == 9


def _word(char: str) -> bool:
    return char != "" and unicodedata.category(char)[0] in "LMN"


def _arabic(text: str) -> bool:
    """Say whether the last letter of a text is of a script whose letters join as Arabic's do."""
    last = next((char for char in reversed(text) if unicodedata.category(char)[0] != "M"), "")
    return last != "" and unicodedata.bidirectional(last) == "AL"


def in_words(kind: type) -> str:
    """Return the name of a kind as people say it: a dead letter is no DeadLetter to them."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
