"""
Reports and exports of evidence.

A report is an entry about something that changed no entity here: work of a runtime, a read of data. An export
is a copy of a tenant's entries, made by a job, in parts.
"""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.constitution import Json16
from shared.entity import Code, Coded, Hex64, Id, Record, Timestamp, Value
from shared.examples import AGENT, NOW, TOMORROW
from shared.handling import Handling, Nobody, WithAccount
from shared.jobs import Failure, Progress, Status, Work

MAX_SKEW = timedelta(minutes=5)
"""How far a report's time may be from ours without being marked."""

MAX_REPORT_CHARS = 16 * 1024
"""As many characters as a report's data may have bytes."""

ReportCategory = Literal[
    "agent_action_start",
    "agent_action_complete",
    "agent_action_error",
    "data_access",
    "external_communication",
    "external_integration",
    "ai_call",
]
"""What a runtime can have done. Decisions, approvals and certifications are the platform's own to enter."""

Ref = Annotated[Code, Field(max_length=128)] | None


class Refs(Value):
    """The ids that an auditor looks a report up by: in the log each is called ``reported_…``."""

    agent_id: Ref = None
    """The agent it is about."""
    workflow_id: Ref = None
    """The run of the pipeline it is about."""
    run_id: Ref = None
    """The run of the agent it is about."""
    step_id: Ref = None
    """The step of that run."""
    approval_id: Ref = None
    """The approval it was done under."""
    receipt_id: Ref = None
    """The receipt that somebody outside gave for it."""
    customer_id: Ref = None
    """The customer it was done for."""


class Report(Value):
    """One entry, as whoever saw it reports it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "5f0c9a52-8a5e-4a0e-9d5b-0b6f5a3c1d2e",
                    "entity": f"agents/{AGENT}",
                    "action": "skill.completed",
                    "category": "agent_action_complete",
                    "outcome": "success",
                    "severity": "info",
                    "refs": {"agent_id": AGENT},
                    "data": {"skill": "fact check", "duration_ms": 1200},
                    "occurred_at": NOW,
                }
            ]
        }
    )

    id: Annotated[
        str,
        Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
    ]
    """Chosen by the caller: the same report twice is one entry."""

    entity: Annotated[
        str, Field(pattern=r"^[a-z][a-z_]{0,40}/[A-Za-z0-9._:-]{1,160}$", max_length=200)
    ]
    """What it is about: `<collection>/<id>`."""
    action: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+){1,3}$", max_length=64)]
    """What was done; in the log its name begins with ``reported.``."""

    category: ReportCategory
    """What kind of act it was."""
    outcome: Literal["success", "failure", "denied"] = "success"
    """How it went."""
    severity: Literal["info", "warning", "error", "critical"] = "info"
    """How serious it is."""
    refs: Refs = Refs()
    """The ids by which it can be looked up."""
    data: Json16 = Field(default_factory=dict)
    """What else there is to say; personal data is masked before it is kept."""
    occurred_at: Timestamp | None = None
    """When it happened; without it, now. More than five minutes off is marked."""


class Entered(Value):
    """Where a report was entered."""

    id: str
    """The id of the entry."""
    entity: str
    """The chain it was entered in: `<collection>/<id>`."""
    eseq: int
    """Which entry of that chain it is, from 1."""
    entry_hash: Hex64
    """The SHA-256 over the entry's canonical JSON (RFC 8785) without `delivery`."""


class KeptReport(Record):
    """What was reported under an id, so that the same report again changes nothing."""

    collection: ClassVar[str] = "kept_reports"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("it finds the entry of a report, which is exported"),
        erasure="deleted",
    )

    digest: Hex64
    entered: Entered


Format = Literal["jsonl", "csv"]


class ExportRequest(Value):
    """Which entries to export, and how they are written."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"since": NOW, "until": TOMORROW, "format": "jsonl"}]}
    )

    since: Timestamp
    """The entries from this time on."""
    until: Timestamp | None = None
    """The entries until this time; without it, until now."""
    format: Format = "jsonl"
    """
    `jsonl`, an entry a line in canonical JSON (RFC 8785) with its hashes and its signature, which anybody can check with the keys of
    `/.well-known/jwks.json`; or `csv`, a row for each, for a spreadsheet.
    """


class EntryExport(Work, kind="audit.entry_export"):
    """Copy a tenant's entries of some time."""

    since: Timestamp
    until: Timestamp
    format: Format


class ExportPart(Value):
    """A file with some of the exported entries: the parts, one after the other, are the whole."""

    number: int
    """Which part it is, from 1."""
    rows: int
    """How many entries are in it."""
    bytes: int
    """How long it is."""
    sha256: Hex64
    """The SHA-256 of its bytes."""


class Exported(Progress):
    """How far an export is."""

    cursor: Coded | None = None
    whole: bool = False
    parts: tuple[ExportPart, ...] = ()


class ExportedEntries(Value):
    """What an export came to."""

    rows: int
    parts: tuple[ExportPart, ...]


class SeenExport(Value):
    """How far an export is, and what it came to."""

    id: Id
    """Its id; it is a job of this id as well."""
    version_hash: str
    """Which version it is: another one once it was begun, was to be given up, or ended."""
    status: Status
    """Whether it waits, runs, or how it ended."""
    format: Format | None
    """How the entries are written; null once that is forgotten."""
    row_count: int
    """How many entries were copied so far."""
    parts: tuple[ExportPart, ...] = ()
    """The files, in their order; none before it is completed, and once they are forgotten."""
    failure: Failure | None = None
    """Why it failed; null where it did not."""
    known_until: Timestamp | None = None
    """Until when its files are there; null until it ends, and after that time."""
