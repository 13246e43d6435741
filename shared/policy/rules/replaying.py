"""A decision made again, by the rules that made it, of what they were asked."""

from shared.canonical import digest
from shared.deciding import Decision, PolicyEngine, found, merge
from shared.masking import for_evidence


def replayed(decision: Decision, engine: PolicyEngine) -> Decision:
    """
    Return the decision as the rules make it now.

    What tenants' policies found is not asked again: where some were asked, only what the bundles say is compared by
    whoever compares `asked`.

    Raises:
        EnforcementUnavailable: Not all bundles are there that must be asked.
    """
    findings = found(engine, decision.input)
    merged = merge(findings, pep=decision.pep)
    said = {
        "verdict": merged.verdict,
        "reasons": tuple(type(one).model_validate(for_evidence(one)) for one in merged.reasons),
        "obligations": merged.obligations,
        "matched": merged.matched,
        "approval": merged.approval,
        "asked": tuple(findings),
        "bundle": engine.digest,
        "engine": engine.version,
        "input_digest": digest(decision.input),
    }
    return decision.model_copy(update=said)
