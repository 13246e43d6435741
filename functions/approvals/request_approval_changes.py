from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.approvals.actions import attention
from shared.approvals.events.lifecycle import decided
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import decisions
from shared.entity import Hex64, Id, Text, Value
from shared.operation import Call, operation

Change = Annotated[Text, Field(max_length=500)]


class WantedChanges(Value):
    """What must be different before it is asked again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"changes": ["Add a test for the ambiguous task."]}]}
    )

    changes: Annotated[tuple[Change, ...], Field(min_length=1, max_length=20)]
    """One sentence for each thing that must be different before it is asked again."""
    expected_digest: Hex64 | None = None
    """The approval's `action_digest`, as you read it; where you name it, an answer to anything else is refused."""


@operation(
    "POST",
    "/v1/approvals/{approval_id}/request-changes",
    scopes={Scope.GOVERNANCE_WRITE},
    in_freeze=True,
)
def request_approval_changes(call: Call, approval_id: Id, wanted: WantedChanges) -> Approval:
    """
    Send a request back to whoever made what it is about.

    It is final for this subject: what comes back is another one, with a digest of its own.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = decisions.request_changes(
            before,
            by=call.actor,
            at=call.now,
            changes=wanted.changes,
            expected_digest=wanted.expected_digest,
            opened_at=attention.of(txn, before, call.actor).opened_at(before),
        )
        if after is not before:
            after = txn.save(after, decided(after), because=decisions.because(after))
    return after
