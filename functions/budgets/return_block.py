from shared.budgets.actions import dealing
from shared.budgets.events.blocks import BlockEnds
from shared.reaction import ReactionCall, reaction


@reaction(due=BlockEnds)
def return_block(call: ReactionCall, event: BlockEnds) -> None:
    """Give back to the platform's budget what a tenant did not spend of a block."""
    dealing.give_back(call, event)
