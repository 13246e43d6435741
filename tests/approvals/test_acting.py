"""An approval of an act is bound to all of the act: whatever is otherwise, it is none for it."""

import pytest

from shared.actors import Role
from shared.approvals.models.questions import EvidenceRef
from shared.approvals.models.questions import Question as Asked
from shared.approvals.rules import acting, binding, decisions, evidence
from shared.approvals.rules.requests import ask
from shared.canonical import canonical, digest
from shared.deciding import ApprovalNeeded, Decision, Question
from shared.errors import AlreadyDecided, ApprovalMismatch, ApprovalRequired, Expired
from tests.approvals.questions import AGENT, GOVERNOR, ID, minutes, person
from tests.conftest import NOON

CUSTOMER = person(Role.CUSTOMER_USER, id="kim", tenant="acme")
SALT = "5" * 64
BODY = {"size": 1, "to": "ada", "how": {"fast": True}}


def tool(**otherwise):
    """Return the use of a tool by a customer's agent."""
    said = {
        "pep": "agent_runtime",
        "actor": person(Role.SERVICE, id="service:runtime"),
        "tenant": "acme",
        "name": "integration.publish",
        "acts": "publish",
        "now": NOON,
        "environment": "local",
        "correlation_id": "1",
        "tool": "wordpress.create_post",
        "external": True,
        "args": {"schema_hash": "5" * 64, "record_count": 1, "channel": "news"},
        "args_hash": "6" * 64,
        "path": {"agent_id": AGENT, "run_id": "r1", "step_id": "s1"},
        "approval_id": f"acme.{ID}",
    }
    return Question(**said | otherwise)


def sent(body=BODY, **otherwise):
    """Return a request that somebody of the customer sends."""
    said = {
        "pep": "api_gateway",
        "actor": CUSTOMER,
        "name": "things.make_thing",
        "acts": "create",
        "tool": None,
        "external": False,
        "args": {"size": 1},
        "args_hash": None,
        "path": {},
        "whole": lambda: {"address": "POST /v1/things", "body": body},
    }
    return tool(**said | otherwise)


def decided(act, manifest_hash="3" * 64, asked=("rbac", "tenant/one:1.0.0#7"), bundle="b" * 64):
    """Return how an act was decided, as far as an approval is bound to it."""
    document = act.document({"agent": {"id": AGENT, "manifest_hash": manifest_hash}})
    return Decision(
        decision_id="d1",
        verdict="allow",
        asked=asked,
        bundle=bundle,
        engine="fake/1",
        input=document,
        input_digest=digest(document),
        evaluated_at=NOON,
        pep=act.pep,
    )


def question(act, type="execution", decision=None):
    """Return what is asked before an act."""
    salt = SALT if act.whole else None
    request = acting.asked(act, decision or decided(act), ApprovalNeeded(type=type), salt=salt)
    return ask(request, id=f"acme.{ID}", tenant="acme", by=act.actor, at=NOON)


def agreed(asked):
    keeper = person(Role.CUSTOMER_ADMIN, tenant="acme")
    return decisions.approve(
        asked,
        by=keeper if asked.governor_scope == "engagement" else GOVERNOR,
        at=minutes(1),
        expected_digest=asked.action_digest,
        expected_card=asked.card_hash,
    )


def granted(act, **how):
    """Return the approval of an act, as its Governor granted it."""
    return agreed(question(act, **how))


def use(approval, act, decision=None, at=2):
    return acting.used(approval, act, decision or decided(act), at=minutes(at))


ACTS = {"a tool": tool(), "a request": sent()}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_what_was_approved_is_done_with_it(act):
    used = use(granted(act), act)
    assert used.status == "consumed"
    assert used.action_digest == digest(dict(used.subject))
    due = {"tenant_id", "agent_id", "manifest_hash", "plan_hash", "run_id", "step_id", "iteration"}
    due |= {"tool", "tool_schema_hash", "args_hash", "policy_version", "chain_version", "typ"}
    assert due < used.subject.keys()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_one_byte_of_any_member_of_what_was_approved_makes_it_another(act):
    """Also of what is null as there is no such thing yet."""
    approval = granted(act)
    for name, value in approval.subject.items():
        for other in _otherwise(value):
            bent = approval.model_copy(update={"subject": {**approval.subject, name: other}})
            with pytest.raises(ApprovalMismatch):
                use(bent, act)
    for name in binding.LABELS & Asked.model_fields.keys():
        value = getattr(approval, name)
        for other in WEAKER if name == "type" else _otherwise(value):
            with pytest.raises(ApprovalMismatch):
                use(approval.model_copy(update={name: other}), act)


WEAKER = ("artifact", "communication")
"""The types that take less than the act does; a stronger one may be asked for."""


def _otherwise(value):
    """Return what is nearly the same."""
    if isinstance(value, str):
        at = len(value) // 2
        return [value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :], value + "0", None]
    if isinstance(value, int):
        return [value + 1, str(value), None]
    return ["0"] if value is None else [{**value, "more": 1}, {}]


BENT = {
    "another tenant": lambda: tool(tenant="globex"),
    "another agent": lambda: tool(path={**tool().path, "agent_id": AGENT[:-1] + "5"}),
    "another run": lambda: tool(path={**tool().path, "run_id": "r2"}),
    "another step": lambda: tool(path={**tool().path, "step_id": "s2"}),
    "no run": lambda: tool(path={"agent_id": AGENT}),
    "another tool": lambda: tool(tool="wordpress.create_page"),
    "another act": lambda: tool(name="integration.delete", acts="delete"),
    "another schema": lambda: tool(args={**tool().args, "schema_hash": "4" * 64}),
    "another fact": lambda: tool(args={**tool().args, "record_count": 2}),
    "another target": lambda: tool(args={**tool().args, "channel": "newt"}),
    "other arguments": lambda: tool(args_hash="6" * 63 + "7"),
}


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT)
def test_whatever_a_tool_is_used_for_otherwise_has_no_approval(bent):
    with pytest.raises(ApprovalMismatch):
        use(granted(tool()), bent())


def test_another_manifest_other_rules_or_another_chain_make_it_another():
    act = tool()
    approval = granted(act)
    for otherwise in (
        {"manifest_hash": None},
        {"manifest_hash": "4" * 64},
        {"bundle": "c" * 64},
        {"asked": ("rbac",)},
        {"asked": ("rbac", "tenant/one:1.0.1#8")},
    ):
        with pytest.raises(ApprovalMismatch):
            use(approval, act, decided(act, **otherwise))
    for seats in ((), (*approval.steps, approval.steps[0])):
        with pytest.raises(ApprovalMismatch):
            use(approval.model_copy(update={"steps": seats}), act)


def test_each_byte_of_a_request_is_bound_and_how_it_is_written_is_not():
    approval, form = granted(sent()), canonical(BODY).decode()
    for at in range(len(form)):
        other = form[:at] + chr(ord(form[at]) ^ 1) + form[at + 1 :]
        with pytest.raises(ApprovalMismatch):
            use(approval, sent(other))
    turned = dict(reversed(BODY.items()))
    assert use(approval, sent(turned)).status == "consumed"


def test_a_request_is_bound_to_who_asked_and_its_digest_is_nobodys_to_guess():
    approval = granted(sent())
    with pytest.raises(ApprovalMismatch):
        use(approval, sent(actor=person(Role.CUSTOMER_USER, id="eve", tenant="acme")))
    bare = digest({"address": "POST /v1/things", "body": BODY})
    assert bare not in str(approval.to_stored())
    with pytest.raises(ApprovalMismatch):
        facts = {**approval.evidence_facts, acting.SALT: "6" * 64}
        use(approval.model_copy(update={"evidence_facts": facts}), sent())


@pytest.mark.parametrize("act", [tool(), sent(told=lambda: BODY, says="Make a thing.")])
def test_what_people_read_is_what_is_done(act):
    approval = granted(act)
    for name in binding.SHOWN:
        said = getattr(approval, name)
        for other in _otherwise(said) if isinstance(said, str) else [("Else",)]:
            with pytest.raises(ApprovalMismatch):
                use(approval.model_copy(update={name: other}), act)


def test_an_agents_use_of_a_tool_is_the_same_whichever_service_asks():
    approval = granted(tool(actor=person(Role.SERVICE, id="service:planner")))
    assert AGENT in approval.summary
    assert use(approval, tool()).status == "consumed"


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_evidence_that_was_added_to_a_question_makes_it_no_other(act):
    asked = question(act)
    more = EvidenceRef(kind="test_report", ref="evidence/one", sha256="7" * 64)
    by = person(next(iter(act.actor.roles)), id=act.actor.id, tenant=act.actor.tenant)
    shown = evidence.added(asked, by=by, at=NOON, evidence=[more])
    assert use(agreed(shown), act).status == "consumed"
    told_before = shown.model_copy(update={"evidence_refs": (more, more)})
    with pytest.raises(ApprovalMismatch):
        use(agreed(told_before), act)


def test_what_somebody_asks_for_is_one_line_of_theirs_and_a_customers_is_not_shown_to_the_platform():
    def told():
        return {"purpose": "Gloves\nRisk: none"}

    own = granted(sent(told=told)).summary
    assert own.endswith(' with: {"purpose": "Gloves\\nRisk: none"}')
    assert "\n" not in own
    owner = person(Role.CUSTOMER_ADMIN, id="owner", tenant="acme")
    assert "Gloves" not in str(granted(sent(told=told, actor=owner)).to_stored())
    long = granted(sent(told=lambda: {"purpose": "x" * 5000})).summary
    assert len(long) == 2000 and long.endswith("…")


def test_the_governor_of_the_account_asks_the_platforms():
    owner = person(Role.CUSTOMER_ADMIN, id="owner", tenant="acme")
    assert granted(sent()).governor_scope == "engagement"
    assert granted(sent(actor=owner)).governor_scope == "platform"
    assert granted(tool()).governor_scope == "engagement"


@pytest.mark.parametrize(
    ("acts", "type", "asked"),
    [
        ("publish", "communication", ("communication", "publish")),
        ("publish", "financial", ("financial", "integration.publish")),
        ("pay", "financial", ("financial", "pay")),
        ("delete", "constitutional", ("constitutional", "delete")),
        ("execute", "artifact", ("execution", "execute")),
        ("trade", "financial", ("financial", "trade")),
    ],
)
def test_a_tool_is_asked_for_as_what_it_does_and_never_weaker_than_the_rules_want(
    acts, type, asked
):
    act = tool(name=f"integration.{acts}", acts=acts)
    request = acting.asked(act, decided(act), ApprovalNeeded(type=type))
    assert (request.type, request.deed) == asked
    ask(request, id=f"acme.{ID}", tenant="acme", by=act.actor, at=NOON)


def test_what_is_not_granted_used_already_or_over_says_so():
    act = tool()
    approval = granted(act)
    with pytest.raises(ApprovalMismatch):
        use(None, act)
    with pytest.raises(Expired):
        use(approval, act, at=3 * 24 * 60)
    with pytest.raises(AlreadyDecided):
        use(use(approval, act), act, decided(act).model_copy(update={"decision_id": "d2"}))
    with pytest.raises(ApprovalRequired):
        use(approval.model_copy(update={"status": "vetoed"}), act)
