"""The canaries of policy: requests that must be denied, and the twin of one that must be allowed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.actors import PLATFORM, Actor, Role, Scope
from shared.deciding import PolicyEngine, Question, merge
from shared.facts import Acts

_FAMILY = "agents"


def canary(engine: PolicyEngine, at: datetime, *, every: bool) -> str:
    """
    Take the canaries through an engine, and say in words what is wrong; nothing where nothing is.

    No bundle may allow a request that says nothing, nor one that breaks rules of each. Somebody who only looks may not make
    an agent; somebody who may, and differs from them in nothing else, must not be denied: an engine that denies everything
    proves nothing.

    Args:
        engine: What is asked.

        at: The time.

        every: Whether all bundles are asked, or those which nearly every process has anyway: to compile the others would
            cost a cold function more than all else of its decision.

    Raises:
        EnforcementUnavailable: There is no engine, or not every bundle that it should ask.
    """
    selection = engine.selection
    asked = [*selection.get("*", ()), *selection.get(_FAMILY, ())]
    if not asked:
        return (
            "no policy bundle is asked whether somebody may make agents; restore what was in force"
        )
    bundles = [*dict.fromkeys([*asked, *(one for some in selection.values() for one in some)])]
    for what, document in (("says nothing", {}), ("breaks every rule", breach(at))):
        found = engine.evaluate(bundles if every else asked, document)
        if allowing := [name for name, one in found.items() if not one.denies]:
            return f"a request that {what} is allowed by {', '.join(allowing)}; restore what is in force"
    if _verdict(engine, asked, Role.VIEWER, at) != "deny":
        return "somebody who may only look may make agents; restore the policy bundles that were in force"
    if _verdict(engine, asked, Role.ADMIN, at) == "deny":
        return "an administrator may not make agents, so it is not known that anything is decided; restore the bundles"
    return ""


def breach(at: datetime) -> dict[str, Any]:
    """
    Return a request that each bundle must deny, though it says all that they look at.

    Somebody without a right deletes a secret of another customer by a tool and a template that nobody certified, over plain
    HTTP, on a trial without an end, with the budget used up.
    """
    question = _question(
        Role.VIEWER,
        at,
        tenant="canary",
        name="integration.execute",
        acts="delete",
        tool="canary.delete",
        args={
            "fields": ["value"],
            "purpose": "canary",
            "age_days": 0,
            "engagement_id": "another",
            "template_id": "canary",
            "model": "canary",
            "labels": ["llm"],
            "schema_hash": "canary",
            "scheme": "http",
            "host": "canary.internal",
            "estimated_cost_micro_usd": 10**9,
            "record_count": 10**6,
        },
    )
    facts: dict[str, dict[str, Any]] = {
        "subject": {"trial": {"active": True, "tasks_today": 10**6, "spent_micro_usd": 10**9}},
        "manifest": {"certified": False, "tools": {}, "data": {}, "templates": {}, "purposes": []},
        "agent": {"status": "draft", "sandbox": None, "engagement_id": "canary"},
        "context": {
            "freeze": False,
            "budget_level": "blocked",
            "approval_state": "none",
            "data_grant": False,
            "industry_gate": False,
            "breaker": "closed",
            "injection": "block",
        },
    }
    return question.document(facts)


def _verdict(engine: PolicyEngine, asked: list[str], role: Role, at: datetime) -> str:
    question = _question(role, at, name=f"{_FAMILY}.create_agent", acts="create", args={})
    document = question.document({"context": {"freeze": False, "budget_level": "normal"}})
    return merge(engine.evaluate(asked, document)).verdict


def _question(
    role: Role,
    at: datetime,
    *,
    name: str,
    acts: Acts,
    args: Mapping[str, Any],
    tenant: str = PLATFORM,
    tool: str | None = None,
) -> Question:
    actor = Actor(id="canary", tenant=tenant, roles=frozenset({role}), auth_time=at)
    return Question(
        pep="canary",
        actor=actor,
        tenant=PLATFORM,
        name=name,
        acts=acts,
        now=at,
        environment="canary",
        correlation_id="canary",
        scopes=(Scope.AGENTS_WRITE,),
        tool=tool,
        external=tool is not None,
        args=args,
        resource="agent" if tool is None else "secret",
        owner=None if tool is None else "another",
        path={},
    )
