from typing import Annotated

from pydantic import Field

from shared.actors import Scope
from shared.entity import Code, Value
from shared.history import examples
from shared.history.models import OnAPath, PlanPart, Rule
from shared.history.rules import plans
from shared.operation import Call, operation
from shared.policy.actions.policies_in_force import history


class PlanToJudge(Value):
    """A plan, and the rules over history that it is held to."""

    model_config = examples.PLAN

    rules: Annotated[tuple[Rule, ...], Field(max_length=20)] = ()
    """The rules, each with a code of its own; those of the policies in force are asked too."""
    parts: Annotated[tuple[PlanPart, ...], Field(max_length=200)]
    """All parts of the plan: its steps, and what holds others."""
    plan: Annotated[tuple[Code, ...], Field(max_length=200)]
    """The ids of the outermost parts, in their order."""


class Judgement(Value):
    """What a plan breaks."""

    found: tuple[OnAPath, ...]
    """Each rule that a step breaks, with a way that leads there; nothing where the plan keeps all of them."""


@operation(
    "POST",
    "/v1/policies/plans/judge",
    scopes={Scope.POLICY_READ},
    max_bytes=64 * 1024,
    audited=False,
    in_freeze=True,
)
def judge_plan(call: Call, asked: PlanToJudge) -> Judgement:
    """
    Hold a plan to rules over history, before anything of it runs: to those that are sent, and those of the tenant.

    All ways through it are followed, by what each rule remembers of them. In a plan in which nothing is found the gate
    refuses nothing by these rules, whatever way it goes. What depends on a fact that the plan does not know is told
    as not `certain`: the gate decides it, and refuses what it does not know either. Nothing is kept.
    """
    with call.transaction() as txn:
        rules = (*asked.rules, *history(txn))
    return Judgement(found=plans.judge_plan(rules, plans.built(asked.parts, asked.plan)))
