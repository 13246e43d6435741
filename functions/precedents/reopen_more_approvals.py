from shared.precedents.actions.reopening import reopen_some
from shared.precedents.events import HeldApprovalsDue
from shared.reaction import Reaching, reaction


@reaction(due=HeldApprovalsDue)
def reopen_more_approvals(call: Reaching, _: HeldApprovalsDue) -> None:
    """Go on asking people about what a seed had granted that decides no more, where it was too much for one commit."""
    reopen_some(call)
