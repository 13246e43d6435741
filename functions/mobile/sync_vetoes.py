from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.entity import Timestamp, Value
from shared.examples import NOW
from shared.judged import JudgedAs
from shared.mobile.actions.syncing import Queue, parsed
from shared.mobile.models.queue import QUEUED, ItemResult, QueuedVeto
from shared.operation import Call, operation
from shared.ports import SignatureCheck


class QueuedItems(Value):
    """What waited on a phone, in the order it was decided."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [QUEUED], "sent_at": NOW}]})

    items: Annotated[
        tuple[Annotated[Mapping[str, Any], JudgedAs(QueuedVeto)], ...],
        Field(min_length=1, max_length=50),
    ]
    """The vetoes, each judged by itself: a bad one spoils no other."""
    sent_at: Timestamp | None = None
    """What the phone's clock says now, by which its times are corrected."""


class Results(Value):
    """What became of each item, in the same order."""

    results: tuple[ItemResult, ...]
    """One answer for each veto, in the order they were sent."""


@operation(
    "POST", "/v1/mobile/sync", scopes={Scope.VETO_EXECUTE, Scope.GOVERNANCE_READ}, in_freeze=True
)
def sync_vetoes(call: Call, body: QueuedItems, check: SignatureCheck) -> Results:
    """
    Take the vetoes that a phone signed without a connection.

    A queued veto is covered by its signature, however long ago the sign-in was. Each item has a result of
    its own; what the platform decided meanwhile counts. One that came too late opens the question whether
    to roll back.
    """
    skew = call.now - body.sent_at if body.sent_at else None
    items = tuple(parsed(item) for item in body.items)
    with call.transaction() as txn:
        queue = Queue(call, txn, check, skew)
        queue.read(items)
        results = tuple(
            item if isinstance(item, ItemResult) else queue.answer(item) for item in items
        )
        queue.keep()
    return Results(results=results)
