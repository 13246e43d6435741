"""
One JSON line for each request, reaction and schedule, with no personal data and no token in it.

A tenant appears as a hash, a person not at all. Cloud Logging reads `severity`, `message` and the members
that name the trace as its own.
"""

import json
import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.actors import PLATFORM
from shared.evidence import digest_of
from shared.operation import EVERY_TENANT, Crossing

if TYPE_CHECKING:
    from shared.language_models import Usage

log = logging.getLogger("waooaw.requests")


def log_line(
    route: str,
    status: int,
    duration_ms: float,
    *,
    code: str | None,
    tenant: str,
    ids: Mapping[str, str],
    trace: Mapping[str, object],
    crossings: Sequence[Crossing] = (),
    decision: Mapping[str, str | float] | None = None,
) -> None:
    """
    Say how one run of a function ended.

    Args:
        route: The function, as ``area.name``.

        status: The HTTP status; of a reaction, that of its refusal, else 200.

        duration_ms: How long it took.

        code: The code of a refusal.

        tenant: Whose documents it opened.

        ids: The ids of the story, the request and what caused it.

        trace: The members that name the trace.

        crossings: Where it looked or acted outside its own tenant, and why.

        decision: How the rules decided of it (`shared/edge/decided.py`); none of what they are not asked about.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    line = {
        **_head("ERROR" if status >= 500 else "INFO", f"{route} ended with {status}"),
        "service": route.partition(".")[0],
        "route": route,
        "status": status,
        "duration_ms": duration_ms,
        "tenant_hash": hashed(tenant),
        **{name: id for name, id in ids.items() if id},
        **({"code": code} if code else {}),
        **(decision or {}),
        **({"crossings": [*map(_crossing, dict.fromkeys(crossings))]} if crossings else {}),
        **trace,
    }
    log.info(json.dumps(line))


def used(tenant: str, usage: "Usage") -> None:
    """Say how much of a model a tenant used: nothing of what it was asked or said."""
    cost = f"{usage.model} took {usage.cost_micro_usd} micro-dollars"
    line = {
        **_head("INFO", cost),
        "service": "models",
        "tenant_hash": hashed(tenant),
        **asdict(usage),
    }
    log.info(json.dumps(line))


def hashed(tenant: str) -> str:
    """Return how a log names a tenant."""
    return digest_of(tenant.encode())[:12]


def _crossing(one: Crossing) -> dict[str, str]:
    to = one.tenant if one.tenant in {PLATFORM, EVERY_TENANT} else hashed(one.tenant)
    return {"to": to, "why": one.why}


class JsonLines(logging.Formatter):
    """Writes every record as one JSON line: of an exception its kind and place, never its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; one that is JSON already stays as it is."""
        if record.name == log.name:
            return record.getMessage()
        line = _head(record.levelname, record.getMessage()) | {"service": record.name}
        correlation_id = vars(record).get("correlation_id")
        if correlation_id:
            line["correlation_id"] = correlation_id
        if record.exc_info and record.exc_info[0]:
            kind, _, place = record.exc_info
            line["error"] = kind.__name__
            frames = traceback.extract_tb(place)
            line["stack"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line)


def configure() -> None:
    """Write this process's log as JSON lines to its standard error, where Cloud Logging reads it."""
    lines = logging.StreamHandler()
    lines.setFormatter(JsonLines())
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)
    logging.getLogger("waooaw").setLevel(logging.INFO)


def _head(severity: str, message: str) -> dict[str, object]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"ts": now, "severity": severity, "message": message}
