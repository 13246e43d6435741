from shared.notifications.actions.telling import tell
from shared.policy.events.drift import DriftDetected
from shared.policy.models.drift import DriftAlert
from shared.policy.rules.notices import told
from shared.reaction import ReactionCall, reaction


@reaction(on=DriftDetected)
def tell_drift(call: ReactionCall, event: DriftDetected) -> None:
    """Tell whoever governs a tenant that what its policies do differs from the hour before: of each difference once a day."""
    del event
    with call.transaction() as txn:
        tell(txn, told(txn.get(DriftAlert, call.subject_id), at=call.now))
