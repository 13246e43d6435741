from shared.precedents.actions.reopening import reopen_here
from shared.precedents.events import HeldHereDue
from shared.reaction import ReactionCall, reaction


@reaction(due=HeldHereDue)
def reopen_more_here(call: ReactionCall, _: HeldHereDue) -> None:
    """Go on asking the people of a tenant, where it was too much for one commit."""
    reopen_here(call)
