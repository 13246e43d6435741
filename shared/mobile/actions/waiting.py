"""What approvers are told of a request that was held back."""

from datetime import datetime

from shared.approvals.models.approvals import Approval
from shared.entity import written
from shared.mobile.actions.telling import tell
from shared.mobile.rules.notices import notice
from shared.store import Transaction


def tell_of_waiting(txn: Transaction, *held: Approval, at: datetime) -> None:
    """Tell the Governor that there is room for what was held back; before anything else is written."""
    tell(
        txn,
        *(
            notice(
                "approval_pending",
                tenant=txn.tenant,
                audience=one.governor,
                subject=f"approvals/{one.id}",
                title=one.title,
                body="It was held back while there was much to decide; it can be decided until"
                f" {written(one.expires_at)}.",
                at=at,
            )
            for one in held
        ),
    )
