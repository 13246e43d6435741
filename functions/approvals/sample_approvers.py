from datetime import timedelta

from shared.approvals.actions import workload
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.records import Canary
from shared.approvals.rules import requests
from shared.entity import written
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(days=1))
def sample_approvers(call: ReactionCall) -> None:
    """Put one request that must be refused among many, at most one in a hundred and one a day."""
    with call.transaction() as txn:
        if not workload.sample_is_due(txn, call.now):
            return
        request = workload.bad_request(written(call.now)[:10])
        new = requests.ask(
            request, id=call.new_id(), tenant=call.tenant, by=call.actor, at=call.now
        )
        approval = txn.create(new, ApprovalRequested.of(new))
        txn.create(Canary(id=approval.id))
        schedule_next(txn, approval, at=call.now)
