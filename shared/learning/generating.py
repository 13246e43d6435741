"""Make a rule of decisions that have something in common: from their facts, in fixed sentences."""

import re
from collections.abc import Iterator, Sequence

from shared.approvals.models import Approval, Fact
from shared.errors import Invalid
from shared.precedents.matching import RISKS
from shared.precedents.models import Ceiling, ConcreteExample, Condition, Reversibility, Rule

LISTS = ("data_classes", "integrations")
"""Facts that name things; they become the ceiling, not conditions."""

_DIGEST = re.compile(r"[0-9a-f]{32,}")
_ID = re.compile(r"[^a-z0-9]+")


def generated(approved: Sequence[Approval]) -> Rule:
    """
    Return the rule that approved requests suggest: what all of them had, and nothing more.

    Raises:
        Invalid: There are none, they have too little in common, or they cannot be undone.
    """
    if not approved:
        raise Invalid("nothing that was approved speaks for a rule", rule="missing_evidence")
    if any(one.reversibility == "irreversible" for one in approved):
        raise Invalid("what cannot be undone becomes no rule by itself", rule="irreversible")
    parts = [one.approval_class.split(":") for one in approved]
    verbs, industries = ({part[place] for part in parts} for place in (0, 1))
    if len(verbs) > 1 or len(industries) > 1:
        raise Invalid("the requests are about different acts or industries", rule="no_pattern")
    verb, industry, named = parts[0]
    conditions = _conditions(approved)
    if not conditions:
        raise Invalid("the requests have no verified fact in common", rule="no_pattern")
    target = named if all(part == parts[0] for part in parts) else "*"
    known = ", ".join(condition.fact for condition in conditions)[:300]
    return Rule(
        seed_type="approval_boundary",
        domain="agent_lifecycle" if verb.startswith("agent.") else "governance",
        principle=f"Requests of {verb} in {industry} may be approved where their facts are as before."[
            :200
        ],
        rationale=f"L0-03 asks for an approval before anything has an effect; people approved"
        f" {len(approved)} requests of this class, and all of them had these facts: {known}.",
        concrete_example=ConcreteExample(
            think=f"A request of {verb} has the facts that earlier ones had.",
            act="It is approved at once, and the Governor is told.",
            observe="Nobody objected within the veto window.",
        ),
        approval_class=f"{verb}:{industry}:{target}",
        approval_types=tuple(sorted({one.type for one in approved})),
        decision="approved",
        scope_ceiling=_ceiling(approved, verb, industry),
        conditions=conditions,
        auto_approve=True,
    )


def _ceiling(approved: Sequence[Approval], verb: str, industry: str) -> Ceiling:
    undone: list[Reversibility] = sorted({one.reversibility for one in approved})
    named = {
        name: {
            item.strip()
            for one in approved
            for item in str(one.evidence_facts.get(name, "")).split(",")
            if item.strip()
        }
        for name in LISTS
    }
    return Ceiling(
        actions=(verb,),
        industries=(industry,),
        tenants="*",
        max_risk=max((one.risk for one in approved), key=RISKS.index),
        reversibility=tuple(undone),
        data_classes=tuple(sorted(named["data_classes"])),
        integrations=tuple(sorted(named["integrations"])),
    )


def _conditions(approved: Sequence[Approval]) -> tuple[Condition, ...]:
    common = set.intersection(*(set(one.evidence_facts) for one in approved)) - set(LISTS)
    found = [
        condition
        for name in sorted(common)
        for condition in _about(name, [one.evidence_facts[name] for one in approved])
    ]
    return tuple(found[:20])


def _about(name: str, values: Sequence[Fact]) -> Iterator[Condition]:
    """
    Ask for what was seen: one value, or the range between the least and the greatest number.

    Whether more is better nobody knows here. A digest, or words that differ, are nothing in common.
    """
    id = _ID.sub("-", name.lower()).strip("-")[:26]
    if all(type(value) is type(values[0]) and value == values[0] for value in values):
        if not _DIGEST.fullmatch(str(values[0])):
            yield Condition(id=id, fact=name, operator="eq", value=values[0])
        return
    numbers = [value for value in values if type(value) is int]
    if len(numbers) == len(values):
        yield Condition(id=f"{id}-min", fact=name, operator="gte", value=min(numbers))
        yield Condition(id=f"{id}-max", fact=name, operator="lte", value=max(numbers))
