"""What an answer is bound to: the whole question, as whatever it was asked, and not to its subject alone."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from shared.approvals.models.approvals import Approval, ApprovalStatus, Consumer
from shared.approvals.models.parts import Step
from shared.approvals.models.questions import ApprovalRequest, Question
from shared.approvals.rules import chains
from shared.approvals.rules.transitions import changed
from shared.canonical import digest
from shared.entity import Value
from shared.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    ApprovalRequired,
    Expired,
    Invalid,
    Violation,
)

SHOWN = frozenset(
    {
        *("title", "summary", "action_description", "rationale", "alternatives", "risks"),
        *("evidence_refs", "rollback_plan_ref"),
    }
)
"""What of a question is there to be read, and decides nothing: it is compared when it is asked."""

DELIVERY = frozenset({"callback_url", "supersedes"})
"""What of a request is no part of the question, nor of how it is answered."""

LABELS = Question.model_fields.keys() - SHOWN
"""What of a question its answer rests on: who decides, by which rule, and about what."""


def answers(
    approval: Approval, question: ApprovalRequest, *, steps: tuple[Step, ...] | None = None
) -> None:
    """
    Make sure that an approval was asked as this question, and as nothing else.

    Whoever acts on an approval derives the question from its own record and calls this, or `consume` which
    does.

    Args:
        approval: The approval.

        question: What must have been asked.

        steps: Who must have been asked, where the platform itself asks others than usual.

    Raises:
        ApprovalMismatch: It was asked as anything else; everything that differs is named.
    """
    other = _differing(approval, question, LABELS)
    chain = chains.chain(question)
    # A chain that whoever asks brings along may have the usual seats, and any name.
    usual = steps is not None or approval.chain == chain.name
    if not usual or _seats(approval.steps) != _seats(steps or chains.steps(question, chain)):
        other.append("chain")
    if other:
        raise ApprovalMismatch(
            f"this approval was asked as something else: its {', '.join(other)} differ from what is to be done",
            approval_id=approval.id,
        )


def consume(
    before: Approval,
    *,
    by: Consumer,
    question: ApprovalRequest,
    at: datetime,
    steps: tuple[Step, ...] | None = None,
) -> Approval:
    """
    Return the approval used up by one step; for the same step again, as it is.

    Save it in the transaction that starts the effect, so that it cannot be used twice.

    Args:
        before: The approval.

        by: The one step that uses it.

        question: What must have been asked for this, as the record of what is about to be done says.

        at: The present.

        steps: Who must have been asked, where the platform itself asks others than usual.

    Raises:
        Refusal: It is not granted, not for this, used already, or its time is over.
    """
    answers(before, question, steps=steps)
    if before.consumed_by == by:
        return before
    if before.status is ApprovalStatus.CONSUMED:
        raise AlreadyDecided("this approval is used already; ask again", approval_id=before.id)
    if before.status is ApprovalStatus.EXPIRED or (
        before.status is ApprovalStatus.APPROVED and at >= before.expires_at
    ):
        raise Expired("this approval was closed unused; ask again", approval_id=before.id)
    if before.status is not ApprovalStatus.APPROVED:
        raise ApprovalRequired(
            f"this approval is {before.status}, so nothing may happen", approval_id=before.id
        )
    if before.held_until is not None and at < before.held_until:
        raise ApprovalRequired(
            "what cannot be undone is held while the Governor may veto it",
            rule="held",
            approval_id=before.id,
        )
    return changed(before, status=ApprovalStatus.CONSUMED, consumed_at=at, consumed_by=by)


def asked_as(request: ApprovalRequest, recorded: ApprovalRequest, *, free: frozenset[str]) -> None:
    """
    Make sure that a request says what the records say, to the letter, words and evidence included.

    Args:
        request: What is asked.

        recorded: The same as the platform's records have it.

        free: The members about which the records say nothing.

    Raises:
        Invalid: It says something else; for each such member what it must be.
    """
    held = ApprovalRequest.model_fields.keys() - DELIVERY - free
    said = _said(recorded, held)
    wrong = [
        Violation(
            rule="asked_otherwise", message=f"it must be {said.get(name)!r}"[:500], field=name
        )
        for name in _differing(request, recorded, held)
    ]
    if wrong:
        names = ", ".join(filter(None, (one.field for one in wrong)))
        raise Invalid(
            f"the platform's records say otherwise of {names}; ask with what they say",
            violations=wrong,
        )


def identity(question: Question, steps: tuple[Step, ...]) -> str:
    """Return the digest of a question: equal where all of it is, who must agree and what is shown included."""
    said = _said(question, Question.model_fields.keys())
    return digest({"typ": "question/v1", "question": said, "steps": _seats(steps)})


def _differing(one: Value, other: Value, names: AbstractSet[str]) -> list[str]:
    mine, theirs = _said(one, names), _said(other, names)
    return sorted(name for name in names if mine.get(name) != theirs.get(name))


def _seats(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    return [_said(step, Step.model_fields.keys()) for step in steps]


def _said(value: Value, names: AbstractSet[str]) -> dict[str, Any]:
    """Return what members say; one that another release declares and that says nothing changes nothing."""
    return value.model_dump(mode="json", include=set(names), exclude_defaults=True)
