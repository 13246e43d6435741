"""The nine checks of a skill, and what L0-06 asks of it in its industry."""

from collections.abc import Iterable
from typing import Any

from shared.constitution import APPROVAL_TYPES
from shared.detectors import secrets_in
from shared.errors import Violation
from shared.genesis.models import schemas
from shared.genesis.models.evidence import Check
from shared.genesis.models.industries import Industry
from shared.genesis.models.skills import Skill
from shared.genesis.rules.evidence import check, judgement, report
from shared.principles import breach

SCENARIOS = ("happy_path", "invalid_input", "timeout", "transient_failure", "crash_resume")
MAX_SECONDS = 600
MIN_COVERAGE_BP = 8_000


def checks(skill: Skill, *, unique: bool) -> tuple[Check, ...]:
    """Return the checks SK-1 to SK-9."""
    return (
        check(
            "SK-1", [] if unique else ["another skill has this name, or its predecessor is gone"]
        ),
        check("SK-2", _incomplete(skill)),
        check("SK-3", _wrong_schemas(skill)),
        check("SK-4", _wrong_gates(skill)),
        check("SK-5", _wrong_failures(skill)),
        check("SK-6", _endless(skill)),
        check("SK-7", _sandbox(skill)),
        check("SK-8", _careless(skill)),
        judgement("SK-9", skill.verdicts, of="vision guardian", because=risky(skill)),
    )


def breaches(skill: Skill, industry: Industry | None) -> tuple[Violation, ...]:
    """Return where a skill keeps data that its industry does not know, or longer than it allows."""
    limits: dict[str, int] = {}
    for known in industry.data_classes if industry else ():
        longest = limits.get(known.classification, 0)
        limits[known.classification] = max(longest, known.max_retention_days)
    return tuple(
        breach(
            "L0-06",
            f"{access.resource} is kept {access.retention_days} days, and the industry"
            f" {skill.industry_code} allows {limits.get(access.classification, 'no')} days for"
            f" {access.classification}",
            "data_access",
        )
        for access in skill.data_access
        if access.retention_days > limits.get(access.classification, -1)
    )


def risky(skill: Skill) -> tuple[str, ...]:
    """Return why a skill needs the Vision Guardian's verdict."""
    kinds = {step.type for step in skill.act_phase.steps}
    found = {
        "an external API": bool(skill.effects or kinds & {"api_call", "external_communication"}),
        "shared writes": "database_write" in kinds
        or any(access.mode == "write" for access in skill.data_access),
        "personal data": any(a.classification == "restricted_pii" for a in skill.data_access),
        "its own word": skill.think_phase.risk in {"high", "critical"},
    }
    return tuple(reason for reason, so in found.items() if so)


def _incomplete(skill: Skill) -> Iterable[str]:
    steps = skill.act_phase.steps
    if not steps:
        yield "the act phase has no step"
    if len({step.n for step in steps}) < len(steps):
        yield "two steps have the same number"
    for step in steps:
        if not step.rollback.strip():
            yield f"step {step.n} has no rollback"


def _wrong_schemas(skill: Skill) -> Iterable[str]:
    wrong = schemas.problems(skill.input_schema) + schemas.problems(skill.output_schema)
    if wrong:
        yield from wrong
        return
    if not skill.samples:
        yield "there is no sample to hold the schemas against"
    for sample in skill.samples:
        for mismatch in schemas.mismatches(skill.input_schema, sample.input):
            yield f"sample {sample.name}, input: {mismatch}"
        for mismatch in schemas.mismatches(skill.output_schema, sample.output):
            yield f"sample {sample.name}, output: {mismatch}"


def _wrong_gates(skill: Skill) -> Iterable[str]:
    gates = {gate.step_n for gate in skill.approval_gates}
    steps = {step.n for step in skill.act_phase.steps}
    permitting = {g.step_n for g in skill.approval_gates if g.approval_type in APPROVAL_TYPES}
    last = max(steps, default=0)
    if gates - steps:
        yield f"a gate names step {min(gates - steps)}, which does not exist"
    if ungated := skill.effects - permitting:
        yield f"step {min(ungated)} has an external effect and no gate"
    fits = {
        "100%": not gates,
        "90%": gates == {last},
        "50%": any(n < last for n in gates),
    }
    if not fits[skill.autonomy_level]:
        yield f"autonomy {skill.autonomy_level} does not fit gates at steps {sorted(gates)} of {last}"


def _wrong_failures(skill: Skill) -> Iterable[str]:
    if not skill.observe_phase.failure_modes:
        yield "no failure mode is named"


def _endless(skill: Skill) -> Iterable[str]:
    act = skill.act_phase
    if not act.idempotent and (act.checkpoint_interval_seconds or MAX_SECONDS + 1) > MAX_SECONDS:
        yield f"neither idempotent nor with a checkpoint every {MAX_SECONDS} s"


def _sandbox(skill: Skill) -> Iterable[str]:
    found, why = report(skill.test_evidence, "sandbox_run")
    if found is None:
        yield why
        return
    scenarios = found.get("scenarios")
    results = scenarios if isinstance(scenarios, dict) else {}
    for scenario in SCENARIOS:
        if results.get(scenario) != "passed":
            yield f"the sandbox run has not passed {scenario}"
    if found.get("outputs_match_schema") is not True:
        yield "not all outputs match the schema"
    if found.get("all_events_audited") is not True:
        yield "not all events were audited"


def _careless(skill: Skill) -> Iterable[str]:
    for kind in sorted({kind for text in _texts(skill.model_dump()) for kind in secrets_in(text)}):
        yield f"it contains what looks like {kind}"
    found, why = report(skill.test_evidence, "coverage")
    if found is None:
        yield why
        return
    coverage = found.get("coverage_bp")
    if not isinstance(coverage, int) or isinstance(coverage, bool) or coverage <= MIN_COVERAGE_BP:
        yield f"test coverage is {coverage} and must be over {MIN_COVERAGE_BP} basis points"


def _texts(value: Any) -> Iterable[str]:
    """Walk through all texts of a document, each with the name it goes under."""
    match value:
        case str():
            yield value
        case dict():
            for name, item in value.items():
                yield from _texts(f"{name}: {item}" if isinstance(item, str) else item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
