"""What evidence and verdicts say of something in the catalogue."""

from collections.abc import Iterable
from typing import Any

from shared.canonical import digest
from shared.genesis.models.evidence import MAX_DETAIL, Check, EvidenceKind, TestEvidence, Verdict


def report(
    evidence: Iterable[TestEvidence], kind: EvidenceKind
) -> tuple[dict[str, Any] | None, str]:
    """Return the last report of a kind, or None and the reason why there is none to judge."""
    found = [item for item in evidence if item.kind == kind]
    if not found:
        return None, f"no evidence of kind {kind} was submitted"
    if not found[-1].intact:
        return None, f"the evidence of kind {kind} does not have the digest it names"
    return dict(found[-1].report), ""


def verdict_on(verdicts: Iterable[Verdict], check_code: str) -> Verdict | None:
    """Return the last verdict on a check."""
    found = [verdict for verdict in verdicts if verdict.check_code == check_code]
    return found[-1] if found else None


def check(code: str, problems: Iterable[str]) -> Check:
    """Return a check that code decides: it passes when there is no problem."""
    found = list(problems)
    detail = "; ".join(found)[:MAX_DETAIL] or "passed"
    return Check(code=code, passed=not found, mode="auto", detail=detail)


def judgement(code: str, verdicts: Iterable[Verdict], *, of: str, because: Iterable[str]) -> Check:
    """Return a check that *of* decides where there is a reason to ask; without a verdict it has not passed."""
    reasons = ", ".join(because)
    if not reasons:
        return Check(code=code, passed=True, mode="auto", detail=f"no need to ask the {of}")
    verdict = verdict_on(verdicts, code)
    if verdict is None:
        detail = f"needs the verdict of the {of}: {reasons}"
        return Check(code=code, passed=False, mode="judgement", detail=detail, awaits=of)
    detail = f"{verdict.verdict} by the {of}: {verdict.rationale}"[:MAX_DETAIL]
    return Check(code=code, passed=verdict.verdict == "pass", mode="judgement", detail=detail)


def evidence_ref(evidence: Iterable[TestEvidence], verdicts: Iterable[Verdict]) -> str:
    """Name everything that a decision rested on by one digest."""
    return "sha256:" + digest(
        {
            "test_evidence": sorted(item.sha256 for item in evidence),
            "verdicts": [verdict.to_stored() for verdict in verdicts],
        }
    )
