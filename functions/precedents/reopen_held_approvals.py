from shared.precedents.events import SeedRevoked
from shared.precedents.reopening import reopen_some
from shared.reaction import Reaching, reaction


@reaction(on=SeedRevoked)
def reopen_held_approvals(call: Reaching, _: SeedRevoked) -> None:
    """Ask people about what a revoked seed had granted and was not done yet, in every tenant."""
    reopen_some(call)
