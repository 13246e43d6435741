from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from shared.actors import Scope
from shared.approvals.actions import workload
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import oversight
from shared.approvals.rules.oversight import Oversight
from shared.entity import Value
from shared.operation import Call, operation
from shared.ports import Tickets
from shared.queries import AtLeast, moment
from shared.store import Transaction
from shared.tables import Csv, leaves


class Window(Value):
    """Which questions are counted."""

    days: int = Field(30, ge=1, le=90)
    """Those that were asked in so many days until now."""
    format: Literal["json", "csv"] = "json"
    """`json`, which can be checked, or `csv`, a row for each figure, for a spreadsheet."""


class OversightReport(Value):
    """A report that can be kept, handed on and checked without the platform."""

    report: Oversight
    """What was counted."""
    kid: str
    """The key that signed it, see `/.well-known/jwks.json`."""
    signature: str
    """The Ed25519 signature (RFC 8032) over the canonical JSON (RFC 8785) of `report`, as base64url without padding."""


@operation("GET", "/v1/oversight/report", scopes={Scope.GOVERNANCE_READ}, audited=False)
def get_oversight_report(call: Call, query: Window, tickets: Tickets) -> OversightReport | Csv:
    """
    Show what human oversight of the tenant came to, signed.

    It counts the questions of the last days: who answered by which right, how fast, whether they had opened the
    question, what was refused, objected to or never answered, and whether tests of attention were caught. It names
    nobody. Keep the answer and the key of its `kid`, and it can be checked anywhere; as CSV it has the same figures
    and the signature of the JSON.
    """
    since = call.now - timedelta(days=query.days)
    with call.transaction() as txn:
        counted = oversight.report(
            _asked(txn, since), tenant=call.tenant, since=since, until=call.now
        )
    proved = tickets.signed(counted.to_stored())
    signed = OversightReport(report=counted, kid=proved.kid, signature=proved.signature)
    if query.format == "json":
        return signed
    return Csv.of(f"oversight-{call.now:%Y-%m-%d}", ("member", "value"), leaves(signed))


def _asked(txn: Transaction, since: datetime) -> Iterator[tuple[Approval, bool]]:
    """Yield every question that was asked since then, and whether it was a test."""
    cursor = None
    while True:
        page = txn.find(
            Approval, order="requested_at", cursor=cursor, requested_at=AtLeast(moment(since))
        )
        yield from ((one, workload.is_sample(txn, one)) for one in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return
