"""A policy is laid out in one way, and says the same laid out as it said before."""

from hypothesis import given, settings

from shared.policy.rules.language.reading import read
from shared.policy.rules.language.stored import from_json, policy_hash, to_json
from shared.policy.rules.language.writing import written
from tests.policy.language.policies import POLICIES, REFUNDS


@settings(max_examples=50)
@given(POLICIES)
def test_what_is_laid_out_says_the_same_and_is_laid_out_already(policy):
    text = written([policy])
    (again,) = read(text)
    assert again == policy
    assert written([again], text) == text


@settings(max_examples=50)
@given(POLICIES)
def test_a_policy_survives_its_json_with_and_without_places(policy):
    assert from_json(to_json(policy)) == policy
    assert from_json(to_json(policy, places=False)) == policy


def test_the_example_of_the_specification_is_laid_out_already():
    assert written(read(REFUNDS), REFUNDS) == REFUNDS


def test_the_digest_is_of_what_is_said_and_not_of_the_layout():
    squeezed = " ".join(REFUNDS.split())
    assert policy_hash(read(squeezed)[0]) == policy_hash(read(REFUNDS)[0])
    other = REFUNDS.replace("500000", "500001")
    assert policy_hash(read(other)[0]) != policy_hash(read(REFUNDS)[0])


def test_comments_stay_before_what_they_were_written_to():
    source = """# Of the finance team.
policy a version 1.0.0 {
  # who may
  rule base when true allow   # everybody
  /* no */
}
""".replace("  /* no */\n", "  # nothing else\n")
    text = written(read(source), source)
    assert [line.strip() for line in text.splitlines() if "#" in line] == [
        "# Of the finance team.",
        "# who may",
        "# everybody",
        "# nothing else",
    ]
    assert written(read(text), text) == text
