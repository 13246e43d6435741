"""Texts: people see all that is in one, can write what their language needs, and tell two apart."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import texts

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
SCOTLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "gbsct") + "\U000e007f"

WRITTEN = {
    "persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "persian after latin": "USB\u200c\u0647\u0627",
    "persian after a number": "\u06f2\u06f0\u200c\u0633\u0627\u0644\u0647",
    "hindi": "\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937",
    "bengali": "\u09b0\u200d\u09cd\u09af\u09be\u09ac",
    "malayalam": "\u0d28\u0d4d\u200d",
    "sinhala": "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "thai": "\u0e44\u0e17\u0e22\u200b\u0e44\u0e17\u0e22",
    "khmer": "\u1797\u17b6\u179f\u17b6\u200b\u1781\u17d2\u1798\u17c2\u179a",
    "japanese": "\u845b\U000e0100\u98fe \u65e5\u672c\u3000\u8a9e",
    "mongolian": "\u182e\u180b\u1823",
    "french": "Vraiment\u202f? 12\u00a0%",
    "hebrew": "\u05e9\u05dc\u05d5\u05dd",
    "accents": "nai\u0308ve na\u00efve",
    "emoji": f"{FAMILY} \u2764\ufe0f\u200d\U0001f525 1\ufe0f\u20e3 \u260e\ufe0e {SCOTLAND}",
    "emoji of a skin": "\U0001f469\U0001f3fd\u200d\U0001f52c",
    "an emoji of a newer Unicode": "\U0001faea\U0001fadf",
}

JUDGES = {
    texts.of_one_line: texts.UNSEEN_IN_A_LINE,
    texts.of_lines: texts.UNSEEN_IN_LINES,
    texts.of_data: texts.UNSEEN_IN_DATA,
}
"""What judges, and what a schema says of it."""

UNSEEN = sorted(texts._unseen())

HIDDEN = {
    "zero-width space": "a\u200bb",
    "soft hyphen": "a\u00adb",
    "byte order mark": "\ufeffa",
    "word joiner": "a\u2060b",
    "non-joiner in latin": "Auf\u200clage",
    "joiner at the end": "a\u200d",
    "joiner alone": "\u200d",
    "two joiners": "\u0645\u06cc\u200c\u200c\u062e",
    "right-to-left mark": "a\u200fb",
    "right-to-left override": "a\u202eb",
    "isolate": "a\u2066b",
    "arabic letter mark": "a\u061cb",
    "tag": "a\U000e0041b",
    "tags that are no flag": "\U0001f3f4\U000e0041\U000e007f",
    "variation selector": "a\ufe0fb",
    "two variation selectors": "\u845b\U000e0100\U000e0101",
    "ideographic selector after a letter": "a\U000e0100",
    "hangul filler": "a\u3164b",
    "grapheme joiner": "a\u034fb",
    "annotation": "a\ufff9b\ufffac\ufffb",
    "noncharacter": "a\ufdd0",
    "null": "a\x00",
    "escape": "\x1b[31ma",
    "delete": "a\x7f",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_what_a_language_or_an_emoji_needs_is_taken_to_the_letter(text):
    assert texts.of_one_line(text) == texts.of_lines(text) == texts.of_data(text) == text
    assert texts.says_something(text)


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_what_nobody_sees_is_refused_by_its_place_and_name(text):
    for judge in (texts.of_one_line, texts.of_lines, texts.of_data):
        with pytest.raises(ValueError, match=r"leave out character \d+, which is U\+[0-9A-F]{4,6}"):
            judge(text)


def test_no_character_of_the_kinds_that_hide_is_forgotten():
    """By General_Category; that of format characters is shown by some scripts' signs."""
    shown = {"NUMBER", "SIGN", "FOOTNOTE", "END OF AYAH", "MARK ABOVE", "ABBREVIATION", "EGYPTIAN"}
    for char in map(chr, range(sys.maxunicode + 1)):
        kind, name = unicodedata.category(char), unicodedata.name(char, "")
        if kind in {"Cc", "Zl", "Zp"} or (kind == "Cf" and not any(w in name for w in shown)):
            with pytest.raises(ValueError, match="leave out"):
                texts.of_one_line(f"a{char}b")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_line_ends_with_a_line_feed_whatever_system_wrote_it(end):
    assert texts.of_lines(f"one{end}two{end}") == "one\ntwo\n"
    with pytest.raises(ValueError, match="leave out character 4"):
        texts.of_one_line(f"one{end}two")


def test_data_keeps_the_ends_of_its_lines_as_it_may_be_hashed():
    assert texts.of_data("one\r\ntwo\tthree") == "one\r\ntwo\tthree"


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\u00a0", "\u3000", "\u2800", "\u0301", "\u3164"]
)
def test_what_shows_nothing_is_empty(text):
    assert not texts.says_something(text)


def test_a_program_is_always_heard():
    assert texts.printed("a\x1b[31m\u202eb\r\nc") == "a\ufffd[31m\ufffdb\nc"


@settings(deadline=None)
@given(st.text())
def test_what_was_printed_can_be_shown(text):
    printed = texts.printed(text)
    assert texts.of_lines(printed) == printed


@settings(deadline=None)
@given(
    st.text(st.sampled_from("aZ \u0645\u200c\u200d\u200b\u094d\u0915\ufe0f\U0001f468\U0001f3fd\n"))
)
def test_what_is_taken_is_taken_again_as_it_is(text):
    try:
        taken = texts.of_lines(text)
    except ValueError:
        return
    assert texts.of_lines(taken) == taken


LIKE = "zeta care"


@pytest.mark.parametrize(
    "name",
    [
        "Zeta Care",
        "ZETA CARE",
        "  Zeta  Care ",
        "Zeta\u00a0Care",
        "Zeta\u3000Care",
        "Zeta\u2800Care",
        "Zeta\nCare",
        "\uff3aeta Care",
        "\U0001d419eta Care",
        "Zeta C\u200bare",
        "Ze\u00adta Care",
        "Zeta Care\u200f",
        "Zeta Care\ufe0f",
        "\u24cfeta Care",
    ],
)
def test_names_that_look_the_same_are_alike(name):
    assert texts.alike(name) == LIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zeta Care", "Zetacare"),
        ("naive", "na\u00efve"),
        ("Zeta 1", "Zeta 2"),
        ("\u0645\u06cc", "\u0645"),
    ],
)
def test_names_that_look_different_are_not(one, other):
    assert texts.alike(one) != texts.alike(other)


@settings(deadline=None)
@given(st.text())
def test_what_is_alike_stays_alike(text):
    assert texts.alike(texts.alike(text)) == texts.alike(text)
    assert texts.spelled(texts.spelled(text)) == texts.spelled(text)


@pytest.mark.parametrize(
    "text",
    [
        *("\u0410\u0421\u041c\u0415 \u041e1", "\uff41\uff43\uff4d\uff45 o1", "a\u0301cme  o\u0661"),
        *("\u03b1cme \u03bf1", "\U0001d44ecme o1", "acm\u200be\u00a0o1", "\u0251\u1d04me \u00f81"),
    ],
)
def test_one_text_has_many_spellings(text):
    assert texts.spelled(text) == "acme o1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("acme 01", "acme ol"), ("acme", "acne"), ("\u0915\u093f", "\u0915")),
        *(("\u65e5\u672c", "\u65e5"), ("\u05e9\u05c1", "\u05e9\u05c2")),
    ],
)
def test_two_texts_stay_two(one, other):
    assert texts.spelled(one) != texts.spelled(other)


@pytest.mark.parametrize(
    "text", [FAMILY * 500, ("\U0001f3fd" * 50 + "\u200d") * 80, "\u200d" * 4000]
)
def test_the_time_to_look_through_a_text_grows_with_its_length(text):
    from time import process_time

    began = process_time()
    for judge in (texts.of_lines, texts.printed, texts.says_something, texts.alike, texts.spelled):
        try:
            judge(text)
        except ValueError:
            continue
    assert process_time() - began < 0.5


@pytest.mark.parametrize("judge", JUDGES)
@given(st.text(st.sampled_from(UNSEEN) | st.sampled_from("ab1\u0915\u0645\u2764")))
def test_what_a_pattern_can_say_of_what_is_refused_it_says(judge, text):
    try:
        judge(text)
        refused = False
    except ValueError:
        refused = True
    sometimes = any(texts._in(char, texts._SOMETIMES) for char in text)
    said = re.search(JUDGES[judge], text) is not None
    assert said == refused or (refused and sometimes)


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x17F), max_size=8))
def test_what_is_plainly_seen_every_judge_leaves_as_it_is(text):
    if texts.plainly_seen(text):
        judges = (texts.of_lines, texts.of_one_line, texts.of_data, texts.printed)
        assert {judge(text) for judge in judges} == {text}
        assert texts.says_something(text)


@pytest.mark.parametrize("text", ["", " a", "\ta", "a\n", "a\x7f", "a\u00ad", "\u00e4"])
def test_what_may_hold_more_is_not_plainly_seen(text):
    assert not texts.plainly_seen(text)
