"""Who must agree: the usual chains, those that a request brings along, and who is asked next."""

from collections.abc import Collection, Iterable, Mapping

from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import MAX_WINDOW_MIN, Chain, ChainStep, Seats, Step, When
from shared.approvals.models.questions import ApprovalRequest, Question
from shared.errors import Invalid

DEPUTY_TYPES = frozenset({"artifact", "communication", "execution"})
"""The types of approval that somebody may decide in the Governor's place."""

KEPT_GATES = frozenset({"stage-6", "seed"})
KEPT_VERBS = frozenset({"agent.reactivate", "agent.return"})

_KEEPERS = {"platform": Role.GOVERNOR, "engagement": Role.CUSTOMER_ADMIN}
_REVIEWERS = frozenset({Role.GENESIS, Role.SYSTEMS_ARCHITECT, Role.VISION_GUARDIAN})


def for_substitutes(question: ApprovalRequest | Approval) -> bool:
    """
    Whether anybody may decide it in the Governor's place, be it a deputy or the Vision Guardian.

    Never who goes live, who comes back, or what makes precedents.
    """
    kept = question.gate in KEPT_GATES or question.deed in KEPT_VERBS
    return question.type in DEPUTY_TYPES and not kept


def urgent_and_safe(question: ApprovalRequest | Approval) -> bool:
    """Whether the Vision Guardian may approve it where nobody was available."""
    urgent = question.urgency in {"immediate", "hours"}
    safe = question.reversibility != "irreversible" and question.risk in {"low", "medium"}
    return urgent and safe and for_substitutes(question)


def usual(request: ApprovalRequest | Approval) -> Chain:
    """Return the chain of a question that brings none along."""
    steps = [ChainStep(roles=(_KEEPERS[request.governor_scope],))]
    if request.type == "constitutional":
        steps.append(ChainStep(roles=(Role.VISION_GUARDIAN,)))
        return Chain(name="constitutional", steps=tuple(steps))
    return Chain(name="default", steps=tuple(steps))


def asked(question: ApprovalRequest | Approval) -> frozenset[Role]:
    """
    Return who may have a seat in a chain: who decides such a question in its scope, and the reviewers.

    A customer decides nothing of the platform's, and a deputy nothing that is kept from deputies.
    """
    keeper = _KEEPERS[question.governor_scope]
    deputy = question.governor_scope == "platform" and for_substitutes(question)
    return _REVIEWERS | {keeper, Role.GOVERNOR} | ({Role.DEPUTY_GOVERNOR} if deputy else set())


def besides(question: ApprovalRequest | Approval, seats: Seats, level: int) -> tuple[Role, ...]:
    """Return whom the scope's table asks besides at a level of escalation: nobody but for the Governor's seat."""
    if _KEEPERS[question.governor_scope] not in seats.roles:
        return ()
    if question.governor_scope == "engagement":
        return (Role.GOVERNOR,) if level == 2 else ()
    if level == 1:
        return (Role.DEPUTY_GOVERNOR,) if for_substitutes(question) else ()
    return (Role.VISION_GUARDIAN,) if urgent_and_safe(question) else ()


def reached(question: ApprovalRequest | Approval, seats: Seats, level: int) -> tuple[Role, ...]:
    """Return everybody whom the table asks besides up to a level; nobody else is ever added."""
    return tuple(role for n in range(1, level + 1) for role in besides(question, seats, n))


def chain(request: ApprovalRequest) -> Chain:
    """
    Return the chain of a question; one that it brings along makes it stricter, and nothing else.

    Raises:
        Invalid: It asks nobody, somebody who may not decide, or not the ones who must be asked.
    """
    needed, given = usual(request), request.chain
    if given is None:
        return needed
    for no, step in enumerate(given.steps, 1):
        if not (step.roles or step.principals):
            _refuse("every step asks somebody; name roles or principals")
        _only(step.roles, asked(request), f"step {no} asks")
        for level, added_here in enumerate(step.escalate_to or (), 1):
            may = reached(request, step, level)
            _only(added_here, may, f"level {level} of step {no} adds")
        if (step.mode == "quorum") != (step.quorum is not None):
            _refuse("a quorum is named where the mode is quorum, and only there")
    if sum(step.timeout_min or 0 for step in given.steps) > MAX_WINDOW_MIN:
        _refuse(f"all steps together have {MAX_WINDOW_MIN} minutes at most")
    sole = {step.roles[0] for step in given.steps if step.when is None and _asks_only(step)}
    for step in needed.steps:
        if step.roles[0] not in sole:
            _refuse(
                f"the {step.roles[0]} must be asked in a step of their own, without a condition"
            )
    return given


def steps(request: ApprovalRequest, chain: Chain) -> tuple[Step, ...]:
    """Return the steps of one approval: those of its chain whose conditions hold."""
    held = [step for step in chain.steps if step.when is None or _holds(step.when, request)]
    return tuple(
        Step(**step.model_dump(exclude={"when"}), step_no=no) for no, step in enumerate(held, 1)
    )


def alone(question: Question) -> bool:
    """Say whether one yes of the scope's Governor is all that a question asks for."""
    asks: tuple[Step, ...] = ()
    if isinstance(question, Approval):
        asks = question.steps
    elif isinstance(question, ApprovalRequest):
        asks = steps(question, question.chain or usual(question))
    keeper = (_KEEPERS[question.governor_scope],)
    return len(asks) == 1 and _asks_only(asks[0]) and asks[0].roles == keeper and not asks[0].many


def added(approval: Approval, level: int) -> tuple[Role, ...]:
    """Return who is asked besides, when a question is escalated to a level: fewer where its chain says so."""
    wanted = approval.step.escalate_to
    if wanted is None:
        return besides(approval, approval.step, level)
    may = reached(approval, approval.step, level)
    return tuple(role for roles in wanted[level - 1 : level] for role in roles if role in may)


def _only(named: Iterable[Role], may: Collection[Role], where: str) -> None:
    """Refuse whoever the scope's table does not let decide such a question."""
    others = [role for role in named if role not in may]
    if others:
        allowed = ", ".join(sorted(may)) or "nobody"
        _refuse(f"{where} {', '.join(others)}; allowed there: {allowed}")


def _asks_only(step: Seats) -> bool:
    return len(step.roles) == 1 and not step.principals


def _holds(when: When, request: ApprovalRequest) -> bool:
    """Whether a condition holds; what is not known, or not comparable, is held to be so."""
    known: Mapping[str, object] = {
        **request.evidence_facts,
        **request.model_dump(
            include={"type", "gate", "risk", "blast_radius", "urgency", "agent_id"}
        ),
        "reversibility": request.reversibility,
    }
    value = known.get(when.fact)
    if value is None or type(value) is not type(when.value):
        return True
    if when.op in {"==", "!="}:
        return (value == when.value) == (when.op == "==")
    if not isinstance(value, int) or not isinstance(when.value, int):
        return True
    return value >= when.value if when.op == ">=" else value <= when.value


def _refuse(detail: str) -> None:
    raise Invalid(detail, rule="chain")
