from shared.platform.events import IncidentRested
from shared.platform.models.incidents import Incident
from shared.platform.rules.incidents import rested, transition
from shared.reaction import ReactionCall, reaction


@reaction(due=IncidentRested)
def rest_incident(call: ReactionCall, event: IncidentRested) -> None:
    """Close an incident that was resolved a week ago, unless it still needs its post-incident text."""
    with call.transaction() as txn:
        after = rested(txn.get(Incident, call.subject_id), event.resolved_at, at=call.now)
        if after:
            txn.save(after, transition(after, call.actor.id))
