"""
The ways an operation may refuse.

Each refusal knows its HTTP status and its stable code; the message is a sentence for people. The edge
renders it as ``application/problem+json`` (RFC 9457). An exception that is not a Refusal is a defect and
is answered with a bare 500.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Violation(BaseModel):
    """One rule that was not kept: which, where, and what is wrong."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    rule: str
    """The code of the rule, for programs."""
    message: str
    """What is wrong, in words."""
    field: str | None = None
    """The member of the request that it is about, with dots between the levels; null where it is about the whole."""
    principle: str | None = None
    """The principle of the constitution that is behind the rule; null where none is."""


class Unfit(ValueError):
    """What a validator finds in a value that no schema can say; a request is refused by this rule for it."""

    def __init__(self, message: str, *, rule: str) -> None:
        """Say what is wrong, and by which rule."""
        super().__init__(message)
        self.rule = rule


class Refusal(Exception):
    """A correct answer of no."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    decision: Any = None
    """The `Decision` of the rules that it follows from, which goes into evidence with it; None where it follows from none."""

    tenant: str | None = None
    """The tenant that it is entered in, where it is about somebody else's than the caller's; else None."""

    def __init__(
        self,
        detail: str,
        *,
        rule: str | None = None,
        violations: Sequence[Violation] = (),
        retry_after_s: int | None = None,
        **members: str | int | Mapping[str, Any],
    ) -> None:
        """
        Refuse, with a sentence that a person can act on.

        Args:
            detail: What is wrong and what to do; safe to show.

            rule: The finer cause; it becomes the one violation where *violations* has none.

            violations: Every rule that was not kept.

            retry_after_s: When to try again, in seconds.

            members: Further members of the problem document, such as ``approval_id``.
        """
        super().__init__(detail)
        self.detail = detail
        self.violations = tuple(violations) or (
            (Violation(rule=rule, message=detail),) if rule else ()
        )
        self.retry_after_s = retry_after_s
        self.members: dict[str, Any] = members


class BadRequest(Refusal):
    """The request cannot be understood. Compare it with the operation's example, and mind the JSON."""

    status, code, title = 400, "bad_request", "The request cannot be understood"


class Unauthenticated(Refusal):
    """
    We do not know who is asking, or not freshly enough.

    Get a fresh token; what decides needs a sign-in of the last minutes.
    """

    status, code, title = 401, "unauthenticated", "Sign in first"


class Forbidden(Refusal):
    """We know who is asking, and they may not. Ask somebody whose role holds the scope that the detail names."""

    status, code, title = 403, "forbidden", "Not allowed"


class SelfApproval(Refusal):
    """Somebody tried to decide what they themselves asked for. Let somebody else do it."""

    status, code, title = 403, "self_approval", "Nobody decides their own request"


class ApprovalMismatch(Refusal):
    """
    What is decided or done is not what was put to the approver.

    Read the approval again, and decide or do exactly what it says.
    """

    status, code, title = 403, "approval_mismatch", "The approval is for something else"


class ApprovalRequired(Refusal):
    """This needs an approval first. Ask for one, and come back with it."""

    status, code, title = 403, "approval_required", "An approval is needed first"


class PolicyDenied(Refusal):
    """
    The rules do not allow it. Each of the violations names a rule, and says what would make it pass.

    `decision_id` names the decision: an auditor finds by it what was asked, and what the rules looked at.
    """

    status, code, title = 403, "policy_denied", "The rules do not allow this"


class NotFound(Refusal):
    """
    There is no such thing in the tenant; another tenant's does not exist.

    Compare the id and the tenant with a list.
    """

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Refusal):
    """The address knows other methods. The header `Allow` names them."""

    status, code, title = 405, "bad_request", "This address takes another method"


class Conflict(Refusal):
    """
    The thing is no longer in a state that allows this.

    Read it again; the detail says in which state it is, and what leads on.
    """

    status, code, title = 409, "conflict", "The current state does not allow this"


class NoActiveTrial(Refusal):
    """The trial is over, or has not begun. Subscribe, or ask for a trial of another agent."""

    status, code, title = 409, "no_active_trial", "There is no trial that runs"


class IdempotencyKeyReused(Refusal):
    """The key came with another request before. Send a key of its own with each request; only a repeat has the same."""

    status, code, title = 409, "idempotency_key_reused", "The idempotency key was used already"


class AlreadyDecided(Refusal):
    """Another decision was first. Read what was decided; it stays."""

    status, code, title = 409, "already_decided", "Already decided"


class IntegrityHold(Refusal):
    """
    What is stored is not what its last audit entry says: nothing is built on it.

    Have the evidence verified; an operator lifts the hold.
    """

    status, code, title = 409, "integrity_hold", "Its evidence does not agree"


class Expired(Refusal):
    """It was possible once. Begin anew."""

    status, code, title = 410, "expired", "Expired"


class VersionConflict(Refusal):
    """The caller saw another version. Read it again, and send your change with the new ETag as `If-Match`."""

    status, code, title = 412, "version_conflict", "Somebody changed it meanwhile"


class TooLarge(Refusal):
    """The body is over its limit. Send less at once."""

    status, code, title = 413, "too_large", "Too large"


class UnsupportedType(Refusal):
    """The body is of a type that this address does not take. Send what its description names."""

    status, code, title = 415, "unsupported_media_type", "Another type of body is needed"


class NoSuchPart(Refusal):
    """The file ends before the part that `Range` asks for. Its length stands in `Content-Range`."""

    status, code, title = 416, "range_not_satisfiable", "The file has no such part"


class Invalid(Refusal):
    """
    The request does not have the declared shape or breaks a rule of the domain.

    Each of the violations names a member and what is wrong with it.
    """

    status, code, title = 422, "validation_failed", "The request is not valid"


class ConstitutionalAlignment(Refusal):
    """The entity would break the constitution. The violations name the principles; change what breaks them."""

    status, code, title = 422, "constitutional_alignment", "Against the constitution"


class VersionRequired(Refusal):
    """A change puts something in the place of what was read. Send the ETag of that as `If-Match`."""

    status, code, title = 428, "version_required", "Say which version you change"


class RateLimited(Refusal):
    """More than the limit allows; it says when to ask again. Wait for as many seconds as `Retry-After` says."""

    status, code, title = 429, "rate_limited", "Too many requests"


class BudgetExceeded(Refusal):
    """
    The budget is used up. Wait until it begins anew, as `Retry-After` says, or ask for it to be raised.

    The same request is not to be sent before: `retryable` is false, and `reset_at` says when all is there again.
    """

    status, code, title = 429, "budget_exceeded", "The budget is used up"


class Rejected(Exception):
    """
    Something outside refuses for good what it was asked: a defect of ours, or of how it was set up.

    It is no refusal: nobody is told to try again, as the answer would be the same.
    """


class StoreUnavailable(Refusal):
    """The store cannot answer; nothing happened. Send the same request again, with the same `Idempotency-Key`."""

    status, code, title = 503, "store_unavailable", "Try again shortly"


class EnforcementUnavailable(Refusal):
    """What must be checked cannot be checked, so nothing may happen. Send it again later."""

    status, code, title = 503, "enforcement_unavailable", "Enforcement is unavailable"


class ProviderDown(Refusal):
    """Somebody else's service does not answer. Send it again later."""

    status, code, title = 503, "provider_down", "A provider does not answer"
