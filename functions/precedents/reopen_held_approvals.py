from shared.precedents.actions.reopening import reopen_some
from shared.precedents.events import SeedDeprecated, SeedRevoked
from shared.reaction import ReactionCall, reaction


@reaction(on=(SeedRevoked, SeedDeprecated))
def reopen_held_approvals(call: ReactionCall, _: SeedRevoked | SeedDeprecated) -> None:
    """Ask people about what a seed had granted that decides no more, and was not done yet, in every tenant."""
    reopen_some(call)
