"""
What is asked of policy before something happens, and what is answered.

Pure: a question and its facts are one closed document of texts, whole numbers and truth values; each bundle of rules,
and each rule set of a tenant, finds something about it; `merge` makes one verdict of what all found. Who asks, and who
carries out what was answered, is `shared/edge/decision_point.py`; why so: docs/decisions/0036-policy.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Protocol, get_args

from pydantic import Field

from shared.actors import Actor, Role, Scope
from shared.attesting import DECISION_TYPE as DECISION_TYPE  # noqa: PLC0414 - known from here
from shared.attesting import Attestation as Attestation  # noqa: PLC0414 - known from here
from shared.canonical import digest
from shared.entity import Code, Hex64, Said, Timestamp, Value, written
from shared.facts import Acts
from shared.handling import PersonalData
from shared.obligations import MET, united
from shared.obligations import Obligation as Obligation  # noqa: PLC0414 - known from here
from shared.records import dataclass

Verdict = Literal["allow", "deny", "require_approval", "allow_with_obligations"]
Severity = Literal["low", "medium", "high", "critical"]
ApprovalType = Literal["artifact", "communication", "execution", "financial", "constitutional"]
"""What people may be asked to approve, the strongest last."""

MAX_INPUT_BYTES = 8 * 1024
"""How large the document that is decided on may be, in canonical form: all of it travels in the evidence."""

MAX_TTL_S = 300
"""How long an answer may hold."""

GATEWAY = "api_gateway"
"""Where operations are enforced, as `pep` names it."""

NO_RULE = "no_rule"
"""The rule by which somebody is denied where no rule allows."""

PDP_ERROR = "PDP_ERROR"
"""The rule by which somebody is denied where rules cannot be evaluated."""

BUSY = "engine_busy"
"""By what it is not decided where too many wait for the rules."""

OBLIGATION_UNKNOWN = "obligation_unknown"
"""The rule by which somebody is denied where what rules ask for cannot be done."""


class Reason(Value):
    """Why something may not be, or not yet."""

    personal: ClassVar = PersonalData(texts="message")

    policy: Code
    """The bundle or the policy that says so."""
    rule: Code
    """The code of the rule, for programs."""
    message: Said
    """What is wrong, and what would make it pass, in words."""
    severity: Severity
    """How serious it is that it was asked for."""


class ApprovalNeeded(Value):
    """Whose approval something needs first."""

    type: ApprovalType
    """What people are asked for."""
    chain: Code | None = None
    """The chain of people who must agree; null for the usual one of the type."""
    links: Annotated[int, Field(ge=1)] = 1
    """How many people one after another that chain asks."""
    within_s: Annotated[int, Field(ge=1)] | None = None
    """How long they have, in seconds; null for as long as is usual for the type."""


class Finding(Value):
    """
    What one bundle, or one policy of a tenant, says.

    It denies where it does not allow, and where it gives reasons and asks for no approval.
    """

    allow: bool
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    approval: ApprovalNeeded | None = None
    matched: tuple[Code, ...] = ()
    """The rules that matched, as ``policy/rule``."""
    alerts: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()

    @property
    def denies(self) -> bool:
        """Whether it is a no."""
        return not self.allow or bool(self.reasons and self.approval is None)


def denial(policy: str, rule: str, message: str, severity: Severity = "medium") -> Finding:
    """Return the finding that one rule denies."""
    reason = Reason(policy=policy, rule=rule, message=message, severity=severity)
    return Finding(allow=False, reasons=(reason,), matched=(f"{policy}/{rule}",))


class Merged(Value):
    """What all findings come to."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    matched: tuple[Code, ...] = ()
    approval: ApprovalNeeded | None = None


class Decision(Value):
    """
    One answer, with everything that it rests on, as evidence keeps it.

    Who has the bundles of that digest asks them *input* again and gets the same answer.
    """

    personal: ClassVar = PersonalData(ids="input")

    decision_id: Code
    """The id of the entry that it travels in."""
    verdict: Verdict
    """What was answered."""
    reasons: tuple[Reason, ...] = ()
    """Why not; every denial, or what an approval is needed for."""
    obligations: tuple[Obligation, ...] = ()
    """What was done with what was allowed."""
    matched: tuple[Code, ...] = ()
    """Every rule that matched, as `policy/rule`."""
    approval: ApprovalNeeded | None = None
    """Whose approval it needs; null where it needs none."""
    alerts: tuple[Reason, ...] = ()
    """What a tenant's policies have somebody told of it."""
    notes: tuple[Reason, ...] = ()
    """What they remark on it."""
    asked: tuple[Code, ...] = ()
    """The bundles and policies that were asked, a tenant's as `tenant/<name>:<version>#<policy_hash>`."""
    bundle: Code
    """The digest of all the bundles that were in force."""
    engine: Code
    """What evaluated them, with its version."""
    input: Mapping[str, Any]
    """What they were asked: the question and its facts."""
    input_digest: Hex64
    """The SHA-256 over the canonical JSON (RFC 8785) of `input`."""
    evaluated_at: Timestamp
    """When they were asked."""
    took_us: Annotated[int, Field(ge=0)] | None = None
    """How long it took to ask them, in microseconds; null where an earlier release decided."""
    ttl_s: Annotated[int, Field(ge=0, le=MAX_TTL_S)] = 0
    """For how many seconds the answer held; 0 for this one act alone."""
    pep: Code
    """Where it was enforced."""

    @property
    def policy_version(self) -> str:
        """The digest over the bundles in force and the names of every bundle and policy that was asked."""
        return digest([self.bundle, *self.asked])


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody wants to do, as it is known before any fact was looked up: from identity, declaration and address."""

    pep: str
    actor: Actor
    tenant: str
    """The tenant that the act is in."""
    name: str
    """What is done: the id of an operation, or what a tool does, such as ``integration.execute``."""
    says: str = ""
    """What that is, in a sentence for people; nothing of a tool, which says it by its name."""
    acts: Acts
    now: datetime
    environment: str
    correlation_id: str
    scopes: tuple[str, ...] = ()
    """The scopes of which the operation asks for one."""
    tool: str | None = None
    external: bool = False
    """Whether something outside the platform is changed."""
    args: Mapping[str, Any]
    """What the arguments say of themselves that rules may look at: declared, and never free text."""
    args_hash: str | None = None
    """The digest of all arguments."""
    resource: str | None = None
    """What kind of thing the address names."""
    resource_id: str | None = None
    owner: str | None = None
    """The tenant of that thing."""
    path: Mapping[str, str]
    """Everything that the address names."""
    approval_id: str | None = None
    """The approval that whoever acts presents."""
    whole: Callable[[], Any] | None = None
    """Returns the whole of a request, which rules never look at and an approval is bound to; None of a tool, which says `args_hash`."""
    told: Callable[[], Any] | None = None
    """Returns what its arguments say to people, without secrets; None of a tool."""
    phase: Literal["request", "response"] = "request"

    @property
    def family(self) -> str:
        """What selects the bundles: the first part of the name."""
        return self.name.partition(".")[0]

    def document(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return what is decided on: the question with its facts; `hour` and `weekday` are UTC's, and Monday is 1.

        Args:
            facts: What was looked up, by the parts that `FACTS` names.

        Raises:
            TypeError: A fact is none that rules know.
        """
        if unknown := facts.keys() - FACTS.keys():
            raise TypeError(f"there is no fact {', '.join(sorted(unknown))}; see FACTS")
        for part in ("subject", "context"):
            if strange := facts.get(part, {}).keys() - FACTS[part]:
                raise TypeError(f"there is no fact {part}.{', '.join(sorted(strange))}; see FACTS")
        at = self.now
        return {
            "pep": self.pep,
            "phase": self.phase,
            "subject": {
                "type": self.actor.type,
                "principal_id": self.actor.id,
                "roles": list(_codes(self.actor.roles)),
                "scopes": list(_codes(self.actor.scopes)),
                "tenant_id": self.actor.tenant,
                "trial": None,
                **facts.get("subject", {}),
            },
            "action": {
                "name": self.name,
                "operation": self.acts,
                "external": self.external,
                "scopes": list(self.scopes),
                **({"tool": self.tool} if self.tool else {}),
            },
            "args": dict(self.args),
            "args_hash": self.args_hash,
            "resource": {
                "type": self.resource,
                "id": self.resource_id,
                "owner_tenant_id": self.owner or self.tenant,
            },
            "manifest": facts.get("manifest"),
            "agent": facts.get("agent"),
            "context": {
                "now": written(at),
                "hour": at.hour,
                "weekday": at.isoweekday(),
                "environment": self.environment,
                "correlation_id": self.correlation_id,
                **facts.get("context", {}),
            },
        }


@lru_cache(maxsize=256)
def _codes(of: frozenset[Role] | frozenset[Scope]) -> tuple[str, ...]:
    """Return roles or scopes as plain texts, in order: what is no plain text is ten times as long in writing."""
    return tuple(sorted(one.value for one in of))


FACTS: Mapping[str, frozenset[str]] = {
    "subject": frozenset({"trial"}),
    "manifest": frozenset(),
    "agent": frozenset(),
    "context": frozenset(
        [
            "freeze",
            "budget_level",
            "budget_spent_bp",
            "budget_reset_at",
            "agent_spent_bp",
            "platform_spent_bp",
            "risk",
            "request_count",
            "open_cases",
            "operating_mode",
            "channel",
            "purpose",
            "approval_id",
            *("approval_state", "approval_type", "approval_chain", "data_grant", "industry_gate"),
            *("breaker", "history", "injection", "output"),
        ]
    ),
}
"""
The parts of the document that are looked up, and the members of two of them; the others are given whole.

A member of the context that nobody looked up is not there, so a rule that needs it denies.
"""


class PolicyEngine(Protocol):
    """Evaluates bundles of rules."""

    @property
    def version(self) -> str:
        """What it is, such as ``opa/1.20.2``."""

    @property
    def digest(self) -> str:
        """The SHA-256 over the whole set of bundles."""

    @property
    def selection(self) -> Mapping[str, Sequence[str]]:
        """Which bundles an action asks, by its family; `*` of all, and `trial` where the subject is in one."""

    @property
    def held(self) -> Mapping[str, str]:
        """The bundles that are asked no more, as they did not end, and what to do about it in words."""

    def evaluate(
        self, bundles: Sequence[str], document: Mapping[str, Any]
    ) -> Mapping[str, Finding]:
        """
        Return what each of some bundles finds.

        What goes wrong in a bundle is its denial, by the rule ``PDP_ERROR``.

        Raises:
            EnforcementUnavailable: There is no engine, or not all of these bundles.
        """


def merge(findings: Mapping[str, Finding], *, pep: str | None = None) -> Merged:
    """
    Make one verdict of what bundles and policies found, by their names.

    One denial beats any number of allows, and who does not allow denies; nothing found is a denial too. Of several
    approvals the strongest type, the longest chain and the shortest time are needed at once. Obligations are united,
    and of two numbers the stricter holds. What cannot be met where it is enforced (*pep*) is a denial.
    """
    denials = [reason for name, one in findings.items() for reason in _no(name, one)]
    matched = tuple(dict.fromkeys(rule for one in findings.values() for rule in one.matched))
    if not findings:
        denials = list(
            denial(
                "policy",
                NO_RULE,
                "no rule is there that would allow this; ask whoever looks after the rules to add one",
            ).reasons
        )
    obligations = united(o for one in findings.values() for o in one.obligations)
    routes = [one for one in obligations if one.type == "sandbox_route"]
    if len(routes) > 1:
        said = "two rules send this to two different sandboxes; ask whoever looks after the rules to keep one"
        denials += denial("policy", "route_conflict", said).reasons
    for one in obligations if pep in MET else ():
        if one.type not in MET[str(pep)]:
            said = f"{one.source_rule} asks for {one.type}, which cannot be done here; ask whoever looks after the rules for one without it"
            denials += denial("policy", OBLIGATION_UNKNOWN, said).reasons
    if denials:
        return Merged(verdict="deny", reasons=tuple(denials), matched=matched)
    asking = [one for one in findings.values() if one.approval]
    if asking:
        reasons = tuple(reason for one in asking for reason in one.reasons)
        needed = _needed([one.approval for one in asking if one.approval])
        return Merged(
            verdict="require_approval",
            reasons=reasons,
            obligations=obligations,
            matched=matched,
            approval=needed,
        )
    verdict: Verdict = "allow_with_obligations" if obligations else "allow"
    return Merged(verdict=verdict, obligations=obligations, matched=matched)


def _no(name: str, finding: Finding) -> Iterable[Reason]:
    if not finding.denies:
        return ()
    plain, _, _ = name.partition(":")
    said = f"no rule of {plain} allows this; ask whoever looks after the rules to add one that does"
    return finding.reasons or denial(plain, NO_RULE, said).reasons


_STRENGTH: Mapping[str, int] = {one: place for place, one in enumerate(get_args(ApprovalType))}


def granted(needed: ApprovalNeeded, document: Mapping[str, Any]) -> bool:
    """Say whether the approval that was presented is granted, and is what a rule needs: of that type or a stronger one, by its chain."""
    known = document.get("context")
    if not isinstance(known, Mapping) or known.get("approval_state") != "granted":
        return False
    type, chain = known.get("approval_type"), known.get("approval_chain")
    strong = isinstance(type, str) and _STRENGTH.get(type, -1) >= _STRENGTH[needed.type]
    return strong and (needed.chain is None or needed.chain == chain)


def _needed(all_of: Sequence[ApprovalNeeded]) -> ApprovalNeeded:
    """Return one approval that is as much as each of these."""
    strongest = max(all_of, key=lambda one: _STRENGTH[one.type])
    longest = max(all_of, key=lambda one: (one.links, one.chain is not None, _STRENGTH[one.type]))
    times = [one.within_s for one in all_of if one.within_s is not None]
    return ApprovalNeeded(
        type=strongest.type,
        chain=longest.chain,
        links=longest.links,
        within_s=min(times, default=None),
    )


def found(engine: PolicyEngine, document: Mapping[str, Any]) -> dict[str, Finding]:
    """
    Return what is found about a document by the rules of the platform: by the same rules always the same.

    Raises:
        EnforcementUnavailable: There is no engine, or not every bundle that this must be asked.
    """
    name = document["action"]["name"]
    if document["args"] is None:
        said = f"the rules can look at {MAX_INPUT_BYTES} bytes of what is asked, and this is more; send less"
        return {"size": denial("size", PDP_ERROR, said, "high")}
    if document["context"].get("freeze") is not False:
        said = "everything is frozen but what ends harm, decides and keeps evidence; wait until a Governor lifts it"
        return {"freeze": denial("freeze", "frozen", said, "high")}
    selection = engine.selection
    selected = selection.get(name.partition(".")[0])
    if selected is None:
        said = f"no rules are there for {name}, so nobody may do it; ask whoever looks after the rules to add them"
        return {"selection": denial("selection", "unknown_action", said, "high")}
    trial = selection["trial"] if document["subject"]["trial"] is not None else ()
    asked = dict.fromkeys([*selection["*"], *trial, *selected])
    return dict(engine.evaluate(list(asked), document))
