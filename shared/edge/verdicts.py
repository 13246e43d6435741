"""What follows from a decision: by which refusal whoever asked is told of it, and how its obligations are met."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.actors import Actor
from shared.canonical import canonical
from shared.deciding import GATEWAY, Decision, Obligation, Reason
from shared.edge.admission import NOTHING
from shared.edge.answers import Answered
from shared.edge.headers import KEY
from shared.edge.rates import RateLimits
from shared.edge.web import Request
from shared.errors import (
    ApprovalRequired,
    BadRequest,
    BudgetExceeded,
    EnforcementUnavailable,
    NoActiveTrial,
    NotFound,
    PolicyDenied,
    RateLimited,
    Refusal,
    Unauthenticated,
    Violation,
)
from shared.evidence import Signer, digest_of
from shared.obligations import without

ANSWERS: Mapping[str, type[Refusal]] = {
    "trial_expired": NoActiveTrial,
    "trial_not_running": NoActiveTrial,
    "trial_daily_cap": RateLimited,
    "budget_exceeded": BudgetExceeded,
}
"""By which refusal a rule is answered that is no 403: where several deny, they must all say the same."""

FROZEN_S = 900
"""After how many seconds a service asks again while everything is frozen."""

HIDING = frozenset({"DAT-01"})
"""The rules by which a thing does not exist for whoever asks, of which nothing more is said."""


def refusal(decision: Decision) -> Refusal:
    """Return how whoever asked is told of a decision that does not let them."""
    rules = {reason.rule for reason in decision.reasons}
    if rules & HIDING:
        return NotFound(NOTHING)
    carried = decision.pep == GATEWAY and decision.input["subject"]["type"] == "service"
    if "frozen" in rules and carried:
        # Who is told no gives up what it carries, and that would not be stopped but destroyed; who asks for another is told.
        said = "everything is frozen; send this again, as it is done once a Governor lifts that"
        return EnforcementUnavailable(said, rule="frozen", retry_after_s=FROZEN_S)
    told = [_violation(reason) for reason in decision.reasons]
    if decision.approval:
        needed = decision.approval
        said = f"this needs an approval of the type {needed.type} first"
        about: dict[str, Any] = {"approval_type": needed.type, "decision_id": decision.decision_id}
        about |= {"chain": needed.chain} if needed.chain else {}
        return ApprovalRequired(told[0].message if told else said, violations=told, **about)
    kinds = {ANSWERS.get(rule, PolicyDenied) for rule in rules}
    kind = kinds.pop() if len(kinds) == 1 else PolicyDenied
    again = _again_s(decision) if kind.status == 429 else None
    return kind(
        told[0].message, violations=told, retry_after_s=again, decision_id=decision.decision_id
    )


def _violation(reason: Reason) -> Violation:
    return Violation(rule=reason.rule, message=reason.message)


def _again_s(decision: Decision) -> int:
    """Return in how many seconds there is something left again: when the facts say so, else with the next day (UTC)."""
    at, reset = decision.evaluated_at, decision.input["context"].get("budget_reset_at")
    tomorrow = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    begins = datetime.fromisoformat(reset) if reset else tomorrow
    return max(1, int((begins - at).total_seconds()))


def demand(
    decision: Decision, request: Request, actor: Actor, rates: RateLimits
) -> dict[str, str] | None:
    """
    Meet the obligations that come before the act; return where its calls to the outside go instead, if anywhere.

    Raises:
        RateLimited: It was done too often.
        BadRequest: There is no `Idempotency-Key`.
        Unauthenticated: Whoever asks signed in too long ago.
    """
    route = None
    # Of what may be done so often nothing is taken for a request that is refused for something else.
    for one in sorted(decision.obligations, key=lambda one: one.type == "rate_limit"):
        match one.type:
            case "require_idempotency_key" if not request.headers.get(KEY.name):
                raise BadRequest(
                    "send an Idempotency-Key, so that this is done once however often it is sent",
                    rule="idempotency_key_missing",
                )
            case "step_up_auth":
                _signed_in(actor, decision.evaluated_at, int(str(one.parameters["max_age_s"])))
            case "rate_limit":
                _paced(one, decision, rates)
            case "sandbox_route":
                route = {name: str(value) for name, value in one.parameters.items()}
    return route


def _paced(limit: Obligation, decision: Decision, rates: RateLimits) -> None:
    """Take one of what a rule lets be done in a time: each rule counts for itself, in each tenant."""
    said = limit.parameters
    owner = decision.input["resource"]["owner_tenant_id"]
    key = f"{owner}\n{limit.source_rule}\n{said.get('key', '')}"
    rates.take(key, int(str(said["limit"])), int(str(said["per_s"])), decision.evaluated_at)


def _signed_in(actor: Actor, at: datetime, age_s: int) -> None:
    if actor.auth_time is not None and at - actor.auth_time > timedelta(seconds=age_s):
        raise Unauthenticated(
            f"sign in again: this takes a sign-in of the last {age_s // 60} minutes",
            rule="step_up_required",
            max_age_s=age_s,
        )


def answer(done: Answered, decision: Decision, signer: Signer) -> None:
    """Meet the obligations that an answer is under: what is masked is not sent, and what is signed says by whom."""
    kinds = {one.type for one in decision.obligations}
    if kinds & {"mask_fields", "redact"}:
        document = json.loads(done.text)
        for one in decision.obligations:
            if one.type == "mask_fields":
                document = without(document, _listed(one.parameters["fields"]))
        if "redact" in kinds:
            from shared.policy.rules.language.redaction import redacted

            document = redacted(document, decision.obligations, salt=decision.decision_id)
        done.body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if "sign_payload" in kinds:
        digest = digest_of(done.text.encode())
        kid, signature = signer.sign(
            canonical({"typ": PAYLOAD, "sha256": digest, "decision_id": decision.decision_id})
        )
        done.headers["X-Payload-Signature"] = f"sha256={digest}, kid={kid}, sig={signature}"


PAYLOAD = "payload/v1"
"""What the signature of an answer is over says that it is."""


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value]
