"""How what was approved is used, as it is announced."""

from typing import Self

from shared.approvals.models.approvals import DECISIONS, Approval
from shared.entity import Code, Event, Hex64


class ApprovalConsumed(
    Event, action="approval.consumed", category="governance_decision", topic=DECISIONS
):
    """What was approved is being done, once."""

    run_id: Code
    step_id: Code
    iteration: int
    action_digest: Hex64

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of an approval that is used up."""
        if approval.consumed_by is None:
            raise ValueError(f"{approval.id} was not consumed")
        return cls(**approval.consumed_by.model_dump(), action_digest=approval.action_digest)
