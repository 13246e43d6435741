"""
Whether a seed answers a request: exact, deterministic, and with a reason for every condition.

There is no similarity and no judgement here. What is not known counts against the seed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.approvals.models import Approval, ApprovalStatus, Fact, Question
from shared.approvals.windows import TIME_TO_USE
from shared.entity import Because, Value
from shared.precedents.models import Condition, PrecedentSeed
from shared.precedents.weakening import NEVER_TYPES, NEVER_VERBS, words

MAX_FALSE_POSITIVES = 3
"""So many objections end a seed."""

QUIET = timedelta(days=30)
"""How long after a no of a person a class of requests is left to people."""

BULK = 100
"""More records or recipients than this are a bulk act."""

RISKS = ("low", "medium", "high", "critical")
FIRST_INDUSTRY_GATE = "stage-6"

PERSONAL_GATES = frozenset(
    {"stage-3", "stage-4", "stage-5", "seed", "discount", "budget", "refund", "input"}
)
"""Gates where a person is asked for what no rule can say: a concern, an amount, an answer."""


class Reason(Value):
    """One condition of an automatic answer, whether it holds, and what was compared."""

    rule: str
    """Which condition it is, for programs."""
    passed: bool
    """Whether it holds."""
    detail: str
    """What was compared with what."""


@dataclass(frozen=True)
class Known:
    """What is known besides the request; the defaults are what counts against a seed."""

    switched_on: bool = False
    deployed_before: bool = False
    """Whether the industry of the request has had an agent in service."""

    in_trouble: bool = True
    """Whether the agent is suspended, or its health is in doubt."""

    denied_at: datetime | None = None
    """When a person last said no to the class in this tenant."""


UNDISTURBED = Known(switched_on=True, deployed_before=True, in_trouble=False)
"""What is assumed where only the request itself is looked at: in shadow, and in replays."""


def candidates(approval_class: str) -> tuple[str, ...]:
    """Return every class of a seed that a request of this class can match, the most specific first."""
    verb, industry, _ = approval_class.split(":")
    parts = verb.split(".")
    wider = [".".join(parts[:count]) + ".*" for count in range(len(parts) - 1, 0, -1)]
    return (approval_class, f"{verb}:{industry}:*", f"{verb}:*", *wider)


# --- what only people decide ---------------------------------------------------------------------


def reserved(request: Question) -> tuple[Reason, ...]:
    """Return for each kind of request that a person always decides whether this one is none of it."""
    verbs = sorted(NEVER_VERBS & words(request.approval_class))
    change = request.subject.get("diff_class")
    records = request.evidence_facts.get("records", 0)
    return (
        Reason(
            rule="type",
            passed=request.type not in NEVER_TYPES,
            detail=f"the type is {request.type}",
        ),
        Reason(rule="act", passed=not verbs, detail=f"reserved acts: {', '.join(verbs) or 'none'}"),
        Reason(
            rule="gate",
            passed=request.gate not in PERSONAL_GATES and request.subject_kind != "amount",
            detail=f"the gate is {request.gate}, about a {request.subject_kind}",
        ),
        Reason(
            rule="evolution",
            passed=change != "evolution",
            detail=f"the change is {change or 'none'}",
        ),
        Reason(
            rule="bulk",
            passed=_at_most(records, BULK),
            detail=f"{records} records, of which {BULK} are the most",
        ),
        Reason(
            rule="critical", passed=request.risk != "critical", detail=f"the risk is {request.risk}"
        ),
    )


def eligible(request: Question) -> bool:
    """Say whether a seed may decide on such a request at all."""
    return _all(reserved(request))


# --- one seed and one request --------------------------------------------------------------------


def fits(seed: PrecedentSeed, request: Question, *, tenant: str) -> tuple[Reason, ...]:
    """Return every condition that lies in the seed and the request alone."""
    limits, facts = seed.scope_ceiling, request.evidence_facts
    verb, industry, _ = request.approval_class.split(":")
    anywhere = limits.tenants == "*"
    return (
        *reserved(request),
        Reason(
            rule="class",
            passed=seed.approval_class in candidates(request.approval_class),
            detail=f"{request.approval_class} for {seed.approval_class}",
        ),
        Reason(
            rule="approval_type",
            passed=request.type in seed.approval_types,
            detail=f"{request.type} of {', '.join(seed.approval_types)}",
        ),
        _within("actions", {verb}, limits.actions),
        _within("industries", {industry}, limits.industries),
        _within("tenants", {tenant}, (tenant,) if anywhere else limits.tenants),
        _within("data_classes", _listed(facts.get("data_classes")), limits.data_classes),
        _within("integrations", _listed(facts.get("integrations")), limits.integrations),
        _within("reversibility", {request.reversibility}, limits.reversibility),
        Reason(
            rule="risk",
            passed=RISKS.index(request.risk) <= RISKS.index(limits.max_risk),
            detail=f"{request.risk}, and {limits.max_risk} at most",
        ),
        Reason(
            rule="amount",
            passed=_at_most(facts.get("amount_minor", 0), limits.max_amount or 0),
            detail=f"{facts.get('amount_minor', 0)}, and {limits.max_amount or 0} at most",
        ),
        *(_compared(condition, facts.get(condition.fact)) for condition in seed.conditions),
    )


def explained(
    seed: PrecedentSeed, request: Question, known: Known, *, tenant: str, at: datetime
) -> tuple[Reason, ...]:
    """Return every condition of an automatic answer, in the order in which they are looked at."""
    first = request.gate == FIRST_INDUSTRY_GATE and not known.deployed_before
    quiet = known.denied_at is None or at - known.denied_at > QUIET
    return (
        Reason(
            rule="switch",
            passed=known.switched_on,
            detail=f"seeds are {'on' if known.switched_on else 'off'}",
        ),
        Reason(rule="status", passed=seed.status == "active", detail=f"the seed is {seed.status}"),
        Reason(
            rule="auto_approve",
            passed=seed.auto_approve and seed.decision == "approved",
            detail="it decides" if seed.auto_approve else "it adds a gate and decides nothing",
        ),
        Reason(
            rule="expired", passed=not seed.expired(at), detail=f"in force until {seed.expires_at}"
        ),
        Reason(
            rule="false_positives",
            passed=seed.false_positive_count < MAX_FALSE_POSITIVES,
            detail=f"{seed.false_positive_count} of {MAX_FALSE_POSITIVES} objections",
        ),
        *fits(seed, request, tenant=tenant),
        Reason(
            rule="first_in_industry",
            passed=not first,
            detail="the first deployment in its industry" if first else "not a first deployment",
        ),
        Reason(
            rule="denied",
            passed=quiet,
            detail=f"people last said no at {known.denied_at}"
            if known.denied_at
            else "no recent no",
        ),
        Reason(
            rule="agent",
            passed=not known.in_trouble,
            detail="the agent is in trouble"
            if known.in_trouble
            else "nothing is open on the agent",
        ),
    )


def matches(
    seed: PrecedentSeed, request: Question, known: Known, *, tenant: str, at: datetime
) -> bool:
    """Say whether the seed answers the request."""
    return _all(explained(seed, request, known, tenant=tenant, at=at))


def predicts(seed: PrecedentSeed, request: Question, *, tenant: str) -> bool:
    """Say whether the seed would approve the request, if nothing around it stood in the way."""
    return seed.auto_approve and _all(fits(seed, request, tenant=tenant))


def best(
    seeds: Iterable[PrecedentSeed],
    request: Question,
    known: Known,
    *,
    tenant: str,
    at: datetime,
) -> PrecedentSeed | None:
    """Return the seed that answers: of the most specific class, then the newest, then by its id."""
    found = [one for one in seeds if matches(one, request, known, tenant=tenant, at=at)]
    return min(found, key=_rank, default=None)


def decide(before: Approval, seed: PrecedentSeed, *, at: datetime) -> Approval:
    """
    Return the approval as *seed* grants it.

    What cannot be undone is held until nobody can object any more.
    """
    veto_until = at + timedelta(hours=seed.veto_window_hours)
    held_until = veto_until if before.reversibility == "irreversible" else None
    latest = max(before.expires_at, (held_until or at) + TIME_TO_USE)
    granted = {
        "status": ApprovalStatus.APPROVED,
        "decision_version": before.decision_version + 1,
        "decided_at": at,
        "decided_by": seed.seed_id,
        "decided_via": "precedent_seed",
        "seed_id": seed.seed_id,
        "veto_until": veto_until,
        "held_until": held_until,
        "expires_at": latest,
    }
    return before.model_copy(update=granted)


def reopened(before: Approval, *, at: datetime) -> Approval:
    """
    Return an approval as a question again, where a seed granted it and its effect is still held.

    It has its whole window anew: nobody was asked before.
    """
    held = before.held_until is not None and at < before.held_until
    if before.status is not ApprovalStatus.APPROVED or before.seed_id is None or not held:
        return before
    asked_again = {
        "status": ApprovalStatus.PENDING,
        "decision_version": before.decision_version + 1,
        "decided_at": None,
        "decided_by": None,
        "decided_via": None,
        "seed_id": None,
        "veto_until": None,
        "held_until": None,
        "window_from": at,
        "expires_at": at + timedelta(minutes=before.window_min),
    }
    return before.model_copy(update=asked_again)


def because(seed: PrecedentSeed) -> Because:
    """Return why the seed decided, as the audit entry keeps it."""
    return Because(
        rationale=seed.principle, authority="precedent_seed", seed_ids=(seed.seed_id or seed.id,)
    )


# --- comparing -----------------------------------------------------------------------------------


def _rank(seed: PrecedentSeed) -> tuple[bool, int, float, str]:
    since = seed.activated_at or seed.created_at
    exact = not seed.approval_class.endswith("*")
    return (not exact, -len(seed.approval_class), -since.timestamp(), seed.seed_id or seed.id)


def _all(reasons: Iterable[Reason]) -> bool:
    return all(reason.passed for reason in reasons)


def _listed(fact: Fact | None) -> set[str] | None:
    """Read a fact that lists names, separated by commas; an empty text lists none."""
    if not isinstance(fact, str):
        return None
    return {name.strip() for name in fact.split(",") if name.strip()}


def _within(rule: str, asked: set[str] | None, allowed: Sequence[str]) -> Reason:
    if asked is None:
        return Reason(rule=rule, passed=False, detail=f"the request does not say its {rule}")
    beyond = ", ".join(sorted(asked - set(allowed)))
    names = ", ".join(sorted(asked)) or "none"
    detail = f"{beyond} is beyond the ceiling" if beyond else names
    return Reason(rule=rule, passed=not beyond, detail=detail)


def _at_most(number: Fact, limit: int) -> bool:
    return type(number) is int and number <= limit


def _compared(condition: Condition, fact: Fact | None) -> Reason:
    expected = condition.value
    shown = "missing" if fact is None else repr(fact)
    return Reason(
        rule=f"condition {condition.id}",
        passed=_holds(condition, fact),
        detail=f"{condition.fact} is {shown}; {condition.operator} {expected!r} is asked",
    )


def _holds(condition: Condition, fact: Fact | None) -> bool:
    value = condition.value
    if fact is None or condition.operator == "exists":
        return condition.operator == "exists" and (fact is not None) is value
    match condition.operator:
        case "eq":
            return _same(fact, value)
        case "ne":
            return type(fact) is type(value) and fact != value
        case "lte" | "gte":
            return _ordered(fact, value, up=condition.operator == "lte")
        case "in":
            return any(_same(fact, one) for one in _each(value))
        case _:
            named = _listed(fact)
            return named is not None and named <= set(_each(value))


def _ordered(fact: Fact, value: Fact | tuple[Fact, ...], *, up: bool) -> bool:
    if type(fact) is not int or type(value) is not int:
        return False
    return fact <= value if up else fact >= value


def _same(fact: Fact, value: Fact | tuple[Fact, ...]) -> bool:
    """Compare without taking True for 1."""
    return type(fact) is type(value) and fact == value


def _each(value: Fact | tuple[Fact, ...]) -> Iterator[Fact]:
    yield from value if isinstance(value, tuple) else (value,)
