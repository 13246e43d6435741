"""Put what agents, runs and tools are about to do to the rules, and say what they answered."""

from collections.abc import Mapping
from typing import Any, get_args

from shared.actors import Scope
from shared.deciding import DECISION_TYPE, FACTS, Attestation, Decision, Question
from shared.errors import Invalid, Violation
from shared.facts import Acts
from shared.operation import Call
from shared.policy.models.acts import ActingFor, PolicyAnswer, PolicyQuestion, Proof, ToolUse
from shared.ports import Deployment

OF_A_RUN = (Scope.AGENTS_RUN.value,)
"""The scope of what runs do."""

BY_ACTION: Mapping[str, Acts] = {
    **{name: name for name in get_args(Acts)},
    **dict.fromkeys(("place_order", "close_position"), "trade"),
    "post": "publish",
    "refund": "pay",
}
"""What kind of act the action of a tool is."""

NAMED = ("agent_id", "trial_id", "project_id", "run_id", "step_id")
LOOKED_UP = frozenset().union(*FACTS.values(), FACTS.keys(), {"budget"})
"""What is looked up, so that nobody says it."""


def question(asked: PolicyQuestion, call: Call, deployment: Deployment) -> Question:
    """
    Return what is asked by a service for what it runs.

    Raises:
        Invalid: It claims what is looked up.
    """
    return _question(
        asked,
        call,
        deployment,
        pep=asked.pep,
        name=asked.action.name,
        acts=asked.action.operation,
        tool=asked.action.tool,
        external=asked.action.external,
        args=_believed(asked.args),
        args_hash=asked.args_hash,
    )


def use(asked: ToolUse, call: Call, deployment: Deployment) -> Question:
    """
    Return what is asked before a tool is used; an action that nobody knows is of a family that has no rules.

    Raises:
        Invalid: It claims what is looked up.
    """
    action = asked.action.strip().lower()
    acts = BY_ACTION.get(action)
    return _question(
        asked,
        call,
        deployment,
        pep="agent_runtime",
        name=f"integration.{acts}" if acts else f"unknown.{action}",
        acts=acts or "execute",
        tool=asked.tool,
        external=acts != "read",
        args={**_believed(asked.args), "purpose": asked.purpose},
        args_hash=asked.args_hash,
    )


def _question(asked: ActingFor, call: Call, deployment: Deployment, **said: Any) -> Question:
    named = {name: getattr(asked, name) for name in NAMED}
    return Question(
        actor=call.actor,
        tenant=call.tenant,
        now=call.now,
        environment=deployment.environment,
        correlation_id=call.correlation_id,
        scopes=OF_A_RUN,
        resource="agent",
        resource_id=asked.agent_id,
        owner=call.tenant,
        path={name: id for name, id in named.items() if id is not None},
        approval_id=asked.approval_id,
        **said,
    )


def _believed(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments, which say nothing but what is asked."""
    claimed = [name for name in args if name in LOOKED_UP]
    beside = [name for name in args if name in {*NAMED, "approval_id"}]
    if not claimed and not beside:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in args.items()}
    told = [
        Violation(
            rule="fact_claimed",
            message=f"{name} is looked up, and nobody's word for it is taken; leave it out",
            field=f"args.{name}",
        )
        for name in claimed
    ]
    told += [
        Violation(
            rule="fact_claimed",
            message=f"say {name} beside the arguments, where it is looked up",
            field=f"args.{name}",
        )
        for name in beside
    ]
    raise Invalid(told[0].message, violations=told)


def answer(decision: Decision, kept: Attestation) -> PolicyAnswer:
    """Return a decision as whoever asked is told."""
    return PolicyAnswer(
        decision_id=decision.decision_id,
        verdict=decision.verdict,
        obligations=decision.obligations,
        reasons=decision.reasons,
        matched_rules=decision.matched,
        approval=decision.approval,
        bundle_set_version=decision.bundle,
        policy_version=decision.policy_version,
        inputs_hash=decision.input_digest,
        evaluated_at=decision.evaluated_at,
        ttl_s=decision.ttl_s,
        attestation=Proof(typ=DECISION_TYPE, kid=kept.kid, sig=kept.sig),
    )
