"""A decision made again, by the rules that made it, of what they were asked."""

from collections.abc import Iterable, Mapping

from shared.canonical import digest
from shared.deciding import Decision, Finding, PolicyEngine, Reason, found, merge
from shared.masking import for_evidence
from shared.policy.rules.alerts import said as beside
from shared.policy.rules.asking import found as by_policies
from shared.policy.rules.language.evaluation import Evaluator


def replayed(
    decision: Decision, engine: PolicyEngine, policies: Mapping[str, Evaluator] | None = None
) -> Decision:
    """
    Return the decision as the rules make it now.

    Args:
        decision: What was decided.

        engine: The rules of the platform that decided it.

        policies: The tenant's policies that were asked, by the names that `asked` has them under, in its order.

    Raises:
        EnforcementUnavailable: Not all bundles are there that must be asked.
    """
    findings = found(engine, decision.input)
    if policies:
        names = {f"tenant/{one.policy.name}": name for name, one in policies.items()}
        theirs = by_policies(policies.values(), decision.input)
        findings |= {names[name]: said for name, said in theirs.items()}
    merged = merge(findings, pep=decision.pep)
    said = {
        "verdict": merged.verdict,
        "reasons": tuple(type(one).model_validate(for_evidence(one)) for one in merged.reasons),
        "obligations": merged.obligations,
        "matched": merged.matched,
        "approval": merged.approval,
        **_beside(decision, findings.values()),
        "asked": tuple(findings),
        "bundle": engine.digest,
        "engine": engine.version,
        "input_digest": digest(decision.input),
    }
    return decision.model_copy(update=said)


def _beside(decision: Decision, findings: Iterable[Finding]) -> dict[str, tuple[Reason, ...]]:
    """Return what policies say beside their verdicts, where the decision is of a time in which that was kept."""
    kept = decision.model_fields_set
    return {name: told for name, told in beside(findings).items() if name in kept}
