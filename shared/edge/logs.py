"""One JSON line for each request, with no personal data and no token in it."""

import json
import logging
from datetime import UTC, datetime

from shared.evidence import digest_of

log = logging.getLogger("waooaw.requests")


def log_line(
    *,
    operation: str,
    status: int,
    duration_ms: float,
    correlation_id: str,
    request_id: str,
    tenant: str,
    code: str | None,
) -> None:
    """Say that a request was answered; a tenant appears as a hash."""
    if not log.isEnabledFor(logging.INFO):
        return
    line = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "severity": "ERROR" if status >= 500 else "INFO",
        "service": "waooaw",
        "message": f"{operation} answered {status}",
        "route": operation,
        "status": status,
        "duration_ms": duration_ms,
        "correlation_id": correlation_id,
        "request_id": request_id,
        "tenant_hash": digest_of(tenant.encode())[:12],
    }
    log.info(json.dumps(line | ({"code": code} if code else {})))
