"""The certified parts that an agent is made of, and what follows from them."""

from collections.abc import Iterable

from shared.agents.models.agents import Agent
from shared.agents.models.me_wow import ActStep, Ground
from shared.constitution import wild
from shared.errors import Violation
from shared.genesis.models.catalogue import Status
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.parts import DataAccess
from shared.genesis.models.skills import Skill
from shared.principles import breach
from shared.records import dataclass

MAX_DEPENDENCIES = 50


_WRITES = frozenset({"database_write", "file_operation", "external_communication"})


@dataclass(frozen=True)
class Composition:
    """An industry, a job role and skills, as they are now."""

    industry: Industry
    job_role: JobRole
    skills: tuple[Skill, ...]

    @property
    def ground(self) -> Ground:
        """What a way of working is held against."""
        return Ground(cannot_do=self.job_role.cannot_do, steps=tuple(act_steps(self.skills)))

    @property
    def tools(self) -> frozenset[str]:
        """The tools that the job role authorises."""
        return frozenset(tool.tool_id for tool in self.job_role.tool_authorizations)

    @property
    def pins(self) -> frozenset[tuple[str, str, str]]:
        """Id, version and hash of each certified skill."""
        certified = (skill for skill in self.skills if skill.status == Status.CERTIFIED)
        return frozenset((skill.id, skill.version, skill.version_hash) for skill in certified)

    @property
    def data(self) -> tuple[DataAccess, ...]:
        """Everything that the skills may touch."""
        return tuple(access for skill in self.skills for access in skill.data_access)


def act_steps(skills: Iterable[Skill]) -> Iterable[ActStep]:
    """Return the act steps of skills, named as decisions name them."""
    for skill in skills:
        for step in skill.act_phase.steps:
            yield ActStep(
                decision=f"{skill.skill_key}.{step.n}",
                external_effect=step.external_effect,
                writes=step.type in _WRITES,
                irreversible=step.reversibility == "irreversible",
            )


def cyclic(graph: dict[str, tuple[str, ...]], start: str) -> bool:
    """Say whether following the dependencies of *start* leads back to an agent on the way."""
    done: set[str] = set()

    def returns(here: str, way: frozenset[str]) -> bool:
        if here in way:
            return True
        if here in done:
            return False
        found = any(returns(there, way | {here}) for there in graph.get(here, ()))
        done.add(here)
        return found

    return returns(start, frozenset())


def specification_violations(agent: Agent, parts: Composition) -> tuple[Violation, ...]:
    """Return what in a specification breaks the constitution, given the parts it names."""
    role, skills = parts.job_role, set(agent.skills)
    required, optional = set(role.required_skills), set(role.optional_skills)
    needs = agent.specification.data_access_requirements
    found = (
        (
            role.industry_id != agent.industry_id,
            "L0-02",
            "job_role_id",
            "belongs to another industry",
        ),
        (not required <= skills, "L0-02", "skills", "lack what the job role requires"),
        (not skills <= required | optional, "L0-02", "skills", "go beyond the job role"),
        (len(skills) != len(agent.skills), "L0-02", "skills", "are named twice"),
        (
            wild(field for need in needs for field in need.fields),
            "L0-04",
            "data_access_requirements",
            "hold a wildcard",
        ),
        (
            not all(any(grant.covers(need) for grant in parts.data) for need in needs),
            "L0-06",
            "data_access_requirements",
            "go beyond what the skills may touch",
        ),
    )
    return tuple(
        breach(code, f"{field} {what}", field) for broken, code, field, what in found if broken
    )


def uncertified(parts: Composition) -> tuple[Violation, ...]:
    """Return the parts that are not certified; an agent is made of certified parts only."""
    named: tuple[tuple[str, Industry | JobRole | Skill], ...] = (
        ("industry_id", parts.industry),
        ("job_role_id", parts.job_role),
        *(("skills", skill) for skill in parts.skills),
    )
    return tuple(
        Violation(
            rule="dependency_uncertified",
            message=f"{part.name} is not certified but {part.standing}",
            field=field,
        )
        for field, part in named
        if part.status != Status.CERTIFIED
    )
