"""What rules may know about the agent that something is done to."""

from collections.abc import Mapping
from typing import Any

from shared.agents.models.agents import Agent
from shared.deciding import Question
from shared.store import Transaction


def facts(txn: Transaction, question: Question) -> Mapping[str, Any]:
    """
    Return how the agent is that the address names; nothing where it names none.

    No agent has a sandbox yet: what is not in service sends nothing anywhere. It is held: who suspends it while something is decided by what it was, has that decided again.
    """
    id = question.path.get("agent_id")
    agent = txn.get_or_none(Agent, id) if id else None
    if agent is None:
        return {"agent": None}
    txn.hold(agent)
    return {
        "agent": {
            "id": agent.id,
            "status": agent.status,
            "suspended": agent.status == "suspended",
            "release": agent.release_state,
            "industry": agent.industry_code,
            "manifest_hash": agent.manifest_hash,
            "trial_enabled": agent.trial_enabled,
            "sandbox": None,
        }
    }
