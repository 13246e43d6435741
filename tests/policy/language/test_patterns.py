"""A pattern finds what Python's would, in time that is linear in the text, and what could not be so is refused."""

import re
import time
from contextlib import suppress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.policy.rules.language.conditions import MAX_STEPS, Asked, TooLong
from shared.policy.rules.language.pattern_reading import BadPattern
from shared.policy.rules.language.patterns import Pattern

ATOMS = st.sampled_from(
    [
        *("a", "b", ".", "[ab]", "[^a]", "[a-c1]", r"\d", r"\w", r"\S", r"\b", r"\B", "^", "$"),
        *("(a|b)", "(?:ab|)", "(a*b)", "(|a)", "1", " ", r"\.", r"\x61"),
    ]
)
TIMES = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}"])
SEQUENCES = st.lists(st.tuples(ATOMS, TIMES).map("".join), min_size=1, max_size=4).map("".join)
PATTERNS = st.recursive(
    SEQUENCES,
    lambda inner: (
        st.tuples(inner, inner).map("|".join)
        | st.tuples(inner, TIMES).map(lambda of: f"({of[0]}){of[1]}")
    ),
    max_leaves=3,
)
TEXTS = st.text(st.sampled_from("ab1 .\nc"), max_size=10)


def never(_):
    """Count nothing."""


@settings(max_examples=500)
@given(PATTERNS, TEXTS)
def test_a_pattern_finds_what_pythons_finds(said, text):
    try:
        # The end is that of the text, and not before a last line break too.
        known = re.compile(said.replace("$", r"\Z"))
        pattern = Pattern(said)
    except (re.error, BadPattern):
        assume(False)
    # Before 3.14 Python finds no place in an empty text that is no edge of a word.
    assume(text or "\\B" not in said)
    found = known.search(text)
    assert pattern.found(text, never) is bool(found)
    first = next(pattern.spans(text, never), None)
    if found and found.end() > found.start():
        assert first is not None
        assert first[0] <= found.start()


@pytest.mark.parametrize(
    ("said", "text", "spans"),
    [
        ("[0-9]{4}", "in 2024 and 2025", [(3, 7), (12, 16)]),
        ("a+|aab", "xaab aa", [(1, 4), (5, 7)]),
        (r"\bcat\b", "cat concat cat", [(0, 3), (11, 14)]),
        ("x*", "axxb", [(1, 3)]),
        ("(?i)tom", "Tom TOM tom", [(0, 3), (4, 7), (8, 11)]),
    ],
)
def test_a_pattern_is_found_first_longest_and_again_after_it(said, text, spans):
    assert list(Pattern(said).spans(text, never)) == spans


@pytest.mark.parametrize(
    "said",
    [
        *(r"(a)\1", "(?=a)", "(?<!a)", "(?P<x>a)", "a**", "a{2}{3}", "*a", "(a", "a)", "[a", "a{"),
        *(
            "a{3,2}",
            "[b-a]",
            r"\q",
            "\\",
            r"\x6",
            "a" * 257,
            "(a{99}){99}",
            "((((()){99}){99}){99}){99}",
        ),
        "(" * 20 + ")" * 20,
    ],
)
def test_a_pattern_that_is_none_or_could_not_be_linear_is_refused(said):
    with pytest.raises(BadPattern):
        Pattern(said)


HARD = [
    *("(a+)+b", "(a|a)*b", "(a|aa)+$", "a*a*a*a*a*a*b", ".*.*.*x", "(a?){20}a{20}b", "(x+x+)+y"),
    *("(.*a){20}b", "([a-z]+)*!", "(a|b|ab)*c"),
]


@pytest.mark.parametrize("said", HARD)
def test_what_hangs_a_pattern_that_tries_again_takes_a_moment_here(said):
    asked = Asked({})
    begin = time.process_time()
    assert not Pattern(said).found("a" * 9_999 + "?", asked.spend)
    assert time.process_time() - begin < 1
    assert asked.left > MAX_STEPS // 2


@pytest.mark.parametrize("said", [*HARD, "a[ab]{300}c"])
def test_no_pattern_goes_on_when_its_steps_are_used_up(said):
    text = format(3**6_000, "b").translate({ord("0"): "a", ord("1"): "b"})
    begin = time.process_time()
    with suppress(TooLong):
        list(Pattern(said).spans(text, Asked({}).spend))
    assert time.process_time() - begin < 5
