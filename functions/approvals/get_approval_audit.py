from collections.abc import Mapping
from typing import Any

from shared.actors import Scope
from shared.approvals.models.approvals import Approval
from shared.entity import Hex64, Id, Value
from shared.evidence import ActorRef, Entry, stream
from shared.operation import Call, operation
from shared.queries import Page, Paging


class TrailEntry(Value):
    """One thing that happened to the approval."""

    id: str
    """The id of the entry in the evidence."""
    action: str
    """What happened, such as `approval.granted`."""
    actor: ActorRef
    """Who did it."""
    ts: str
    """When it happened, in UTC."""
    entry_hash: Hex64
    """The SHA-256 over the entry's canonical JSON (RFC 8785) without `delivery`: what the next entry is linked to."""
    data: Mapping[str, Any]
    """What the entry says besides, with personal data masked."""


@operation(
    "GET", "/v1/approvals/{approval_id}/audit", scopes={Scope.GOVERNANCE_READ}, audited=False
)
def get_approval_audit(call: Call, approval_id: Id, query: Paging) -> Page[TrailEntry]:
    """Show what happened to an approval, from its request on."""
    with call.transaction() as txn:
        approval = txn.get(Approval, approval_id)
        found = txn.page(Entry, query, order="eseq", entity=stream(approval))
    return found.map(_shown)


def _shown(entry: Entry) -> TrailEntry:
    return TrailEntry(
        id=entry.id,
        action=entry.action,
        actor=entry.actor,
        ts=entry.ts,
        entry_hash=entry.hash,
        data=entry.data,
    )
