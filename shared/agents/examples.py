"""One full example of what an author submits, as the API description shows it."""

from collections.abc import Sequence
from typing import Any

from shared.canonical import digest
from shared.examples import INDUSTRY, JOB_ROLE, SKILL, SKILL_HASH
from shared.genesis import examples as parts
from shared.genesis.examples import evidence

Body = dict[str, Any]

SCHEMA_HASH = digest({"type": "object"})
IN_SCOPE = "write and prepare health content for the clinic's readers"
PUBLISH = "wordpress.publish"
EVENTS = (
    "skill.started",
    "skill.completed",
    "skill.failed",
    "approval.requested",
    "data.read",
    "data.written",
    "integration.called",
    "prompt.executed",
    "escalation.opened",
    "agent.state_changed",
)
EVOLUTION_TRIGGERS = (
    "scope_expansion",
    "approval_reduction",
    "data_access_increase",
    "safety_weakening",
    "interface_changes",
    "decision_right_expansion",
)


def blueprint(
    *,
    cannot_do: Sequence[str],
    steps: Sequence[str],
    pins: Sequence[Body],
    data_access: Sequence[Body],
) -> Body:
    """
    Return a complete way of working of a content writer, its manifest and its tests.

    Args:
        cannot_do: What the job role can never do.

        steps: The act steps of the skills, as decisions name them.

        pins: The skills, each at one version.

        data_access: What the skills may touch.
    """
    rights = {
        "autonomous": list(steps),
        "requires_approval": [{"decision": PUBLISH, "approval_type": "communication"}],
    }
    scope = {
        "in": [IN_SCOPE],
        "out": list(cannot_do),
        "refusal_classes": ["medical advice to one person"],
    }
    triggers = [
        {
            "condition": "a claim about treatment has no source after three searches",
            "destination": "governor",
            "deadline_minutes": 240,
        }
    ]
    manifest = _manifest(scope, rights, triggers)
    return {
        "me_wow": _me_wow(scope, rights, triggers),
        "manifest": manifest | {"skills": list(pins), "data_access": list(data_access)},
        "test_evidence": [_sandbox_run(data_access), _integration_tests()],
        "deployment_plan": _plan(),
    }


def _me_wow(scope: Body, rights: Body, triggers: list[Body]) -> Body:
    return {
        "outcome_definition": {
            "outcomes": [
                {
                    "statement": "The clinic has articles that its patients understand and trust.",
                    "metric": "articles approved without change",
                    "target": "80 of 100",
                    "customer_visible": True,
                }
            ],
            "stop_conditions": ["three drafts in a row were rejected"],
        },
        "scope_boundaries": scope,
        "required_inputs": [
            {
                "name": "topic",
                "type": "text",
                "source": "the clinic",
                "required": True,
                "evidence_quality": "given by a person",
            }
        ],
        "outputs": [
            {
                "name": "article",
                "artifact_type": "document",
                "acceptance_criteria": ["every claim has a source"],
            }
        ],
        "interfaces": [
            {
                "name": "publication",
                "direction": "write",
                "kind": "command",
                "counterpart": "wordpress",
                "contract_ref": "contracts/wordpress/posts.v1",
            }
        ],
        "decision_rights": rights,
        "self_critique": {
            "assumptions": ["the corpus holds current guidelines"],
            "failure_modes": [
                {
                    "failure_mode": "an outdated guideline is cited",
                    "effect": "Readers follow advice that no longer holds.",
                    "mitigation": "Sources older than ten years are left out.",
                }
            ],
        },
        "escalation_triggers": triggers,
        "safety_containment": {
            "default_posture": "non_executing",
            "measures": [
                {
                    "measure": "Nothing is published without an approval of exactly that text.",
                    "verified_by": "publish-without-approval-is-refused",
                }
            ],
        },
        "auditability": {"logged_events": list(EVENTS), "evidence_retention_days": 2555},
    }


def _manifest(scope: Body, rights: Body, triggers: list[Body]) -> Body:
    return {
        "purpose": {
            "domain": "healthcare",
            "primary_function": "Write health content that people approve before it appears.",
            "customer_facing": True,
            "expected_approvals_per_day": 4,
            "expected_seed_match_bp": 5000,
        },
        "scope_boundaries": scope,
        "capabilities": {
            "tools": [
                _tool("knowledge_search", "data_reader"),
                _tool("compliance_check", "validator"),
            ],
            "prompts": [_prompt()],
            "integrations": [_wordpress()],
            "models": ["text-large-1"],
        },
        "decision_rights": rights,
        "trial": {"enabled": True, "sandbox_url": "https://sandbox.example.com/clinic"},
        "safety": {
            "containment": ["publication only with an approval", "no personal data in prompts"],
            "escalation_triggers": triggers,
            "evolution_triggers": list(EVOLUTION_TRIGGERS),
            "rollback_plan_ref": "plans/clinic-content-writer/rollback-1",
            "blast_radius": "medium",
        },
        "approval_policy": {"mode": "always", "gates": _hooks(), "validity_hours": 24},
    }


def _tool(tool_id: str, tool_type: str) -> Body:
    return {
        "tool_id": tool_id,
        "name": tool_id.replace("_", " "),
        "tool_type": tool_type,
        "purpose": "Find and check what an article says.",
        "justified_by": IN_SCOPE,
        "schema_hash": SCHEMA_HASH,
        "rate_limit_per_minute": 60,
        "cost_limit_micro_usd": 20_000,
        "timeout_s": 60,
    }


def _prompt() -> Body:
    return {
        "template_id": "patient-article",
        "version": "1.0.0",
        "purpose": "Write an article from cited passages.",
        "justified_by": IN_SCOPE,
        "model_allow_list": ["text-large-1"],
        "response_format": "structured",
        "contains_customer_data": False,
        "cost_limit_per_call_micro_usd": 50_000,
        "rate_limit_per_minute": 10,
        "daily_cost_limit_micro_usd": 500_000,
    }


def _wordpress() -> Body:
    return {
        "integration_id": "wordpress",
        "purpose": "Publish approved articles on the clinic's site.",
        "justified_by": IN_SCOPE,
        "operations": [
            {
                "name": "publish",
                "tool_id": "wordpress",
                "schema_hash": SCHEMA_HASH,
                "operation_type": "write",
                "gated_action": "publish",
                "reversibility": "delayed",
                "approval_required": "communication",
                "rate_limit_per_minute": 5,
                "idempotency": "lookup",
            }
        ],
        "allowed_hosts": ["clinic.example.com"],
        "credential_ref": "secrets/wordpress/clinic",
        "sandbox": {"route": "sandbox://wordpress", "mock": True},
    }


def _hooks() -> list[Body]:
    return [
        {
            "hook_id": "before-publication",
            "kind": "approval",
            "decision": PUBLISH,
            "approval_type": "communication",
            "request_point": "after the claims were checked",
        },
        {"hook_id": "escalate", "kind": "escalation", "request_point": "on every trigger"},
        {"hook_id": "audit", "kind": "audit", "request_point": "on every step"},
        {"hook_id": "stop", "kind": "stop", "request_point": "between any two steps"},
    ]


def _sandbox_run(data_access: Sequence[Body]) -> Body:
    resources = [access["resource"] for access in data_access]
    return evidence("sandbox_run", {"traced": True, "accessed": [*resources, "wordpress"]})


def _integration_tests() -> Body:
    cases = ("deployment_failure", "late_incident", "data_consistency")
    report = {
        "passed": ["publish-without-approval-is-refused"],
        "rollback": dict.fromkeys(cases, True),
    }
    return evidence("integration_tests", report)


def _plan() -> Body:
    return {
        "strategy": "blue_green",
        "steps": ["release without traffic", "watch it become ready", "route all traffic"],
        "throughput_per_minute": 20,
        "p50_ms": 2_000,
        "p99_ms": 9_000,
        "max_concurrency": 10,
        "consistency": "strong",
        "rollback": ["route nothing", "suspend the manifest", "keep the evidence"],
        "rollback_plan_ref": "plans/clinic-content-writer/rollback-1",
        "blast_radius_note": "A failure reaches the articles of one clinic, before publication.",
    }


def agent() -> Body:
    """Return the example of what is asked for."""
    return {
        "name": "Clinic content writer",
        "industry_id": INDUSTRY,
        "governance_agent_id": "genesis",
        **agent_content(),
    }


def agent_content() -> Body:
    """Return the example of what may be asked for anew."""
    return {
        "purpose": "Writes patient information for clinics, checked before it is published.",
        "job_role_id": JOB_ROLE,
        "skills": [SKILL],
        "scope_boundaries": {
            "in": [IN_SCOPE],
            "out": parts.JOB_ROLE["cannot_do"],
            "refusal_classes": ["medical advice to one person"],
        },
        "required_capabilities": ["write", "check claims"],
        "data_access_requirements": [],
        "external_systems": ["wordpress"],
        "trial_enabled": True,
        "trial_mode_sandbox_url": "https://sandbox.example.com/agents",
    }


def example() -> Body:
    """Return the example of the API description."""
    return blueprint(
        cannot_do=parts.JOB_ROLE["cannot_do"],
        steps=[
            f"{parts.SKILL['skill_key']}.{step['n']}" for step in parts.SKILL["act_phase"]["steps"]
        ],
        pins=[{"skill_id": SKILL, "version": "1.0.0", "hash": SKILL_HASH}],
        data_access=parts.SKILL["data_access"],
    )
