from shared.actors import PLATFORM
from shared.approvals.events.lifecycle import ApprovalExpired
from shared.approvals.models.approvals import Approval
from shared.platform.actions import incidents
from shared.platform.models.incidents import IncidentReport
from shared.reaction import ReactionCall, reaction

OF_ALL = "an incident is the platform's, whoever's the approval is"

WORDS = {
    "not_started": "it was not begun in its time",
    "nobody_waits": "what was to begin it is gone",
}


@reaction(on=ApprovalExpired)
def report_unused(call: ReactionCall, event: ApprovalExpired) -> None:
    """Open an incident in the hands of whoever was to begin what was approved, where nothing began."""
    if event.unused not in WORDS:
        return
    with call.transaction() as own, call.within(PLATFORM, OF_ALL) as txn:
        approval = own.get(Approval, call.subject_id)
        report = IncidentReport(
            title="Approved, and nothing began",
            description=f"Approval {approval.id} was given, and {WORDS[event.unused]}. It is closed as"
            " unused: nothing of it happens later. Ask again if it is still wanted.",
            type="agent_failure",
            severity="high",
            affected_services=("approvals",),
            affected_agents=(approval.agent_id,) if approval.agent_id else (),
        )
        # What was to begin it may be known to be gone already: that is one incident.
        run = f"workflows/{approval.workflow_id}"
        incident = incidents.assignment(txn, run if approval.workflow_id else call.subject)
        incident.keep(report, call, owner=event.owner or approval.owner)
