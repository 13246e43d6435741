from shared.notifications.actions.telling import tell
from shared.notifications.rules.notices import governor, notice, saying
from shared.reaction import ReactionCall, reaction
from shared.violations.events import ViolationUnanswered
from shared.violations.models import OpenedViolation
from shared.violations.rules.lifecycle import unanswered


@reaction(due=ViolationUnanswered)
def remind_violation(call: ReactionCall, event: ViolationUnanswered) -> None:
    """Tell the Governor that nobody answers for a violation, or that a critical one has no plan."""
    with call.transaction() as txn:
        violation = txn.get(OpenedViolation, call.subject_id)
        if not unanswered(violation, event, call.now):
            return
        title = "Nobody answers for a violation" if event.status == "open" else "A plan is overdue"
        reminder = notice(
            "constitutional_violation",
            tenant=call.tenant,
            audience=governor(call.tenant),
            subject=call.subject,
            title=title,
            body=f"{violation.finding.code}: {violation.finding.description}",
            at=call.now,
            occasion=f"overdue {event.status}",
        )
        tell(txn, saying("unowned" if event.status == "open" else "unplanned", reminder))
