from shared.approvals import stranding
from shared.approvals.models import Approval
from shared.approvals.question_events import ApprovalStranded
from shared.approvals.records import Stranded
from shared.identity import PLATFORM
from shared.platform import responding
from shared.platform.models_incidents import IncidentReport
from shared.reaction import Reaching, reaction

OF_ALL = "an incident is the platform's, whoever's the question is"


@reaction(due=ApprovalStranded)
def settle_stranded(call: Reaching, event: ApprovalStranded) -> None:
    """Put an open question that waits for nobody into somebody's hands, once, and on the list of such."""
    with call.transaction() as own, call.within(PLATFORM, OF_ALL) as txn:
        approval = own.get(Approval, call.subject_id)
        if not approval.open or own.peek(Stranded, approval.id) is not None:
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
        assigned = responding.assignment(txn, call.subject)
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
