"""Run recorded decisions through a rule: what it would have done, had it been in force then."""

from collections.abc import Iterable

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.entity import Value
from shared.precedents.models.reasons import Reason, hold
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.matching import fits

ANSWERS: dict[ApprovalStatus, bool] = {
    ApprovalStatus.APPROVED: True,
    ApprovalStatus.CONSUMED: True,
    ApprovalStatus.REJECTED: False,
    ApprovalStatus.CHANGES_REQUESTED: False,
    ApprovalStatus.VETOED: False,
}
"""What a person's decision says, if nobody objected to it later; what was never answered says nothing."""

MAX_SHOWN = 20


class Disagreement(Value):
    """A request that the rule would have answered otherwise than people did."""

    approval_id: str
    """The request."""
    would_have_approved: bool
    """What the rule would have said."""
    decided: ApprovalStatus
    """What people decided."""
    against: tuple[Reason, ...]
    """The conditions that did not hold."""


class Replay(Value):
    """A rule beside the decisions of people."""

    considered: int
    """How many decisions of people were looked at."""
    more: bool
    """Whether more decisions of its class are recorded than were looked at."""

    would_have_approved: int
    """How many of them the rule would have approved."""
    agreed: int
    """How many it would have decided as people did."""
    agreement_bp: int | None
    """The share of these, in basis points; null where there were none."""
    harmful: int
    """What the rule would have approved and people did not."""

    disagreements: tuple[Disagreement, ...]
    """The first twenty that it would have decided otherwise."""


def replayed(seed: PrecedentSeed, recorded: Iterable[Approval], *, more: bool) -> Replay:
    """
    Compare a rule with decisions of people.

    Only the request itself is looked at. What other seeds decided is no evidence, and is left out.
    """
    decided = [one for one in recorded if one.status in ANSWERS and one.decisions]
    disagreements: list[Disagreement] = []
    approving = harmful = 0
    for approval in decided:
        reasons = fits(seed, approval, tenant=approval.tenant_id)
        would = seed.auto_approve and hold(reasons)
        approving += would
        if would is not (ANSWERS[approval.status] and approval.vetoed_at is None):
            harmful += would
            against = tuple(reason for reason in reasons if not reason.passed)
            disagreements.append(
                Disagreement(
                    approval_id=approval.id,
                    would_have_approved=would,
                    decided=approval.status,
                    against=against,
                )
            )
    agreed = len(decided) - len(disagreements)
    return Replay(
        more=more,
        considered=len(decided),
        would_have_approved=approving,
        agreed=agreed,
        agreement_bp=agreed * 10_000 // len(decided) if decided else None,
        harmful=harmful,
        disagreements=tuple(disagreements[:MAX_SHOWN]),
    )
