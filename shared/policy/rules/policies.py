"""What may become of a policy of a tenant: it is written, tried, put in force by two people, and retired by two."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from shared.actors import Actor, id_in
from shared.approvals.models.approvals import Consumer
from shared.approvals.models.questions import ApprovalRequest
from shared.errors import Conflict, Invalid, Violation
from shared.policy.models.policies import (
    IN_FORCE,
    MAX_ACTIVE,
    MAX_AST,
    MAX_AUTHORS,
    MAX_IN_FORCE,
    MAX_POLICIES,
    MAX_RULES,
    Active,
    Change,
    PoliciesInForce,
    Policy,
    PolicyAsking,
    PolicyWarning,
)
from shared.policy.rules.language import nodes
from shared.policy.rules.language.checks import problems, untested
from shared.policy.rules.language.problems import Problem, Unreadable
from shared.policy.rules.language.reading import read
from shared.policy.rules.language.stored import Kept, kept, ready
from shared.policy.rules.language.trying import own_cases, tried
from shared.policy.rules.language.writing import written
from shared.policy.rules.reaching import warnings

GATE = "change"
MAX_TOLD = 50
"""How many problems one refusal tells."""


def policy_id(tenant: str, name: str, version: str) -> str:
    """Return the id of one version of a policy: nobody writes the same version twice."""
    return id_in(tenant, str(uuid5(NAMESPACE_OID, f"policy {tenant} {name} {version}")))


def said(source: str) -> nodes.Policy:
    """
    Return the one policy that a text says.

    Raises:
        Invalid: It is none; each problem is told with its line and column.
    """
    try:
        policy, *more = read(source)
    except Unreadable as error:
        raise _invalid(error.problems) from None
    if more:
        one = more[0]
        raise _invalid(
            [
                Problem(
                    one.line,
                    one.column,
                    "several",
                    "send each policy by itself; here begins another",
                )
            ]
        )
    wrong = [one for one in problems(policy) if not one.warning]
    if wrong:
        raise _invalid(wrong)
    return policy


def drafted(
    source: str, before: Policy | None, *, id: str, tenant: str, by: Actor, at: datetime, known: int
) -> Policy:
    """
    Return the draft of a policy; one of the same name and version that is a draft still is written anew.

    Raises:
        Invalid: It is no policy.
        Conflict: That version was in force, or is asked for; or there are too many.
    """
    policy = said(source)
    own = kept(policy)
    if len(own.ast) > MAX_AST:
        raise Invalid("this policy is too large; make several of it", rule="too_large")
    if before is not None and before.status != "draft":
        raise Conflict(
            f"version {policy.version} of {policy.name} is {before.status} and stays as it is;"
            " give yours another version",
            rule="immutable",
        )
    if before is not None and before.asking is not None:
        raise Conflict(
            "this draft waits for an approval of exactly what it says; give yours another version",
            rule="asked_already",
        )
    if before is None and known >= MAX_POLICIES:
        raise Conflict(
            f"a tenant has {MAX_POLICIES} drafts and policies in force at most;"
            " retire drafts that nobody needs (POST /v1/policies/{policy_id}/retire)",
            rule="too_many",
        )
    authors = (before.authors if before else frozenset()) | {by.id}
    if len(authors) > MAX_AUTHORS:
        raise Conflict(
            f"{MAX_AUTHORS} people have written at this version; give yours another",
            rule="too_many",
        )
    laid_out = written([policy], source)
    again = read(laid_out)[0]
    content = {
        "about": policy.about,
        "source": laid_out,
        "ast": own.ast,
        "policy_hash": own.policy_hash,
        "warnings": tuple(
            PolicyWarning(line=o.line, column=o.column, rule=o.rule, message=o.message)
            for o in (*problems(again), *warnings(again))
        ),
        "untested": untested(policy),
        "created_by": by.id,
        "written_by": tuple(sorted(authors)),
    }
    if before is not None:
        return before.model_copy(update=content | {"updated_at": at})
    return Policy(
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        name=policy.name,
        version=policy.version,
        **content,
    )


def may_ask(policy: Policy, change: Change, others: Sequence[Policy]) -> None:
    """
    Refuse to ask for what could not be done.

    Args:
        policy: The policy.

        change: What is to become of it.

        others: The policies in force beside it.

    Raises:
        Conflict: It is in no state for it, or its tests do not say what it does.
    """
    if policy.asking is not None:
        raise Conflict("something is asked of this policy already", rule="asked_already")
    if change == "retire":
        if policy.status != "active":
            raise Conflict("only a policy that is in force is retired", rule="not_active")
        return
    if policy.status != "draft":
        raise Conflict(f"this version is {policy.status}; write another", rule="not_draft")
    if policy.untested:
        raise Conflict(
            f"no test expects a denial by {', '.join(policy.untested)}; write one for each, and test it",
            rule="untested",
        )
    evaluator = ready(Kept(policy.policy_hash, policy.ast))
    failed = [one.case.name for one in tried(evaluator, own_cases(evaluator)) if not one.passed]
    if failed:
        raise Conflict(f"its own tests fail: {', '.join(failed)[:500]}", rule="tests_failed")
    fits(policy, others)


def fits(policy: Policy, others: Sequence[Policy]) -> None:
    """
    Refuse to have more in force than each change can be asked of.

    Args:
        policy: The policy that is to come into force.

        others: The policies in force beside it.

    Raises:
        Conflict: Together they are too many, or too large.
    """
    if len(others) >= MAX_ACTIVE:
        raise Conflict(
            f"{MAX_ACTIVE} policies are in force, which is the most; retire one", rule="too_many"
        )
    every = [policy, *others]
    rules = sum(_rules(one) for one in every)
    if rules > MAX_RULES:
        raise Conflict(
            f"with this, {rules} rules would be in force, and {MAX_RULES} are the most of all policies together;"
            " retire a policy, or say in one rule what several say now",
            rule="too_many",
        )
    size = sum(len(one.ast.encode()) for one in every)
    if size > MAX_IN_FORCE:
        raise Conflict(
            f"with this, what is in force would have {size} bytes as it is read, and {MAX_IN_FORCE} are the most of"
            " all policies together; retire a policy, or shorten its rules and tests",
            rule="too_large",
        )


def _rules(policy: Policy) -> int:
    read = ready(Kept(policy.policy_hash, policy.ast)).policy
    return len(read.rules) + len(read.redactions)


def asked(policy: Policy, asking: PolicyAsking, *, at: datetime) -> Policy:
    """Return a policy that waits for an approval."""
    return policy.model_copy(update={"asking": asking, "updated_at": at})


def question(policy: Policy, asking: PolicyAsking) -> ApprovalRequest:
    """Return what is asked, and so what an approval must have been asked as."""
    verb = "put in force" if asking.change == "activate" else "retired"
    loose = "Less would be asked than today: no denial, no approval or a lesser one, or not all obligations."
    return ApprovalRequest(
        type="constitutional" if asking.looser else "execution",
        gate=GATE,
        approval_class=f"policy.{asking.change}:ALL:{policy.name}",
        subject_kind="change",
        subject={
            "typ": "change/v1",
            "tenant_id": policy.tenant_id,
            "policy": policy.id,
            "change": asking.change,
            "policy_hash": policy.policy_hash,
            "looser": asking.looser,
        },
        title=f"Policy {policy.name} {policy.version} is {verb}"[:200],
        summary=f"{asking.asked_by} asks that {policy.name} {policy.version} is {verb}."
        f" {loose if asking.looser else 'It only restricts what is allowed today.'}",
        action_description=f"From then on {policy.name} {policy.version} is {verb}.",
        rationale="A policy decides for everybody, so two people agree to it.",
        alternatives=("Leave the policies as they are", "Ask for a change of it"),
        risks=("Something that people need is denied",)
        if not asking.looser
        else ("Something is allowed that should be denied",),
        evidence_facts={"policy_hash": policy.policy_hash},
        risk="high" if asking.looser else "medium",
        blast_radius="medium",
        urgency="hours",
        reversibility="reversible",
        governor_scope=asking.governor_scope,
        on_behalf_of=asking.asked_by,
    )


def carried_by(policy: Policy, asking: PolicyAsking) -> Consumer:
    """Name the one step that uses up an approval."""
    return Consumer(run_id=policy.id, step_id=f"{asking.change}-{asking.approval_id}")


def activated(policy: Policy, *, at: datetime) -> Policy:
    """Return a policy that is in force."""
    changes = {"status": "active", "asking": None, "activated_at": at, "updated_at": at}
    return policy.model_copy(update=changes)


def dropped(policy: Policy, *, at: datetime) -> Policy:
    """Return a draft that was agreed to and that no longer fits beside what is in force: it is a draft still."""
    return policy.model_copy(update={"asking": None, "updated_at": at})


def withdrawn(policy: Policy, *, at: datetime) -> Policy:
    """
    Return a draft that was taken back.

    Raises:
        Conflict: It waits for an answer.
    """
    if policy.asking is not None:
        raise Conflict(
            "this draft waits for an approval; cancel that first"
            f" (POST /v1/approvals/{policy.asking.approval_id}/cancel)",
            rule="asked_already",
        )
    return retired(policy, at=at)


def retired(policy: Policy, *, at: datetime) -> Policy:
    """Return a policy that is no longer in force."""
    changes = {"status": "retired", "asking": None, "retired_at": at, "updated_at": at}
    return policy.model_copy(update=changes)


def in_force(
    before: PoliciesInForce | None, policies: Iterable[Policy], *, tenant: str, at: datetime
) -> PoliciesInForce:
    """Return which policies are in force, with what has become of some."""
    active = {one.policy_id: one for one in _active(before)}
    for policy in policies:
        active.pop(policy.id, None)
        if policy.status == "active":
            active[policy.id] = Active(
                policy_id=policy.id,
                name=policy.name,
                version=policy.version,
                policy_hash=policy.policy_hash,
            )
    ordered = tuple(sorted(active.values(), key=lambda one: one.name))
    if before is not None:
        return before.model_copy(update={"active": ordered, "updated_at": at})
    return PoliciesInForce(
        id=id_in(tenant, IN_FORCE),
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        active=ordered,
    )


def _active(in_force: PoliciesInForce | None) -> tuple[Active, ...]:
    return in_force.active if in_force else ()


def _invalid(found: Iterable[Problem]) -> Invalid:
    told = [
        Violation(rule=one.rule, message=str(one)[:500], field="source")
        for one in list(found)[:MAX_TOLD]
    ]
    return Invalid(
        "this is no policy yet; each mistake is told with its line and column", violations=told
    )
