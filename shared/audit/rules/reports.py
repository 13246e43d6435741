"""The rules of reports: what may be reported, and what no report may contain."""

from datetime import datetime

from shared.audit.events import Reported
from shared.audit.models import Entered, KeptReport, Report
from shared.canonical import digest
from shared.detectors import findings_in
from shared.errors import Conflict, Invalid
from shared.identity.models import Principal

REPORTABLE = ("skill.", "data.", "prompt.", "message.", "integration.", "workflow.", "agent.task.")
"""What a runtime may report (audit.md section 4). Everything else is entered by the operation that does it."""


def reported(report: Report, *, at: datetime) -> Reported:
    """
    Return the event of a report.

    Raises:
        Invalid: It is not for a caller to say, or contains personal data or a secret.
    """
    if not report.action.startswith(REPORTABLE):
        raise Invalid(
            f"{report.action} is entered by the operation that does it; it cannot be reported",
            rule="not_reportable",
        )
    _check_masked(report)
    return Reported.of(report, at=at)


def kept(report: Report, stream: Principal) -> KeptReport:
    """Return what is remembered of a report that was entered on the *stream* of a caller."""
    if stream.audit is None:
        raise ValueError(f"{stream.id} has no stream yet")
    entered = Entered(
        id=report.id,
        entity=f"{stream.collection}/{stream.id}",
        eseq=stream.audit.n,
        entry_hash=stream.audit.head,
    )
    return KeptReport(id=report.id, digest=_digest(report), entered=entered)


def same(before: KeptReport, report: Report) -> Entered:
    """
    Return where this very report was entered before.

    Raises:
        Conflict: The id belongs to another report.
    """
    if before.digest != _digest(report):
        raise Conflict(
            f"the id {report.id} belongs to another report; choose a new one",
            rule="event_id_conflict",
        )
    return before.entered


def _digest(report: Report) -> str:
    # Sent again, it may meet the next release, which knows of more that it left out.
    return digest(report.model_dump(mode="json", exclude_defaults=True))


def _check_masked(report: Report) -> None:
    """Refuse what the log must never hold, naming its kind and not its value."""
    found = sorted(findings_in([report.data, report.entity, report.refs.model_dump()]))
    if found:
        raise Invalid(
            f"the report contains what looks like {', '.join(found)}; mask it and report it again",
            rule="unmasked_data",
        )
