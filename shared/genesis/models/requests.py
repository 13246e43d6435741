"""What somebody sends to put something into the catalogue, to judge it, and to look for it."""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.constitution import Json16
from shared.entity import Id, Name, Opaque, Text, Value
from shared.errors import Invalid
from shared.genesis import examples
from shared.genesis.models.catalogue import Status
from shared.genesis.models.evidence import TestEvidence
from shared.genesis.models.industries import Industry, IndustryFields
from shared.genesis.models.job_roles import PRICES_INR, JobRoleFields
from shared.genesis.models.parts import IndustryCode, Prose, Summary
from shared.genesis.models.skills import SkillFields
from shared.queries import Paging


class Described(Value):
    """What everything in the catalogue says about itself."""

    name: Name
    """What people will call it; no two of a kind have one name."""
    description: Prose
    """What it is, in a few sentences."""
    governance_agent_id: Annotated[Opaque, Field(max_length=255)] = ""
    """Who it answers to: genesis or governor. There is no default; without it the entity breaks L0-01."""
    tags: tuple[Name, ...] = Field((), max_length=20)
    """Words to find it by."""
    custom_attributes: Json16 = {}
    """An object of your own, which the platform keeps and never reads."""
    governance_notes: Text | None = None
    """What those who govern it should know."""
    test_evidence: tuple[TestEvidence, ...] = Field((), max_length=10)
    """Reports of tests that ran elsewhere, each with its digest."""
    supersedes: Id | None = Field(
        None,
        description="The certified one of the same kind and industry that this replaces once it is"
        " certified itself; it may have the same name.",
    )


class IndustryContent(IndustryFields, Described):
    """An industry, as somebody describes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.INDUSTRY]})

    def content(self) -> dict[str, Any]:
        """Return the members of the entity."""
        return _content(self)


class NewIndustry(IndustryContent):
    """A new industry."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.INDUSTRY]})

    as_draft: bool = False
    """Whether it stays a draft that is not up for certification yet."""


class SkillContent(SkillFields, Described):
    """A skill, as somebody describes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SKILL]})

    skill_key: str | None = Field(None, max_length=100, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    """Its key for programs, in lower case with hyphens; made from its name where you give none."""

    def content(self) -> dict[str, Any]:
        """
        Return the members of the entity.

        Raises:
            Invalid: There is no key and none can be made of the name.
        """
        key = self.skill_key or "-".join(re.findall(r"[a-z0-9]+", self.name.lower()))[:100]
        if not key.strip("-"):
            raise Invalid("give a skill_key: none can be made of this name", rule="field")
        return _content(self) | {"skill_key": key.strip("-")}


class NewSkill(SkillContent):
    """A new skill."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SKILL]})

    as_draft: bool = False
    """Whether it stays a draft that is not up for certification yet."""


class JobRoleContent(JobRoleFields, Described):
    """A job role, as somebody describes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.JOB_ROLE]})

    description: Summary
    """What it is, in a few sentences."""
    base_price_inr: int | None = Field(None, ge=8_000, le=50_000)
    """What it costs a month before discounts, in rupees; without it, what its level of expertise costs."""

    def content(self, industry: Industry | None) -> dict[str, Any]:
        """
        Return the members of the entity.

        Raises:
            Invalid: There is no such industry.
        """
        if industry is None:
            raise Invalid(f"there is no industry {self.industry_id}", rule="dependency_missing")
        price = self.base_price_inr or PRICES_INR[self.expertise_level]
        return _content(self) | {"base_price_inr": price, "industry_code": industry.code}


class NewJobRole(JobRoleContent):
    """A new job role."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.JOB_ROLE]})

    as_draft: bool = False
    """Whether it stays a draft that is not up for certification yet."""


class Reason(Value):
    """Why something is rejected."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reason": "The failure modes do not say what happens to a half-sent batch."}
            ]
        }
    )

    reason: Prose
    """Why, in your words."""


class Judgement(Value):
    """A verdict on one check, and why."""

    check_code: Literal["SK-9", "JR-9", "IN-5"]
    """Which check you judge."""
    verdict: Literal["pass", "fail"]
    """Your answer."""
    rationale: Prose
    """Why, in your words."""


class SkillJudgement(Judgement):
    """What the Vision Guardian says of a skill."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check_code": "SK-9",
                    "verdict": "pass",
                    "rationale": "Every post waits for the customer; no personal data leaves.",
                }
            ]
        }
    )

    check_code: Literal["SK-9"]


class JobRoleJudgement(Judgement):
    """What the Governor says of a job role."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check_code": "JR-9",
                    "verdict": "pass",
                    "rationale": "It writes for patients and decides nothing about them.",
                }
            ]
        }
    )

    check_code: Literal["JR-9"]


class IndustryJudgement(Judgement):
    """What the Vision Guardian says of an industry."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check_code": "IN-5",
                    "verdict": "pass",
                    "rationale": "Its rules keep patients' data and health where the law wants them.",
                }
            ]
        }
    )

    check_code: Literal["IN-5"]


class Listing(Paging):
    """Which part of a list."""

    status: Status | None = None
    """Only those in this status."""


class IndustryListing(Listing):
    """Which industries."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "certified"}]})

    code: IndustryCode | None = None
    """Only the industry with this code."""


class SkillListing(Listing):
    """Which skills."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "certified", "industry_code": "HC"}]}
    )

    category: Literal["technical", "soft_skill", "domain_expertise", "certification"] | None = None
    """Only skills of this category."""
    industry_code: IndustryCode | None = None
    """Only skills of this industry, by its code."""


class JobRoleListing(Listing):
    """Which job roles."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "certified", "industry_code": "HC"}]}
    )

    industry_code: IndustryCode | None = None
    """Only job roles of this industry, by its code."""


def _content(described: Described) -> dict[str, Any]:
    return {name: value for name, value in described if name != "as_draft"}
