"""Make a rule of decisions that have something in common: from their facts, in fixed sentences."""

import re
from collections.abc import Iterator, Sequence

from shared.approvals.models.approvals import Approval
from shared.errors import Invalid
from shared.learning.rules.coverage import LISTS, ceiling, coverage
from shared.precedents.models.classes import reversibility
from shared.precedents.models.conditions import Condition
from shared.precedents.models.facts import FACTS, Known, read
from shared.precedents.models.seeds import ConcreteExample, Rule

_ID = re.compile(r"[^a-z0-9]+")


def generated(approved: Sequence[Approval]) -> Rule:
    """
    Return the rule that approved requests suggest: what all of them had, and nothing more.

    Raises:
        Invalid: There are none, they have too little in common, or they cannot be undone.
    """
    if not approved:
        raise Invalid(
            "nothing that was approved speaks for a rule; name approvals in evidence_refs, or send the rule",
            rule="missing_evidence",
        )
    if any(reversibility(one) == "irreversible" for one in approved):
        raise Invalid(
            "what cannot be undone becomes no rule by itself; a Governor writes the rule",
            rule="irreversible",
        )
    parts = [one.approval_class.split(":") for one in approved]
    verbs, industries = ({part[place] for part in parts} for place in (0, 1))
    if any("*" in one.approval_class for one in approved):
        raise Invalid(
            "an approval_class with * is of no one class; name others in evidence_refs",
            rule="no_pattern",
        )
    if len(verbs) > 1 or len(industries) > 1:
        raise Invalid(
            "the requests are about different acts or industries; name others in evidence_refs",
            rule="no_pattern",
        )
    verb, industry, named = parts[0]
    conditions = _conditions(approved)
    if not conditions:
        raise Invalid(
            "the requests have no verified fact in common; name others in evidence_refs",
            rule="no_pattern",
        )
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
        scope_ceiling=ceiling(approved),
        coverage=coverage(approved),
        conditions=conditions,
        auto_approve=True,
    )


def _conditions(approved: Sequence[Approval]) -> tuple[Condition, ...]:
    stated = [set(one.evidence_facts) for one in approved]
    if unknown := set.union(*stated) - set(FACTS):
        names = ", ".join(sorted(unknown))
        raise Invalid(
            f"the requests state what nobody verifies, so no rule would answer the next one: {names}",
            rule="undeclared_fact",
        )
    unsaid = [
        name for name in LISTS if any(read(one.evidence_facts, name)[0] is None for one in approved)
    ]
    if unsaid:
        raise Invalid(
            f"the requests do not all say their {' and '.join(unsaid)}, so no rule would answer the next one",
            rule="undeclared_fact",
        )
    common = set.intersection(*stated) - set(LISTS)
    found = [
        condition
        for name in sorted(common)
        for condition in _about(name, [read(one.evidence_facts, name)[0] for one in approved])
    ]
    return tuple(found[:20])


def _about(name: str, values: Sequence[Known | None]) -> Iterator[Condition]:
    """
    Ask for what was seen: one value, or the range between the least and the greatest number.

    Whether more is better nobody knows here. What is unknown in one of them, differs, or bears no effect is
    nothing in common.
    """
    id = _ID.sub("-", name.lower()).strip("-")[:26]
    if None in values or not FACTS[name].bears_effect:
        return
    numbers = [value for value in values if type(value) is int]
    first = values[0]
    if len(set(values)) == 1 and not isinstance(first, frozenset | None):
        yield Condition(id=id, fact=name, operator="eq", value=first)
    elif len(numbers) == len(values):
        yield Condition(id=f"{id}-min", fact=name, operator="gte", value=min(numbers))
        yield Condition(id=f"{id}-max", fact=name, operator="lte", value=max(numbers))
