"""
The decision point: whether something may be done is asked of the rules here, and nowhere else.

It makes the question of what is known for certain, looks up the facts in the transaction of the act, asks the bundles in
force and the policies of the tenant, and makes one decision of it, which goes into evidence with the act or with its
refusal. Why so, and what is held until the commit: docs/decisions/0036-policy.md.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, get_args
from uuid import uuid4

from pydantic import BaseModel

from shared.attesting import DECISION_TYPE, Attestation
from shared.canonical import canonical
from shared.deciding import GATEWAY, MAX_INPUT_BYTES, Decision, PolicyEngine, Question, found, merge
from shared.documents import ABSENT, Key, Write
from shared.edge.decided import counted
from shared.edge.facts import facts
from shared.edge.ports import Ports, TenantRules
from shared.entity import Id
from shared.errors import Refusal
from shared.evidence import Signer
from shared.facts import facts_of
from shared.judged import Masked
from shared.masking import for_evidence
from shared.operation import Call, Operation
from shared.records import dataclass
from shared.store import Transaction

USED = {"X-Agent-Utilization": "agent_spent_bp", "X-Platform-Utilization": "platform_spent_bp"}
"""Which facts say how much of a budget is used, by the headers that tell it in whole percent."""


@dataclass(frozen=True)
class Decided:
    """A decision on its way: what it is, and how evidence has it."""

    decision: Decision

    @property
    def allows(self) -> bool:
        """Whether it may be done, if need be under obligations."""
        return self.decision.verdict in {"allow", "allow_with_obligations"}

    @property
    def policy(self) -> dict[str, Any]:
        """What an entry says of it: `PolicyRef` of `shared/evidence.py`."""
        stored = self.decision.to_stored()
        return {
            "bundle": self.decision.bundle,
            "decision_id": self.decision.decision_id,
            "allow": self.allows,
            "decision": stored,
        }

    @property
    def headers(self) -> dict[str, str]:
        """What whoever asked is told beside the answer."""
        known = self.decision.input["context"]
        level = known.get("budget_level")
        used = {header: known.get(name) for header, name in USED.items()}
        percent = {header: str(bp // 100) for header, bp in used.items() if bp is not None}
        return ({"X-Budget-Alert-Level": level} if level else {}) | percent


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What of a request the rules do not look at."""

    approval_id: str | None = None
    """The approval that it presents."""
    whole: Callable[[], Any] = dict
    """Returns all that it asks for."""


def asked(
    op: Operation, call: Call, arguments: Mapping[str, Any], environment: str, sent: Sent
) -> Question:
    """Return what is asked where somebody sends a request: nothing of it is taken from their words."""
    path = {name: str(arguments[name]) for name, kind in op.in_path.items() if is_code(kind)}
    owned = [name for name, kind in op.in_path.items() if kind is Id]
    named = owned[-1] if owned else next(iter(path), None)
    bodies = [arguments[name] for name in op.inputs if isinstance(arguments[name], BaseModel)]
    return Question(
        pep=GATEWAY,
        actor=call.actor,
        tenant=call.tenant,
        name=op.id,
        says=op.summary,
        acts=op.acts,
        now=call.now,
        environment=environment,
        correlation_id=call.correlation_id,
        scopes=tuple(sorted(scope.value for scope in op.scopes)),
        args={name: said for body in bodies for name, said in facts_of(body).items()},
        resource=named.removesuffix("_id") if named else None,
        resource_id=path[named] if named else None,
        owner=call.tenant,
        path=path,
        approval_id=sent.approval_id,
        whole=sent.whole,
        told=partial(_told, bodies),
    )


def _told(bodies: Sequence[BaseModel]) -> dict[str, Any]:
    """Return what a request says, as people may read it: what is a secret dumps as asterisks."""
    return {
        name: value
        for body in bodies
        for name, value in body.model_dump(mode="json", by_alias=True, exclude_none=True).items()
    }


def is_code(kind: Any) -> bool:
    """Say whether what an address names may stand in evidence: a ticket is a secret, and is marked as a text."""
    return not any(isinstance(one, Masked) for one in get_args(kind))


def decide(question: Question, call: Call, ports: Ports, *, in_freeze: bool) -> Decided:
    """
    Decide whether an operation may do what it is asked for, in the transaction that it goes on with.

    Args:
        question: What is asked.

        call: The call of the operation.

        ports: The process.

        in_freeze: Whether it goes on where everything is frozen.

    Raises:
        EnforcementUnavailable: Nobody can decide, so nothing may happen.
    """
    engine = ports.enforcement.engine(call.now)
    frozen = ports.enforcement.state(call.now).frozen and not in_freeze
    txn = call.begin()
    with txn.beforehand():
        known = facts(txn, question, frozen=frozen)
        made = _decision(question, known, engine, ports.tenant_rules, txn)
    ports.traffic.tally(counted(made))
    return Decided(made)


class RulesInForce:
    """Decides by the rules in force what is no operation: `DecisionPoint` of `shared/operation.py`."""

    def __init__(self, ports: Ports) -> None:
        """Ask the rules that a process has."""
        self._ports = ports

    def admit(self, call: Call, txn: Transaction, question: Question) -> Attestation:
        """Return the decision by which it is done now, with the approval used up that is presented."""
        made = self._decided(call, txn, question)
        try:
            admitted(txn, question, made)
            if not Decided(made).allows:
                from shared.edge import approving

                raise approving.to_ask(question, made)
        except Refusal as told:
            told.decision, told.tenant = None if Decided(made).allows else made, question.tenant
            raise
        return attested(made, self._ports.signer)

    def decide(self, call: Call, txn: Transaction, question: Question) -> Attestation:
        """
        Return the decision, signed: nothing is used up.

        Raises:
            Refusal: It rests on an approval that is for something else.
        """
        made = self._decided(call, txn, question)
        if Decided(made).allows and made.input["context"].get("approval_state") == "granted":
            from shared.approvals.actions import acting

            acting.look(txn, question, made)
        return attested(made, self._ports.signer)

    def _decided(self, call: Call, txn: Transaction, question: Question) -> Decision:
        """Decide: the agent is looked up where agents are kept."""
        engine = self._ports.enforcement.engine(call.now)
        frozen = self._ports.enforcement.state(call.now).frozen
        with call.platform("the rules look at the agent that acts") as platform:
            known = facts(txn, question, frozen=frozen, platform=platform)
        made = _decision(question, known, engine, self._ports.tenant_rules, txn)
        self._ports.traffic.tally(counted(made))
        call.told.update(Decided(made).headers)
        return made


def _decision(
    question: Question,
    known: Mapping[str, Any],
    engine: PolicyEngine,
    tenant_rules: TenantRules,
    txn: Transaction,
) -> Decision:
    document = question.document(known)
    form = canonical(document)
    if len(form) > MAX_INPUT_BYTES:
        # It could not be kept, and what is not kept is not proven.
        document |= {"args": None, "manifest": None}
        form = canonical(document)
    began = time.perf_counter_ns()
    findings = found(engine, document)
    findings |= tenant_rules(txn, document)
    took_us = (time.perf_counter_ns() - began) // 1000
    merged = merge(findings, pep=question.pep)
    beside: dict[str, Any] = {}
    if any(one.alerts or one.notes for one in findings.values()):
        from shared.policy.rules import alerts

        beside = alerts.said(findings.values())
    decision = Decision(
        decision_id=str(uuid4()),
        verdict=merged.verdict,
        reasons=tuple(type(one).model_validate(for_evidence(one)) for one in merged.reasons),
        obligations=merged.obligations,
        matched=merged.matched,
        approval=merged.approval,
        **beside,
        asked=tuple(findings),
        bundle=engine.digest,
        engine=engine.version,
        input=document,
        input_digest=hashlib.sha256(form).hexdigest(),
        evaluated_at=question.now,
        took_us=took_us,
        pep=question.pep,
    )
    if beside:
        from shared.policy.actions.alerts import fresh
        from shared.policy.events.alerts import PolicyAlerted

        for one in fresh(txn, decision, question.now):
            txn.alongside(one, PolicyAlerted.of(one))
    return decision


def admitted(txn: Transaction, question: Question, decision: Decision) -> None:
    """
    Use up the approval that is presented, if one is, with what the transaction keeps.

    Raises:
        Refusal: It is none for this, or not granted.
    """
    if question.approval_id is not None:
        from shared.approvals.actions import acting

        acting.use(txn, question, decision)


def attested(decision: Decision, signer: Signer) -> Attestation:
    """Return a decision as it is kept by itself: signed, and under its own id."""
    said = decision.to_stored()
    kid, signature = signer.sign(canonical({"typ": DECISION_TYPE, **said}))
    return Attestation(
        id=decision.decision_id,
        decided_at=decision.evaluated_at,
        decision=said,
        kid=kid,
        sig=signature,
    )


def kept(decision: Decision, tenant: str, signer: Signer) -> Write:
    """Return the write that keeps a decision by itself, where no entry carries it."""
    attestation = attested(decision, signer)
    place = Key(tenant, Attestation.collection, attestation.id)
    return Write(place, attestation.to_stored(), ABSENT)
