"""What policies hide is nowhere in the answer, and nothing else of it is lost."""

import json

import pytest

from shared.deciding import Obligation
from shared.policy.rules.language.evaluation import findings
from shared.policy.rules.language.redaction import WITHHELD, redacted
from tests.policy.language.policies import rules

CARD = "4111111111111111"


def redaction(mask, **what):
    return Obligation(type="redact", parameters={**what, "mask": mask}, source_rule="r")


def answer():
    return {
        "card": {"number": CARD, "brand": "visa"},
        "people": [{"mail": "a@example.org", "n": 1}, {"mail": None}, {"n": 3}],
        "note": f"paid by {CARD}, then {CARD}.",
        "amount": int(CARD),
    }


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        ("last4", {}, "…1111"),
        ("text", {"text": "***"}, "***"),
        ("hash", {}, "sha256:2f725bbd1f405a1ed0336abaf85ddfeb6902a9984a76fd877c3b5cc3b5085a82"),
    ],
)
def test_a_field_is_shown_by_its_mask(mask, text, shown):
    found = redacted(answer(), [redaction(mask, path="output.card.number", **text)], salt="s")
    if mask == "hash":
        assert found["card"]["number"].startswith("sha256:")
        assert len(found["card"]["number"]) == len(shown)
    else:
        assert found["card"] == {"number": shown, "brand": "visa"}
    assert found["people"] == answer()["people"]


def test_what_is_removed_is_not_there():
    given = answer()
    found = redacted(given, [redaction("remove", path="output.people[*].mail")], salt="s")
    assert found["people"] == [{"n": 1}, {}, {"n": 3}]
    found = redacted(given, [redaction("remove", path="output.people[0]")], salt="s")
    assert found["people"] == answer()["people"][1:]
    assert given == answer()


def test_a_token_is_the_same_within_a_salt_and_no_other():
    what = [redaction("token", path="output.card.number")]
    one, again = (redacted(answer(), what, salt="s")["card"]["number"] for _ in range(2))
    other = redacted(answer(), what, salt="t")["card"]["number"]
    assert one == again != other
    assert CARD not in one


def test_a_pattern_is_hidden_wherever_it_stands():
    found = redacted(answer(), [redaction("last4", pattern="[0-9]{16}")], salt="s")
    assert CARD not in json.dumps(found)
    assert found["note"] == "paid by …1111, then …1111."
    assert found["amount"] == "…1111"


@pytest.mark.parametrize("value", ["1234567", 1234, {"a": 1}, ["x"] * 9, ""])
def test_of_what_is_short_or_is_no_text_nothing_is_kept(value):
    found = redacted({"a": value}, [redaction("last4", path="output.a")], salt="s")
    assert found == {"a": "…"}


def test_what_cannot_be_looked_through_in_time_is_hidden_whole():
    text = format(3**6_000, "b").translate({ord("0"): "a", ord("1"): "b"})
    for given in (text, "x" * 10_001):
        found = redacted({"a": given}, [redaction("last4", pattern="a[ab]{300}c")], salt="s")
        assert found == {"a": WITHHELD}


def test_a_path_that_leads_nowhere_changes_nothing():
    for path in ("output.none", "output.card.number.x", "output.people[9].mail", "output.card[0]"):
        assert redacted(answer(), [redaction("remove", path=path)], salt="s") == answer()


def test_a_condition_that_is_undefined_hides():
    policy = rules(
        'redact card field output.card.number with last4 when subject.roles contains "viewer"',
        "rule base when true allow",
    )

    def hidden(document):
        return [one.type for one in findings([policy], document)["tenant/tried"].obligations]

    assert hidden({"subject": {"roles": ["viewer"]}}) == ["redact"]
    assert hidden({"subject": {"roles": ["admin"]}}) == []
    assert hidden({}) == ["redact"]


def test_other_obligations_change_nothing():
    other = Obligation(type="sign_payload", source_rule="r")
    assert redacted(answer(), [other], salt="s") == answer()
