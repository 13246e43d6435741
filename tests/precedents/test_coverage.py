"""A rule made of five acts admits the sixth of them, and nothing that is more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.approvals.models.approvals import ApprovalStatus
from shared.approvals.models.parts import Decision
from shared.learning.rules.coverage import coverage, narrowed
from shared.learning.rules.generation import generated
from shared.precedents.models.classes import CLASSES
from shared.precedents.models.coverage import Argument, Coverage, boundless, covered
from shared.precedents.models.seeds import Rule
from shared.precedents.models.weakening import weakens
from shared.precedents.rules.matching import fits
from tests.conftest import NOON
from tests.precedents.samples import approval, draft, request, rule

POSTED = {
    "typ": "action/v1",
    "tenant_id": "platform",
    "tool": "blog.post",
    "channel": "#health",
    "to": "readers@shop.test",
    "words": 300,
    "urgent": False,
    "content_hash": "a" * 64,
    "run_id": "r-1",
    "iteration": 1,
}
FACTS = {"data_classes": "public", "integrations": "blog", "fact_check": "passed"}


def posted(n=0, facts=None, **changes):
    subject = POSTED | {
        "words": 300 + 10 * n,
        "content_hash": f"{n}" * 64,
        "run_id": f"r-{n}",
        "iteration": n,
    }
    subject |= changes.pop("subject", {})
    asked = {
        "type": "communication",
        "gate": "step",
        "approval_class": "post:HC:blog",
        "subject_kind": "action",
        "subject": {name: said for name, said in subject.items() if said != "-"},
        "agent_id": None,
        "evidence_refs": [],
        "facts": {"alignment_score": None, "completeness": None, "rollback_planned": None}
        | FACTS
        | (facts or {}),
    }
    return approval(**(asked | changes))


def agreed(asked):
    said = Decision(step_no=1, approver_id="governor", verb="approve", at=NOON, decision_version=1)
    return asked.model_copy(update={"status": ApprovalStatus.APPROVED, "decisions": (said,)})


def learned(*asked):
    return draft(by_governor=False, samples=len(asked)).model_copy(
        update=dict(generated([agreed(one) for one in asked]))
    )


FIVE = tuple(posted(n) for n in range(5))


def against(asked, *, seed=None, tenant="platform"):
    found = fits(seed or learned(*FIVE), asked, tenant=tenant)
    return {one.rule for one in found if not one.passed}


def test_the_sixth_act_of_the_kind_is_admitted():
    assert against(posted(2, subject={"run_id": "r-77", "content_hash": "f" * 64})) == set()
    assert against(posted(0)) == set()


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"to": "everybody@shop.test"}, {"argument to"}),
        ({"to": "readers@shop.test,press@news.test"}, {"argument to"}),
        ({"to": "Readers@shop.test"}, {"argument to"}),
        ({"to": "readers@shop.test "}, {"argument to"}),
        ({"to": None}, {"argument to"}),
        ({"to": "-"}, {"argument to"}),
        ({"to": "-", "To": "readers@shop.test"}, {"argument to", "arguments"}),
        ({"cc": "press@news.test"}, {"arguments"}),
        ({"bcc": None}, {"arguments"}),
        ({"force": True}, {"arguments"}),
        ({"tool": "blog.delete"}, {"argument tool"}),
        ({"tool": "Blog.Post"}, {"argument tool"}),
        ({"tool": "-"}, {"argument tool"}),
        ({"channel": "#everything"}, {"argument channel"}),
        ({"words": 341}, {"argument words"}),
        ({"words": 299}, {"argument words"}),
        ({"words": "300"}, {"argument words"}),
        ({"words": True}, {"argument words"}),
        ({"urgent": True}, {"argument urgent"}),
        ({"urgent": 0}, {"argument urgent"}),
        ({"content_hash": "g" * 64}, {"argument content_hash"}),
        ({"content_hash": "a buy-now page"}, {"argument content_hash"}),
        ({"iteration": -1}, {"argument iteration"}),
        ({"run_id": "a b"}, {"argument run_id"}),
        ({"tenant_id": "acme"}, {"argument tenant_id", "own tenant_id"}),
    ],
)
def test_an_act_with_something_more_or_other_is_for_people(changes, rules):
    assert against(posted(2, subject=changes)) == rules


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"approval_class": "post:HC:forum"}, {"class", "act"}),
        ({"approval_class": "post:ED:blog"}, {"class", "act", "industries"}),
        ({"gate": "plan"}, {"act_kind"}),
        ({"risk": "high"}, {"risk"}),
        ({"blast_radius": "high"}, {"blast_radius"}),
        ({"reversibility": "irreversible"}, {"reversibility"}),
        ({"facts": {"fact_check": "failed"}}, {"condition fact-check"}),
        ({"facts": {"fact_check": "Passed"}}, {"condition fact-check"}),
        ({"facts": {"fact_check": None}}, {"condition fact-check"}),
        ({"facts": {"data_classes": "public,internal"}}, {"data_classes"}),
        ({"facts": {"integrations": "blog,mailer"}}, {"integrations"}),
        ({"facts": {"recipients": 90_000}}, {"bulk recipients", "facts"}),
        ({"facts": {"records": 5}}, {"facts"}),
        ({"facts": {"country": "DE"}}, {"facts"}),
        ({"facts": {"anything": True}}, {"facts"}),
    ],
)
def test_what_is_said_around_the_act_counts_as_well(changes, rules):
    assert against(posted(2, **changes)) == rules


def test_a_rule_learned_in_one_tenant_decides_in_no_other():
    abroad = posted(2, subject={"tenant_id": "acme"})
    assert against(abroad, tenant="acme") == {"tenants", "argument tenant_id"}


def test_what_was_approved_apart_is_not_admitted_together():
    mails = [posted(n, subject={"tool": "mail.post", "channel": "-"}) for n in range(2)]
    boards = [posted(n, subject={"tool": "board.post", "to": "-"}) for n in range(2)]
    seed = learned(*mails, *boards)
    assert against(mails[0], seed=seed) == set()
    assert against(boards[0], seed=seed) == set()
    assert against(posted(0, subject={"tool": "mail.post"}), seed=seed) == {"arguments"}
    mixed = posted(0, subject={"tool": "board.post", "channel": "-"})
    assert against(mixed, seed=seed) == {"argument tool"}


@given(
    st.dictionaries(
        st.sampled_from([*POSTED, "cc", "amount", "dry_run", "note"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-2, 500),
            st.sampled_from([*map(str, POSTED.values())]),
        ),
        min_size=1,
    )
)
def test_nothing_is_admitted_but_what_lies_between_the_decisions(changes):
    changes.pop("typ", None)
    asked = posted(2, subject=changes)
    numbers = {"words": range(300, 341), "iteration": range(2**53)}
    within = {
        name: type(said) is int and said in numbers[name]
        for name, said in changes.items()
        if name in numbers
    }
    same = {name: said == POSTED.get(name, ...) for name, said in changes.items()}
    same["run_id"] = isinstance(changes.get("run_id", ""), str) and not {"#", "@"} & set(
        str(changes.get("run_id"))
    )
    if "content_hash" in changes:
        same["content_hash"] = changes["content_hash"] == "a" * 64
    admitted = all((same | within)[name] for name in changes)
    typed = all(type(said) is type(POSTED.get(name)) for name, said in changes.items())
    assert (against(asked) == set()) == (admitted and typed)


def test_a_rule_that_somebody_wrote_goes_no_further_than_the_decisions_it_names():
    said = rule(ceiling={"tenants": "*", "data_classes": ["public", "internal"]})
    seen = [agreed(approval()), agreed(approval(risk="low"))]
    narrow = narrowed(said, seen)
    assert narrow.scope_ceiling.tenants == ("platform",)
    assert narrow.scope_ceiling.data_classes == ("public",)
    assert narrow.coverage == coverage(seen)
    assert Rule.model_validate(narrow.to_stored()) == narrow


def test_a_rule_without_coverage_admits_nothing():
    (found,) = covered(None, posted(), tenant="platform")
    assert (found.passed, found.known) == (False, False)


@pytest.mark.parametrize(
    "argument",
    [
        {"name": "to"},
        {"name": "to", "least": 1},
        {"name": "to", "one_of": []},
        {"name": "to", "one_of": ["x"], "any": "id"},
        {"name": "to", "any": "text"},
        {"name": "to", "one_of": ["x"], "least": 1, "most": 2},
    ],
)
def test_an_argument_says_one_thing(argument):
    with pytest.raises(ValidationError):
        Argument.model_validate(argument)


def test_every_target_is_named():
    acts = [
        {
            "gate": "step",
            "subject_kind": "action",
            "arguments": [
                {"name": "tool", "any": "code"},
                {"name": "Cc", "any": "code"},
                {"name": "run_id", "any": "code"},
                {"name": "to", "one_of": ["a@shop.test"]},
            ],
        }
    ]
    assert boundless(Coverage.model_validate({"acts": acts})) == ("Cc", "tool")
    open_numbers = [
        *({"name": "channel", "least": 1, "most": 9}, {"name": "Channel_Id", "any": "count"}),
        *({"name": "ticket", "least": 1, "most": 9}, {"name": "version", "any": "count"}),
        *({"name": "words", "least": 1, "most": 9}, {"name": "iteration", "any": "count"}),
    ]
    ranged = {"acts": [acts[0] | {"arguments": open_numbers}]}
    assert boundless(Coverage.model_validate(ranged)) == (
        *("Channel_Id", "channel", "ticket", "version"),
    )
    twice = [acts[0] | {"arguments": [{"name": "to", "any": "id"}] * 2}]
    with pytest.raises(ValidationError):
        Coverage.model_validate({"acts": twice})


def test_a_number_between_two_that_were_seen_is_another_target():
    rooms = [posted(n, subject={"channel": room}) for n, room in enumerate((100, 150, 120))]
    seed = learned(*rooms)
    assert [
        one.one_of for act in seed.coverage.acts for one in act.arguments if one.name == "channel"
    ]
    assert against(posted(1, subject={"channel": 150}), seed=seed) == set()
    for room in (137, 101, 149, "150", True):
        assert "argument channel" in against(posted(1, subject={"channel": room}), seed=seed)


def test_a_stored_rule_that_ranges_over_targets_answers_none_of_them():
    said = {"name": "channel", "least": 100, "most": 200}
    seed = learned(*(posted(n, subject={"channel": 100 + n}) for n in range(3)))
    (act, *_) = seed.coverage.acts
    ranged = tuple(Argument(**said) if one.name == "channel" else one for one in act.arguments)
    stored = seed.coverage.model_copy(
        update={"acts": (act.model_copy(update={"arguments": ranged}),)}
    )
    seed = seed.model_copy(update={"coverage": stored})
    assert against(posted(0, subject={"channel": 100}), seed=seed) == {"argument channel"}
    assert any("leaves open" in one for one in weakens(seed))


UNDECLARED = (
    *("payout", "wire", "buy", "remove", "drop", "wipe", "email.blast", "mass.mail", "deletion"),
    *("paying", "user.grant_role", "secrets.read", "send_all", "publish_all", "agent.deploy_all"),
    *("pay", "refund", "delete", "bulk", "agent.reactivate", "agent.revise", "policy.activate"),
)


@pytest.mark.parametrize("verb", UNDECLARED)
def test_what_nobody_declared_to_be_delegable_is_never_left_to_a_rule(verb):
    written = draft(approval_class=f"{verb}:HC:*", ceiling={"actions": (verb,)})
    assert any("people always decide" in one for one in weakens(written))
    hidden = draft(approval_class="agent.*", ceiling={"actions": ("agent.deploy", verb)})
    assert any("people always decide" in one for one in weakens(hidden))
    reached = draft(
        approval_class=f"{verb.partition('.')[0]}.*", ceiling={"actions": ("agent.deploy",)}
    )
    asked = request(approval_class=f"{verb}:HC:blog")
    assert "delegable" in against(asked, seed=reached)


def test_only_classes_of_communication_execution_and_artifacts_may_be_delegated():
    for verb, known in CLASSES.items():
        if not known.never:
            assert not {"financial", "constitutional"} & set(known.types), verb


def test_what_a_class_cannot_undo_is_held_whatever_the_request_says():
    sent = posted(approval_class="send:HC:note", facts={"recipients": 2})
    assert "reversibility" in against(sent)
    uncounted = posted(approval_class="send:HC:note", subject={"to": "-"})
    assert "bulk recipients" in against(uncounted)
    many = ",".join(f"p{n}@shop.test" for n in range(101))
    assert "bulk recipients" in against(posted(subject={"to": many}))
