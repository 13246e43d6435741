"""The nine checks of a job role, and what the principles ask of it in relation to its skills."""

from collections.abc import Iterable, Sequence

from shared.constitution import wild
from shared.errors import Invalid, Violation
from shared.genesis.models.catalogue import Status
from shared.genesis.models.evidence import Check
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import MAX_SKILLS, MIN_CAN_DO, MIN_CANNOT_DO, JobRole
from shared.genesis.models.skills import Skill
from shared.genesis.rules import lifecycle
from shared.genesis.rules.evidence import check, judgement, report
from shared.principles import breach
from shared.texts import alike

_BOUNDARIES = {"allowed": "allow", "prohibited": "deny", "ambiguous": "escalate"}
_COMPLEXITY = {1: "simple", 3: "moderate", 4: "complex", 5: "complex"}


def checks(
    role: JobRole, industry: Industry | None, skills: Sequence[Skill | None]
) -> tuple[Check, ...]:
    """Return the checks JR-1 to JR-9; *skills* are the required ones, then the optional ones."""
    present = [skill for skill in skills if skill]
    required = skills[: len(role.required_skills)]
    return (
        check("JR-1", _unknown_industry(role, industry)),
        check("JR-2", _wrong_skills(role, required)),
        check("JR-3", _wrong_tools(role, present)),
        check("JR-4", (f"no confirmation gate names {tool}" for tool in role.ungated)),
        check("JR-5", _wrong_count(role)),
        check("JR-6", _narrow(role, industry)),
        check("JR-7", _ignorant(role, industry)),
        check("JR-8", _boundaries(role)),
        judgement("JR-9", role.verdicts, of="governor", because=sensitive(role, present)),
    )


def breaches(industry: Industry | None, skills: Sequence[Skill | None]) -> tuple[Violation, ...]:
    """Return the predicates of L0-06 and L0-07 that need the role's industry and skills."""
    known = {data.classification for data in industry.data_classes} if industry else set()
    used = {a.classification for skill in skills if skill for a in skill.data_access}
    found = [
        breach("L0-06", f"its skills use {name} data, which the industry does not know")
        for name in sorted(used - known)
    ]
    if not all(skill and skill.status is Status.CERTIFIED for skill in skills):
        found.append(breach("L0-07", "not all skills are certified", "required_skills"))
    return tuple(found)


def depend(role: JobRole, skills: Sequence[Skill | None]) -> None:
    """
    Let a role depend on its skills, the required ones and then the optional ones.

    Raises:
        Invalid: One of them is missing, or a skill is not certified.
    """
    for skill_id, skill in zip(role.all_skills, skills, strict=True):
        if skill is None:
            raise Invalid(f"there is no skill {skill_id}", rule="dependency_missing")
        if skill.status is not Status.CERTIFIED:
            raise Invalid(
                f"a job role is made of certified skills; the skill {skill_id} is {skill.standing}",
                rule="dependency_uncertified",
            )


def sensitive(role: JobRole, skills: Sequence[Skill]) -> tuple[str, ...]:
    """Return why a role needs the Governor's approval."""
    found = set(role.sensitivity)
    if any(a.classification == "restricted_pii" for skill in skills for a in skill.data_access):
        found.add("pii")
    if role.industry_code == "FN" or any(
        gate.approval_type == "financial" for gate in role.confirmation_gates
    ):
        found.add("money")
    if role.industry_code == "ED":
        found.add("child_facing")
    return tuple(sorted(found))


def _unknown_industry(role: JobRole, industry: Industry | None) -> Iterable[str]:
    if industry is None:
        yield f"there is no industry {role.industry_id}"
    elif industry.status is not Status.CERTIFIED:
        yield f"the industry {industry.code} is {industry.standing}"


def _wrong_skills(role: JobRole, required: Sequence[Skill | None]) -> Iterable[str]:
    if not 1 <= len(role.required_skills) <= MAX_SKILLS:
        yield f"{len(role.required_skills)} required skills, not 1 to {MAX_SKILLS}"
    for skill_id, skill in zip(role.required_skills, required, strict=True):
        if skill is None:
            yield f"there is no skill {skill_id}"
        elif skill.status is not Status.CERTIFIED:
            yield f"the skill {skill_id} is {skill.standing}"
        elif skill.industry_code not in {role.industry_code, "PL"}:
            yield f"the skill {skill_id} belongs to {skill.industry_code}"


def _wrong_tools(role: JobRole, skills: Sequence[Skill]) -> Iterable[str]:
    authorized = {tool.tool_id for tool in role.tool_authorizations}
    if wild(authorized):
        yield "tool_authorizations take no wildcard"
    for tool in sorted({tool for s in skills for tool in s.tool_requirements} - authorized):
        yield f"its skills need {tool}, which the role may not use"


def _wrong_count(role: JobRole) -> Iterable[str]:
    if role.requires_manager == (role.agent_count == 1):
        yield "a role of one has no manager, and a team has one"
    if role.coordination_complexity != _COMPLEXITY[role.agent_count]:
        yield f"{role.agent_count} agents are {_COMPLEXITY[role.agent_count]} to coordinate"


def _narrow(role: JobRole, industry: Industry | None) -> Iterable[str]:
    if len(role.can_do) < MIN_CAN_DO:
        yield f"can_do has fewer than {MIN_CAN_DO} entries"
    if len(role.cannot_do) < MIN_CANNOT_DO:
        yield f"cannot_do has fewer than {MIN_CANNOT_DO} entries"
    forbidden = set(map(alike, role.cannot_do))
    for line in industry.cannot_do if industry else ():
        if alike(line) not in forbidden:
            yield f"cannot_do lacks the industry's: {line}"


def _ignorant(role: JobRole, industry: Industry | None) -> Iterable[str]:
    if role.expertise_level == "generic":
        return
    known = industry and (
        industry.terminology_ref and industry.embeddings_ref and industry.regulations
    )
    if not known:
        yield f"the industry's knowledge does not exist; certify as generic, not {role.expertise_level}"


def _boundaries(role: JobRole) -> Iterable[str]:
    """Judge the report, and then ask the role the same questions."""
    found, why = report(role.test_evidence, "boundary_tests")
    if found is None:
        yield why
        return
    for name, expected in _BOUNDARIES.items():
        test = found.get(name)
        if not isinstance(test, dict) or not isinstance(test.get("task"), str):
            yield f"the report has no {name} task"
            continue
        if test.get("outcome") != expected:
            yield f"the {name} task gave {test.get('outcome')} and not {expected}"
        if (now := lifecycle.may_do(role, test["task"])) != expected:
            yield f"the {name} task gives {now} and not {expected}"
