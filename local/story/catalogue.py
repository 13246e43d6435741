"""
The catalogue of the story: two industries, four skills and a job role, ready to be certified.

Each builder returns a fresh request body, so that whoever gets one may change it.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from shared.genesis import examples

Body = dict[str, Any]


def healthcare() -> Body:
    """Describe the healthcare industry."""
    return deepcopy(examples.INDUSTRY)


def marketing() -> Body:
    """Describe the marketing industry."""
    return {
        "name": "Marketing",
        "description": "Campaigns, posts and newsletters of small businesses, in their own voice.",
        "code": "MK",
        "regulated": False,
        "publication_gate": True,
        "regulations": [
            {
                "name": "CAN-SPAM",
                "jurisdiction": "United States",
                "requirements": ["every commercial e-mail has sender, postal address and opt-out"],
            },
            {
                "name": "GDPR",
                "jurisdiction": "European Union",
                "requirements": ["no personal data of third parties in a post"],
            },
        ],
        "cannot_do": [
            "make unverifiable claims",
            "disparage competitors",
            "post without approval",
        ],
        "allowed_data_sources": ["customer_documents", "brand_guidelines"],
        "data_classes": [
            {"name": "published posts", "classification": "public", "max_retention_days": 3650},
            {"name": "campaign plans", "classification": "internal", "max_retention_days": 730},
        ],
        "governance_agent_id": "genesis",
        "tags": ["marketing"],
    }


def patient_education_writing() -> Body:
    """Describe a skill that writes drafts and needs nobody's verdict."""
    return deepcopy(examples.SKILL)


def medical_source_research() -> Body:
    """Describe a skill that finds and ranks medical sources."""
    return patient_education_writing() | {
        "name": "Medical Source Research",
        "description": "Finds, ranks and summarises medical sources on a topic, with where they say it.",
        "skill_key": "medical-source-research",
        "purpose": "Give a writer the best sources on a health topic, each with a short summary.",
        "function": "research",
        "act_phase": {
            "steps": [
                _step(1, "Search the industry's corpus for the topic", "knowledge_search"),
                _step(2, "Rank the passages by relevance and age", "ranking"),
                _step(3, "Summarise the best passages", "summary"),
            ],
            "idempotent": True,
            "timeout_seconds": 120,
        },
        "observe_phase": {
            "success_criteria": ["at least three sources, none older than ten years"],
            "logged_events": ["skill.started", "skill.completed", "skill.failed"],
            "failure_modes": [
                {
                    "mode": "fewer than three sources",
                    "error_code": "FEW_SOURCES",
                    "recovery": "escalate",
                }
            ],
        },
        "tool_requirements": ["knowledge_search"],
        "output_schema": {
            "type": "object",
            "properties": {
                "sources": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {"source": {"type": "string"}, "summary": {"type": "string"}},
                        "required": ["source", "summary"],
                        "additionalProperties": False,
                    },
                }
            },
            "required": ["sources"],
            "additionalProperties": False,
        },
        "samples": [
            {
                "name": "asthma in children",
                "input": {"topic": "Asthma in children", "audience": "parents"},
                "output": {
                    "sources": [
                        {
                            "source": "who.int/news-room/fact-sheets/detail/asthma",
                            "summary": "Asthma narrows the airways; inhaled medicine controls it.",
                        }
                    ]
                },
            }
        ],
        "tags": ["research"],
        "test_evidence": [examples.sandbox_run(), examples.coverage(8_830)],
    }


def health_claim_checking() -> Body:
    """Describe a skill that looks for claims without a source."""
    return patient_education_writing() | {
        "name": "Health Claim Checking",
        "description": "Finds claims without a cited source, promises of a cure, and health information.",
        "skill_key": "health-claim-checking",
        "purpose": "Keep every published sentence about health true, cited and free of personal data.",
        "function": "analyze",
        "act_phase": {
            "steps": [
                _step(1, "Split the text into claims", "text_analysis"),
                _step(2, "Match each claim with a cited passage", "compliance_check"),
            ],
            "idempotent": True,
            "timeout_seconds": 60,
        },
        "observe_phase": {
            "success_criteria": ["every claim is matched or reported"],
            "logged_events": ["skill.started", "skill.completed", "skill.failed"],
            "failure_modes": [
                {"mode": "the text is too long", "error_code": "TOO_LONG", "recovery": "escalate"}
            ],
        },
        "components": ["validator"],
        "tool_requirements": ["compliance_check"],
        "input_schema": {
            "type": "object",
            "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 20_000}},
            "required": ["text"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "findings": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"claim": {"type": "string"}, "problem": {"type": "string"}},
                        "required": ["claim", "problem"],
                        "additionalProperties": False,
                    },
                }
            },
            "required": ["findings"],
            "additionalProperties": False,
        },
        "samples": [
            {
                "name": "a promise of a cure",
                "input": {"text": "Our tea cures diabetes."},
                "output": {
                    "findings": [{"claim": "Our tea cures diabetes.", "problem": "no source"}]
                },
            }
        ],
        "tags": ["compliance"],
        "test_evidence": [examples.sandbox_run(), examples.coverage(9_560)],
    }


def multichannel_posting() -> Body:
    """Describe a skill that posts, so that a gate and the Vision Guardian stand before it."""
    return patient_education_writing() | {
        "name": "Multichannel Posting",
        "description": "Adapts one message to each platform and posts the approved variants.",
        "skill_key": "multichannel-posting",
        "category": "technical",
        "purpose": "Bring one approved message to every channel of a business.",
        "industry_code": "MK",
        "function": "communicate",
        "think_phase": {
            "constitutional_queries": [
                "Is every variant approved, with its account and visibility?"
            ],
            "precedent_checks": [],
            "input_rules": ["a message and at least one platform"],
            "risk": "high",
            "cost_estimate_micro_usd": 15_000,
        },
        "act_phase": {
            "steps": [
                _step(1, "Adapt the message to each platform", "text_adaptation"),
                {
                    "n": 2,
                    "description": "Post the approved variants",
                    "type": "external_communication",
                    "target": "social_media.post",
                    "external_effect": True,
                    "reversibility": "delayed",
                    "rollback": "delete the posts within the veto window",
                },
            ],
            "idempotent": True,
            "timeout_seconds": 120,
        },
        "observe_phase": {
            "success_criteria": ["the provider gave an id and an address for every post"],
            "logged_events": ["skill.started", "skill.completed", "skill.failed"],
            "failure_modes": [
                {
                    "mode": "the provider is down",
                    "error_code": "PROVIDER_DOWN",
                    "recovery": "retry",
                },
                {"mode": "the provider refuses", "error_code": "REFUSED", "recovery": "escalate"},
            ],
        },
        "components": ["processor", "publisher"],
        "approval_gates": [{"step_n": 2, "approval_type": "communication"}],
        "autonomy_level": "90%",
        "tool_requirements": ["social_media"],
        "data_access": [
            {
                "resource": "brand_guidelines",
                "fields": ["voice", "hashtags"],
                "mode": "read",
                "classification": "internal",
                "purpose": "keep the brand's voice",
                "retention_days": 30,
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "message": {"type": "string", "minLength": 1, "maxLength": 3000},
                "platforms": {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"enum": ["instagram", "facebook", "linkedin"]},
                },
            },
            "required": ["message", "platforms"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {"posts": {"type": "array", "items": {"type": "string"}}},
            "required": ["posts"],
            "additionalProperties": False,
        },
        "samples": [
            {
                "name": "one platform",
                "input": {"message": "We open at eight.", "platforms": ["instagram"]},
                "output": {"posts": ["https://instagram.example/p/1"]},
            }
        ],
        "tags": ["posting"],
    }


def healthcare_content_writer(industry_id: str, skills: Sequence[str]) -> Body:
    """Describe a writer for clinics, made of an industry and certified skills."""
    return deepcopy(examples.JOB_ROLE) | {
        "industry_id": industry_id,
        "required_skills": list(skills),
    }


SKILLS = (patient_education_writing, medical_source_research, health_claim_checking)
"""What the writer needs."""


def _step(n: int, description: str, target: str) -> Body:
    return {
        "n": n,
        "description": description,
        "type": "computation",
        "target": target,
        "rollback": "nothing was changed; discard the result",
    }
