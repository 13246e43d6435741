"""The certified parts that an agent is made of, and what follows from them."""

from collections.abc import Iterable

from shared.agents.models.agents import Agent
from shared.agents.rules.composition import MAX_DEPENDENCIES, Composition
from shared.errors import Invalid
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.skills import Skill
from shared.store import Transaction


def gathered(
    txn: Transaction, *, industry_id: str, job_role_id: str, skills: Iterable[str]
) -> Composition:
    """
    Read the parts of an agent.

    Raises:
        Invalid: One of them does not exist.
    """
    return Composition(
        industry=txn.named(Industry, industry_id, field="industry_id"),
        job_role=txn.named(JobRole, job_role_id, field="job_role_id"),
        skills=tuple(txn.named(Skill, skill, field="skills") for skill in skills),
    )


def dependencies(txn: Transaction, agent: Agent) -> dict[str, tuple[str, ...]]:
    """
    Read what an agent leans on, and what those lean on, up to a bound.

    Raises:
        Invalid: It leans on an agent that does not exist, or on more than can be looked through.
    """
    graph = {agent.id: tuple(d.agent_id for d in agent.depends_on)}
    todo = [*graph[agent.id]]
    while todo:
        here = todo.pop()
        if here in graph:
            continue
        if len(graph) > MAX_DEPENDENCIES:
            raise Invalid(
                f"an agent leans on at most {MAX_DEPENDENCIES} others", rule="dependencies"
            )
        found = txn.named(Agent, here, field="depends_on")
        graph[here] = tuple(d.agent_id for d in found.depends_on)
        todo += graph[here]
    return graph
