"""Who may stop an agent, and for what."""

from typing import Literal

from shared.actors import Actor, Role
from shared.errors import Forbidden

Trigger = Literal[
    "EXEC-BYPASS",
    "SCOPE-DRIFT",
    "EVIDENCE-GAP",
    "HEALTH-CRITICAL",
    "ETHICS-VIOLATION",
    "GOVERNOR-OVERRIDE",
]

AUTHORITY: dict[Trigger, Role] = {
    "EXEC-BYPASS": Role.GENESIS,
    "SCOPE-DRIFT": Role.GENESIS,
    "EVIDENCE-GAP": Role.GENESIS,
    "HEALTH-CRITICAL": Role.SYSTEMS_ARCHITECT,
    "ETHICS-VIOLATION": Role.VISION_GUARDIAN,
    "GOVERNOR-OVERRIDE": Role.GOVERNOR,
}
"""Who acts first on a trigger and reports after; whatever else is the Governor's to decide."""


def entitled(trigger: Trigger, by: Actor) -> None:
    """
    Make sure that somebody may stop an agent for this reason.

    Raises:
        Forbidden: Another authority must.
    """
    role = AUTHORITY[trigger]
    if role not in by.roles:
        raise Forbidden(
            f"{trigger} is for the {role.replace('_', ' ')} to act on", rule="authority"
        )
