from shared.notifications.actions.telling import tell
from shared.policy.events.outages import EnforcementLapsed
from shared.policy.models.outages import Outage
from shared.policy.rules.outages import told
from shared.reaction import ReactionCall, reaction


@reaction(on=EnforcementLapsed)
def tell_outage(call: ReactionCall, event: EnforcementLapsed) -> None:
    """Tell those who look after the platform that nothing could change for a time, for how long, and why."""
    del event
    with call.transaction() as txn:
        tell(txn, *told(txn.get(Outage, call.subject_id), at=call.now))
