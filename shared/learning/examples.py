"""A complete rule, for descriptions and for the story."""

from typing import Any

DEPLOY_AGAIN: dict[str, Any] = {
    "seed_type": "approval_boundary",
    "domain": "agent_lifecycle",
    "principle": "A further agent of an industry that has one in service may be deployed when every review"
    " passed well and its rollback is planned.",
    "rationale": "L0-03 asks for an approval before anything has an effect; a standing rule with verified"
    " facts, a ceiling and a veto window is one. L0-07 is kept, as every review still takes place.",
    "concrete_example": {
        "think": "A second agent of the industry passed certification, architecture and ethics.",
        "act": "It is deployed at once, and the Governor is told.",
        "observe": "Nobody objected within 24 hours; the agent stays in service.",
    },
    "approval_class": "agent.deploy:HC:*",
    "approval_types": ["execution"],
    "decision": "approved",
    "scope_ceiling": {
        "actions": ["agent.deploy"],
        "data_classes": ["public", "internal"],
        "integrations": ["wordpress"],
        "industries": ["HC"],
        "tenants": "*",
        "max_risk": "medium",
    },
    "coverage": {
        "acts": [
            {
                "gate": "stage-6",
                "subject_kind": "pipeline_stage",
                "arguments": [
                    {"name": "agent_id", "any": "id"},
                    {"name": "stage", "one_of": [6]},
                    {"name": "spec_hash", "any": "digest"},
                    {"name": "gate_results_hash", "any": "digest"},
                    {"name": "chain_version", "one_of": [1]},
                ],
            }
        ]
    },
    "conditions": [
        {"id": "aligned", "fact": "alignment_score", "operator": "gte", "value": 80},
        {"id": "complete", "fact": "completeness", "operator": "gte", "value": 100},
        {"id": "rollback", "fact": "rollback_planned", "operator": "eq", "value": True},
    ],
    "auto_approve": True,
}
