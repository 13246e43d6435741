"""Rules over history in a tenant's policies: judged where tools are used, of several at once as of one after the other."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.policy.end_tool_use import end_tool_use
from functions.policy.judge_plan import PlanToJudge, judge_plan
from functions.policy.retire_policy import retire_policy
from functions.policy.test_policy import test_policy as run_tests
from shared.actors import Role
from shared.canonical import canonical
from shared.deciding import Decision
from shared.documents import Key, Query
from shared.errors import Conflict, Invalid
from shared.history.models import Page, PlanPart
from shared.judged import STORED
from shared.policy.models.trying import PolicyCases
from shared.policy.rules.language.evaluation import evaluator
from shared.policy.rules.language.reading import read
from shared.policy.rules.language.stored import Kept, ready
from shared.policy.rules.language.trying import outcome
from shared.policy.rules.language.writing import written
from shared.policy.rules.replaying import replayed
from tests.kernel.things import problem
from tests.policy.test_acts import agent, evaluate, keep, use
from tests.policy.test_policies import answer, ask, write
from tests.says import Says

__all__ = ["agent", "answer", "ask", "evaluate", "keep", "use", "write"]

PAYMENTS = """\
policy payments version 1.0.0 {
  about "What was done before decides what is paid."
  bundle tenant

  history untrusted {
    "kind": "never_after",
    "act": {"name": "payment.*"},
    "after": {"name": "mail.read", "unless": {"trust": "trusted"}}
  }
  history an-hour {
    "kind": "total",
    "act": {"name": "payment.send", "where": {"currency": "INR"}},
    "of": "amount_minor",
    "limit": 500000,
    "per": ["payee"],
    "within_s": 3600,
    "across": "tenant"
  }

  test "nothing is paid after an untrusted mail" {
    given {
      "before": [{"action": {"tool": "mail.read"}, "args": {"trust": "unknown"}}],
      "action": {"tool": "payment.send"},
      "args": {"currency": "INR", "payee": "acme", "amount_minor": 1}
    }
    expect deny by untrusted
  }

  test "a payee has so much in an hour" {
    given {
      "before": [
        {"action": {"tool": "payment.send"}, "args": {"currency": "INR", "payee": "acme", "amount_minor": 300000}, "ago_s": 3600}
      ],
      "action": {"tool": "payment.send"},
      "args": {"currency": "INR", "payee": "acme", "amount_minor": 200001}
    }
    expect deny by an-hour
  }

  test "and again an hour later" {
    given {
      "before": [
        {"action": {"tool": "payment.send"}, "args": {"currency": "INR", "payee": "acme", "amount_minor": 300000}, "ago_s": 3601}
      ],
      "action": {"tool": "payment.send"},
      "args": {"currency": "INR", "payee": "acme", "amount_minor": 200001}
    }
    expect allow
  }
}
"""

PAYING = {"name": "integration.pay", "operation": "pay", "external": True, "tool": "payment.send"}


@pytest.fixture
def payments(write, ask, answer, agent, world):
    """Have a tenant with both rules in force, under an engine that allows whatever the platform's rules would."""
    policy = write(PAYMENTS)
    answer(ask(policy))
    agent()
    world.ports.enforcement = Says()
    return policy


@pytest.fixture
def pay(use):
    def pay(minor=200_000, payee="acme", **said):
        args = {"currency": "INR", "payee": payee, "amount_minor": minor}
        return use(**{"action": "pay", "tool": "payment.send", "args": args, "run_id": "r"} | said)

    return pay


@pytest.fixture
def end(world):
    def end(id, how="done", tenant="acme"):
        where = f"/v1/enforce/tool-use/{id}/outcome"
        headers = {"X-Tenant-ID": tenant}
        return world.call(end_tool_use, where, {"ended": how}, as_="service", headers=headers)

    return end


def test_four_payments_at_once_let_through_exactly_what_fits(payments, pay, end):
    def insist(n):
        while (told := pay(run_id=f"run-{n}")).status_code == 503:
            continue
        return told

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(insist, range(4)))
    allowed = [one.json["decision_id"] for one in told if one.status_code == 200]
    assert len(allowed) == 2
    for one in told:
        if one.status_code != 200:
            said = problem(one, 403, "policy_denied", "an-hour")
            assert "400000 were before" in said["detail"]
    # What failed was not paid, and what is done counts on.
    assert end(allowed[0], "failed").status_code == 200
    assert end(allowed[1]).status_code == 200
    assert pay(300_001).status_code == 403
    assert pay(300_000).status_code == 200
    assert pay(payee="other").status_code == 200


def test_nothing_is_paid_after_untrusted_mail_in_the_same_run(payments, pay, use):
    mail = {"action": "read", "tool": "mail.read", "args": {"trust": "unknown"}}
    assert use(**mail, run_id="one").status_code == 200
    problem(pay(run_id="one"), 403, "policy_denied", "untrusted")
    assert pay(run_id="other").status_code == 200


@pytest.mark.parametrize("tool", ["mail.read", "payment.send"])
def test_who_names_no_run_gets_round_no_rule_about_runs(payments, use, tool):
    told = problem(use(action="pay", tool=tool, args={}), 403, "policy_denied", "untrusted")
    assert "run_id" in str(told["violations"])


@pytest.mark.parametrize("name", ["currency", "payee"])
@pytest.mark.parametrize("value", [True, False, 1, 0, ["acme"], "left out"])
def test_who_says_it_in_another_type_or_not_at_all_gets_round_no_limit(payments, pay, name, value):
    args = {"currency": "INR", "payee": "acme", "amount_minor": 500_000}
    other = {key: one for key, one in args.items() if key != name}
    assert pay(args=args).status_code == 200
    said = other if value == "left out" else {**other, name: value}
    told = problem(pay(args=said), 403, "policy_denied", "an-hour")
    assert ("send payee as a text" in told["detail"]) == (name == "payee")
    assert pay(args={**args, "currency": "USD"}).status_code == 200


def test_what_is_denied_or_only_asked_about_is_not_remembered(
    payments, pay, use, evaluate, documents
):
    assert pay(500_001).status_code == 403
    args = {"currency": "INR", "payee": "acme", "amount_minor": 500_000}
    assert evaluate(action=PAYING, args=args, run_id="r").json["verdict"] == "allow"
    assert not documents.find(None, Query(Page.collection))
    assert pay(500_000).status_code == 200
    said = evaluate(action=PAYING, args=args, run_id="r").json
    assert (said["verdict"], [one["rule"] for one in said["reasons"]]) == ("deny", ["an-hour"])


def test_what_was_said_stays_so(payments, pay, end):
    one = pay().json["decision_id"]
    for how in ("failed", "failed", "done", "done"):
        assert end(one, how).status_code == 200
    problem(end(one, "failed"), 409, "conflict")
    assert pay(300_001).status_code == 403
    problem(end(one, tenant="globex"), 404, "not_found")
    problem(end("44444444-4444-4444-8444-444444444444"), 404, "not_found")


def test_a_denial_by_history_is_made_the_same_again(payments, pay, evaluate, world, documents):
    assert pay(500_000).status_code == 200
    args = {"currency": "INR", "payee": "acme", "amount_minor": 1}
    said = evaluate(action=PAYING, args=args, run_id="r").json
    kept = documents.get(Key("acme", "decisions", said["decision_id"])).data["decision"]
    one = Decision.model_validate(kept, context=STORED)
    assert one.asked[-1] == f"tenant/payments:1.0.0#{payments.policy_hash}"
    own = documents.get(Key("acme", "policies", payments.id)).data
    asked = {one.asked[-1]: ready(Kept(own["policy_hash"], own["ast"]))}
    again = replayed(one, world.ports.enforcement, asked)
    assert canonical(again.to_stored()) == canonical(one.to_stored())


def test_a_plan_is_held_to_the_rules_in_force_too(payments, call_as):
    """The same rule, written once, before anything runs and when it does."""
    facts = {"currency": "INR", "payee": "acme", "amount_minor": 300_000}
    steps = [PlanPart(id=name, name="payment.send", facts=facts) for name in ("one", "two")]
    plan = PlanToJudge(parts=tuple(steps), plan=("one", "two"))
    [found] = judge_plan(call_as(Role.CUSTOMER_ADMIN, tenant="acme"), plan).found
    assert (found.broken.rule, found.path) == ("payments/an-hour", ("one", "two"))
    assert judge_plan(call_as(Role.CUSTOMER_ADMIN, tenant="globex"), plan).found == ()


# --- as policies are written -------------------------------------------------------------------------


def test_its_own_tests_say_what_was_before(write, call_as):
    policy = write(PAYMENTS)
    report = run_tests(call_as(Role.CUSTOMER_ADMIN, tenant="acme"), policy.id, PolicyCases())
    assert (report.total, report.passed, report.rule_coverage_bp) == (3, 3, 10_000)
    assert policy.warnings == ()
    assert written(read(policy.source)) == policy.source


def test_a_rule_over_history_without_a_test_is_not_put_in_force(write, ask):
    untested = PAYMENTS.replace("expect deny by an-hour", "expect deny")
    with pytest.raises(Conflict, match="an-hour"):
        ask(write(untested))


@pytest.mark.parametrize(
    "document",
    [
        {"action": 7},
        {"action": {"tool": ["x"]}, "args": [1]},
        {"action": {"tool": "payment.send"}, "context": 7},
        {"action": {"tool": "payment.send"}, "context": {"history": {"broken": [{"no": 1}]}}},
        {"action": {"tool": "payment.send"}, "before": [{"action": {}, "ago_s": 10**15}]},
    ],
)
def test_whatever_it_is_tried_with_that_cannot_be_compared_is_no_yes(document):
    (policy,) = read(PAYMENTS)
    tried = outcome(evaluator(policy), document)
    assert (tried.verdict, tried.by) == ("deny", ("PDP_ERROR",))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('"limit": -1', "limit: it must be 0 at least"),
        ('"times": 1', "limit: it is required"),
        ('"limt": 500000', "limt: nothing is called so here; leave it out"),
        ('"limit": 500000, "id": "x"', "leave id out"),
        ('"limit": "500000"', "limit: it must be a whole number"),
    ],
)
def test_what_is_no_rule_over_history_is_told_with_its_place(write, said, told):
    with pytest.raises(Invalid) as refused:
        write(PAYMENTS.replace('"limit": 500000', said))
    messages = [one.message for one in refused.value.violations]
    assert any(one.startswith("line 10, column 3") and told in one for one in messages)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ('"knd"', "'kind' is required"),
        ('"kind": "sum", "x"', "'kind' must be one of 'never_after'"),
    ],
)
def test_which_kinds_there_are_is_told(write, kind, told):
    with pytest.raises(Invalid) as refused:
        write(PAYMENTS.replace('"kind"', kind, 1))
    assert any(told in one.message for one in refused.value.violations)


@pytest.mark.parametrize(
    "looser",
    [
        PAYMENTS.replace("500000", "600000").replace("200001", "300001"),
        PAYMENTS.replace("  history untrusted", "  history mistrusted").replace(
            "by untrusted", "by mistrusted"
        ),
    ],
)
def test_another_rule_over_history_is_taken_for_a_looser_one(payments, write, ask, looser):
    draft = write(looser.replace("1.0.0", "1.1.0"))
    assert ask(draft).asking.looser
    assert ask(payments, retire_policy).asking.looser
