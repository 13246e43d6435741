from shared.actors import PLATFORM
from shared.approvals.events.questions import ApprovalStranded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Stranded
from shared.approvals.rules import stranding
from shared.platform.actions import incidents
from shared.platform.models.incidents import IncidentReport
from shared.reaction import ReactionCall, reaction

OF_ALL = "an incident is the platform's, whoever's the question is"


@reaction(due=ApprovalStranded)
def settle_stranded(call: ReactionCall, event: ApprovalStranded) -> None:
    """Put an open question that waits for nobody into somebody's hands, once, and on the list of such."""
    with call.transaction() as own, call.within(PLATFORM, OF_ALL) as txn:
        approval = own.get(Approval, call.subject_id)
        if not approval.open or own.get_or_none(Stranded, approval.id) is not None:
            return
        report = IncidentReport(
            title="An approval waits for nobody",
            description=f"Approval {approval.id}: {stranding.WORDS[event.why]}. Withdraw it, or ask"
            " again so that it can be answered.",
            type="agent_failure",
            severity="medium",
            affected_services=("approvals",),
            affected_agents=(approval.agent_id,) if approval.agent_id else (),
        )
        assigned = incidents.assignment(txn, call.subject)
        incident = assigned.keep(report, call, owner=event.owner)
        own.create(
            Stranded(
                id=approval.id,
                why=event.why,
                owner=event.owner,
                incident_id=incident.id,
                since=call.now,
            )
        )
