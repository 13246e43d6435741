"""
The weakening test: what no precedent may do, whoever wrote it and however often it was right.

It looks at a rule alone and answers in sentences; a rule that weakens nothing has none.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from shared.approvals.models.questions import ApprovalType
from shared.precedents.models.classes import never
from shared.precedents.models.coverage import Coverage, boundless

NEVER_TYPES = frozenset({"financial", "constitutional"})
"""Types of approvals that a person always gives."""

OPEN_DATA = frozenset({"public", "internal"})
"""The classes of data that a seed may let anybody touch."""

_SKIPS = re.compile(
    r"\b(skip|bypass|omit|disable|suppress|avoid|without (an?|the|any)?|no need (for|of))\b"
    r"[^.;]{0,60}\b(audit|log(ging)?|check|review|quer(y|ies)|evidence|veto|certification)",
    re.IGNORECASE,
)


class Limits(Protocol):
    """The ceiling of a rule, as far as the test looks at it."""

    @property
    def actions(self) -> tuple[str, ...]:
        """What may be done."""

    @property
    def data_classes(self) -> tuple[str, ...]:
        """Which classes of data may be touched."""

    @property
    def integrations(self) -> tuple[str, ...]:
        """Which systems outside may be reached."""

    @property
    def industries(self) -> tuple[str, ...]:
        """In which industries."""

    @property
    def reversibility(self) -> Sequence[str]:
        """How far what is done can be undone."""


class Weighed(Protocol):
    """A rule, as far as the test looks at it."""

    @property
    def principle(self) -> str:
        """What it says in one sentence."""

    @property
    def approval_class(self) -> str:
        """Which requests it is about."""

    @property
    def approval_types(self) -> tuple[ApprovalType, ...]:
        """Which types of approvals it answers."""

    @property
    def scope_ceiling(self) -> Limits:
        """What it may decide about at most."""

    @property
    def coverage(self) -> Coverage | None:
        """Which acts exactly it admits."""

    @property
    def auto_approve(self) -> bool:
        """Whether it answers in the Governor's place."""

    @property
    def by_governor(self) -> bool:
        """Whether the Governor wrote it."""


def weakens(rule: Weighed) -> tuple[str, ...]:
    """Return each way in which *rule* would weaken a gate."""
    if not rule.auto_approve:
        return ()
    ceiling = rule.scope_ceiling
    verb = rule.approval_class.partition(":")[0]
    verbs = {*ceiling.actions} | (set() if verb.endswith(".*") else {verb})
    open_targets = boundless(rule.coverage) if rule.coverage else ()
    found = (
        (_named(NEVER_TYPES & set(rule.approval_types)), "it answers requests of type {}"),
        (_undelegable(verbs), "it answers what people always decide: {}"),
        (_named(open_targets), "it leaves open to whom or to what, or which number: {}"),
        (_hidden(rule.principle), "it skips a check: “{}”"),
        (_named(set(ceiling.data_classes) - OPEN_DATA), "it widens the access to data: {}"),
        (_wild(ceiling), "it has no ceiling for {}"),
        (
            "" if rule.by_governor or "irreversible" not in ceiling.reversibility else "it",
            "only a Governor writes a rule for what cannot be undone",
        ),
    )
    return tuple(sentence.format(what) for what, sentence in found if what)


def _undelegable(verbs: Iterable[str]) -> str:
    return "; ".join(f"{one} ({why})" for one in sorted(verbs) if (why := never(one)))


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _hidden(principle: str) -> str:
    found = _SKIPS.search(principle)
    return found[0] if found else ""


def _wild(ceiling: Limits) -> str:
    lists = {
        "actions": ceiling.actions,
        "data classes": ceiling.data_classes,
        "integrations": ceiling.integrations,
        "industries": ceiling.industries,
    }
    return _named(name for name, items in lists.items() if {"*", "any", "all"} & set(items))
