from shared.precedents.actions.reopening import reopen_here
from shared.precedents.events import SeedSwitchedHere
from shared.reaction import ReactionCall, reaction


@reaction(on=SeedSwitchedHere)
def reopen_held_here(call: ReactionCall, _: SeedSwitchedHere) -> None:
    """Ask the people of a tenant about what a seed had granted there that they switched off."""
    reopen_here(call)
