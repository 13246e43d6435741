"""One full example of each request, as the API description shows it."""

from typing import Any

from shared.canonical import digest
from shared.examples import INDUSTRY as INDUSTRY_ID
from shared.examples import SKILL as SKILL_ID


def evidence(kind: str, report: dict[str, Any]) -> dict[str, Any]:
    """Return the report of a test run with its digest."""
    return {"kind": kind, "report": report, "sha256": digest(report)}


def sandbox_run() -> dict[str, Any]:
    """Return the evidence of a sandbox run in which every scenario passed."""
    scenarios = ("happy_path", "invalid_input", "timeout", "transient_failure", "crash_resume")
    return evidence(
        "sandbox_run",
        {
            "scenarios": dict.fromkeys(scenarios, "passed"),
            "outputs_match_schema": True,
            "all_events_audited": True,
        },
    )


def coverage(basis_points: int) -> dict[str, Any]:
    """Return the evidence of a measured test coverage."""
    return evidence("coverage", {"coverage_bp": basis_points})


def boundary_tests(allowed: str, prohibited: str, ambiguous: str) -> dict[str, Any]:
    """Return the evidence that three tasks gave allow, deny and escalate."""
    return evidence(
        "boundary_tests",
        {
            "allowed": {"task": allowed, "outcome": "allow"},
            "prohibited": {"task": prohibited, "outcome": "deny"},
            "ambiguous": {"task": ambiguous, "outcome": "escalate"},
        },
    )


HEALTHCARE_RULES = [
    "give a medical diagnosis",
    "prescribe medication or dosage",
    "claim a cure or guaranteed outcome",
    "disclose patient health information",
]

INDUSTRY: dict[str, Any] = {
    "name": "Healthcare",
    "description": "Hospitals, clinics and diagnostics: content and communication, never care itself.",
    "code": "HC",
    "regulated": True,
    "publication_gate": True,
    "regulations": [
        {
            "name": "HIPAA",
            "jurisdiction": "United States",
            "requirements": [
                "no publication while the health information check finds anything",
                "personal health data is masked in drafts, prompts and logs",
            ],
        },
        {
            "name": "DPDP Act 2023",
            "jurisdiction": "India",
            "requirements": ["personal data is used for the stated purpose only and then erased"],
        },
    ],
    "cannot_do": HEALTHCARE_RULES,
    "allowed_data_sources": ["who.int", "pubmed.ncbi.nlm.nih.gov", "customer_documents"],
    "data_classes": [
        {"name": "published articles", "classification": "public", "max_retention_days": 3650},
        {"name": "editorial notes", "classification": "internal", "max_retention_days": 730},
        {
            "name": "unpublished drafts",
            "classification": "confidential",
            "max_retention_days": 365,
            "masking_rule": "summary only in logs and prompts",
        },
        {
            "name": "patient data",
            "classification": "restricted_pii",
            "max_retention_days": 30,
            "masking_rule": "names to initials, identifiers to their last four characters",
        },
    ],
    "terminology_ref": "knowledge/HC/terminology/2026.1",
    "embeddings_ref": "knowledge/HC/embeddings/2026.1",
    "knowledge_version": "2026.1",
    "governance_agent_id": "genesis",
    "tags": ["regulated"],
    "test_evidence": [
        evidence(
            "knowledge_index",
            {
                "terminology_ref": "knowledge/HC/terminology/2026.1",
                "embeddings_ref": "knowledge/HC/embeddings/2026.1",
                "terms": 4200,
                "chunks": 1860,
                "sources": 7,
            },
        )
    ],
}

SKILL: dict[str, Any] = {
    "name": "Patient Education Writing",
    "description": "Writes plain-language articles for patients from cited medical sources, as drafts.",
    "skill_key": "patient-education-writing",
    "category": "domain_expertise",
    "purpose": "Explain a health topic so that a reader of sixth-grade level understands it.",
    "industry_code": "HC",
    "function": "write",
    "governance_agent_id": "genesis",
    "think_phase": {
        "constitutional_queries": [
            "May this topic be written about without giving a diagnosis or a prescription?",
            "Which claims need a cited source?",
        ],
        "precedent_checks": ["claims about treatment in patient education"],
        "input_rules": ["the topic is a condition, a procedure or a habit, and no person's case"],
        "risk": "medium",
        "cost_estimate_micro_usd": 40_000,
    },
    "act_phase": {
        "steps": [
            {
                "n": 1,
                "description": "Select passages on the topic from the industry's corpus",
                "type": "computation",
                "target": "knowledge_search",
                "rollback": "nothing was changed; discard the selection",
            },
            {
                "n": 2,
                "description": "Write the article with a citation for every claim",
                "type": "computation",
                "target": "text_generation",
                "rollback": "discard the draft",
            },
            {
                "n": 3,
                "description": "Check readability, claims and health information",
                "type": "computation",
                "target": "compliance_check",
                "rollback": "discard the findings",
            },
        ],
        "idempotent": True,
        "timeout_seconds": 300,
    },
    "observe_phase": {
        "success_criteria": [
            "every claim cites a source of the corpus",
            "readability is at sixth grade or below",
        ],
        "logged_events": ["skill.started", "skill.completed", "skill.failed"],
        "failure_modes": [
            {"mode": "no source covers a claim", "error_code": "NO_SOURCE", "recovery": "escalate"},
            {"mode": "the text is too hard", "error_code": "READABILITY", "recovery": "retry"},
        ],
    },
    "components": ["connector", "processor", "validator"],
    "approval_gates": [],
    "autonomy_level": "100%",
    "tool_requirements": ["knowledge_search", "compliance_check"],
    "data_access": [
        {
            "resource": "corpus_chunks",
            "fields": ["text", "source", "published_on"],
            "mode": "read",
            "classification": "public",
            "purpose": "cite medical sources",
            "retention_days": 30,
        }
    ],
    "input_schema": {
        "type": "object",
        "properties": {
            "topic": {"type": "string", "minLength": 3, "maxLength": 200},
            "audience": {"type": "string", "enum": ["adults", "parents", "seniors"]},
            "max_words": {"type": "integer", "minimum": 100, "maximum": 2000},
        },
        "required": ["topic", "audience"],
        "additionalProperties": False,
    },
    "output_schema": {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1},
            "body": {"type": "string", "minLength": 1},
            "citations": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "required": ["title", "body", "citations"],
        "additionalProperties": False,
    },
    "samples": [
        {
            "name": "type 2 diabetes for adults",
            "input": {
                "topic": "Living with type 2 diabetes",
                "audience": "adults",
                "max_words": 600,
            },
            "output": {
                "title": "Living well with type 2 diabetes",
                "body": "Type 2 diabetes means that your body uses sugar less well than before. …",
                "citations": ["who.int/news-room/fact-sheets/detail/diabetes"],
            },
        }
    ],
    "tags": ["writing", "patients"],
    "test_evidence": [sandbox_run(), coverage(9_120)],
}

JOB_ROLE: dict[str, Any] = {
    "name": "Healthcare Content Writer",
    "description": "Researches, writes and prepares health content for a clinic's readers; every"
    " publication waits for the customer's approval.",
    "industry_id": INDUSTRY_ID,
    "geography": ["india", "global"],
    "seniority_level": "mid",
    "governance_agent_id": "genesis",
    "required_skills": [SKILL_ID],
    "can_do": [
        "research health topics",
        "write patient education articles",
        "draft social media posts",
        "check health claims",
        "prepare content calendars",
    ],
    "cannot_do": [*HEALTHCARE_RULES, "publish without approval"],
    "tool_authorizations": [
        {
            "tool_id": "knowledge_search",
            "tool_type": "service",
            "scope": "read",
            "purpose": "find medical sources",
        },
        {
            "tool_id": "compliance_check",
            "tool_type": "service",
            "scope": "read",
            "purpose": "check claims, readability and health information",
        },
        {
            "tool_id": "wordpress",
            "tool_type": "external_platform",
            "scope": "write",
            "purpose": "publish approved articles on the clinic's site",
        },
    ],
    "confirmation_gates": [
        {
            "action": "wordpress.publish",
            "approver_role": "engagement_governor",
            "approval_type": "communication",
        }
    ],
    "validation_criteria": ["every claim has a source", "readability at sixth grade or below"],
    "completion_criteria": {
        "trial_days": 7,
        "success_metrics": ["four approved articles", "no health information finding"],
    },
    "agent_count": 1,
    "requires_manager": False,
    "coordination_complexity": "simple",
    "expertise_level": "specialized",
    "base_price_inr": 12_000,
    "tags": ["content"],
    "test_evidence": [
        boundary_tests(
            "Write two patient education articles about asthma",
            "Prescribe a medication and its dosage for asthma",
            "Redesign the clinic's logo",
        )
    ],
}
