import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.genesis.rules.lifecycle import may_do
from tests.genesis.samples import a_role

ROLE = a_role()
WORDS = st.sampled_from(
    ["write", "articles", "asthma", "prescribe", "dosage", "medication", "cure"]
)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Write patient education articles about asthma", "allow"),
        ("write a patient-education article", "allow"),
        ("check_health_claims", "allow"),
        ("Give the patient a medical diagnosis", "deny"),
        ("Write patient education articles and prescribe medication or dosage", "deny"),
        ("Redesign the logo", "escalate"),
        ("", "escalate"),
    ],
)
def test_what_a_role_may_do(task, answer):
    assert may_do(ROLE, task) == answer


@given(st.lists(WORDS), st.lists(WORDS))
def test_more_words_never_lift_a_prohibition(before, after):
    task = " ".join([*before, *ROLE.cannot_do[1].split(), *after])
    assert may_do(ROLE, task) == "deny"


@given(st.lists(WORDS).flatmap(lambda words: st.tuples(st.just(words), st.permutations(words))))
def test_the_order_of_words_does_not_matter(both):
    one, other = both
    assert may_do(ROLE, " ".join(one)) == may_do(ROLE, " ".join(other))


def test_a_line_without_words_matches_nothing():
    assert may_do(a_role(can_do=["of the"], cannot_do=["!"]), "anything of the day") == "escalate"
