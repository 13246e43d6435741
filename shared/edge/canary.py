"""The canaries of policy: requests that must be denied, and the twin of one that must be allowed."""

from datetime import datetime

from shared.actors import PLATFORM, Actor, Role, Scope
from shared.deciding import PolicyEngine, Question, merge

_FAMILY = "agents"


def canary(engine: PolicyEngine, at: datetime) -> str:
    """
    Take the canaries through an engine, and say in words what is wrong; nothing where nothing is.

    It is those bundles that are asked which nearly every process has anyway: to compile the others would cost a cold
    function more than all else of its decision, and that they are what was put in force their digest says. None of them
    may allow a request that says nothing. Somebody who only looks may not make an agent; somebody who may,
    and differs from them in nothing else, must not be denied: an engine that denies everything proves nothing.

    Raises:
        EnforcementUnavailable: There is no engine, or not every bundle that it should ask.
    """
    asked = [*engine.selection.get("*", ()), *engine.selection.get(_FAMILY, ())]
    if not asked:
        return (
            "no policy bundle is asked whether somebody may make agents; restore what was in force"
        )
    found = engine.evaluate(asked, {})
    allowing = [name for name in asked if not found[name].denies]
    if allowing:
        return f"a request that says nothing is allowed by {', '.join(allowing)}; restore what is in force"
    if _verdict(engine, asked, Role.VIEWER, at) != "deny":
        return "somebody who may only look may make agents; restore the policy bundles that were in force"
    if _verdict(engine, asked, Role.ADMIN, at) == "deny":
        return "an administrator may not make agents, so it is not known that anything is decided; restore the bundles"
    return ""


def _verdict(engine: PolicyEngine, asked: list[str], role: Role, at: datetime) -> str:
    actor = Actor(id="canary", tenant=PLATFORM, roles=frozenset({role}), auth_time=at)
    question = Question(
        pep="canary",
        actor=actor,
        tenant=PLATFORM,
        name=f"{_FAMILY}.create_agent",
        acts="create",
        now=at,
        environment="canary",
        correlation_id="canary",
        scopes=(Scope.AGENTS_WRITE,),
        args={},
        resource="agent",
        path={},
    )
    facts = {"context": {"freeze": False, "budget_level": "normal"}}
    document = question.document(facts)
    return merge(engine.evaluate(asked, document)).verdict
