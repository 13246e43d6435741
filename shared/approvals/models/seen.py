"""An approval as it is shown."""

from shared.approvals.models.approvals import Approval


class SeenApproval(Approval):
    """An approval as it is shown, with its clocks."""

    time_left_s: int | None = None
    """How long there is time to answer, while it is open."""

    veto_remaining_s: int | None = None
    """How long it may still be vetoed; 0 once the window is closed."""

    latency_s: int | None = None
    """How long the answer took."""

    unopened_by: tuple[str, ...] = ()
    """Who answered without having opened it, of what they opened last."""
