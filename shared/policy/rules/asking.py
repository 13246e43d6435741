"""Ask policies of tenants about an act of the platform."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.deciding import Finding
from shared.policy.rules.language.evaluation import Evaluator, findings
from shared.policy.rules.language.histories import with_history

WITH_TOOLS = frozenset({"integration", "plan", "step"})
"""The families of acts that are done with a tool: there, one that is not named is not known."""


def found(policies: Iterable[Evaluator], document: Mapping[str, Any]) -> dict[str, Finding]:
    """Return what policies find about an act, each by ``tenant/<name>``; one that does not apply finds nothing."""
    policies = tuple(policies)
    asked = findings(policies, seen(document))
    for one in policies:
        name = f"tenant/{one.policy.name}"
        held = with_history(one.policy, asked.get(name), document)
        if held is not None:
            asked[name] = held
    return asked


def seen(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return a document as policies see it.

    An operation of the platform uses no tool. That is known, and no policy about a tool is about it: without a word
    of that, every policy about a tool would restrict everything else that is done too.
    """
    action = document["action"]
    if "tool" in action or str(action["name"]).partition(".")[0] in WITH_TOOLS:
        return document
    return {**document, "action": {**action, "tool": ""}}
