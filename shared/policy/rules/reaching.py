"""
Tell the author of a policy what can never come of it: what policies are not asked about, and what no operation says.

Each act that policies are asked about is tried with all that is known of it beforehand; all else about it is undefined.
What is false of every act can never apply. What is done with a tool may say anything, so there only a name that is nearly
one of the platform's is told.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from shared.policy.rules.acts import OWN, beyond, declared, family
from shared.policy.rules.asking import seen
from shared.policy.rules.language import nodes
from shared.policy.rules.language.conditions import Asked, Condition, TooLong, condition
from shared.policy.rules.language.problems import Problem

_NAME = ("action", "name")
_WITH_A_TOOL: Mapping[str, Any] = {"action": {"name": "integration.execute"}}
"""What is done outside of the platform: of that nothing is known beforehand."""


MAX_STEPS = 300_000
"""How many steps are taken for all of a policy; of what they do not suffice for, nothing is told."""


class _Purse:
    """What is left of the steps."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def may_be(self, of: Condition, document: Mapping[str, Any]) -> bool:
        """Say whether a condition may be true of a document."""
        asked = Asked(document, self.left)
        try:
            return of(asked) is not False
        except TooLong:
            return True
        finally:
            self.left = max(asked.left, 0)


def warnings(policy: nodes.Policy) -> tuple[Problem, ...]:
    """Return what the author of a policy should look at, by their places."""
    purse = _Purse()
    found: list[Problem] = []
    if policy.applies is not None and not _reached(policy.applies, purse):
        found.append(_never(policy.applies, "the policy applies to nothing"))
    else:
        asked: tuple[nodes.Rule | nodes.Redact, ...] = (*policy.rules, *policy.redactions)
        for one in asked:
            found.extend(_of(policy, one, purse))
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def _of(policy: nodes.Policy, one: nodes.Rule | nodes.Redact, purse: _Purse) -> Iterator[Problem]:
    if one.when is None:
        return
    whole = one.when if policy.applies is None else nodes.And((policy.applies, one.when))
    acts = _reached(whole, purse)
    if not acts:
        yield _never(one.when, f"{one.name} never matches")
        return
    members = {name for act in acts for name in declared().get(act, {}).get("args", ())}
    outside = any(act not in declared() for act in acts)
    for path in (part for part in nodes.inside(one.when) if isinstance(part, nodes.Path)):
        yield from _unknown(path, members, outside=outside)


def _unknown(path: nodes.Path, members: set[str], *, outside: bool) -> Iterator[Problem]:
    steps = [one for one in path.steps[1:] if isinstance(one, str) and one != nodes.EACH]
    if path.steps[0] != "args" or not steps:
        return
    said, every = ".".join(steps), {name for act in declared().values() for name in act["args"]}
    if any(
        said == one or said.startswith(f"{one}.") or one.startswith(f"{said}.") for one in members
    ):
        return
    near = get_close_matches(said, sorted(members or every), 1, 0.8)
    if outside and (said in every or not near):
        return
    hint = f"; did you mean args.{near[0]}?" if near else ""
    told = "no operation that this is about says" if not outside else "no operation says"
    yield _warned(path, "unknown_member", f"{told} {path}{hint}")


def _reached(of: nodes.Expression, purse: _Purse) -> list[str]:
    """Return the acts that a condition may be true of."""
    asked = condition(of, wide=True)
    parts = list(nodes.inside(of))
    # Whether something exists is never undefined, so it cannot be asked of what is not known yet.
    unsure = any(isinstance(one, nodes.Function) and one.function == "exists" for one in parts)
    acts = [name for name in declared() if not beyond(name)]
    found = [name for name in acts if unsure or purse.may_be(asked, _document(name))]
    if unsure or _named_outside(parts) or purse.may_be(asked, _WITH_A_TOOL):
        found.append(str(_WITH_A_TOOL["action"]["name"]))
    return found


def _document(name: str) -> Mapping[str, Any]:
    """Return what is known of an act of the platform whoever asks for it."""
    action = {"name": name, "operation": declared()[name]["kind"], "external": False}
    return seen({"pep": "api_gateway", "phase": "request", "action": action})


def _named_outside(parts: list[nodes.Expression]) -> bool:
    """Say whether acts are named that are none of the platform's operations: those nobody knows beforehand."""
    platform = {family(name) for name in declared()} | OWN
    compared = [one for one in parts if isinstance(one, nodes.Compare) and _names(one)]
    texts = [o.value for one in compared for o in nodes.inside(one) if isinstance(o, nodes.Text)]
    return any(family(one.lstrip("^(")).rstrip("\\") not in platform for one in texts)


def _names(one: nodes.Compare) -> bool:
    sides = (one.left, one.right)
    return any(isinstance(side, nodes.Path) and side.steps == _NAME for side in sides)


def _never(at: nodes.Expression, what: str) -> Problem:
    named = [one.value for one in nodes.inside(at) if isinstance(one, nodes.Text)]
    kept = [one for one in named if beyond(one)]
    why = (
        f"{', '.join(kept)} goes on whatever policies of a tenant say"
        if kept
        else "nothing that policies are asked about is so; look at the names of the acts"
    )
    return _warned(at, "never_applies", f"{what}: {why}")


def _warned(at: nodes.Node, rule: str, message: str) -> Problem:
    return Problem(at.line, at.column, rule, message, True)
