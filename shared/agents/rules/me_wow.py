"""What a way of working lacks, section by section."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from shared.agents.models.me_wow import (
    ActStep,
    Auditability,
    Gap,
    Ground,
    MeWow,
    OutcomeDefinition,
    SelfCritique,
)
from shared.agents.models.parts import MANDATORY_EVENTS
from shared.manifests.models.bounds import DecisionRights, Scope
from shared.manifests.models.manifests import ManifestContent


class Judged(NamedTuple):
    """What a section is judged by."""

    me_wow: MeWow
    content: ManifestContent
    ground: Ground


Judge = Callable[[Judged], Iterable[str]]


def gaps(me_wow: MeWow, content: ManifestContent, ground: Ground) -> tuple[Gap, ...]:
    """Return what is missing, section by section; nothing means complete."""
    found: list[Gap] = []
    for section, judge in SECTIONS.items():
        lacks = (
            ["the section is missing"]
            if getattr(me_wow, section) is None
            else judge(Judged(me_wow, content, ground))
        )
        found += [Gap(section=section, detail=detail) for detail in lacks]
    return tuple(found)


def completeness(found: Iterable[Gap]) -> int:
    """Return the percentage of sections without a gap."""
    broken = {gap.section for gap in found}
    return (len(SECTIONS) - len(broken)) * 100 // len(SECTIONS)


def _outcomes(of: Judged) -> Iterable[str]:
    section = of.me_wow.outcome_definition or OutcomeDefinition()
    if not any(outcome.customer_visible for outcome in section.outcomes):
        yield "no outcome is visible to the customer"
    if not section.stop_conditions:
        yield "no stop condition"


def _scope(of: Judged) -> Iterable[str]:
    scope = of.me_wow.scope_boundaries or Scope()
    for name, items in (
        ("in", scope.inside),
        ("out", scope.out),
        ("refusal_classes", scope.refusal_classes),
    ):
        if not items:
            yield f"{name} is empty"
    for item in sorted(set(scope.inside) & set(scope.out)):
        yield f"{item!r} is both in and out"
    for item in sorted(set(of.ground.cannot_do) - set(scope.out)):
        yield f"out lacks what the job role can never do: {item!r}"
    if _sets(scope) != _sets(of.content.scope_boundaries):
        yield "the manifest draws other boundaries"


def _sets(scope: Scope) -> tuple[frozenset[str], ...]:
    return frozenset(scope.inside), frozenset(scope.out), frozenset(scope.refusal_classes)


def _inputs(of: Judged) -> Iterable[str]:
    if not of.me_wow.required_inputs:
        yield "no input is named"


def _outputs(of: Judged) -> Iterable[str]:
    if not of.me_wow.outputs:
        yield "no output is named"
    for output in of.me_wow.outputs or ():
        if not output.acceptance_criteria:
            yield f"the output {output.name!r} has no acceptance criterion"


def _interfaces(of: Judged) -> Iterable[str]:
    covered = {interface.counterpart for interface in of.me_wow.interfaces or ()}
    for integration in of.content.capabilities.integrations:
        if integration.integration_id not in covered:
            yield f"no interface to the integration {integration.integration_id}"


def decisions(content: ManifestContent, ground: Ground) -> tuple[ActStep, ...]:
    """Return everything that somebody has the right to decide: act steps, and effects outside."""
    effects = tuple(
        ActStep(
            decision=f"{integration.integration_id}.{operation.name}",
            external_effect=True,
            writes=True,
            irreversible=operation.reversibility == "irreversible",
        )
        for integration in content.capabilities.integrations
        for operation in integration.operations
        if operation.operation_type != "read"
    )
    return (*ground.steps, *effects)


def _decisions(of: Judged) -> Iterable[str]:
    rights = of.me_wow.decision_rights or DecisionRights()
    named = [*rights.autonomous, *(need.decision for need in rights.requires_approval)]
    known = [step.decision for step in decisions(of.content, of.ground)]
    for decision in known:
        times = named.count(decision)
        if times != 1:
            yield f"{decision} must be listed once and is listed {times} times"
    for decision in sorted(set(named) - set(known)):
        yield f"{decision} is nothing that the agent can do"


def _critique(of: Judged) -> Iterable[str]:
    section = of.me_wow.self_critique or SelfCritique()
    if not section.assumptions:
        yield "no assumption is stated"
    if not section.failure_modes:
        yield "no failure mode is stated"


def _escalation(of: Judged) -> Iterable[str]:
    if not any(t.destination == "governor" for t in of.me_wow.escalation_triggers or ()):
        yield "nothing escalates to the Governor"


def _containment(of: Judged) -> Iterable[str]:
    section = of.me_wow.safety_containment
    if section is None or section.default_posture != "non_executing":
        yield "the default posture must be non_executing"
    if section is None or not any(measure.verified_by for measure in section.measures):
        yield "no measure is verified by a test"


def _audit(of: Judged) -> Iterable[str]:
    section = of.me_wow.auditability or Auditability()
    for event in sorted(MANDATORY_EVENTS - set(section.logged_events)):
        yield f"{event} is not logged"
    if section.evidence_retention_days is None:
        yield "no retention of evidence is stated"


SECTIONS: Mapping[str, Judge] = {
    "outcome_definition": _outcomes,
    "scope_boundaries": _scope,
    "required_inputs": _inputs,
    "outputs": _outputs,
    "interfaces": _interfaces,
    "decision_rights": _decisions,
    "self_critique": _critique,
    "escalation_triggers": _escalation,
    "safety_containment": _containment,
    "auditability": _audit,
}
"""The ten sections, and what each must hold."""
