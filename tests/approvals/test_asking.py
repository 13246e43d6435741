"""What must be shown before a Governor is asked."""

import pytest
from pydantic import ValidationError

from shared.actors import Role
from shared.approvals.models.parts import Step
from shared.approvals.rules import requests
from shared.canonical import digest
from shared.errors import Invalid
from tests.approvals.questions import SERVICE, approval, minutes, request
from tests.conftest import NOON

WINDOWS = [
    ("communication", "step", "publish", 60),
    ("execution", "step", "agent.deploy", 120),
    ("execution", "stage-6", "agent.deploy", 240),
    ("financial", "step", "pay", 240),
    ("constitutional", "change", "constitution.amend", 1_440),
    ("artifact", "step", "draft.review", 4_320),
]


@pytest.mark.parametrize(("kind", "gate", "verb", "window"), WINDOWS)
def test_the_window_follows_from_type_and_gate(kind, gate, verb, window):
    asked = approval(type=kind, gate=gate, approval_class=f"{verb}:HC:x")
    assert asked.expires_at == minutes(window)


def test_a_request_may_name_its_own_window():
    assert approval(window_min=5).expires_at == minutes(5)


@pytest.mark.parametrize("window", [4, 43_201])
def test_a_window_has_limits(window):
    with pytest.raises(ValidationError):
        request(window_min=window)


@pytest.mark.parametrize(
    ("gate", "approval_class", "kinds"),
    [
        ("stage-6", "agent.deploy:HC:J", requests.EVIDENCE_AT_GATE["stage-6"]),
        ("manifest", "agent.release:HC:J", requests.EVIDENCE_AT_GATE["manifest"]),
        ("change", "agent.reactivate:HC:J", requests.EVIDENCE_OF_CLASS["agent.reactivate"]),
    ],
)
def test_without_its_evidence_nobody_is_asked(gate, approval_class, kinds):
    whole = [{"kind": kind, "ref": f"evidence/{kind}", "sha256": "0" * 64} for kind in kinds]
    named = {"gate": gate, "approval_class": approval_class}
    assert approval(**named, evidence_refs=whole).status == "pending"
    for position, kind in enumerate(kinds):
        part = whole[:position] + whole[position + 1 :]
        with pytest.raises(Invalid, match=kind) as refused:
            approval(**named, evidence_refs=part)
        assert [v.rule for v in refused.value.violations] == ["missing_evidence"]


def test_every_missing_piece_is_named():
    with pytest.raises(Invalid) as refused:
        approval(evidence_refs=[])
    assert len(refused.value.violations) == 4


def test_a_high_blast_radius_needs_a_rollback_plan():
    assert approval(blast_radius="high").rollback_plan_ref
    with pytest.raises(Invalid) as refused:
        approval(blast_radius="high", rollback_plan_ref=None)
    assert refused.value.violations[0].rule == "rollback_missing"


def test_a_subject_names_its_own_kind():
    with pytest.raises(Invalid) as refused:
        approval(subject_kind="change")
    assert refused.value.violations[0].rule == "subject_typ"


def test_a_subject_is_at_most_4_kib():
    subject = {"typ": "stage/v1"} | {f"m{n}": "x" * 2000 for n in range(3)}
    with pytest.raises(Invalid) as refused:
        approval(subject=subject)
    assert refused.value.violations[0].rule == "subject_too_large"


def test_the_platform_has_no_engagement_governor():
    with pytest.raises(Invalid) as refused:
        approval(governor_scope="engagement")
    assert refused.value.violations[0].rule == "governor_scope"


def test_the_governor_of_the_scope_is_asked():
    assert approval().steps == (Step(step_no=1, roles=(Role.GOVERNOR,)),)
    assert approval().governance_agent_id == "governor"
    own = approval(tenant="acme", governor_scope="engagement")
    assert own.steps == (Step(step_no=1, roles=(Role.CUSTOMER_ADMIN,)),)
    assert own.governance_agent_id == "engagement_governor:acme"


def test_a_constitutional_question_also_needs_the_vision_guardian():
    asked = approval(type="constitutional", gate="change")
    assert [step.roles for step in asked.steps] == [(Role.GOVERNOR,), (Role.VISION_GUARDIAN,)]


def test_the_digest_binds_the_approval_to_its_subject():
    subject = request().subject
    assert approval().action_digest == digest(dict(subject))
    assert approval(subject={**subject, "stage": 7}).action_digest != approval().action_digest


@pytest.mark.parametrize(
    "change", [{"title": "Something else"}, {"risk": "critical"}, {"window_min": 6}]
)
def test_another_card_has_another_hash(change):
    assert approval(**change).card_hash != approval().card_hash
    assert approval().card_hash == approval().card_hash


def test_a_service_may_ask_for_a_person():
    assert approval().requested_by == SERVICE.id
    assert approval(on_behalf_of="u1").requested_by == "u1"


def test_the_callback_is_never_part_of_the_approval():
    asked = requests.ask(
        request(callback_url="http://elsewhere/secret"),
        id="i",
        tenant="platform",
        by=SERVICE,
        at=NOON,
    )
    assert "secret" not in asked.model_dump_json()
