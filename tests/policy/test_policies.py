"""A tenant writes a policy, two people put it in force, it only restricts, and two retire it."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.policy.activate_policy import activate_policy
from functions.policy.carry_policy_approval import carry_policy_approval
from functions.policy.create_policy import create_policy
from functions.policy.evaluate_policy import evaluate_policy
from functions.policy.get_policy import get_policy
from functions.policy.list_policies import PolicyQuery, list_policies
from functions.policy.retire_policy import retire_policy
from functions.policy.test_policy import test_policy as run_tests
from shared.actors import PLATFORM, Actor, Role
from shared.approvals.models.approvals import Approval
from shared.documents import Contended, Query
from shared.errors import (
    Conflict,
    EnforcementUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    SelfApproval,
)
from shared.notifications.models import Notification
from shared.policy.actions.policies_in_force import tenant_rules
from shared.policy.events.policies import PolicyDrafted
from shared.policy.models.policies import EXAMPLE, Policy, PolicySource
from shared.policy.models.trying import PolicyCases, PolicyDocument
from shared.policy.rules import policies as rules
from shared.policy.rules.language.stored import ready
from shared.policy.rules.policies import drafted, may_ask
from tests.conftest import NOON
from tests.policy.language.policies import REFUNDS, refund

ID = "acme.00000000-0000-4000-8000-000000000001"
TOOL = "mailchimp.send_campaign"
NIGHT = {
    "action": {"name": "integration.execute", "tool": TOOL},
    "context": {"hour": 23},
    "manifest": {"tools": [TOOL]},
}
DAY = {**NIGHT, "context": {"hour": 10}}


@pytest.fixture
def write(call_as):
    def write(source=EXAMPLE, tenant="acme", at=0, role=Role.CUSTOMER_ADMIN, **more):
        call = call_as(role, tenant=tenant, at=at, **more)
        return create_policy(call, PolicySource(source=source)).result

    return write


@pytest.fixture
def get(call_as):
    return lambda id, tenant="acme": get_policy(call_as(Role.VIEWER, tenant=tenant), id)


@pytest.fixture
def ask(call_as):
    def ask(policy, verb=activate_policy, role=Role.CUSTOMER_ADMIN, **more):
        return verb(call_as(role, tenant="acme", at=1, **more), policy.id).result

    return ask


@pytest.fixture
def answer(call_as, reacting):
    """Have everybody who is asked agree, and carry it out."""

    def answer(asked, *roles, **how):
        agree(call_as, asked, *roles, **how)
        id = asked.asking.approval_id
        carry_policy_approval(reacting(f"approvals/{id}", tenant="acme", at=3), SimpleNamespace())

    return answer


def agree(call_as, asked, *roles, own=PLATFORM, reject=False, id=""):
    """Have everybody who is asked agree."""
    by, id = id, asked.asking.approval_id
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        digest = txn.get(Approval, id).action_digest
    for role in roles or (Role.GOVERNOR,):
        call = call_as(role, tenant="acme", own=own, id=by or f"{role}.{id[-4:]}", at=2)
        if reject:
            reject_approval(call, id, Rejection(reason="This is not what we agreed on."))
        else:
            approve_approval(call, id, Agreement(expected_digest=digest))


@pytest.fixture
def says(call_as):
    def says(document, tenant="acme"):
        with call_as(Role.SERVICE, tenant=tenant).transaction() as txn:
            found = tenant_rules(txn, document)
        return {name.partition(":")[0]: said for name, said in found.items()}

    return says


def test_a_policy_is_kept_as_it_is_laid_out(write, get):
    policy = write(" ".join(REFUNDS.split()))
    assert policy.source == REFUNDS
    assert (policy.name, policy.version, policy.status) == ("refund-limits", "1.0.0", "draft")
    assert get(policy.id) == policy


def test_every_mistake_is_told_with_its_place_and_nothing_is_kept(write, call_as):
    with pytest.raises(Invalid) as told:
        write(REFUNDS.replace("deny", "denny").replace("last4", "last5"))
    assert [(one.field, one.message[:15]) for one in told.value.violations] == [
        ("source", "line 8, column "),
        ("source", "line 13, column"),
        ("source", "line 23, column"),
    ]
    assert list_policies(call_as(Role.VIEWER, tenant="acme"), PolicyQuery()).items == ()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "expected “policy”"),
        (EXAMPLE + EXAMPLE.replace("1.0.0", "1.0.1"), "send each policy by itself"),
        (EXAMPLE.replace("newsletters", "rbac"), "bundle of the platform"),
        (EXAMPLE.replace("context.hour <", "context.our <"), "did you mean hour?"),
    ],
)
def test_what_the_grammar_lets_through_is_checked(write, source, told):
    with pytest.raises(Invalid) as refused:
        write(source)
    assert told in " ".join(one.message for one in refused.value.violations)


def test_a_draft_is_written_anew_and_what_was_in_force_is_not(write, ask, answer, get):
    first = write()
    again = write(EXAMPLE.replace("23", "22"))
    assert again.id == first.id
    assert again.policy_hash != first.policy_hash
    answer(ask(again))
    with pytest.raises(Conflict, match="stays as it is"):
        write()
    assert get(again.id).policy_hash == again.policy_hash


def test_a_policy_is_in_force_when_somebody_else_agreed(write, ask, answer, get, says):
    policy = write()
    assert says(NIGHT) == {}
    asked = ask(policy)
    assert (asked.asking.governor_scope, asked.asking.looser) == ("platform", False)
    assert says(NIGHT) == {}
    answer(asked)
    assert get(policy.id).status == "active"
    (said,) = says(NIGHT).values()
    assert [one.message for one in said.reasons] == ["send it between 4 and 14 o'clock UTC"]
    assert says(DAY)["tenant/newsletters"].allow
    assert says(NIGHT, "globex") == {}


def test_what_staff_write_for_a_customer_their_own_governor_decides(write, ask, answer, get):
    policy = write(role=Role.ADMIN, own=PLATFORM)
    asked = ask(policy, role=Role.ADMIN, own=PLATFORM)
    assert asked.asking.governor_scope == "engagement"
    answer(asked, Role.CUSTOMER_ADMIN, own="acme")
    assert get(policy.id).status == "active"


STAFF = {"role": Role.ADMIN, "own": PLATFORM}


def test_who_wrote_a_policy_does_not_agree_to_it_whoever_asks(write, ask, answer, get):
    policy = write(id="author")
    asked = ask(policy, **STAFF)
    # The account's Governor may be who wrote it, so the platform's decides.
    assert asked.asking.governor_scope == "platform"
    with pytest.raises(Forbidden):
        answer(asked, Role.CUSTOMER_ADMIN, own="acme", id="author")
    with pytest.raises(SelfApproval):
        answer(asked, Role.GOVERNOR, id="author")
    assert get(policy.id).status == "draft"
    answer(asked)
    assert get(policy.id).status == "active"


def test_nobody_agrees_to_a_draft_that_somebody_else_wrote_over(write, ask, answer, get):
    write(id="author")
    policy = write(EXAMPLE.replace("23", "22"), **STAFF, id="other")
    assert (policy.created_by, policy.written_by) == ("other", ("author", "other"))
    with pytest.raises(SelfApproval):
        answer(ask(policy, **STAFF), Role.GOVERNOR, id="author")
    assert get(policy.id).status == "draft"


def test_who_wrote_the_version_in_force_does_not_agree_to_the_next_or_to_its_end(
    write, ask, answer
):
    first = write(id="author")
    answer(ask(first))
    with pytest.raises(SelfApproval):
        answer(ask(first, retire_policy, **STAFF), Role.GOVERNOR, id="author")
    second = write(EXAMPLE.replace("1.0.0", "1.1.0"), **STAFF)
    with pytest.raises(SelfApproval):
        answer(ask(second, **STAFF), Role.GOVERNOR, id="author")


def test_a_draft_that_waits_is_not_changed_under_those_who_decide(write, ask):
    ask(write())
    with pytest.raises(Conflict, match="exactly what it says"):
        write(EXAMPLE.replace("23", "22"))


def test_what_was_refused_may_be_written_anew_and_asked_again(write, ask, answer, get):
    policy = write()
    answer(ask(policy), reject=True)
    assert get(policy.id).status == "draft"
    again = write(EXAMPLE.replace("23", "22"))
    assert again.asking is None
    answer(ask(again))
    assert get(policy.id).status == "active"


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (EXAMPLE.replace("deny by night", "allow"), "untested"),
        (EXAMPLE.replace('"hour": 23', '"hour": 10'), "tests_failed"),
    ],
)
def test_what_its_tests_do_not_say_is_not_put_in_force(write, ask, source, rule):
    with pytest.raises(Conflict) as refused:
        ask(write(source))
    assert [one.rule for one in refused.value.violations] == [rule]


def test_a_new_version_takes_the_place_of_the_one_in_force(write, ask, answer, get, says):
    first = write()
    answer(ask(first))
    second = write(EXAMPLE.replace("1.0.0", "1.1.0").replace(">= 14", ">= 12"))
    answer(ask(second))
    assert (get(first.id).status, get(second.id).status) == ("retired", "active")
    assert says({**NIGHT, "context": {"hour": 13}})["tenant/newsletters"].denies


def test_a_policy_is_retired_by_the_governor_and_the_guardian(write, ask, answer, get, says):
    policy = write()
    answer(ask(policy))
    asked = ask(policy, retire_policy)
    assert (asked.asking.looser, asked.asking.governor_scope) == (True, "platform")
    answer(asked, Role.GOVERNOR)
    assert get(policy.id).status == "active"
    answer(asked, Role.VISION_GUARDIAN)
    assert get(policy.id).status == "retired"
    assert says(NIGHT) == {}


def test_a_draft_is_taken_back_by_its_author_and_no_longer_counts(
    write, ask, get, call_as, monkeypatch
):
    monkeypatch.setattr("shared.policy.rules.policies.MAX_POLICIES", 2)
    policies = [write(EXAMPLE.replace("newsletters", name)) for name in ("one", "two")]
    with pytest.raises(Conflict, match="retire drafts that nobody needs"):
        write()
    gone = retire_policy(call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=1), policies[0].id)
    assert (gone.status, get(policies[0].id).status) == ("retired", "retired")
    assert write().status == "draft"
    with pytest.raises(Conflict, match="only a policy that is in force"):
        ask(gone, retire_policy)


def test_a_draft_that_somebody_is_asked_about_is_not_taken_back(write, ask, answer, call_as):
    asked = ask(write())
    with pytest.raises(Conflict, match="cancel that first"):
        ask(asked, retire_policy)
    answer(asked, reject=True)
    call = call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=4)
    assert retire_policy(call, asked.id).status == "retired"


@pytest.mark.parametrize("family", ["approvals", "policy", "audit", "identity"])
def test_no_policy_locks_out_who_decides_or_changes_it(write, ask, answer, says, family):
    answer(ask(write()))
    assert says({**NIGHT, "action": {"name": f"{family}.x", "tool": TOOL}}) == {}


def test_nothing_happens_where_a_policy_in_force_is_another_than_was_agreed_to(
    write, ask, answer, says, call_as
):
    policy = write()
    answer(ask(policy))
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        kept = txn.get(Policy, policy.id)
        txn.save(
            kept.model_copy(update={"ast": kept.ast.replace("14", "15")}), PolicyDrafted.of(kept)
        )
    # What was read once is what was agreed to, and stays in force where it was.
    assert says(NIGHT)["tenant/newsletters"].denies
    ready.cache_clear()
    with pytest.raises(EnforcementUnavailable):
        says(NIGHT)


def test_a_policy_about_a_tool_is_about_nothing_that_is_done_without_one(write, ask, answer, says):
    answer(ask(write()))
    assert says({**NIGHT, "action": {"name": "agents.suspend_agent"}}) == {}
    assert says({**NIGHT, "action": {"name": "integration.execute"}})["tenant/newsletters"].denies


def test_another_tenants_policy_is_not_there(write, get, call_as):
    policy = write()
    with pytest.raises(NotFound):
        get(policy.id, "globex")


def test_a_policy_is_evaluated_and_hides_what_it_says(write, call_as):
    policy = write(REFUNDS)
    data = {**refund(amount=600), "output": {"card": {"number": "4111111111111111"}, "ok": True}}
    call = call_as(Role.VIEWER, tenant="acme")
    seen = evaluate_policy(call, policy.id, PolicyDocument(data=data))
    assert (seen.verdict, seen.by) == ("allow_with_obligations", ("once", "card"))
    assert seen.output == {"card": {"number": "…1111"}, "ok": True}


def test_cases_are_run_beside_its_own_tests(write, call_as):
    policy = write(REFUNDS)
    cases = PolicyCases.model_validate(
        {
            "cases": [
                {"name": "asked", "given": refund(amount=60_000), "expect": "require_approval"},
                {"name": "wrong", "given": refund(amount=60_000), "expect": "deny", "by": "once"},
            ]
        }
    )
    report = run_tests(call_as(Role.VIEWER, tenant="acme"), policy.id, cases)
    assert (report.total, report.passed, report.failed, report.is_passing) == (3, 2, 1, False)
    assert [(one.own, one.passed) for one in report.results] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert report.results[2].error == "it should be deny by once, and is require_approval by person"
    assert report.rule_coverage_bp == 10_000


def test_at_most_twenty_are_in_force(write, ask, answer):
    for n in range(20):
        answer(ask(write(EXAMPLE.replace("newsletters", f"hours-{n}"))))
    with pytest.raises(Conflict, match="20 policies"):
        ask(write(EXAMPLE.replace("newsletters", "one-more")))


def test_of_two_that_were_agreed_to_beside_each_other_the_one_that_finds_no_room_stays_a_draft(
    write, ask, answer, call_as, get, reacting, documents, monkeypatch
):
    monkeypatch.setattr(rules, "MAX_ACTIVE", 2)
    answer(ask(write(EXAMPLE.replace("newsletters", "first"))))
    second, third = (ask(write(EXAMPLE.replace("newsletters", n))) for n in ("second", "third"))
    for one in (second, third):
        agree(call_as, one)

    def carry(one):
        call = reacting(f"approvals/{one.asking.approval_id}", tenant="acme", at=3)
        carry_policy_approval(call, SimpleNamespace())

    meeting(monkeypatch, rules, "fits", lambda: carry(third))
    with pytest.raises(Contended):
        carry(second)
    carry(second)
    assert (get(third.id).status, get(second.id).status) == ("active", "draft")
    assert get(second.id).asking is None
    notices = (one.data for one in documents.find("acme", Query(Notification.collection)))
    told = [one for one in notices if one["title"] == "Not in force: second 1.0.0"]
    assert [one["audience"] for one in told] == ["customer_admin"]
    assert "2 policies are in force, which is the most; retire one" in told[0]["body"]
    monkeypatch.setattr(rules, "MAX_ACTIVE", 3)
    answer(ask(second))
    assert get(second.id).status == "active"


def test_of_two_drafts_that_are_written_beside_each_other_no_more_are_kept_than_there_is_room_for(
    write, monkeypatch
):
    monkeypatch.setattr(rules, "MAX_POLICIES", 2)
    write(EXAMPLE.replace("newsletters", "first"))
    meeting(monkeypatch, rules, "drafted", lambda: write(EXAMPLE.replace("newsletters", "second")))
    with pytest.raises(Contended):
        write(EXAMPLE.replace("newsletters", "third"))
    with pytest.raises(Conflict, match="a tenant has 2 drafts"):
        write(EXAMPLE.replace("newsletters", "third"))


def meeting(monkeypatch, where, name, other):
    """Have somebody else be faster: what they do happens once, between a look and what is written on it."""
    real = getattr(where, name)

    def met(*given, **said):
        monkeypatch.setattr(where, name, real)
        other()
        return real(*given, **said)

    monkeypatch.setattr(where, name, met)


def test_whoever_writes_a_policy_that_can_never_apply_is_told_at_once_and_when_it_is_tested(
    write, call_as
):
    policy = write(
        EXAMPLE.replace('tool == "mailchimp', 'name == "approvals.x" and action.tool == "mail')
    )
    assert "never_applies" in [one.rule for one in policy.warnings]
    report = run_tests(call_as(Role.VIEWER, tenant="acme"), policy.id, PolicyCases())
    assert report.warnings == policy.warnings


def many(rules):
    """A draft of so many rules, beside one that allows."""
    every = [f"rule r{n} when args.a > {n} oblige sign_payload" for n in range(rules)]
    source = f"policy many version 1.0.0 {{ rule base when true allow {' '.join(every)} }}"
    by = Actor(id="kim", tenant="acme", roles=frozenset({Role.CUSTOMER_ADMIN}))
    return drafted(source, None, id=ID, tenant="acme", by=by, at=NOON, known=0)


def test_all_policies_in_force_have_so_many_rules_and_so_many_bytes_together(monkeypatch):
    small, others = many(6), [many(249)] * 4
    may_ask(small, "activate", others[1:])
    with pytest.raises(Conflict, match="1007 rules would be in force, and 1000 are the most") as no:
        may_ask(small, "activate", others)
    assert no.value.violations[0].rule == "too_many"
    size = len(small.ast.encode()) + 3 * len(others[0].ast.encode())
    for most, refused in ((size, False), (size - 1, True)):
        monkeypatch.setattr(rules, "MAX_IN_FORCE", most)
        with pytest.raises(Conflict, match="shorten its rules") if refused else nullcontext():
            may_ask(small, "activate", others[1:])
