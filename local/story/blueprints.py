"""
The agent of the story: what is asked for, how it works, and what speaks for it.

Each builder returns a fresh request body, so that whoever gets one may change it.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from shared.agents import examples
from shared.agents.examples import IN_SCOPE, PUBLISH
from shared.canonical import digest

Body = dict[str, Any]

UNCERTIFIABLE = ("CERT-3", "CERT-4")
"""The checks that `uncertifiable` fails."""

GAPS = ("self_critique", "escalation_triggers")
"""The sections that `incomplete` lacks."""


def agent(job_role: Body, *, name: str = "Clinic Content Writer") -> Body:
    """Describe the agent that is asked for."""
    return {
        "name": name,
        "purpose": "Researches and writes health content for a clinic; people approve what appears.",
        "industry_id": job_role["industry_id"],
        "job_role_id": job_role["id"],
        "skills": list(job_role["required_skills"]),
        "governance_agent_id": "genesis",
        "scope_boundaries": {
            "in": [IN_SCOPE],
            "out": list(job_role["cannot_do"]),
            "refusal_classes": ["medical advice to one person"],
        },
        "required_capabilities": ["write", "research", "check claims"],
        "data_access_requirements": [],
        "external_systems": ["wordpress"],
        "trial_enabled": True,
        "trial_mode_sandbox_url": "https://sandbox.example.com/clinic-content-writer",
    }


def blueprint(job_role: Body, skills: Sequence[Body]) -> Body:
    """Describe how the agent works, completely, with its manifest and the tests that speak for it."""
    access = {digest(access): access for skill in skills for access in skill["data_access"]}
    body = examples.blueprint(
        cannot_do=job_role["cannot_do"],
        steps=[step for skill in skills for step in _steps(skill)],
        pins=[
            {"skill_id": s["id"], "version": s["version"], "hash": s["version_hash"]}
            for s in skills
        ],
        data_access=list(access.values()),
    )
    return deepcopy(body)


def incomplete(job_role: Body, skills: Sequence[Body]) -> Body:
    """Describe a way of working that lacks two of its sections."""
    body = blueprint(job_role, skills)
    del body["me_wow"]["self_critique"]
    body["me_wow"]["escalation_triggers"] = []
    return body


def uncertifiable(job_role: Body, skills: Sequence[Body]) -> Body:
    """
    Describe a complete way of working that Genesis must refuse.

    It publishes on its own, and the hook that could stop it is missing.
    """
    body = blueprint(job_role, skills)
    for part in (body["me_wow"], body["manifest"]):
        rights = part["decision_rights"]
        part["decision_rights"] = {
            "autonomous": [*rights["autonomous"], PUBLISH],
            "requires_approval": [],
        }
    gates = body["manifest"]["approval_policy"]["gates"]
    body["manifest"]["approval_policy"]["gates"] = [g for g in gates if g["kind"] != "stop"]
    return body


def _steps(skill: Body) -> list[str]:
    return [f"{skill['skill_key']}.{step['n']}" for step in skill["act_phase"]["steps"]]
