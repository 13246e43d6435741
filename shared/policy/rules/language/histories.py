"""
The rules over history of a policy: which they are, and what an act finds that breaks them.

They are judged by what is remembered (`shared/history`), which is looked up as every fact is: a document says in
``context.history`` which of them the act breaks, so a decision is made again of its document alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.canonical import canonical
from shared.deciding import Finding, Reason
from shared.history.models import Act, Broken, Fact
from shared.history.rules.acts import judge_act
from shared.policy.rules.language import nodes
from shared.wording import said

_RUN = "this"
_TRIED_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""When it is where a policy is tried: only how long ago something was makes a difference."""

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from shared.history.models import Rule

MAX_TOLD = 3
"""How much that is wrong with one rule is told at once."""


def rules_of(policy: nodes.Policy) -> tuple["Rule", ...]:
    """Return the rules over history of a policy, each by ``<policy>/<rule>``."""
    return tuple(rule_of(policy.name, one) for one in policy.histories)


def rule_of(policy: str, one: nodes.History) -> "Rule":
    """Return one of them."""
    return _reader().validate_json(_said(policy, one), strict=True)


def wrong(policy: str, one: nodes.History) -> Iterator[str]:
    """Yield in words why something is no rule over history."""
    from pydantic import ValidationError

    if "id" in one.says:
        yield "its name is its id; leave id out"
        return
    try:
        _reader().validate_json(_said(policy, one), strict=True, extra="forbid")
    except ValidationError as error:
        for each in error.errors()[:MAX_TOLD]:
            where = ".".join(str(part) for part in each["loc"][1:])
            yield f"{where}: {said(each)}" if where else said(each)


def act_of(document: Mapping[str, Any], *, id: str, run: str, agent: str = "") -> Act:
    """Return what a document is about, as rules over history see it: the tool, and what its arguments say."""
    action = document.get("action") or {}
    args = document.get("args") or {}
    told: dict[str, Fact] = {name: one for name, one in args.items() if _is_fact(one)}
    if "operation" in action:
        told["operation"] = action["operation"]
    return Act(id=id, name=str(action.get("tool") or "-"), run=run, agent=agent, facts=told)


def after(policy: nodes.Policy, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return a document that somebody tries a policy with, and which rules over history it breaks.

    What it says in ``before`` was done before it, the oldest first: each the ``action`` and ``args`` of another document,
    with ``run`` where it was in another run, and ``ago_s`` for how many seconds ago. One that says itself what it breaks
    is taken at its word, as a decision that is on record is.
    """
    context = document.get("context") or {}
    if not policy.histories or "history" in context:
        return document
    done = document.get("before")
    before = [one for one in done if isinstance(one, Mapping)] if isinstance(done, list) else []
    trace = [_done(one, place) for place, one in enumerate(before)]
    act = act_of(document, id="this", run=_RUN).model_copy(update={"at": _TRIED_AT})
    broken = judge_act(rules_of(policy), trace, act)
    return {**document, "context": {**context, "history": told(act, broken)}}


def _done(document: Mapping[str, Any], place: int) -> Act:
    run, ago_s = document.get("run"), document.get("ago_s")
    act = act_of(document, id=f"before-{place}", run=str(run or _RUN))
    at = _TRIED_AT - timedelta(seconds=ago_s if isinstance(ago_s, int) else 0)
    return act.model_copy(update={"at": at})


def told(act: Act, broken: Iterable[Broken]) -> dict[str, Any]:
    """Return what a document says of the run that an act is in, and of the rules that it breaks."""
    found = [{"rule": one.rule, "message": one.message, "severity": one.severity} for one in broken]
    return {"run": act.run, "broken": found}


def broken_in(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the rules over history that a document says the act breaks."""
    history = (document.get("context") or {}).get("history") or {}
    found: Sequence[Mapping[str, Any]] = history.get("broken") or ()
    return found


def with_history(
    policy: nodes.Policy, before: Finding | None, document: Mapping[str, Any]
) -> Finding | None:
    """Return what a policy finds, with its rules over history that the act breaks: each is a denial."""
    own = {f"{policy.name}/{one.name}" for one in policy.histories}
    found = [one for one in broken_in(document) if one["rule"] in own]
    if not found:
        return before
    reasons = tuple(
        Reason(
            policy=policy.name,
            rule=one["rule"].rpartition("/")[2],
            message=one["message"],
            severity=one["severity"],
        )
        for one in found
    )
    denied = before.reasons if before is not None and before.denies else ()
    matched = before.matched if before is not None else ()
    return Finding(
        allow=False,
        reasons=(*denied, *reasons),
        matched=(*matched, *(one["rule"] for one in found)),
    )


def forgets(before: nodes.Policy, after: nodes.Policy | None) -> bool:
    """Say whether a rule over history would no longer be, or be another: no recorded decision shows what that lets through."""
    kept = {one.name: one.says for one in after.histories} if after else {}
    return any(kept.get(one.name) != one.says for one in before.histories)


def _said(policy: str, one: nodes.History) -> bytes:
    return canonical({**one.says, "id": f"{policy}/{one.name}"})


def _is_fact(value: Any) -> bool:
    return value is None or isinstance(value, str | int | bool)


@lru_cache(maxsize=1)
def _reader() -> "TypeAdapter[Rule]":
    from pydantic import TypeAdapter

    from shared.history.models import Rule

    return TypeAdapter(Rule)
