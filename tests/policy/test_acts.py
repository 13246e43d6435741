"""What agents, runs and tools are about to do is decided by the same rules as operations, on facts that nobody claims."""

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from functions.approvals.approve_approval import approve_approval
from functions.approvals.create_approval import create_approval
from functions.policy.enforce_tool_use import enforce_tool_use
from functions.policy.evaluate_act import evaluate_act
from functions.policy.get_attestation import get_attestation
from functions.policy.list_policy_denials import list_policy_denials
from functions.policy.list_policy_violations import list_policy_violations
from functions.policy.record_denial import record_denial
from shared.actors import PLATFORM, Role
from shared.agents.models.agents import Agent
from shared.attesting import DECISION_TYPE, Attestation
from shared.canonical import canonical
from shared.deciding import ApprovalNeeded, Decision, Finding, Reason, denial
from shared.documents import Key, Query
from shared.edge.catalog import operations
from shared.identity.events import PolicyDenied
from shared.judged import STORED
from shared.operation import DecisionPoint
from shared.platform.actions.facts import facts
from shared.platform.models.breakers import Circuit
from shared.policy.actions import recorded
from tests.agents.catalogue import Kept
from tests.budgets.conftest import at_once, block, hold
from tests.conftest import NOON
from tests.kernel.test_approving import Wants
from tests.kernel.things import entries, problem
from tests.ruled import engine
from tests.says import ALLOWED, Says, obliged

__all__ = ["at_once", "block", "hold"]

GOLDEN = Path(__file__).parents[1] / "golden" / "0.2.0"
AGENT = "44444444-4444-4444-8444-444444444444"
APPROVAL = "acme.66666666-6666-4666-8666-666666666666"
DIGEST = "6" * 64
BEGINS = {"name": "execution.begin", "operation": "execute", "external": False}
ASKED = {"pep": "agent_runtime", "agent_id": AGENT, "action": BEGINS}
USE = {
    "agent_id": AGENT,
    "action": "publish",
    "tool": "wordpress.create_post",
    "args_hash": DIGEST,
    "purpose": "content",
}


def golden(kind):
    """Return the first document of a kind that a release keeps."""
    line = next(
        one for one in (GOLDEN / f"{kind}.json").read_text().splitlines() if '"document"' in one
    )
    return json.loads("{" + line.strip().rstrip(",") + "}")["document"]


@pytest.fixture
def keep(call_as):
    """Keep an entity as the releases have it, but for what is said."""

    def put(kind, tenant, **said):
        document = {**golden(kind.collection), "audit": None, "tenant_id": tenant, **said}
        with call_as(Role.SERVICE, tenant=tenant).transaction() as txn:
            return txn.create(kind.from_stored(document), Kept())

    return put


@pytest.fixture
def agent(keep):
    """Have an agent, in service unless it is said otherwise."""

    def put(**said):
        keep(Agent, PLATFORM, **{"id": AGENT, "status": "deployed", **said})

    return put


@pytest.fixture
def evaluate(world):
    def ask(as_="service", tenant="acme", **said):
        headers = {"X-Tenant-ID": tenant} if tenant else {}
        return world.call(
            evaluate_act, "/v1/policy/evaluate", ASKED | said, as_=as_, headers=headers
        )

    return ask


@pytest.fixture
def use(world):
    def ask(**said):
        headers = {"X-Tenant-ID": "acme"}
        return world.call(
            enforce_tool_use, "/v1/enforce/tool-use", USE | said, as_="service", headers=headers
        )

    return ask


@pytest.fixture
def listed(world, documents, reacting):
    """Return the denials that those of the customer find."""

    def look(as_="viewer", **query):
        for entry in entries(world, action="policy.denied"):
            if not documents.get(Key(PLATFORM, "policy_denials", entry.data["decision_id"])):
                call = reacting(entry.entity, tenant=entry.tenant, causation_id=entry.id)
                record_denial(call, PolicyDenied.from_stored(entry.data, 1))
        found = world.call(list_policy_denials, "/v1/policy-denials", as_=as_, query=query)
        return found.json["items"]

    return look


def test_whoever_has_something_decided_asks_by_an_operation_that_is_known_to_only_ask():
    asking = {one.id for one in operations() if DecisionPoint in one.ports.values()}
    assert asking == recorded.QUESTIONS


def test_what_was_denied_to_whoever_asked_for_others_is_counted_as_what_it_was(
    world, evaluate, agent, hold, call_as
):
    """The entry of such a denial carries that the service was let ask, and the answer is kept by itself."""
    agent()
    hold("one", 1_000_000)
    denied = evaluate().json
    found = world.call(list_policy_violations, "/v1/policies/violations", as_="customer_admin").json
    assert (found["denials"], [one["what"] for one in found["by_policy"]]) == (1, ["agent_budget"])
    assert found["by_subject"] == [{"what": "service:service", "count": 1}]
    with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
        (latest,), more = recorded.latest(txn, 10)
        assert recorded.one(txn, denied["decision_id"]) == latest
    assert (latest.decision_id, latest.verdict, more) == (denied["decision_id"], "deny", False)


# --- budgets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spent", "level", "verdict", "rules"),
    [
        (690_000, "normal", "allow", []),
        (700_000, "warn", "allow", []),
        (850_000, "approval", "require_approval", ["BUD-03"]),
        (1_000_000, "blocked", "deny", ["BUD-04"]),
    ],
)
def test_new_work_is_decided_by_how_much_of_the_budget_is_used(
    evaluate, agent, hold, documents, spent, level, verdict, rules
):
    agent()
    hold("one", spent)
    answer = evaluate()
    assert answer.status_code == 200
    assert answer.headers["X-Budget-Alert-Level"] == level
    assert answer.headers["X-Agent-Utilization"] == str(spent // 10_000)
    assert "X-Platform-Utilization" not in answer.headers
    said = answer.json
    assert (said["verdict"], [one["rule"] for one in said["reasons"]]) == (verdict, rules)
    asked = documents.get(Key("acme", "decisions", said["decision_id"])).data["decision"]["input"]
    assert asked["context"]["budget_level"] == level
    assert asked["context"]["budget_spent_bp"] == spent // 100
    assert (said["approval"] or {}).get("type") == ("financial" if level == "approval" else None)


def test_what_runs_may_finish_where_new_work_needs_an_approval(evaluate, agent, hold):
    agent()
    hold("one", 850_000)
    running = {"name": "prompt.send", "operation": "execute", "external": False}
    rules = evaluate(action=running).json["matched_rules"]
    reasons = {one["policy"] for one in evaluate(action=running).json["reasons"]}
    assert "agent_budget" not in reasons
    assert rules


# --- what is looked up -------------------------------------------------------------------------------


def test_an_agent_that_is_not_in_service_does_nothing(evaluate, agent):
    agent(status="suspended")
    said = evaluate().json
    assert said["verdict"] == "deny"
    assert "SBX-06" in [one["rule"] for one in said["reasons"]]


def test_an_agent_that_is_not_there_does_nothing(evaluate):
    assert evaluate().json["verdict"] == "deny"


@pytest.mark.parametrize(
    "claim",
    [
        {"args": {"budget_level": "normal"}},
        {"args": {"approval_state": "granted"}},
        {"args": {"agent_id": "acme.55555555-4444-4444-8444-444444444444"}},
        {"args": {"trial_id": "acme.55555555-4444-4444-8444-444444444444"}},
        {"context": {"budget_level": "normal"}},
        {"subject": {"roles": ["governor"]}},
        {"manifest": {"certified": True}},
        {"args": {"words": "words that somebody wrote"}},
        {"action": {**BEGINS, "name": "agents.create_agent"}},
        {"pep": "api_gateway"},
    ],
)
def test_whoever_claims_what_is_looked_up_is_refused_and_nothing_is_kept(
    evaluate, agent, documents, claim
):
    agent()
    assert evaluate(**claim).status_code in {400, 422}
    assert not documents.find(None, Query(Attestation.collection))


@pytest.mark.parametrize("who", ["viewer", "admin", "governor", "customer_admin@acme"])
def test_only_services_ask(evaluate, who):
    problem(evaluate(as_=who, tenant=None), 403, "forbidden")


# --- what is kept ------------------------------------------------------------------------------------


def test_an_answer_is_kept_signed_and_is_found_by_its_id(world, evaluate, agent):
    agent()
    said = evaluate().json
    kept = world.ports.documents.get(Key("acme", "decisions", said["decision_id"])).data
    message = canonical({"typ": DECISION_TYPE, **kept["decision"]})
    proof = said["attestation"]
    assert (proof["typ"], proof["sig"]) == (DECISION_TYPE, kept["sig"])
    assert world.ports.trusted(proof["kid"], message, proof["sig"])
    decision = Decision.model_validate(kept["decision"], context=STORED)
    assert (said["inputs_hash"], said["bundle_set_version"]) == (
        decision.input_digest,
        engine().digest,
    )
    where = f"/v1/policy/attestations/acme.{said['decision_id']}"
    shown = world.call(get_attestation, where, as_="customer_user@acme").json
    assert shown["enforcement_result"] == "answered"


def test_a_denial_of_an_evaluation_is_listed_for_the_customer_with_its_reasons(
    evaluate, agent, hold, listed
):
    agent()
    hold("one", 1_000_000)
    said = evaluate(run_id="run-1", step_id="step-2").json
    [line] = listed("customer_user@acme")
    assert line["decision_id"] == f"acme.{said['decision_id']}"
    assert (line["action"], line["rule"], line["agent_id"]) == ("execution.begin", "BUD-04", AGENT)
    assert line["reason"] == said["reasons"][0]["message"]
    assert listed(agent_id=AGENT, customer_id="acme")[0]["details"]


def test_what_is_frozen_is_denied_and_said_so(world, evaluate, agent):
    agent()
    world.ports.enforcement = Says(frozen=True)
    assert [one["rule"] for one in evaluate().json["reasons"]] == ["frozen"]


def test_a_tool_that_is_frozen_is_denied_and_not_to_be_asked_for_again_at_once(world, use, agent):
    agent()
    world.ports.enforcement = Says(frozen=True)
    told = problem(use(), 403, "policy_denied", "frozen")
    [entry] = entries(world, action="policy.denied")
    assert (entry.tenant, entry.id) == ("acme", told["decision_id"])


# --- tools -------------------------------------------------------------------------------------------


def test_a_tool_is_denied_that_nothing_certified_names(use, agent, listed, documents, world):
    agent()
    told = problem(use(), 403, "policy_denied")
    [entry] = entries(world, action="policy.denied")
    assert entry.id == entry.policy.decision_id == told["decision_id"]
    assert entry.tenant == "acme"
    assert entry.policy.decision["input"]["action"]["tool"] == "wordpress.create_post"
    assert not documents.find(None, Query(Attestation.collection))
    [line] = listed("customer_user@acme")
    assert (line["action"], line["decision_id"]) == (
        "integration.publish",
        f"acme.{told['decision_id']}",
    )


def test_a_denial_of_a_tool_says_of_each_thing_that_is_missing_what_to_do(use, agent, evaluate):
    agent()
    said = {one["rule"]: one["message"] for one in use().json["violations"]}
    assert "say args.estimated_cost_micro_usd, args.host, args.record_count" in said["INT-00"]
    later = "have a person do it, as no release looks this up yet: context.data_grant, manifest"
    assert later in said["INT-00"]
    assert "breaker" not in said["INT-00"]
    unknown = evaluate(agent_id="11111111-4444-4444-8444-444444444444").json["reasons"]
    [told] = [one["message"] for one in unknown if one["rule"] == "SBX-00"]
    assert told.endswith(
        "; name an agent that there is (GET /v1/agents), as nothing is known of this one: agent.sandbox, agent.status"
    )


@pytest.mark.parametrize(
    ("opened_s_ago", "breaker"), [(None, "closed"), (1, "open"), (60, "half_open")]
)
def test_whether_an_integration_answers_is_what_was_written_down_of_it(
    use, world, agent, call_as, opened_s_ago, breaker
):
    agent()
    if opened_s_ago:
        opened = NOON - timedelta(seconds=opened_s_ago)
        with call_as(Role.SERVICE).transaction() as txn:
            txn.save(Circuit(id="wordpress", opened_at=opened, failures=3, changed_at=opened))
    world.ports.enforcement = says = Says()
    assert use().status_code == 200
    assert says.asked[-1]["context"]["breaker"] == breaker


@pytest.mark.parametrize("tool", ["a/b.create", "__a__.create", "a" * 200])
def test_a_tool_whose_integration_can_be_no_target_is_looked_for_nowhere(tool):
    """A store may take such a name for a place, or for none; here nothing is there to be read."""
    assert facts(None, SimpleNamespace(tool=tool, now=NOON)) == {"context": {"breaker": "closed"}}


def test_an_action_that_nobody_knows_is_denied(use, agent):
    agent()
    problem(use(action="teleport"), 403, "policy_denied", "unknown_action")


def test_spelling_makes_no_other_action_of_it(use, world, agent):
    agent()
    world.ports.enforcement = says = Says()
    for spelled in ("post", "Post", "PUBLISH"):
        assert use(action=spelled).status_code == 200
    acts = [one["action"] for one in says.asked if one["action"]["name"].startswith("integration")]
    assert {(one["name"], one["operation"], one["external"]) for one in acts} == {
        ("integration.publish", "publish", True)
    }


def test_a_tool_that_may_be_used_is_allowed_under_its_obligations_and_uses_nothing_up(
    use, world, agent
):
    agent()
    world.ports.enforcement = says = Says()

    def found(bundles, document):
        about = document["action"]["name"] == "integration.publish"
        return dict.fromkeys(bundles, obliged("mask_fields", fields=["iban"]) if about else ALLOWED)

    says.evaluate = found
    said = use().json
    assert (said["allowed"], [one["type"] for one in said["obligations"]]) == (
        True,
        ["mask_fields"],
    )
    kept = world.ports.documents.get(Key("acme", "decisions", said["decision_id"]))
    assert kept.data["decision"]["verdict"] == "allow_with_obligations"
    assert {one.action for one in entries(world)} == {"tests.kept"}


def test_a_tool_that_needs_an_approval_is_refused_until_there_is_one(use, world, agent):
    agent()
    reason = Reason(policy="integration", rule="INT-02", message="ask first", severity="medium")
    needs = Finding(allow=True, reasons=(reason,), approval=ApprovalNeeded(type="communication"))
    world.ports.enforcement = says = Says()
    says.evaluate = lambda bundles, document: dict.fromkeys(
        bundles, needs if document["action"]["name"].startswith("integration") else ALLOWED
    )
    told = problem(use(), 403, "approval_required", "INT-02")
    assert told["approval_type"] == "communication"


@pytest.fixture
def approved(world, use):
    """Have the use of a tool be asked for as its refusal says, and granted by the Governor of the account."""

    def grant(bent=None, **said):
        request = problem(use(**said), 403, "approval_required")["request"] | (bent or {})
        tenant = {"X-Tenant-ID": "acme"}
        asked = world.call(
            create_approval, "/v1/approvals", request, as_="service", headers=tenant
        ).json
        yes = {"expected_digest": asked["action_digest"]}
        path = f"/v1/approvals/{asked['id']}/approve"
        answer = world.call(approve_approval, path, yes, as_="customer_admin@acme")
        assert answer.status_code == 200, answer.data
        return asked["id"]

    return grant


STEP = {"run_id": "run-1", "step_id": "step-2"}


def test_a_tool_is_used_with_what_was_approved_once_and_a_look_uses_nothing_up(
    use, evaluate, world, agent, approved, documents
):
    agent()
    world.ports.enforcement = Wants(ApprovalNeeded(type="communication"))
    id = approved(**STEP)
    assert evaluate(approval_id=id, args_hash=DIGEST).json["verdict"] == "require_approval"
    bent = {
        "args_hash": "7" * 64,
        "tool": "wordpress.create_page",
        "action": "send",
        "run_id": "run-2",
        "step_id": "step-3",
        "args": {"record_count": 2},
        "purpose": "gossip",
    }
    for name, other in bent.items():
        problem(use(**STEP | {name: other}, approval_id=id), 403, "approval_mismatch")
    place = Key("acme", "approvals", id)
    assert documents.get(place).data["status"] == "approved"
    said = use(**STEP, approval_id=id).json
    used = documents.get(place).data
    assert (used["status"], used["consumed_by"]["run_id"]) == ("consumed", "run-1")
    assert used["consumed_by"]["step_id"] == f"step-2/{said['decision_id']}"
    problem(use(**STEP, approval_id=id), 409, "already_decided")
    [entry] = entries(world, action="approval.consumed")
    assert entry.data["step_id"] == used["consumed_by"]["step_id"]
    denied = entries(world, action="policy.denied")
    assert {one.tenant for one in denied} == {"acme"}


def test_a_tool_is_not_used_with_the_approval_of_another_tenant_or_of_none(
    use, world, agent, approved
):
    agent()
    world.ports.enforcement = Wants()
    id = approved()
    for other in (id.replace("acme.", "globex."), APPROVAL):
        problem(use(approval_id=other), 403, "approval_mismatch")


def test_whoever_asks_names_no_chain_that_the_rules_want(use, evaluate, world, agent, approved):
    agent()
    world.ports.enforcement = wants = Wants(ApprovalNeeded(type="communication"))
    own = {"name": "finance-two-step", "steps": [{"roles": ["customer_admin"]}]}
    id = approved({"chain": own})
    problem(use(approval_id=id), 403, "approval_mismatch")
    wants.needed = ApprovalNeeded(type="communication", chain="finance-two-step")
    problem(use(approval_id=id), 403, "approval_mismatch")
    assert world.ports.documents.get(Key("acme", "approvals", id)).data["status"] == "approved"


@pytest.mark.parametrize("member", ["title", "action_description", "rationale"])
def test_a_tool_is_not_used_with_a_yes_to_other_words(use, world, agent, approved, member):
    agent()
    world.ports.enforcement = Wants()
    problem(use(approval_id=approved({member: "Nothing leaves."})), 403, "approval_mismatch")


def test_an_evaluation_rests_on_no_approval_that_the_act_could_not_use(
    world, evaluate, agent, approved
):
    agent()
    world.ports.enforcement = Wants()
    act = {
        "typ": "action/v1",
        "tenant_id": "acme",
        "agent_id": AGENT,
        "iteration": 0,
        **STEP,
        **dict.fromkeys(("action", "tool"), BEGINS["name"]),
        **dict.fromkeys(("args_hash", "resource"), DIGEST),
        "plan_hash": None,
        "tool_schema_hash": None,
        "chain_version": 1,
    }
    # Of another manifest, and under other policies.
    act |= {"manifest_hash": "0" * 64, "policy_version": "1" * 64}
    id = approved({"subject": act, "evidence_facts": {}})
    problem(evaluate(approval_id=id, args_hash=DIGEST, **STEP), 403, "approval_mismatch")


def test_a_refused_use_of_a_tool_says_how_much_of_the_budget_is_used(use, agent, hold):
    agent()
    hold("one", 857_000)
    told = use().headers
    assert (told["X-Budget-Alert-Level"], told["X-Agent-Utilization"]) == ("approval", "85")


def test_a_denied_service_asks_nothing(use, world, agent):
    agent()
    world.ports.enforcement = Says(denial("rbac", "RBAC-02", "ask an admin"))
    problem(use(), 403, "policy_denied", "RBAC-02")
    [entry] = entries(world, action="policy.denied")
    assert entry.policy.decision["input"]["action"]["name"] == "policy.enforce_tool_use"


def test_roles_are_taken_from_the_identity(use, world, agent):
    agent()
    world.ports.enforcement = says = Says()
    use()
    assert {tuple(one["subject"]["roles"]) for one in says.asked} == {(Role.SERVICE.value,)}
