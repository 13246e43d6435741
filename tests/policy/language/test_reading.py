"""What is wrong with a policy is said with its place and in words, and costs no more than the text is long."""

import time

import pytest

from shared.policy.rules.language import nodes
from shared.policy.rules.language.problems import Unreadable
from shared.policy.rules.language.reading import MAX_BYTES, read
from tests.policy.language.policies import REFUNDS

EFFECT = "an effect (allow, deny, require, oblige, alert, note)"


def wrong(source):
    with pytest.raises(Unreadable) as caught:
        read(source)
    return [str(one) for one in caught.value.problems]


def test_the_example_of_the_specification_is_read_with_places():
    (policy,) = read(REFUNDS)
    base, high = policy.rules[:2]
    assert (policy.name, policy.version, policy.bundle) == ("refund-limits", "1.0.0", "tenant")
    assert (high.line, high.column, high.effects[0].line) == (7, 3, 8)
    assert base.when == nodes.Compare(
        left=nodes.Path(steps=("action", "tool")),
        operator="in",
        right=nodes.Path(steps=("manifest", "tools")),
    )
    assert str(policy.redactions[0].path) == "output.card.number"
    assert policy.tests[0].given["args"] == {"amount": 600000}


def test_several_mistakes_are_told_at_once_each_at_its_place():
    source = (
        REFUNDS.replace('deny "above', 'denny "above')
        .replace("amount > 50000\n", "amount => 50000\n")
        .replace("with last4", "with last5")
    )
    assert wrong(source) == [
        f"line 8, column 5: expected “and” or “or” or {EFFECT}, and found “denny”; did you mean deny?",
        "line 9, column 62: say >= or <= to compare",
        "line 13, column 45: “last5” is no mask; say one of remove, hash, last4, token, or a text in quotes",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "line 1, column 1: expected “policy”, and found the end of the text"),
        ("policy A version 1.0.0 {}", "“A” is no name"),
        ("policy rule version 1.0.0 {}", "which is a word of the language: choose another name"),
        ("policy a version 1.0.0 { rule x when args.a == 1.5 allow }", "a number is whole here"),
        ("policy a version 1.0.0 { rule x when args.a = 1 allow }", "say == to compare"),
        ("policy a version 1.0.0 { rule x allow }", "expected “priority” or “when”"),
        ("policy a version 1.0.0 { rule x when true }", "expected an effect (allow,"),
        ("policy a version 1.0.0 { rule x when (true allow }", "expected “)”"),
        ('policy a version 1.0.0 { rule x when true deny "" }', "this text says something"),
        ('policy a version 1.0.0 { rule x when true deny "a', "this text has no end on its line"),
        ('policy a version 1.0.0 { rule x when args.a == "\\d" allow }', "is no escape"),
        ('policy a version 1.0.0 { rule x when args.a == "\\ud800" allow }', "half a character"),
        ('policy a version 1.0.0 { rule x when true deny "\\u202e" }', "U+202E"),
        ("policy a version 1.0.0 { rule x priority 1001 when true allow }", "from 0 to 1000"),
        *(
            (f"policy a version {said} {{ rule x when true allow }}", "three numbers")
            for said in ("1.0", "1.0.0-rc.1", "1.0.0rc", "1.0.0.0")
        ),
        (
            'policy a version 1.0.0 { rule x when true deny "late severity "high" rule',
            "a text on this line has no end",
        ),
        (
            "policy a version 1.0.0 { rule x when true allow not it's }",
            "a text on this line has no end",
        ),
        ('policy a version 1.0.0 { about "x" about "y" }', "“about” is said twice"),
        ("policy a version 1.0.0 { rule x when true require approval big }", "is no approval"),
        ("policy a version 1.0.0 { rule x when true oblige rate_limit }", "10 per 1h"),
        ("policy a version 1.0.0 { rule x when true oblige cap_cost }", "is no obligation"),
        ('policy a version 1.0.0 { test "x" { given {"a":1,"a":2} expect deny } }', "twice"),
        ('policy a version 1.0.0 { test "x" { given {} expect maybe } }', "is not a verdict"),
        (f"policy a version 1.0.0 {{ rule x when args.a > {2**53} allow }}", "2^53"),
        (f"policy a version 1.0.0 {{ rule x when args.a > {'9' * 60_000} allow }}", "2^53"),
        ("policy a version 1.0.0 { rule x when " + "(" * 40, "nested deeper than 32"),
        ("policy a version 1.0.0 { # " + "é" * MAX_BYTES, "64 KiB at most"),
        ("policy a version 1.0.0 {} \ud800", "half a character"),
    ],
)
def test_each_mistake_is_told_in_words(said, told):
    assert told in " ".join(wrong(said))


@pytest.mark.parametrize("name", ["context.within", "args.to", "args.in", "resource.x-y"])
def test_a_member_may_be_called_as_a_word_of_the_language(name):
    (policy,) = read(f"policy a version 1.0.0 {{ rule x when {name} == 1 allow }}")
    assert str(policy.rules[0].when.left) == name


def test_words_that_begin_as_a_word_of_the_language_are_names():
    (policy,) = read(
        "policy a version 1.0.0 { rule index when args.a == 1 allow flow f forbid pii->log }"
    )
    assert policy.rules[0].name == "index"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 32_000,
        "not " * 16_000,
        "[" * 30 + "1," * 30_000,
        "args." * 13_000,
        "args.a == 1 and " * 4_000,
        '"' * 65_000,
        "rule x when true allow\n" * 2_800,
        "rule x when\n" * 5_400,
        "\\" * 65_000,
        "{" * 31 + '"a":' * 10_000,
    ],
)
def test_nothing_takes_longer_than_it_is_long(text):
    begin = time.process_time()
    with pytest.raises(Unreadable):
        read(f"policy a version 1.0.0 {{ rule x when {text}"[:MAX_BYTES])
    assert time.process_time() - begin < 5
