"""The page on the language of policies says what is so: its examples are read, judged and tested."""

import re
from pathlib import Path

import pytest

from shared.policy.models.policies import MAX_ACTIVE, MAX_POLICIES
from shared.policy.rules.acts import OWN
from shared.policy.rules.language.checks import MAX_HISTORIES, MAX_ITEMS, untested
from shared.policy.rules.language.conditions import FUNCTIONS, MAX_STEPS
from shared.policy.rules.language.evaluation import evaluator
from shared.policy.rules.language.grammar import WORDS
from shared.policy.rules.language.reading import MAX_NESTING
from shared.policy.rules.language.trying import own_cases, tried
from shared.policy.rules.language.writing import written
from shared.policy.rules.policies import said

PAGE = (Path(__file__).parents[2] / "docs/policies.md").read_text()
EXAMPLES = re.findall(r"```\n(policy [a-z].*?)```", PAGE, re.DOTALL)
WHOLE = [one for one in EXAMPLES if "NAME" not in one]


def test_there_are_four_whole_examples():
    assert len(WHOLE) == 4


@pytest.mark.parametrize("source", WHOLE, ids=lambda one: one.split()[1])
def test_an_example_could_be_put_in_force_as_it_stands(source):
    policy = said(source)
    assert untested(policy) == ()
    asked = evaluator(policy)
    results = tried(asked, own_cases(asked))
    assert results
    assert [one.case.name for one in results if not one.passed] == []
    assert said(written([policy], source)) == policy


def test_every_word_function_and_limit_of_the_language_is_on_the_page():
    unsaid = [one for one in (*WORDS.values(), *FUNCTIONS, *OWN - {"approval"}) if one not in PAGE]
    assert unsaid == []
    for limit in (
        MAX_ACTIVE,
        MAX_POLICIES,
        MAX_ITEMS,
        MAX_HISTORIES,
        MAX_NESTING,
        f"{MAX_STEPS:,}",
    ):
        assert f" {limit} " in PAGE
