"""Where a trial's calls go in place of the real ones."""

from shared.entity import Code, Printed, Value


class SandboxRoute(Value):
    """Where the calls to one target go while an agent is in a trial."""

    domain: Code
    """What kind of target it is: `ai` or `integrations`."""
    target: Code
    """Whom the agent means to call; `others` stands for all who are not named."""
    route: Printed
    """Where the call goes; `{integration_id}` stands for whom it was meant for. What has no certified mock is denied."""
    how: Printed
    """What happens there, in a sentence."""
    allowed: tuple[Code, ...]
    """What may be done on the route."""
    blocked: tuple[Code, ...]
    """What is denied on it."""
    masked: tuple[Code, ...]
    """What is masked before it leaves."""
    audit_tag: Code
    """What its evidence is tagged with."""


class SandboxRoutes(Value):
    """Where the calls of trials go."""

    items: tuple[SandboxRoute, ...]
    """One line for each target."""
