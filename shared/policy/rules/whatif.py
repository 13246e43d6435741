"""Decide recorded acts again with other rules, and say what would be otherwise."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.deciding import Decision, Finding, Merged, Obligation, Reason, Verdict, merge
from shared.obligations import lacking
from shared.policy.models.whatif import MAX_REASONS, MAX_SHOWN, Changed, WhatIf
from shared.policy.rules.acts import beyond
from shared.policy.rules.asking import found
from shared.policy.rules.language.evaluation import Evaluator
from shared.policy.rules.language.histories import forgets
from shared.policy.rules.violations import counted

STRENGTH: Mapping[Verdict, int] = {
    "allow": 0,
    "allow_with_obligations": 0,
    "require_approval": 1,
    "deny": 2,
}
"""Of two verdicts the one with the higher number restricts more."""


def weaker(before: Merged | Decision, after: Merged | Decision) -> bool:
    """Say whether less would be asked: no denial any more, no approval or a lesser one, or not all obligations."""
    if after.verdict == "deny":
        return False
    if STRENGTH[after.verdict] < STRENGTH[before.verdict]:
        return True
    return bool(lacking(before.obligations, after.obligations)) or _lesser(before, after)


def _lesser(before: Merged | Decision, after: Merged | Decision) -> bool:
    """Say whether another approval would be needed than one that is as much as both."""
    needed = {
        name: Finding(allow=True, approval=one.approval)
        for name, one in (("after", after), ("before", before))
    }
    return merge(needed).approval != after.approval


_STRICTER = frozenset(
    f"{one}->{other}" for one in STRENGTH for other in STRENGTH if STRENGTH[one] < STRENGTH[other]
)


def stricter(seen: WhatIf) -> bool:
    """Say whether something would be denied, or asked for, that was not, and nothing would change in another way."""
    ways = {one.what for one in seen.by_verdict}
    return not seen.looser and bool(ways) and ways <= _STRICTER


def tried(
    draft: Evaluator | None, replaced: Evaluator | None, recorded: Sequence[Decision], *, more: bool
) -> WhatIf:
    """
    Say what recorded decisions would have been with a policy that was not in force, or in another version.

    Args:
        draft: The policy that would be in force; none where one would only be retired.

        replaced: The version of it that was; none where there was none.

        recorded: The decisions, the latest first.

        more: Whether there are more than these.
    """
    changes: list[Changed] = []
    applied = 0
    for one in recorded:
        mine = _found(draft, one.input)
        theirs = _found(replaced, one.input)
        applied += mine is not None or (draft is None and theirs is not None)
        after = _again(one, mine, theirs, replaced)
        if after.verdict != one.verdict or weaker(one, after):
            weak = weaker(one, after)
            cause = _dropped(one, replaced, theirs, after) if weak else _cause(draft, mine)
            said = one.reasons if weak else mine.reasons if mine else ()
            changes.append(changed(one, one, after, cause, said))
    seen = summed(changes, looked_at=len(recorded), more=more, applied_to=applied)
    if replaced and forgets(replaced.policy, draft.policy if draft else None):
        return seen.model_copy(update={"looser": True})
    return seen


def changed(
    decision: Decision,
    before: Merged | Decision,
    after: Merged | Decision,
    rules: Sequence[str],
    reasons: Iterable[Reason],
) -> Changed:
    """Return how a decision would be otherwise, of which rules that comes, and what these say."""
    weak = weaker(before, after)
    dropped = lacking(before.obligations, after.obligations) if weak else ()
    return Changed(
        decision_id=decision.decision_id,
        action=str(decision.input["action"]["name"]),
        decided_at=decision.evaluated_at,
        before=before.verdict,
        after=after.verdict,
        weaker=weak,
        dropped=tuple(dict.fromkeys(one.type for one in dropped))[:MAX_REASONS],
        rules=tuple(rules),
        reasons=tuple(one for one in reasons if f"{one.policy}/{one.rule}" in rules)[:MAX_REASONS],
    )


def summed(changes: Sequence[Changed], *, looked_at: int, more: bool, applied_to: int) -> WhatIf:
    """Sum up what would be otherwise."""
    return WhatIf(
        looked_at=looked_at,
        more=more,
        applied_to=applied_to,
        changed=len(changes),
        looser=any(one.weaker for one in changes),
        by_verdict=counted(Counter(f"{one.before}->{one.after}" for one in changes)),
        by_rule=counted(Counter(rule for one in changes for rule in one.rules)),
        by_action=counted(Counter(one.action for one in changes)),
        changes=tuple(changes[:MAX_SHOWN]),
    )


def _found(policy: Evaluator | None, document: Mapping[str, Any]) -> Finding | None:
    if policy is None or beyond(str(document["action"]["name"])):
        return None
    return next(iter(found([policy], document).values()), None)


def _again(
    decision: Decision, mine: Finding | None, theirs: Finding | None, replaced: Evaluator | None
) -> Merged:
    """Decide again: what all others found stands as it is recorded, and what this policy found is found anew."""
    every = {"recorded": _others(decision, theirs, replaced.policy.name if replaced else "")}
    if mine is not None:
        every["draft"] = mine
    return merge(every)


def _others(decision: Decision, theirs: Finding | None, name: str) -> Finding:
    """Return what was found but for one policy; without what that asked for."""
    said = tuple(one for one in decision.reasons if one.policy != name)
    own = {_alike(one) for one in theirs.obligations} if theirs else set()
    obligations = tuple(one for one in decision.obligations if _alike(one) not in own)
    denied = decision.verdict == "deny" and (bool(said) or not decision.reasons)
    return Finding(
        allow=not denied,
        reasons=said if denied or decision.approval else (),
        obligations=obligations,
        approval=decision.approval if said else None,
    )


def _alike(one: Obligation) -> str:
    return f"{one.type} {sorted(one.parameters.items())}"


def _dropped(
    decision: Decision, replaced: Evaluator | None, theirs: Finding | None, after: Merged
) -> tuple[str, ...]:
    """Return the rules of a policy that a decision came of, as it is recorded, and whose obligations would be dropped."""
    if replaced is None:
        return ()
    own = [one.rule for one in decision.reasons if one.policy == replaced.policy.name]
    own += [
        one.source_rule for one in lacking(theirs.obligations if theirs else (), after.obligations)
    ]
    return tuple(dict.fromkeys(f"{replaced.policy.name}/{rule}" for rule in own))


def _cause(policy: Evaluator | None, finding: Finding | None) -> tuple[str, ...]:
    """Return the rules that a change comes of; where no rule allows, that."""
    if policy is None or finding is None:
        return ()
    named = [f"{one.policy}/{one.rule}" for one in finding.reasons]
    named = named or [f"{policy.policy.name}/{one.source_rule}" for one in finding.obligations]
    named = named if finding.allow or named else [f"{policy.policy.name}/no_rule"]
    return tuple(dict.fromkeys(named))
