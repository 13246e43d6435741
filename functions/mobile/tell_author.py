from shared.agents.actions import objections
from shared.agents.events.lifecycle import AuthorConcerned
from shared.agents.models.agents import Agent
from shared.agents.models.parts import STAGES
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import timeline
from shared.approvals.models.approvals import Approval
from shared.entity import written
from shared.notifications.actions.telling import tell
from shared.notifications.models import Claim
from shared.notifications.rules.notices import notice, saying
from shared.reaction import ReactionCall, reaction


@reaction(due=AuthorConcerned)
def tell_author(call: ReactionCall, event: AuthorConcerned) -> None:
    """Tell whoever asked for an agent that it came back to them, and what to change, or that it ended, and why."""
    with call.transaction() as txn:
        agent, run = txn.get(Agent, call.subject_id), txn.get(PipelineRun, event.workflow_id)
        approval = txn.get_or_none(Approval, run.approval_id) if run.approval_id else None
        veto = objections.against(
            txn.loosely("a run that is over stays as it ended"), run, approval
        )
        back = run.sent_back
        if veto is not None and veto.approval_id is not None:
            # A veto of what was approved is told to everybody who asked for it.
            return
        if run.over:
            claim: Claim = "ended"
            title, body = "Ended", timeline.of(agent, run, approval, veto).because or ""
        elif back is not None:
            wanted = "; ".join(back.changes) or "It is to be looked through once more."
            stage = STAGES[back.stage].replace("_", " ")
            claim, title = "sent_back", "Sent back"
            body = f"By {back.by or stage} at {written(back.at)}. {wanted}"
        else:
            return
        told = notice(
            "agent_status",
            tenant=call.tenant,
            audience=run.initiated_by,
            subject=call.subject,
            title=f"{title}: {agent.name}",
            body=body,
            at=call.now,
            occasion=call.causation_id or "",
        )
        tell(txn, saying(claim, told))
