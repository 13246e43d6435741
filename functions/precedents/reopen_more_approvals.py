from shared.precedents.actions.reopening import reopen_some
from shared.precedents.events import HeldApprovalsDue
from shared.reaction import ReactionCall, reaction


@reaction(due=HeldApprovalsDue)
def reopen_more_approvals(call: ReactionCall, _: HeldApprovalsDue) -> None:
    """Go on asking people about what a seed had granted that decides no more, where it was too much for one commit."""
    reopen_some(call)
