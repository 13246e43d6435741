"""The rules of exports: who may have how many, and what is in a part."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shared.audit.models import (
    EntryExport,
    Exported,
    ExportedEntries,
    ExportPart,
    ExportRequest,
    Format,
    SeenExport,
)
from shared.canonical import canonical
from shared.errors import Conflict, Invalid, NotFound, RateLimited
from shared.evidence import Entry, digest_of
from shared.files import Content
from shared.jobs import Job, SeenJob
from shared.tables import Csv

DAY = timedelta(days=1)
A_DAY = 10
"""How many exports somebody may ask for within a day."""

MAX_PARTS = 500
"""How many parts an export may have: what is more is asked for in several."""

COLUMNS = (
    "ts",
    "action",
    "actor",
    "entity",
    "agent",
    "outcome",
    "severity",
    "correlation_id",
    "entry_hash",
)


def work(asked: ExportRequest, recent: Iterable[Job], *, at: datetime) -> EntryExport:
    """
    Return the work of an export, where somebody has asked for these within the last day, the oldest first.

    Raises:
        Conflict: One of them is not over yet.
        RateLimited: They are too many.
        Invalid: It would begin after its end.
    """
    recent = [one for one in recent if one.kind == EntryExport.kind]
    going = next((one for one in recent if not one.over), None)
    if going is not None:
        raise Conflict(
            f"your export {going.id} is not over yet; one is made at a time", rule="export_running"
        )
    if len(recent) >= A_DAY:
        free = recent[0].created_at + DAY - at
        raise RateLimited(
            f"{A_DAY} exports were made for you within a day",
            retry_after_s=int(free.total_seconds()) + 1,
        )
    until = min(asked.until or at, at)
    if asked.since > until:
        raise Invalid("an export begins before its end", rule="export_window")
    return EntryExport(since=asked.since, until=until, format=asked.format)


def part(entries: Sequence[Entry], format: Format, *, first: bool) -> Content:
    """Return the file of some entries; a table names its columns in its first part."""
    if format == "jsonl":
        lines = [canonical(one.to_stored(exclude={"delivery"})) + b"\n" for one in entries]
        return Content("application/jsonl", b"".join(lines))
    table = Csv.of("entries", COLUMNS, map(_row, entries))
    data = bytes(table.data) if isinstance(table.data, bytes) else b"".join(table.data)
    return Content(table.media_type, data if first else data.partition(b"\r\n")[2])


def named(job_id: str, content: Content) -> str:
    """Return under which name a part is kept: whose it is, and what is in it."""
    return place(job_id, digest_of(content.data))


def place(job_id: str, sha256: str) -> str:
    """Return under which name a part of a digest is kept."""
    return f"{job_id}/{sha256}"


def further(so_far: Exported, content: Content, *, rows: int, cursor: str | None) -> Exported:
    """
    Return how far an export is when a part of it is kept, and the next one begins at a cursor if there is one.

    Raises:
        Invalid: It has too many parts.
    """
    if len(so_far.parts) >= MAX_PARTS:
        raise Invalid(
            f"these are more than {so_far.done} entries; ask for a shorter time at once",
            rule="export_too_large",
        )
    new = ExportPart(
        number=len(so_far.parts) + 1,
        rows=rows,
        bytes=len(content.data),
        sha256=digest_of(content.data),
    )
    done = so_far.done + new.rows
    update = {
        "done": done,
        "says": f"{done} entries copied",
        "cursor": cursor,
        "whole": cursor is None,
        "parts": (*so_far.parts, new),
    }
    return so_far.model_copy(update=update)


def seen(job: SeenJob) -> SeenExport:
    """Return an export, as its job has it."""
    made = ExportedEntries.model_validate(job.result) if job.result else None
    return SeenExport(
        id=job.id,
        version_hash=job.version_hash,
        status=job.status,
        format=job.asked.get("format"),
        row_count=made.rows if made else job.progress.done,
        parts=made.parts if made else (),
        failure=job.failure,
        known_until=job.known_until,
    )


def only(job: Job) -> Job:
    """
    Return a job that is an export.

    Raises:
        NotFound: It is another one.
    """
    if job.kind != EntryExport.kind:
        raise NotFound(f"there is no export {job.id} here")
    return job


def part_of(export: SeenExport, number: int) -> ExportPart:
    """
    Return a part of an export.

    Raises:
        NotFound: It has no such part, or not yet, or no more.
    """
    found = next((one for one in export.parts if one.number == number), None)
    if found is None:
        raise NotFound(f"the export {export.id} has no part {number} now; it is {export.status}")
    return found


def filename(export: SeenExport, part: ExportPart) -> str:
    """Return what a part is called where it is saved."""
    return f"audit_{export.id}_{part.number:04}.{export.format}"


def _row(entry: Entry) -> tuple[str | int | None, ...]:
    return (
        entry.ts,
        entry.action,
        f"{entry.actor.type}:{entry.actor.id}",
        entry.entity,
        entry.refs.get("agent_id"),
        entry.outcome,
        entry.severity,
        entry.correlation_id,
        entry.hash,
    )
