"""The clocks of an approval: how long there is time, when to remind, and how long to object."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Why
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acts
from shared.entity import Event
from shared.errors import Invalid

if TYPE_CHECKING:
    from shared.approvals.models.seen import SeenApproval

WINDOW_MIN: Mapping[str, int] = {
    "communication": 60,
    "execution": 120,
    "financial": 240,
    "constitutional": 1_440,
    "artifact": 4_320,
}
"""How long there is time to answer, by type, in minutes."""

WINDOW_OF_GATE_MIN: Mapping[tuple[str, str], int] = {("execution", "stage-6"): 240}
"""Gates whose window differs from that of their type."""

WINDOW_OF_ENGAGEMENT_MIN: Mapping[str, int] = {
    "communication": 1_440,
    "execution": 360,
    "financial": 360,
    "constitutional": 120,
    "artifact": 4_320,
}
"""The same for what a customer's agent asks its own Governor, to suit a business owner."""

WINDOW_OF_ACTION_MIN: Mapping[str, int] = {"send": 720}
"""Classes of a customer's actions whose window differs from that of their type."""

TYPE_OF_ACTION: Mapping[str, str] = {
    "publish": "communication",
    "post": "communication",
    "send": "communication",
    "pay": "financial",
    "refund": "financial",
    "place_order": "financial",
    "close_position": "financial",
    "delete": "constitutional",
    "bulk": "constitutional",
}
"""The type of approval that a named action takes."""

TYPE_OF_WORD: Mapping[str, str] = {
    "bulk": "constitutional",
    "constitution": "constitutional",
    "delete": "constitutional",
    "budget": "financial",
    "discount": "financial",
}
"""The type that a verb takes at least that has such a word."""

INTERNAL = frozenset(
    {"draft.review", "team.internal.assign", "team.internal.review", "team.internal.track"}
)
"""The actions that stay inside; of one that nobody judged it is not known."""

WEAKER = ("artifact", "communication")
STRONGER = (*WEAKER, "execution", "financial", "constitutional")
"""The types, by how much they ask for, the least first."""

MARKS = (50, 80)
"""At how many percent of the window somebody is reminded, and the next level is asked."""

TOLD_OF_SILENCE: Mapping[str, tuple[tuple[Role, ...], str]] = {
    "communication": ((), "nothing is sent."),
    "execution": ((), "the agent or the workflow stays stopped."),
    "financial": ((Role.GOVERNOR,), "no money moves."),
    "constitutional": ((Role.VISION_GUARDIAN,), "all stays as it is."),
    "artifact": ((), "it stays inside, marked as unreviewed."),
}
"""Who is told besides when the answer did not come in time, and what that means."""

SILENCE_OF_ACTS: Mapping[str, str] = {
    "agent.rollback": "what was approved stays as it is.",
    "agent.return": "it stays out of service.",
}
"""What it means for acts of which the words of their type would not be true."""

NOTHING_BEGAN: Mapping[Why, str] = {
    "not_started": "It was approved, and nobody began it in its time; nothing happens.",
    "nobody_waits": "It was approved, and what was to begin it is gone; nothing happens.",
    "run_ended": "It was approved, and the run that it was for ended before it began.",
}
"""What it means that nothing came of a yes."""

ANSWER_WITHIN = timedelta(minutes=240)
"""How soon whoever a question was escalated to should answer."""

VETO_WINDOW = timedelta(hours=24)
"""How long after an approval the Governor may still object."""

REVIEW_WINDOW = timedelta(hours=72)
"""The same where a deputy or the Vision Guardian decided: so long there is for the review."""

TIME_TO_USE = timedelta(minutes=60)
"""How long an approval may be used at least, however late it came."""


def action(approval_class: str) -> str | None:
    """Return which of the named actions a class of approvals is about."""
    verb = approval_class.partition(":")[0]
    named = (
        name for name in TYPE_OF_ACTION if verb == name or verb.startswith((f"{name}_", f"{name}."))
    )
    return next(named, None)


def window_min(request: ApprovalRequest) -> int:
    """Return how many minutes there is time to answer."""
    if request.window_min is not None:
        return request.window_min
    if request.governor_scope == "platform":
        return WINDOW_OF_GATE_MIN.get((request.type, request.gate), WINDOW_MIN[request.type])
    usual = WINDOW_OF_ENGAGEMENT_MIN[request.type]
    return WINDOW_OF_ACTION_MIN.get(action(request.approval_class) or "", usual)


def least_type(approval_class: str) -> str:
    """Return the type that a class of approvals takes at least; what nobody judged is a write outside."""
    verb, named = approval_class.partition(":")[0], action(approval_class)
    kind = TYPE_OF_ACTION[named] if named else "artifact" if verb in INTERNAL else "execution"
    words = re.split(r"[._]", verb)
    money = ["financial"] if any(acts.deed(word) == "pay" for word in words) else []
    more = [TYPE_OF_WORD[word] for word in words if word in TYPE_OF_WORD]
    return max([kind, *money, *more], key=STRONGER.index)


def check_type(request: ApprovalRequest) -> None:
    """
    Make sure that what is done on yes is asked as what it is: an action of a customer's agent to the letter.

    Raises:
        Invalid: A type with other rules was named.
    """
    named, needed = action(request.approval_class), least_type(request.approval_class)
    if named is not None and request.governor_scope == "engagement":
        if request.type != needed:
            raise Invalid(
                f"to {request.deed} takes an approval of type {needed}", rule="approval_type"
            )
    elif STRONGER.index(request.type) < STRONGER.index(needed):
        less = sorted(INTERNAL | {verb for verb, kind in TYPE_OF_ACTION.items() if kind in WEAKER})
        raise Invalid(
            f"{request.deed} takes an approval of type {needed}, or a stronger one;"
            f" what takes less than execution: {', '.join(less)}",
            rule="approval_type",
        )


def silence(approval: Approval) -> str:
    """Say in one sentence that the answer did not come in time, and what that means."""
    who = "Not everybody who must agree" if approval.answers else "Nobody"
    so = SILENCE_OF_ACTS.get(approval.deed, TOLD_OF_SILENCE[approval.type][1])
    return f"{who} answered in time; {so}"


def mark(approval: Approval, percent: int) -> datetime:
    """Return when that much of the window is over."""
    return approval.window_from + (approval.expires_at - approval.window_from) * percent / 100


def level(approval: Approval, at: datetime) -> int:
    """Return how far the question should be escalated by a time: once for each mark that is over."""
    return sum(at >= mark(approval, percent) for percent in MARKS)


def unavailable(approval: Approval, told_at: datetime | None, at: datetime) -> bool:
    """
    Whether nobody was available, as the platform saw it: they knew for long enough, and did not answer.

    How long follows from the type, so that no short window that was asked for makes an absence.
    """
    if told_at is None or approval.decisions or approval.deferrals:
        return False
    return at - told_at >= timedelta(minutes=WINDOW_MIN[approval.type] / 2)


def holds(approval: Approval, version: int) -> bool:
    """
    Whether the promise that was made at a version is the one to keep: nothing but votes came after it.

    A vote moves no clock, unless the next link of the chain has a time of its own.
    """
    votes = [vote for vote in approval.decisions if vote.decision_version > version]
    if len(votes) != approval.decision_version - version:
        return False
    reached = approval.steps[votes[0].step_no : approval.current_step] if votes else ()
    return approval.waits and all(step.timeout_min is None for step in reached)


def following(approval: Approval, *, at: datetime) -> tuple[Event, datetime]:
    """
    Return the promise to keep next, and when; each one leads to the next.

    It bears the version, so that it has no effect once a deferral, say, has set another one.
    """
    from shared.approvals.events.lifecycle import ApprovalDeadline, ApprovalMark

    version = approval.decision_version
    for percent in MARKS if approval.open else ():
        if at < mark(approval, percent):
            return ApprovalMark(percent=percent, decision_version=version), mark(approval, percent)
    return ApprovalDeadline(decision_version=version), approval.expires_at


def seen(approval: Approval, *, at: datetime) -> "SeenApproval":
    """Return an approval as it is shown, with what is left of its clocks."""
    from shared.approvals.models.seen import SeenApproval

    def left_s(until: datetime) -> int:
        return max(0, int((until - at).total_seconds()))

    told = {
        "time_left_s": left_s(approval.expires_at) if approval.open else None,
        "veto_remaining_s": left_s(approval.veto_until) if approval.veto_until else None,
        "latency_s": _latency_s(approval),
        "unopened_by": tuple(d.approver_id for d in approval.decisions if d.opened_at is None),
    }
    # Another release may store what is only shown here.
    return SeenApproval(**(dict(approval) | told))


def _latency_s(approval: Approval) -> int | None:
    if approval.decided_at is None:
        return None
    return int((approval.decided_at - approval.requested_at).total_seconds())
