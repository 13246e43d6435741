"""What shows that human oversight works: how a tenant's questions were answered, counted and never named."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.parts import Decision
from shared.entity import Timestamp, Value

Right = Literal["governor", "deputy", "vision_guardian_override", "precedent_seed"]
Count = Annotated[int, Field(ge=0)]


class ByRight(Value):
    """How many questions were answered by which right; a later objection changes none of these."""

    governor: Count = 0
    """By whoever was asked: the Governor, or the others whom the chain names."""
    deputy: Count = 0
    """With the help of somebody whom they had named to answer for them."""
    vision_guardian_override: Count = 0
    """With the help of the Vision Guardian, as nobody was available."""
    precedent_seed: Count = 0
    """By a precedent, without a person."""


class Times(Value):
    """How long people took, from the request to the answer that settled it."""

    median_s: Count | None
    """Half of the answers took at most so many seconds; null where nobody answered."""
    p95_s: Count | None
    """19 of 20 answers took at most so many seconds; null where nobody answered."""


class Samples(Value):
    """The tests that had to be refused, as their own evidence spoke against them; those still open are not told."""

    asked: Count
    """How many of them ended, in whatever way."""
    caught: Count
    """How many were answered with a no."""
    missed: Count
    """How many were approved."""


class Oversight(Value):
    """How the questions were answered that one tenant asked in a time."""

    typ: Literal["oversight-report/v1"] = "oversight-report/v1"
    """What this is."""
    tenant: str
    """Whose questions are counted."""
    since: Timestamp
    """From when on a question was asked that is counted."""
    until: Timestamp
    """When they were counted."""
    questions: Count
    """How many were asked: the sum of the answered, the expired, the withdrawn and the open ones."""
    answered: Count
    """How many were answered, by a person or a precedent."""
    expired_unanswered: Count
    """How many ended because nobody answered in time."""
    expired_partly: Count
    """How many ended because not everybody answered in time who must agree."""
    withdrawn: Count
    """How many were withdrawn before anybody had answered."""
    open: Count
    """How many wait for an answer."""
    answered_by: ByRight
    """By which right the answered ones were."""
    refused: Count
    """How many people answered with a no, with wishes for changes, or with a veto."""
    vetoed_after_yes: Count
    """To how many a Governor objected after they had been approved."""
    opened_first: Count
    """How many were answered by people who all had opened the question before; an objection is not counted."""
    unopened: Count
    """How many were answered by somebody who had not opened the question; an objection is not counted."""
    times: Times
    """How long people took to answer."""
    samples: Samples
    """How the tests of attention ended; they are among the questions."""


def report(
    approvals: Iterable[tuple[Approval, bool]], *, tenant: str, since: datetime, until: datetime
) -> Oversight:
    """
    Count questions, each given with whether it was a test that had to be refused.

    They are gone through once and not kept, however many they are.
    """
    ends = dict.fromkeys(
        ("answered", "expired_unanswered", "expired_partly", "withdrawn", "open"), 0
    )
    rights: dict[str, int] = {}
    refused = vetoed = opened = unopened = asked = caught = missed = 0
    took: list[int] = []
    for approval, sample in approvals:
        end, answers, granted = _end(approval), _answers(approval), _granted(approval)
        ends[end] += 1
        if sample and end != "open":
            asked, missed = asked + 1, missed + granted
            caught += bool(answers) and not granted
        vetoed += granted and approval.vetoed_at is not None
        if end != "answered":
            continue
        right = _right(approval, answers)
        rights[right] = rights.get(right, 0) + 1
        if not answers:
            continue
        refused += not granted
        took.append((answers[-1].at - approval.requested_at) // timedelta(seconds=1))
        if answers[-1].verb != "veto":
            looked = all(one.opened_at is not None for one in answers)
            opened, unopened = opened + looked, unopened + (not looked)
    return Oversight(
        tenant=tenant,
        since=since,
        until=until,
        questions=sum(ends.values()),
        **ends,
        answered_by=ByRight(**rights),
        refused=refused,
        vetoed_after_yes=vetoed,
        opened_first=opened,
        unopened=unopened,
        times=Times(median_s=_percentile(took, 50), p95_s=_percentile(took, 95)),
        samples=Samples(asked=asked, caught=caught, missed=missed),
    )


def _end(approval: Approval) -> str:
    """Say how a question ended; what became of a yes afterwards is no end of the question."""
    if approval.open:
        return "open"
    if approval.decided_at is not None:
        return "answered"
    if approval.status is not ApprovalStatus.EXPIRED:
        return "withdrawn"
    return "expired_partly" if approval.answers else "expired_unanswered"


def _granted(approval: Approval) -> bool:
    """Whether it was approved, whatever came of that."""
    return approval.veto_until is not None


def _answers(approval: Approval) -> tuple[Decision, ...]:
    """Return what people said until it was answered: an objection to a yes came later."""
    if approval.decided_at is None:
        return ()
    if _granted(approval):
        return tuple(one for one in approval.decisions if one.verb == "approve")
    return approval.decisions


def _right(approval: Approval, answers: tuple[Decision, ...]) -> Right:
    """Say by which right it was answered: an objection writes over what the approval says of it."""
    if approval.seed_id is not None:
        return "precedent_seed"
    by = {one.via for one in (answers if _granted(approval) else answers[-1:])}
    stronger: tuple[Right, ...] = ("vision_guardian_override", "deputy")
    return next((right for right in stronger if right in by), "governor")


def _percentile(values: list[int], percent: int) -> int | None:
    """Return the least value that so many percent do not exceed (nearest rank)."""
    return sorted(values)[-(-len(values) * percent // 100) - 1] if values else None
