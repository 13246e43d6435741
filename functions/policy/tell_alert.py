from datetime import timedelta

from shared.notifications.actions.telling import tell
from shared.policy.events.alerts import PolicyAlerted
from shared.policy.models.alerts import PolicyAlert
from shared.policy.rules.alerts import told
from shared.queries import AtLeast, moment
from shared.reaction import ReactionCall, reaction

WHY = "how loud a notice is may be one off"


@reaction(on=PolicyAlerted)
def tell_alert(call: ReactionCall, event: PolicyAlerted) -> None:
    """Tell whoever governs a tenant what a policy of it says of an act; beyond ten an hour in their inbox alone."""
    del event
    since = AtLeast(moment(call.now - timedelta(hours=1)))
    with call.transaction() as txn:
        alert = txn.get(PolicyAlert, call.subject_id)
        before = txn.loosely(WHY).count(PolicyAlert, created_at=since) - 1
        tell(txn, told(alert, before=before, at=call.now))
