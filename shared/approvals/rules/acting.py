"""
What an approval of an act is bound to: an operation that somebody sends, or the use of a tool.

The question is made of the act alone, so whoever carries it out makes it again of what is about to be done, and the two
are compared to the letter. Who asks chooses nothing of it.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Literal, get_args

from shared.actors import PLATFORM, Role
from shared.approvals.models.approvals import Approval, Consumer
from shared.approvals.models.parts import MAX_WINDOW_MIN
from shared.approvals.models.questions import ApprovalRequest, ApprovalType, Risk
from shared.approvals.rules import binding, chains, windows
from shared.approvals.rules.acts import says_whom
from shared.canonical import canonical, digest
from shared.deciding import ApprovalNeeded, Decision, Question
from shared.errors import ApprovalMismatch

SALT = "args_salt"
"""The fact of a question by which the arguments of a request were hashed: random, so that nobody finds them by guessing."""

TYPES: tuple[ApprovalType, ...] = get_args(ApprovalType)
Scope = Literal["platform", "engagement"]

LATER = ("manifest_hash", "policy_version", "chain_version")
"""What of a subject is known only once the act is decided."""

UNDONE = frozenset({"delete", "bulk", "pay", "trade", "send", "publish"})
"""What nobody takes back."""

MAX_FACTS = 48
MAX_SAID = 500
"""How many facts of the arguments are shown, and how long each may be."""

LEAST_MIN = 5
"""The shortest window there is, in minutes."""


def asked(
    act: Question,
    decision: Decision,
    needed: ApprovalNeeded,
    *,
    salt: str | None = None,
) -> ApprovalRequest:
    """
    Return what is asked of people before an act.

    Args:
        act: What somebody is about to do.

        decision: What the rules answered.

        needed: What they want to be asked.

        salt: With what the arguments of a request are hashed, in hex; None of a tool, whose user hashes them.
    """
    scope = _scope(act)
    named = _class_of(act, needed.type, scope)
    kind = _strongest(needed.type, windows.least_type(named))
    request = ApprovalRequest(
        type=kind,
        gate="step",
        approval_class=named,
        subject_kind="action",
        subject=_subject(act, decision, salt),
        title=_short(act.says or f"Use {act.tool} to {act.acts}", 200),
        summary=_summary(act, scope),
        action_description=_short(
            act.says or f"The tool {act.tool} is used to {act.acts}, once.", 300
        ),
        rationale="The rules in force let it be done with an approval only.",
        risks=("It cannot be taken back",) if act.acts in UNDONE else (),
        evidence_facts=_shown(act, salt),
        risk=_risk(kind),
        blast_radius="medium",
        urgency="hours",
        reversibility="irreversible" if act.acts in UNDONE else "reversible",
        governor_scope=scope,
        agent_id=act.path.get("agent_id"),
        window_min=_window_min(needed),
    )
    version = chains.chain(request).version
    return request.model_copy(update={"subject": {**request.subject, "chain_version": version}})


def is_for(approval: Approval, act: Question) -> bool:
    """Say whether an approval was asked for an act, as far as that is known before it is decided."""
    if act.whole is not None and act.actor.id not in approval.askers:
        return False
    salt = _salt(approval)
    said, due = dict(approval.subject), _plain_subject(act, salt)
    same = all(said.get(name) == value for name, value in due.items())
    return same and dict(approval.evidence_facts) == _shown(act, salt)


def as_asked(approval: Approval, request: ApprovalRequest) -> bool:
    """Say whether an approval of an act is what would be asked for it now: under the same rules, and of the same type."""
    same = all(approval.subject.get(name) == request.subject.get(name) for name in LATER)
    return same and approval.type == request.type


def used(approval: Approval | None, act: Question, decision: Decision, *, at: datetime) -> Approval:
    """
    Return the approval that is presented with an act, used up by it.

    Save it in the transaction that starts the act. It is used by this start and no other, however alike.

    Raises:
        Refusal: It is for something else, not granted, used already, or its time is over; nothing is used up.
    """
    if approval is None or not is_for(approval, act):
        raise mismatch(act)
    needed = ApprovalNeeded(type=approval.type)
    request = asked(act, decision, needed, salt=_salt(approval))
    if _words(approval) != _words(request):
        # People read something else than what is to be done.
        raise mismatch(act)
    by = Consumer(
        run_id=act.path.get("run_id") or act.name,
        step_id=f"{act.path.get('step_id', 'act')}/{decision.decision_id}",
    )
    return binding.consume(approval, by=by, question=request, at=at)


def _words(question: ApprovalRequest | Approval) -> dict[str, Any]:
    """Return all that people read of a question as it was put: what was added since, whoever agreed has seen beside it."""
    added = sum(len(one.kinds) for one in getattr(question, "evidence_added", ()))
    evidence = question.evidence_refs[: len(question.evidence_refs) - added]
    return {name: getattr(question, name) for name in binding.SHOWN} | {"evidence_refs": evidence}


def mismatch(act: Question) -> ApprovalMismatch:
    """Say that an approval is for something else; one that is not there is, too, so nobody learns which there are."""
    return ApprovalMismatch(
        "the approval that came with this is for something else, or asked by somebody else: leave it out to"
        " be told what to ask for, and come back with an approval of exactly that; nothing was used up",
        approval_id=str(act.approval_id),
    )


def too_weak(approval: Approval, needed: ApprovalNeeded) -> ApprovalMismatch:
    """Say that an approval is granted, and not the one that the rules want."""
    chain = f" by the chain {needed.chain}" if needed.chain else ""
    return ApprovalMismatch(
        f"this approval is of the type {approval.type}, and the rules want {needed.type}{chain}:"
        " leave it out and it is asked for; nothing was used up",
        approval_id=approval.id,
    )


def known_as(act: Question) -> str:
    """Return the name under which it is kept what somebody asked last for the same act on the same thing."""
    said = {"tenant": act.tenant, "by": act.actor.id, "act": act.name, "path": dict(act.path)}
    return digest({"typ": "act-asked/v1", **said})


def _subject(act: Question, decision: Decision, salt: str | None) -> dict[str, Any]:
    agent = decision.input["agent"] or {}
    late = {
        "manifest_hash": agent.get("manifest_hash"),
        "policy_version": decision.policy_version,
    }
    return {**_plain_subject(act, salt), **late}


def _plain_subject(act: Question, salt: str | None) -> dict[str, Any]:
    """Return what of the subject is known before the act is decided: what there is not yet is bound as null."""
    schema, args_hash = act.args.get("schema_hash"), act.args_hash
    if act.whole is not None:
        args_hash = hashlib.sha256(bytes.fromhex(salt or "") + canonical(act.whole())).hexdigest()
    about = dict(_targets(act))
    return {
        "typ": "action/v1",
        "tenant_id": act.tenant,
        "agent_id": act.path.get("agent_id"),
        "plan_hash": None,
        "run_id": act.path.get("run_id"),
        "step_id": act.path.get("step_id"),
        "iteration": 0,
        "action": act.name,
        "tool": act.tool or act.name,
        "tool_schema_hash": schema if act.tool and isinstance(schema, str) else None,
        "args_hash": args_hash,
        # A no is said to what is done to this: where nothing is named, to these arguments alone.
        **(about or {"resource": args_hash}),
    }


def _targets(act: Question) -> Iterator[tuple[str, str]]:
    if act.whole is not None and act.resource_id is not None:
        yield "resource", act.resource_id
    for name, value in act.args.items() if act.tool else ():
        if isinstance(value, str) and says_whom(name):
            yield name, value


def _salt(approval: Approval) -> str | None:
    salt = approval.evidence_facts.get(SALT)
    return salt if isinstance(salt, str) and re.fullmatch("[0-9a-f]{64}", salt) else None


def _scope(act: Question) -> Scope:
    """Whose Governor decides: the customer's own, unless that is who acts."""
    own = act.whole is not None and Role.CUSTOMER_ADMIN in act.actor.roles
    return "platform" if act.tenant == PLATFORM or own else "engagement"


def _class_of(act: Question, kind: ApprovalType, scope: Scope) -> str:
    """Return the class: of a tool what it is used for, where that takes the type that the rules want."""
    thing = act.tool or act.resource or "platform"
    kept = thing if re.fullmatch(r"[^:\s]{1,100}", thing) else digest(thing)
    plain = f"{act.acts}:ALL:{kept}"
    exact = scope == "engagement" and windows.action(plain) is not None
    fits = not exact or windows.least_type(plain) == kind
    return plain if act.tool and fits else f"{act.name}:ALL:{kept}"


def _strongest(one: ApprovalType, other: str) -> ApprovalType:
    return max(one, *(kind for kind in TYPES if kind == other), key=TYPES.index)


def _risk(kind: ApprovalType) -> Risk:
    if kind == "constitutional":
        return "critical"
    return "high" if kind == "financial" else "medium"


def _window_min(needed: ApprovalNeeded) -> int | None:
    if needed.within_s is None:
        return None
    return min(max(needed.within_s // 60, LEAST_MIN), MAX_WINDOW_MIN)


def _summary(act: Question, scope: Scope) -> str:
    """
    Return what somebody asks for, in one line of their words that nothing in it can end.

    The platform's people read what rules look at of a customer's, and nothing else that is in it.
    """
    # Which of the platform's services asks for an agent, and comes back, is all the same.
    asks = f"{act.path.get('agent_id') if act.tool else act.actor.id} asks for {act.name}, once"
    if act.told is None or (scope == "platform" and act.tenant != PLATFORM):
        return f"{asks}. All its arguments are bound by their digest; what rules look at is shown below."
    said = json.dumps(act.told(), ensure_ascii=False)
    return _short(f"{asks}, with: {said}", 2000)


def _shown(act: Question, salt: str | None) -> dict[str, bool | int | str]:
    """Return what is shown of the arguments, and the salt that they were hashed with."""
    facts = dict(islice(_facts(act.args), MAX_FACTS))
    return facts | {SALT: salt} if salt else facts


def _facts(args: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, bool | int | str]]:
    """Yield what rules are told of the arguments, by its path; what is not there, or too long to be shown, is left out."""
    for name, value in args.items():
        if isinstance(value, Mapping):
            yield from _facts(value, f"{before}{name}.")
        elif isinstance(value, list | tuple):
            yield from _facts({name: ", ".join(map(str, value))}, before)
        elif value is not None and len(str(value)) <= MAX_SAID:
            yield f"{before}{name}", value


def _short(said: str, most: int) -> str:
    return said if len(said) <= most else said[: most - 1] + "…"
