from shared.budgets.actions import dealing
from shared.budgets.events.blocks import BlockAsked
from shared.reaction import ReactionCall, reaction


@reaction(on=BlockAsked)
def take_block(call: ReactionCall, event: BlockAsked) -> None:
    """Take a block of the platform's budget for a tenant that has none to spend from."""
    del event
    dealing.take(call)
