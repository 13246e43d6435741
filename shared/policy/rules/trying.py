"""Try a policy by itself, and tell people what came of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.policy.models.policies import PolicyWarning
from shared.policy.models.trying import (
    PolicyCase,
    PolicyOutcome,
    PolicyTestReport,
    PolicyTestResult,
)
from shared.policy.rules.language.evaluation import Evaluator
from shared.policy.rules.language.redaction import redacted
from shared.policy.rules.language.trying import (
    Case,
    Tried,
    coverage_bp,
    outcome,
    own_cases,
    tried,
)


def shown(policy: Evaluator, document: Mapping[str, Any], *, salt: str) -> PolicyOutcome:
    """Return what a policy decides about a document."""
    found = outcome(policy, document)
    output = document.get("output")
    return PolicyOutcome(
        applies=found.applies,
        verdict=found.verdict,
        by=found.by,
        matched=found.said.rules,
        reasons=found.merged.reasons,
        obligations=found.merged.obligations,
        approval=found.merged.approval,
        alerts=found.said.alerts,
        notes=tuple(one.message for one in found.said.notes),
        output=redacted(output, found.merged.obligations, salt=salt)
        if isinstance(output, dict)
        else None,
        steps=found.steps,
    )


def report(
    policy: Evaluator, cases: Iterable[PolicyCase], warnings: tuple[PolicyWarning, ...]
) -> PolicyTestReport:
    """Return what becomes of the tests of a policy, and of other cases."""
    own = tried(policy, own_cases(policy))
    others = tried(policy, [Case(o.name, dict(o.given), o.expect, o.by) for o in cases])
    every = (*own, *others)
    passed = sum(one.passed for one in every)
    return PolicyTestReport(
        total=len(every),
        passed=passed,
        failed=len(every) - passed,
        is_passing=passed == len(every) > 0,
        results=(
            *(_told(one, own=True) for one in own),
            *(_told(one, own=False) for one in others),
        ),
        rule_coverage_bp=coverage_bp(policy, every),
        steps=sum(one.outcome.steps for one in every),
        warnings=warnings,
    )


def _told(one: Tried, *, own: bool) -> PolicyTestResult:
    case, found = one.case, one.outcome
    by = f" by {', '.join(found.by)}" if found.by else ""
    wanted = f" by {case.by}" if case.by else ""
    return PolicyTestResult(
        name=case.name,
        own=own,
        passed=one.passed,
        expected=case.expect,
        actual=found.verdict,
        by=found.by,
        reasons=found.merged.reasons,
        error=None
        if one.passed
        else f"it should be {case.expect}{wanted}, and is {found.verdict}{by}",
    )
