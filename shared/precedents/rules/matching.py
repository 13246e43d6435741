"""
Whether a seed answers a request: exact, deterministic, and with a reason for every condition.

There is no similarity and no judgement here. A condition is true, false or unknown, and what is unknown
counts against the seed. It reads the act itself (`coverage`), beside the facts that are stated of it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.questions import Question
from shared.approvals.rules.chains import alone
from shared.approvals.rules.windows import TIME_TO_USE
from shared.entity import Because
from shared.precedents.models.classes import CLASSES, amounts, counts, never, reversibility
from shared.precedents.models.conditions import compared
from shared.precedents.models.coverage import covered
from shared.precedents.models.facts import read, unspoken
from shared.precedents.models.reasons import Reason, hold, reason
from shared.precedents.models.seeds import Ceiling, PrecedentSeed
from shared.precedents.models.weakening import NEVER_TYPES
from shared.records import dataclass
from shared.texts import bare

MAX_FALSE_POSITIVES = 3
"""So many objections end a seed."""

QUIET = timedelta(days=30)
"""How long after a no of a person a class of requests is left to people."""

BULK = 100
"""More records or recipients than this are a bulk act."""

RISKS = ("low", "medium", "high", "critical")
FIRST_INDUSTRY_GATE = "stage-6"
SMALL_CHANGES = frozenset({"patch", "minor", "proposal"})
"""The classes of a change that is no evolution, as they are written."""

CHANGING = frozenset({"manifest", "capsule_version"})
"""What is asked about a change says of which class it is."""

PERSONAL_GATES = frozenset(
    {"stage-3", "stage-4", "stage-5", "seed", "discount", "budget", "refund", "input"}
)
"""Gates where a person is asked for what no rule can say: a concern, an amount, an answer."""

CEILED = frozenset({"data_classes", "integrations", "amount_minor"})
"""The facts that the ceiling of every rule speaks of."""


@dataclass(frozen=True)
class Known:
    """What is known besides the request; the defaults are what counts against a seed."""

    frozen: bool = True
    """Whether everything is frozen, so that nothing passes without a person."""

    switched_on: bool = False
    switched_off_here: frozenset[str] = frozenset()
    """The ids of the seeds that the tenant does not let decide."""

    deployed_before: bool = False
    """Whether the industry of the request has had an agent in service."""

    industry: str | None = None
    """The industry that the agent's own record says; none where it is about no agent."""

    in_trouble: bool = True
    """Whether the agent is suspended, or its health is in doubt."""

    denied_at: datetime | None = None
    """When a person last said no to the class in this tenant, however it is spelt."""

    denied: str = ""
    """The approval in which a person said no to this act; empty where nobody did."""

    asked: str = ""
    """The open question by which a person is asked about this very act; empty where nobody is."""


UNDISTURBED = Known(frozen=False, switched_on=True, deployed_before=True, in_trouble=False)
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
    done = request.deed
    known, why = CLASSES.get(done), never(done)
    kinds = ", ".join(known.types) if known else "nothing"
    return (
        reason("type", request.type not in NEVER_TYPES, f"the type is {request.type}"),
        reason(
            "chain",
            alone(request),
            "nobody but the Governor is asked"
            if alone(request)
            else "others are asked besides the Governor, and a rule stands in for him alone",
        ),
        reason(
            "delegable",
            not why if known else None,
            f"{done}: {why or 'its acts may be left to a rule'}",
        ),
        reason(
            "asked_as",
            request.type in known.types if known else None,
            f"it is asked as {request.type}, and {done} as {kinds}",
        ),
        reason(
            "gate",
            request.gate not in PERSONAL_GATES and request.subject_kind != "amount",
            f"the gate is {request.gate}, about a {request.subject_kind}",
        ),
        _no_evolution(request),
        *_counted(request),
        reason("critical", request.risk != "critical", f"the risk is {request.risk}"),
    )


def eligible(request: Question) -> bool:
    """Say whether a seed may decide on such a request at all."""
    return hold(reserved(request))


# --- one seed and one request --------------------------------------------------------------------


def fits(seed: PrecedentSeed, request: Question, *, tenant: str) -> tuple[Reason, ...]:
    """Return every condition that lies in the seed and the request alone."""
    limits, facts = seed.scope_ceiling, request.evidence_facts
    done, industry, _ = request.approval_class.split(":")
    anywhere = limits.tenants == "*"
    known = CLASSES.get(done)
    spoken_of = CEILED | {condition.fact for condition in seed.conditions}
    spoken_of |= set(known.counted if known else ())
    unheard = ", ".join(unspoken(facts, spoken_of))
    return (
        *reserved(request),
        reason(
            "class",
            seed.approval_class in candidates(request.approval_class),
            f"{request.approval_class} for {seed.approval_class}",
        ),
        reason(
            "approval_type",
            request.type in seed.approval_types,
            f"{request.type} of {', '.join(seed.approval_types)}",
        ),
        _within("actions", {done}, limits.actions),
        _within("industries", {industry}, limits.industries),
        _within("tenants", {tenant}, (tenant,) if anywhere else limits.tenants),
        _named("data_classes", request, limits.data_classes),
        _named("integrations", request, limits.integrations),
        _within("reversibility", {reversibility(request)}, limits.reversibility),
        reason(
            "risk",
            RISKS.index(request.risk) <= RISKS.index(limits.max_risk),
            f"{request.risk}, and {limits.max_risk} at most",
        ),
        reason(
            "blast_radius",
            RISKS.index(request.blast_radius) <= RISKS.index(limits.max_blast_radius),
            f"{request.blast_radius}, and {limits.max_blast_radius} at most",
        ),
        _amount(request, limits),
        reason(
            "facts",
            None if unheard else True,
            f"the request states more than the rule speaks of: {unheard}"
            if unheard
            else "the rule speaks of every fact that is stated",
        ),
        *covered(seed.coverage, request, tenant=tenant),
        *(compared(condition, facts) for condition in seed.conditions),
    )


def explained(
    seed: PrecedentSeed, request: Question, known: Known, *, tenant: str, at: datetime
) -> tuple[Reason, ...]:
    """Return every condition of an automatic answer, in the order in which they are looked at."""
    first = request.gate == FIRST_INDUSTRY_GATE and not known.deployed_before
    quiet = known.denied_at is None or at - known.denied_at > QUIET
    here = seed.id not in known.switched_off_here
    stated = request.approval_class.split(":")[1]
    where = known.industry or stated
    return (
        reason(
            "frozen",
            not known.frozen,
            "everything is frozen, and people alone decide"
            if known.frozen
            else "nothing is frozen",
        ),
        reason("switch", known.switched_on, f"seeds are {'on' if known.switched_on else 'off'}"),
        reason("switch_here", here, f"{tenant} {'lets' if here else 'does not let'} it decide"),
        reason("status", seed.status == "active", f"the seed is {seed.status}"),
        reason(
            "auto_approve",
            seed.auto_approve and seed.decision == "approved",
            "it decides" if seed.auto_approve else "it adds a gate and decides nothing",
        ),
        reason(
            "expired",
            not seed.expired(at),
            f"in force until {seed.expires_at or 'somebody ends it'}",
        ),
        reason(
            "false_positives",
            seed.false_positive_count < MAX_FALSE_POSITIVES,
            f"{seed.false_positive_count} of {MAX_FALSE_POSITIVES} objections",
        ),
        *fits(seed, request, tenant=tenant),
        reason("recorded", where == stated, f"{stated} is stated, and the agent is of {where}"),
        reason(
            "first_in_industry",
            not first,
            "the first deployment in its industry" if first else "not a first deployment",
        ),
        reason(
            "denied",
            quiet and not known.denied,
            f"a person said no to this act in the approval {known.denied}"
            if known.denied
            else f"people last said no at {known.denied_at}"
            if known.denied_at
            else "no recent no",
        ),
        reason(
            "asked",
            not known.asked,
            f"a person is being asked about this act in the approval {known.asked}"
            if known.asked
            else "no person is being asked about this act",
        ),
        reason(
            "agent",
            not known.in_trouble,
            "the agent is in trouble" if known.in_trouble else "nothing is open on the agent",
        ),
    )


def matches(
    seed: PrecedentSeed, request: Question, known: Known, *, tenant: str, at: datetime
) -> bool:
    """Say whether the seed answers the request."""
    return hold(explained(seed, request, known, tenant=tenant, at=at))


def predicts(seed: PrecedentSeed, request: Question, *, tenant: str) -> bool:
    """Say whether the seed would approve the request, if nothing around it stood in the way."""
    return seed.auto_approve and hold(fits(seed, request, tenant=tenant))


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
    held_until = veto_until if reversibility(before) == "irreversible" else None
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


def _no_evolution(request: Question) -> Reason:
    """Say whether it is known to be no evolution, in the one spelling of every class of change."""
    change = {str(said) for member, said in request.subject.items() if bare(member) == "diffclass"}
    holds = (
        change <= SMALL_CHANGES if change else None if request.subject_kind in CHANGING else True
    )
    return reason("evolution", holds, f"the change is {', '.join(change) or 'not said'}")


def _counted(request: Question) -> tuple[Reason, ...]:
    """Say of the records and the recipients whether they are known to be few."""
    stated, known = counts(request), CLASSES.get(request.deed)
    must = known.counted if known else ()
    return tuple(
        reason(
            f"bulk {kind}",
            all(_at_most(one, BULK) for one in stated[kind]) if kind in stated else None,
            f"{', '.join(map(str, stated.get(kind, ())))} {kind}, and {BULK} at most"
            if kind in stated
            else f"the request does not say how many {kind}",
        )
        for kind in ("records", "recipients")
        if kind in stated or kind in must
    )


def _amount(request: Question, limits: Ceiling) -> Reason:
    """Say whether no more money moves than the rule allows; where it allows some, it must be stated."""
    stated, limit = amounts(request), limits.max_amount or 0
    said = ", ".join(map(str, stated)) or "no amount"
    known = bool(stated) or limits.max_amount is None
    holds = all(_at_most(one, limit) for one in stated) if known else None
    return reason("amount", holds, f"{said} is stated, and {limit} is the most")


def _named(fact: str, request: Question, allowed: Sequence[str]) -> Reason:
    """Say whether a fact that lists names lists none but those that are allowed."""
    found, said = read(request.evidence_facts, fact)
    if not isinstance(found, frozenset):
        return reason(fact, None, said)
    return _within(fact, found, allowed)


def _within(rule: str, asked: Iterable[str], allowed: Sequence[str]) -> Reason:
    beyond = ", ".join(sorted(set(asked) - set(allowed)))
    names = ", ".join(sorted(asked)) or "none"
    return reason(rule, not beyond, f"{beyond} is beyond the ceiling" if beyond else names)


def _at_most(number: object, limit: int) -> bool:
    return type(number) is int and 0 <= number <= limit
