"""What happens, held to rules over what happened before."""

from collections.abc import Iterable, Sequence

from shared.history.models import Act, Broken, Followed, Rule, Seen
from shared.history.rules.memory import breaks, not_followed, owed, remembered


def counts(rule: Rule, before: Act, act: Act) -> bool:
    """Say whether an act is one of those among which a rule looks for what was before another."""
    match rule.across:
        case "run":
            return before.run == act.run
        case "agent":
            return before.agent == act.agent
        case "tenant":
            return True


def judge_act(rules: Iterable[Rule], trace: Sequence[Act], act: Act) -> tuple[Broken, ...]:
    """
    Return the rules that an act would break.

    Args:
        rules: The rules.

        trace: The acts of the tenant before it, in the order in which they began, also those in flight.

        act: What is to be done, and when.
    """
    found = (breaks(rule, memory(rule, trace, act), act) for rule in rules)
    return tuple(one for one in found if one)


def judge_end(rules: Iterable[Rule], trace: Sequence[Act], run: str) -> tuple[Broken, ...]:
    """Return the rules that a run would break by ending now."""
    here = [act for act in trace if act.run == run]
    return tuple(
        not_followed(rule, owing)
        for rule in rules
        if isinstance(rule, Followed)
        and (owing := owed(rule, [one for act in here if (one := remembered(rule, act))]))
    )


def memory(rule: Rule, trace: Iterable[Act], act: Act) -> list[Seen]:
    """Return what a rule remembers of a trace, where it looks for what was before an act."""
    among = (one for one in trace if counts(rule, one, act) and one.id != act.id)
    return [seen for one in among if (seen := remembered(rule, one))]
