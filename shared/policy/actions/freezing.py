"""Whether everything is frozen, for what would decide in a person's place: while it is, people decide alone."""

from shared.errors import PolicyDenied
from shared.operation import Call
from shared.policy.models.standing import STANDING, PolicyStanding
from shared.store import Transaction

OF_THE_PLATFORM = "a freeze is of the platform, and holds in every tenant"


def frozen(platform: Transaction) -> bool:
    """Say whether everything is frozen, as it is written now."""
    standing = platform.get_or_none(PolicyStanding, STANDING)
    return standing is not None and standing.frozen


def people_alone(call: Call) -> None:
    """
    Refuse, while everything is frozen, the yes of who stands in for a person.

    Raises:
        PolicyDenied: Everything is frozen.
    """
    with call.platform(OF_THE_PLATFORM) as platform:
        if frozen(platform):
            said = "while everything is frozen a person says yes, or nobody does; defer it"
            raise PolicyDenied(said, rule="frozen")
