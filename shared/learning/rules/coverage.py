"""What decisions cover: the acts that people said yes to, with their tools, targets, arguments and tenants."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.rules.acts import OCCASION
from shared.errors import Invalid
from shared.precedents.models.classes import HARDER, amounts, reversibility
from shared.precedents.models.coverage import (
    MAX_COVERED,
    RANGING,
    Argument,
    Coverage,
    CoveredAct,
    Form,
    Said,
    fits,
)
from shared.precedents.models.facts import read
from shared.precedents.models.seeds import Ceiling, Rule
from shared.precedents.rules.matching import RISKS
from shared.texts import bare

T = TypeVar("T")

GOOD = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED})

OWN = frozenset({"gateresultshash", "contenthash", "bodyhash", "texthash"})
"""Digests that each act has its own of: of the reviews it rests on, of what is written to the same targets."""

MAX_NAMED = 50
"""So many data classes or integrations a ceiling names at most."""

LISTS = ("data_classes", "integrations")
"""Facts that name things; they become the ceiling, not conditions."""


def by_people(approval: Approval) -> bool:
    """Say whether people decided it; what a rule granted speaks for no rule."""
    return bool(approval.decisions) and approval.seed_id is None


def speaks_for(approval: Approval) -> bool:
    """Say whether people approved it, and nobody objected to it, also not after it was used or closed unused."""
    agreed = approval.status in GOOD or approval.unused is not None
    return by_people(approval) and agreed and approval.vetoed_at is None


def coverage(approved: Sequence[Approval]) -> Coverage:
    """
    Return the acts that were approved: nothing but how much and how many may lie between what was seen.

    Raises:
        Invalid: They are too many different ones.
    """
    alike: dict[tuple[object, ...], list[Approval]] = defaultdict(list)
    for one in approved:
        fixed = [(member, type(said).__name__, _fixed(member, said)) for member, said in _said(one)]
        alike[one.approval_class, one.gate, one.subject_kind, *sorted(fixed, key=str)].append(one)
    if len(alike) > MAX_COVERED:
        raise Invalid(
            f"the requests are {len(alike)} different acts; {MAX_COVERED} are the most that one rule covers",
            rule="no_pattern",
        )
    return Coverage(acts=tuple(map(_act, alike.values())))


def ceiling(approved: Sequence[Approval]) -> Ceiling:
    """Return the least ceiling that lies above all that was approved."""
    named = {
        fact: frozenset[str]().union(*(_names(one, fact) for one in approved)) for fact in LISTS
    }
    undone = {reversibility(one) for one in approved}
    moved = [said for one in approved for said in amounts(one) if type(said) is int and said >= 0]
    if any(len(names) > MAX_NAMED for names in named.values()):
        raise Invalid(
            f"the requests name more than {MAX_NAMED} things of a kind", rule="no_pattern"
        )
    return Ceiling(
        actions=tuple(sorted({one.deed for one in approved})),
        industries=tuple(sorted({one.approval_class.split(":")[1] for one in approved})),
        tenants=tuple(sorted({one.tenant_id for one in approved})),
        max_risk=max((one.risk for one in approved), key=RISKS.index),
        max_blast_radius=max((one.blast_radius for one in approved), key=RISKS.index),
        max_amount=max(moved) if moved else None,
        reversibility=tuple(sorted(undone, key=HARDER.index)),
        data_classes=tuple(sorted(named["data_classes"])),
        integrations=tuple(sorted(named["integrations"])),
    )


def narrowed(rule: Rule, approved: Sequence[Approval]) -> Rule:
    """
    Return a rule as far as the decisions go that it is made of.

    Raises:
        Invalid: None of what it says is covered by them.
    """
    seen, said = ceiling(approved), rule.scope_ceiling
    tenants = seen.tenants if said.tenants == "*" else _both(said.tenants, seen.tenants)
    limits: dict[str, object] = {
        "actions": _both(said.actions, seen.actions),
        "industries": _both(said.industries, seen.industries),
        "tenants": tenants,
        "reversibility": _both(said.reversibility, seen.reversibility),
    }
    if missing := [limit for limit, both in limits.items() if not both]:
        raise Invalid(
            f"the decisions named are about other {', '.join(missing)} than the rule",
            rule="no_pattern",
        )
    limits["data_classes"] = _both(said.data_classes, seen.data_classes)
    limits["integrations"] = _both(said.integrations, seen.integrations)
    limits["max_risk"] = min(said.max_risk, seen.max_risk, key=RISKS.index)
    limits["max_blast_radius"] = min(said.max_blast_radius, seen.max_blast_radius, key=RISKS.index)
    most = [one for one in (said.max_amount, seen.max_amount) if one is not None]
    limits["max_amount"] = min(most) if len(most) > 1 else None
    # Another release may have stored what this one does not know.
    narrow = said.model_copy(update=limits)
    return rule.model_copy(update={"scope_ceiling": narrow, "coverage": coverage(approved)})


def _act(alike: Sequence[Approval]) -> CoveredAct:
    first = alike[0]
    return CoveredAct(
        approval_class=first.approval_class,
        gate=first.gate,
        subject_kind=first.subject_kind,
        arguments=tuple(
            _argument(member, [one.subject[member] for one in alike]) for member, _ in _said(first)
        ),
    )


def _argument(member: str, seen: Sequence[Said]) -> Argument:
    if _varies(member) and (form := _form(seen)):
        return Argument(name=member, any=form)
    numbers = [said for said in seen if _ranges(member, said) and type(said) is int]
    if numbers:
        return Argument(name=member, least=min(numbers), most=max(numbers))
    return Argument(name=member, one_of=(seen[0],))


def _said(approval: Approval) -> list[tuple[str, Said]]:
    return [(member, said) for member, said in approval.subject.items() if member != "typ"]


def _fixed(member: str, said: Said) -> Said:
    """Return what must be as it was seen: all but how much and how many, and what each act has its own of."""
    free = _ranges(member, said) or (_varies(member) and _form([said]) is not None)
    return None if free else said


def _ranges(member: str, said: Said) -> bool:
    return type(said) is int and bare(member) in RANGING


def _varies(member: str) -> bool:
    return bare(member) in OCCASION | OWN


def _form(seen: Sequence[Said]) -> Form | None:
    """Return the form that all values have in common which a member may freely have."""
    forms: tuple[Form, ...] = ("digest", "count", "code")
    return next((one for one in forms if all(fits(one, said) for said in seen)), None)


def _names(approval: Approval, fact: str) -> frozenset[str]:
    found, _ = read(approval.evidence_facts, fact)
    return found if isinstance(found, frozenset) else frozenset()


def _both(one: Sequence[T], other: Sequence[T]) -> tuple[T, ...]:
    return tuple(item for item in one if item in other)
