"""The checks of stages 3 to 5: what code decides, and what waits for a judgement."""

from collections.abc import Iterable, Sequence

from shared.agents.models.agents import Agent
from shared.agents.models.me_wow import ActStep, MeWow
from shared.agents.models.parts import MANDATORY_EVENTS, DeploymentPlan
from shared.agents.models.runs import Check
from shared.agents.rules.composition import Composition, cyclic
from shared.agents.rules.me_wow import decisions, gaps
from shared.genesis.models.evidence import TestEvidence
from shared.genesis.rules.evidence import report
from shared.manifests import rules as manifests
from shared.manifests.models.manifests import Manifest, ManifestContent
from shared.principles import PRINCIPLES
from shared.records import dataclass

EVOLUTION_TRIGGERS = frozenset(
    {
        "scope_expansion",
        "approval_reduction",
        "data_access_increase",
        "safety_weakening",
        "interface_changes",
        "decision_right_expansion",
    }
)
OTHER_HOOKS = ("escalation", "audit", "stop")
MAX_APPROVALS_PER_DAY = 10
ALL_BP = 10_000
MAX_PERSONAL_DAYS = 366
ROLLBACK_CASES = ("deployment_failure", "late_incident", "data_consistency")


@dataclass(frozen=True)
class Submission:
    """Everything that a review looks at."""

    agent: Agent
    manifest: Manifest
    parts: Composition
    me_wow: MeWow
    plan: DeploymentPlan
    evidence: Sequence[TestEvidence]
    graph: dict[str, tuple[str, ...]]

    @property
    def steps(self) -> tuple[ActStep, ...]:
        """Everything that somebody has the right to decide."""
        return decisions(self.content, self.parts.ground)

    @property
    def content(self) -> ManifestContent:
        """What the manifest says."""
        return self.manifest.content


def auto(code: str, problems: Iterable[str]) -> Check:
    """Return the check that code has decided: passed where there are no problems."""
    found = list(problems)
    detail = "; ".join(found)[:2000]
    return Check(code=code, mode="auto", passed=not found, detail=detail)


def asked(code: str, problems: Iterable[str] = ()) -> Check:
    """Return the check that waits for a verdict, unless code has found it failed already."""
    check = auto(code, problems)
    return check if check.passed is False else Check(code=code, mode="judgement")


def certification(s: Submission) -> tuple[Check, ...]:
    """Return the six checks of Genesis."""
    return (
        auto("CERT-1", _valid(s)),
        auto("CERT-2", _justified(s)),
        auto("CERT-3", _bounded(s)),
        auto("CERT-4", _hooked(s)),
        auto("CERT-5", _evolving(s)),
        asked("CERT-6", _proportionate(s)),
    )


def architecture(s: Submission) -> tuple[Check, ...]:
    """Return the five checks of the Systems Architect."""
    return (
        auto("ARCH-1", _interfaces(s)),
        asked("ARCH-2"),
        auto("ARCH-3", _coupling(s)),
        asked("ARCH-4", _irreversible(s)),
        auto("ARCH-5", _rollback(s)),
    )


def ethics(s: Submission) -> tuple[Check, ...]:
    """Return the five checks of the Vision Guardian; code decides only what fails for certain."""
    return (
        asked("ETH-1", (v.message for v in s.agent.broken)),
        asked("ETH-2", _send_permission(s)),
        asked("ETH-3", _auditable(s)),
        asked("ETH-4", _necessary(s)),
        asked("ETH-5"),
    )


def alignment_score(agent: Agent, checks: Sequence[Check]) -> int:
    """
    Return how well an agent is aligned, from 0 to 100.

    L0 counts 40, L1 20, the vision (ETH-1) 20, and ethics and risk 20; a deceptive pattern takes all of
    the last.
    """
    broken = {violation.rule for violation in agent.broken}
    l0 = sum(principle.code not in broken for principle in PRINCIPLES)
    l1 = not any(rule.startswith("L1") for rule in broken)
    vision = any(check.code == "ETH-1" and check.passed for check in checks)
    good = sum(check.passed is True for check in checks)
    patterns = any(check.patterns for check in checks)
    risk = 0 if patterns or not checks else 20 * good // len(checks)
    return 40 * l0 // len(PRINCIPLES) + 20 * l1 + 20 * vision + risk


# --- stage 3 -------------------------------------------------------------------------------------


def _valid(s: Submission) -> Iterable[str]:
    found = gaps(s.me_wow, s.content, s.parts.ground)
    yield from (f"{gap.section}: {gap.detail}" for gap in found)
    yield from (violation.message for violation in s.agent.broken)
    if manifests.hash_of(s.manifest) != s.manifest.manifest_hash:
        yield "MAN-02: the manifest does not have its hash"


def _justified(s: Submission) -> Iterable[str]:
    """Judge that each capability serves one thing that is in scope, and breaks no manifest rule."""
    inside = set(s.content.scope_boundaries.inside)
    capabilities = s.content.capabilities
    items = {
        **{p.procedure_id: p.justified_by for p in capabilities.procedures},
        **{t.tool_id: t.justified_by for t in capabilities.tools},
        **{p.template_id: p.justified_by for p in capabilities.prompts},
        **{i.integration_id: i.justified_by for i in capabilities.integrations},
    }
    yield from (
        f"{name} serves nothing in scope" for name, why in items.items() if why not in inside
    )
    broken = manifests.violations(
        s.content, role_tools=s.parts.tools, pins=s.parts.pins, data=s.parts.data
    )
    yield from (f"{violation.rule}: {violation.message}" for violation in broken)


def _bounded(s: Submission) -> Iterable[str]:
    rights = s.content.decision_rights
    autonomous = set(rights.autonomous)
    gated = {need.decision for need in rights.requires_approval}
    for step in s.steps:
        if step.decision in autonomous and (step.external_effect or step.writes):
            yield f"{step.decision} acts outside or writes data, and is autonomous"
    yield from (f"{decision} is in both lists" for decision in sorted(autonomous & gated))
    if s.me_wow.decision_rights != rights:
        yield "the manifest grants other decision rights than the way of working"


def _hooked(s: Submission) -> Iterable[str]:
    hooks = s.content.approval_policy.gates
    present = {(h.decision, h.approval_type) for h in hooks if h.kind == "approval"}
    for need in s.content.decision_rights.requires_approval:
        if (need.decision, need.approval_type) not in present:
            yield f"no {need.approval_type} hook for {need.decision}"
    kinds = {hook.kind for hook in hooks}
    yield from (f"no {kind} hook" for kind in OTHER_HOOKS if kind not in kinds)


def _evolving(s: Submission) -> Iterable[str]:
    missing = EVOLUTION_TRIGGERS - set(s.content.safety.evolution_triggers)
    yield from (f"{trigger} does not trigger recertification" for trigger in sorted(missing))


def _proportionate(s: Submission) -> Iterable[str]:
    purpose = s.content.purpose
    left = purpose.expected_approvals_per_day * (ALL_BP - purpose.expected_seed_match_bp)
    if left > MAX_APPROVALS_PER_DAY * ALL_BP:
        yield f"more than {MAX_APPROVALS_PER_DAY} approvals a day would be left to people"


# --- stage 4 -------------------------------------------------------------------------------------


def _interfaces(s: Submission) -> Iterable[str]:
    declared = {interface.counterpart for interface in s.me_wow.interfaces or ()}
    needed = {i.integration_id for i in s.content.capabilities.integrations}
    needed |= {dependency.agent_id for dependency in s.agent.depends_on}
    yield from (f"no interface to {name}" for name in sorted(needed - declared))
    traced, why = report(s.evidence, "sandbox_run")
    if traced is None:
        yield why
        return
    if traced.get("traced") is not True:
        yield "the sandbox run was not traced"
    resources = {access.resource for access in s.content.data_access}
    allowed = declared | resources | manifests.tool_ids(s.content)
    for name in _texts(traced.get("accessed")):
        if name not in allowed:
            yield f"the sandbox run touched {name}, which is not declared"


def _coupling(s: Submission) -> Iterable[str]:
    if cyclic(s.graph, s.agent.id):
        yield "the agent depends on itself, directly or through others"
    named = {dependency.agent_id for dependency in s.content.depends_on}
    if named != {dependency.agent_id for dependency in s.agent.depends_on}:
        yield "the manifest names other dependencies than the specification"


def _irreversible(s: Submission) -> Iterable[str]:
    autonomous = set(s.content.decision_rights.autonomous)
    for step in s.steps:
        if step.irreversible and step.decision in autonomous:
            yield f"{step.decision} cannot be undone and needs no approval"


def _rollback(s: Submission) -> Iterable[str]:
    if not s.plan.rollback:
        yield "no rollback step is documented"
    if s.plan.rollback_plan_ref != s.content.safety.rollback_plan_ref:
        yield "plan and manifest name different rollback plans"
    tested, why = report(s.evidence, "integration_tests")
    if tested is None:
        yield why
        return
    rollback = tested.get("rollback")
    cases = rollback if isinstance(rollback, dict) else {}
    yield from (f"no passed rollback test: {c}" for c in ROLLBACK_CASES if cases.get(c) is not True)
    passing = set(_texts(tested.get("passed")))
    measures = s.me_wow.safety_containment.measures if s.me_wow.safety_containment else ()
    for measure in measures:
        if measure.verified_by and measure.verified_by not in passing:
            yield f"the test {measure.verified_by} did not pass"


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


# --- stage 5 -------------------------------------------------------------------------------------


def _send_permission(s: Submission) -> Iterable[str]:
    effects = {step.decision for step in s.steps if step.external_effect}
    for need in s.content.decision_rights.requires_approval:
        if need.approval_type == "artifact" and need.decision in effects:
            yield f"{need.decision} acts outside on the approval of a document"


def _auditable(s: Submission) -> Iterable[str]:
    section = s.me_wow.auditability
    missing = MANDATORY_EVENTS - set(section.logged_events if section else ())
    yield from (f"{event} is not logged" for event in sorted(missing))


def _necessary(s: Submission) -> Iterable[str]:
    for access in s.content.data_access:
        if access.classification == "restricted_pii" and access.retention_days > MAX_PERSONAL_DAYS:
            yield f"{access.resource} holds personal data for more than a year"
