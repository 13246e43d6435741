"""A rule over history that is about nothing, or that nothing can keep, is told when it is written, with its place."""

import json
from typing import Any

import pytest

from shared.errors import Invalid
from shared.policy.rules.language.checks import problems
from shared.policy.rules.language.reading import read
from shared.policy.rules.policies import said

PAY, OPEN = {"name": "pay"}, {"name": "open", "where": {"desk": "a"}}
TOTAL = {"kind": "total", "act": PAY, "of": "amount", "limit": 10, "across": "tenant"}
AFTER = {"kind": "only_after", "act": PAY, "after": OPEN}
WHILE = {"kind": "only_while", "act": PAY, "opened": OPEN, "closed": {"name": "close"}}


def told(rule):
    source = f"policy p version 1.0.0 {{\n  history h {json.dumps(rule)}\n}}"
    found = [one for one in problems(read(source)[0]) if one.rule in {"never_matches", "hollow"}]
    assert all((one.line, one.column) == (2, 3) for one in found)
    return [one.message for one in found]


SOUND = [
    {"kind": "at_most", "act": PAY, "times": 1, "per": ["payee"]},
    {"kind": "never_after", "act": PAY, "after": PAY},
    # A fact that an act does not say counts as the worst: this denies whoever does not say it.
    {"kind": "at_most", "act": {"name": "pay", "where": {"x": 1}, "unless": {"x": 1}}, "times": 1},
    {"kind": "never_after", "act": {"name": "pay", "where": {"operation": "PAY"}}, "after": OPEN},
    TOTAL,
    TOTAL | {"act": {"name": "pay", "where": {"amount": 10}}},
    AFTER,
    AFTER | {"act": {"name": "open*"}, "after": {"name": "op*"}},
    AFTER | {"act": {"name": "openx*"}, "after": {"name": "open*"}},
    AFTER | {"act": {"name": "open", "where": {"desk": "b"}}},
    AFTER | {"act": {"name": "open", "where": {"other": "b"}}},
    AFTER | {"act": {"name": "open", "unless": {"desk": "a"}}},
    AFTER | {"after": {"name": "open", "where": {"desk": "a"}, "unless": {"desk": "b"}}},
    AFTER | {"act": {"name": "pay", "where": {"desk": "A"}}, "same": ["desk"]},
    WHILE,
    WHILE | {"closed": {"name": "open", "where": {"desk": "b"}}},
    {"kind": "followed", "act": {"name": "pay", "where": {"operation": "move"}}, "by": OPEN},
]

HOLLOW: dict[str, list[tuple[dict[str, Any], str]]] = {
    "never_matches": [
        (AFTER | {"act": {"name": "pay", "where": {"operation": "payed"}}}, "did you mean pay?"),
        (
            AFTER | {"after": {"name": "o", "where": {"operation": "move"}}},
            "there are read, create",
        ),
    ],
    "hollow": [
        ({"kind": "at_most", "act": PAY, "times": 0}, "denied always: at most 0"),
        ({"kind": "at_most", "act": PAY, "times": 1, "per": ["agent_id"]}, 'say "across": "agent"'),
        (TOTAL | {"limit": 0}, "nothing but 0 amount"),
        (TOTAL | {"per": ["amount"]}, "says it as a text"),
        (TOTAL | {"of": "risk"}, "nothing to add up"),
        (TOTAL | {"act": {"name": "pay", "where": {"amount": 11}}}, "more than 10 at once"),
        (TOTAL | {"act": {"name": "pay", "where": {"amount": "x"}}}, "no number from 0 on"),
        (AFTER | {"act": OPEN}, "never a first"),
        (AFTER | {"act": {"name": "op*"}}, "never a first"),
        (AFTER | {"act": {"name": "open", "unless": {"desk": "b"}}}, "never a first"),
        (AFTER | {"after": {"name": "o", "where": {"run_id": "x"}}}, "says run_id"),
        (AFTER | {"after": {"name": "o", "where": {"x": None}}}, "says x"),
        (
            AFTER | {"after": {"name": "o", "where": {"x": "A"}, "unless": {"x": "a"}}},
            "is what it is not",
        ),
        (
            AFTER | {"act": {"name": "pay", "where": {"desk": "b"}}, "same": ["desk"]},
            "never have the same desk",
        ),
        (WHILE | {"closed": {"name": "OPEN"}}, "what opens closes at once"),
        (WHILE | {"act": {"name": "o*"}}, "nothing ever opens it"),
        ({"kind": "at_most", "act": {"name": "budgets.put_budget"}, "times": 1}, "is an operation"),
    ],
}


@pytest.mark.parametrize("rule", SOUND, ids=lambda one: json.dumps(one)[:80])
def test_what_can_be_kept_and_broken_is_written_without_a_word(rule):
    assert told(rule) == []


@pytest.mark.parametrize(
    ("kind", "rule", "words"),
    [(kind, *one) for kind, every in HOLLOW.items() for one in every],
    ids=lambda one: one[:30] if isinstance(one, str) else None,
)
def test_what_says_nothing_is_told_in_words(kind, rule, words):
    (message,) = told(rule)
    assert words in message
    source = f"policy p version 1.0.0 {{ history h {json.dumps(rule)} }}"
    if kind == "never_matches":
        with pytest.raises(Invalid, match="mistake"):
            said(source)
    else:
        said(source)
