"""Industries: certified, revised, succeeded, listed."""

import pytest

from functions.genesis.certify_industry import certify_industry
from functions.genesis.create_industry import create_industry
from functions.genesis.judge_industry import judge_industry
from functions.genesis.reject_industry import reject_industry
from functions.genesis.revise_industry import revise_industry
from functions.knowledge.get_industry import get_industry
from functions.knowledge.list_industries import list_industries
from local.story import catalogue
from shared.actors import Role
from shared.errors import (
    Conflict,
    Invalid,
)
from shared.genesis.models.catalogue import Status
from shared.genesis.models.requests import IndustryContent, IndustryListing, NewIndustry
from shared.genesis.rules import announcements
from tests import answered
from tests.genesis.samples import (
    REASON,
    actions,
    certified_industry,
    events_of,
    failed,
    judgement,
    rules_of,
    submit_industry,
)


def test_an_industry_is_certified_with_the_vision_guardian(call_as, documents):
    industry = certified_industry(call_as)
    assert (industry.status, industry.external_id) == (Status.CERTIFIED, "IND-HC")
    assert industry.launch_status == "agents_pending"
    assert actions(documents, industry) == [
        "genesis.industry.created",
        "entity.amended",
        "genesis.industry.certified",
    ]
    assert events_of(documents, industry)[0].data == {"name": "Healthcare", "category": "HC"}
    assert get_industry(call_as(Role.CUSTOMER_USER, own="acme"), industry.id) == industry


def test_a_rejected_industry_is_revised(call_as, documents):
    industry = submit_industry(call_as)
    judge_industry(call_as(Role.VISION_GUARDIAN), industry.id, judgement("IN-5", "fail"))
    industry = certify_industry(call_as(Role.GENESIS), industry.id)
    assert (industry.status, industry.launch_status) == (Status.REJECTED, "draft")
    assert actions(documents, industry)[-1] == "genesis.industry.rejected"
    content = IndustryContent.model_validate(catalogue.healthcare())
    assert revise_industry(call_as(Role.ADMIN), industry.id, content).status is Status.PENDING
    assert reject_industry(call_as(Role.GENESIS), industry.id, REASON).status is Status.REJECTED


def test_what_only_certification_asks_rejects_too(call_as):
    industry = submit_industry(call_as, regulations=[])
    assert industry.warnings == ("L0-02: regulations is empty",)
    judge_industry(call_as(Role.VISION_GUARDIAN), industry.id, judgement("IN-5"))
    rejected = certify_industry(call_as(Role.GENESIS), industry.id)
    assert failed(rejected.certification.checks) == ["L0-02"]
    assert announcements.reasons(rejected.certification) == ("L0-02: regulations is empty",)


def test_there_is_one_industry_of_a_code(call_as):
    submit_industry(call_as)
    with pytest.raises(Conflict):
        submit_industry(call_as, name="Another")


def test_an_industry_gets_a_successor_of_the_same_code(call_as):
    old = certified_industry(call_as)
    new = submit_industry(call_as, supersedes=old.id)
    judge_industry(call_as(Role.VISION_GUARDIAN), new.id, judgement("IN-5"))
    new = certify_industry(call_as(Role.GENESIS), new.id)
    old = get_industry(call_as(Role.VIEWER), old.id)
    assert (old.external_id, new.external_id) == ("IND-HC", "IND-HC-002")
    assert (old.status, old.superseded_by) == (Status.DEPRECATED, new.id)
    third = submit_industry(call_as, supersedes=new.id)
    judge_industry(call_as(Role.VISION_GUARDIAN), third.id, judgement("IN-5"))
    assert certify_industry(call_as(Role.GENESIS), third.id).external_id == "IND-HC-003"


def test_a_successor_stays_in_its_industry(call_as):
    old = certified_industry(call_as)
    with pytest.raises(Invalid) as refused:
        create_industry(
            call_as(Role.ADMIN),
            NewIndustry.model_validate(catalogue.marketing() | {"supersedes": old.id}),
        )
    assert rules_of(refused.value.violations) == {"dependency_industry"}


def test_industries_are_listed_by_code_and_status(call_as):
    healthcare = certified_industry(call_as)
    other = answered.body(
        create_industry(call_as(Role.ADMIN), NewIndustry.model_validate(catalogue.marketing()))
    )

    def listed(**query):
        found = list_industries(call_as(Role.VIEWER), IndustryListing(**query))
        return {industry.id for industry in found.items}

    assert listed() == {healthcare.id, other.id}
    assert listed(status="certified") == {healthcare.id}
    assert listed(code="MK") == {other.id}
