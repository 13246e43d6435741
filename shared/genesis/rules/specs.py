"""
The mold that agents are cast in: which type an agent is of, and along which dimensions it is described.

A mold fixes what may not differ between agents of one type: whether they are deterministic, which skills they
need and which approval their effects wait for. A specification fills it in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field

from shared.canonical import canonical, digest
from shared.constitution import Json16
from shared.detectors import findings
from shared.entity import Hex64, Name, Value
from shared.errors import Violation
from shared.genesis.models import schemas
from shared.genesis.models.parts import Key, Keys
from shared.genesis.models.references import AgentType
from shared.principles import breach

DimensionName = Literal[
    "skill", "industry", "team", "integrations", "ui", "localization", "trial", "budget"
]
MANDATORY: tuple[DimensionName, ...] = ("skill", "industry", "trial", "budget")


class Mold(Value):
    """What all agents of one type have in common."""

    deterministic: bool
    required_skills: tuple[str, ...]
    approval_type: Literal["none", "communication", "financial"]


MOLDS: Mapping[AgentType, Mold] = {
    "marketing.digital_marketing.v1": Mold(
        deterministic=False,
        required_skills=("marketing.multichannel-post-v1",),
        approval_type="communication",
    ),
    "trading.share_trader.v1": Mold(
        deterministic=True,
        required_skills=("trading.delta-futures-manual-v1",),
        approval_type="financial",
    ),
    "education.tutor.v1": Mold(
        deterministic=False,
        required_skills=("education.lesson-plan-v1",),
        approval_type="none",
    ),
}


class Dimension(Value):
    """One side of an agent: whether it has it, in which version, and how it is set."""

    present: bool = True
    """Whether the agent has this side."""
    version: str = Field("1.0.0", pattern=r"^\d{1,4}\.\d{1,4}\.\d{1,4}$")
    """Which version of it."""
    config: Json16 = {}
    """How it is set."""


class ConfigField(Value):
    """Something that the customer sets."""

    key: Key
    """Its key, for programs."""
    label: Name
    """What the customer reads."""
    type: Literal["text", "enum", "list", "object", "boolean", "number"]
    """What can be entered."""
    required: bool = False
    """Whether it must be set."""
    options: Keys = ()
    """What can be chosen from, where it is a choice."""


class GoalTemplate(Value):
    """A goal that a customer can give, and how often it is worked on."""

    goal_template_id: Key
    """By what programs know the goal."""
    name: Name
    """What the customer reads."""
    default_frequency: Literal["on_demand", "daily", "weekly", "monthly"]
    """How often it is worked on unless the customer says otherwise."""
    settings_schema: Json16 = {}
    """What the customer can set for it, as a JSON Schema."""


class AgentSpec(Value):
    """An agent's specification."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agent_type_id": "marketing.digital_marketing.v1",
                    "name": "Clinic Marketing Agent",
                    "version": "1.0.0",
                    "deterministic": False,
                    "required_skills": ["marketing.multichannel-post-v1"],
                    "approval_type": "communication",
                    "playbook_ref": "MARKETING.MULTICHANNEL.POST.V1",
                    "config_fields": [
                        {"key": "brand_name", "label": "Brand", "type": "text", "required": True},
                        {
                            "key": "primary_language",
                            "label": "Language",
                            "type": "enum",
                            "options": ["en", "hi"],
                        },
                    ],
                    "goal_templates": [
                        {
                            "goal_template_id": "weekly-multichannel-batch",
                            "name": "Weekly multichannel batch",
                            "default_frequency": "weekly",
                            "settings_schema": {
                                "type": "object",
                                "properties": {"posts": {"type": "integer", "minimum": 1}},
                            },
                        }
                    ],
                    "dimensions": {
                        "skill": {"config": {"primary": "marketing.multichannel-post-v1"}},
                        "industry": {"config": {"code": "HC"}},
                        "trial": {"config": {"tasks_per_day": 10}},
                        "budget": {"config": {"daily_micro_usd": 1_000_000}},
                        "localization": {"config": {"languages": ["en", "hi"]}},
                    },
                }
            ]
        }
    )

    agent_type_id: AgentType
    """Which type of agent it is; the type fixes what may not differ."""
    name: Name
    """What people call it."""
    version: str = Field("1.0.0", pattern=r"^\d{1,4}\.\d{1,4}\.\d{1,4}$")
    """Its version: major, minor and patch."""
    deterministic: bool
    """Whether the same input always gives the same output; the type says."""
    required_skills: Keys
    """The keys of the skills it needs; the type names some."""
    approval_type: Literal["none", "communication", "financial"]
    """What kind of approval its effects wait for; the type says."""
    playbook_ref: Key
    """The playbook it follows."""
    config_fields: tuple[ConfigField, ...] = Field((), max_length=50)
    """What the customer sets."""
    goal_templates: tuple[GoalTemplate, ...] = Field((), max_length=20)
    """Which goals a customer can give."""
    dimensions: dict[DimensionName, Dimension] = Field(max_length=8)
    """Its sides, by name; skill, industry, trial and budget are mandatory."""


class Validation(Value):
    """What is wrong with a specification, if anything, and which one it was."""

    valid: bool
    """Whether nothing is wrong."""
    violations: tuple[Violation, ...]
    """Everything that is wrong."""
    spec_digest: Hex64
    """The SHA-256 over the canonical JSON (RFC 8785) of the specification."""


def validation(spec: AgentSpec) -> Validation:
    """Hold a specification against its mold."""
    found = (*_against_mold(spec), *_dimensions(spec), *_fields(spec), *_goals(spec))
    return Validation(valid=not found, violations=found, spec_digest=digest(spec.to_stored()))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of specifications."""
    return AgentSpec.model_json_schema()


def _against_mold(spec: AgentSpec) -> Iterable[Violation]:
    mold = MOLDS[spec.agent_type_id]
    if spec.deterministic != mold.deterministic:
        yield breach(
            "mold", f"deterministic is {mold.deterministic} for this type", "deterministic"
        )
    if spec.approval_type != mold.approval_type:
        yield breach(
            "mold", f"approval_type is {mold.approval_type} for this type", "approval_type"
        )
    for skill in mold.required_skills:
        if skill not in spec.required_skills:
            yield breach("mold", f"this type needs the skill {skill}", "required_skills")


def _dimensions(spec: AgentSpec) -> Iterable[Violation]:
    for name in MANDATORY:
        if name not in spec.dimensions or not spec.dimensions[name].present:
            yield breach("dimension", f"the dimension {name} is missing", f"dimensions.{name}")
    for name, dimension in spec.dimensions.items():
        for kind in findings(canonical(dimension.config).decode()):
            yield breach("L0-06", f"{name} contains what looks like {kind}", f"dimensions.{name}")


_SECRETS = (
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "credential",
)


def _fields(spec: AgentSpec) -> Iterable[Violation]:
    for key in _twice(field.key for field in spec.config_fields):
        yield breach("config_field", f"{key} is declared twice", "config_fields")
    for field in spec.config_fields:
        lower = field.key.lower()
        if any(word in lower for word in _SECRETS) and not lower.endswith("_ref"):
            yield breach(
                "secret_in_config",
                f"{field.key} looks like a secret; take a {field.key}_ref",
                "config_fields",
            )
        if (field.type == "enum") != bool(field.options):
            yield breach("config_field", f"{field.key}: an enum has options, nothing else does")


def _goals(spec: AgentSpec) -> Iterable[Violation]:
    for goal_id in _twice(goal.goal_template_id for goal in spec.goal_templates):
        yield breach("goal_template", f"{goal_id} is declared twice", "goal_templates")
    for goal in spec.goal_templates:
        for problem in schemas.problems(goal.settings_schema):
            yield breach("goal_template", f"{goal.goal_template_id}: {problem}", "goal_templates")


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)
