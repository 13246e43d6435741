import pytest

from local.story import catalogue
from shared.genesis import examples
from shared.genesis.models.catalogue import Status
from shared.genesis.models.evidence import TestEvidence, Verdict
from shared.genesis.rules import industry_checks, job_role_checks, skill_checks
from shared.genesis.rules.evidence import evidence_ref
from tests.genesis.samples import AT, ID, a_role, a_skill, an_industry, failed, rules_of

STEP = catalogue.patient_education_writing()["act_phase"]["steps"][0]
SKILL = catalogue.patient_education_writing()


def act(*steps, **more):
    return {"steps": list(steps), "idempotent": True, "timeout_seconds": 60} | more


def verdict(code, said="pass"):
    return Verdict(
        check_code=code, verdict=said, rationale="looked at", by="x", role="judge", at=AT
    )


def of_skill(unique=True, **changes):
    return failed(skill_checks.checks(a_skill(**changes), unique=unique))


def without(kind, *instead):
    return [*(e for e in SKILL["test_evidence"] if e["kind"] != kind), *instead]


# --- skills --------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [*catalogue.SKILLS, catalogue.multichannel_posting])
def test_the_skills_of_the_story_pass(body):
    skill = a_skill(**body()).model_copy(update={"verdicts": (verdict("SK-9"),)})
    checks = skill_checks.checks(skill, unique=True)
    assert [check.code for check in checks] == [f"SK-{n}" for n in range(1, 10)]
    assert failed(checks) == []
    assert skill.violations() == ()


def test_sk1_a_skill_is_unique():
    assert of_skill(unique=False) == ["SK-1"]


@pytest.mark.parametrize(
    "steps", [[], [STEP | {"rollback": " "}], [STEP, STEP]], ids=["none", "no rollback", "twice"]
)
def test_sk2_every_step_can_be_undone(steps):
    assert of_skill(act_phase=act(*steps)) == ["SK-2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": []},
        {"samples": [SKILL["samples"][0] | {"input": {"topic": "x"}}]},
        {"samples": [SKILL["samples"][0] | {"output": {}}]},
        {"output_schema": {"type": "nothing"}, "samples": SKILL["samples"]},
    ],
    ids=["no sample", "wrong input", "wrong output", "wrong schema"],
)
def test_sk3_the_schemas_fit_the_samples(changes):
    assert "SK-3" in of_skill(**changes)


GATED = catalogue.multichannel_posting()["act_phase"]["steps"]


@pytest.mark.parametrize(
    ("autonomy", "gates", "fits"),
    [
        ("100%", [], True),
        ("100%", [3], False),
        ("90%", [3], True),
        ("90%", [2], False),
        ("90%", [], False),
        ("50%", [2], True),
        ("50%", [2, 3], True),
        ("50%", [3], False),
        ("50%", [2, 9], False),
    ],
)
def test_sk4_autonomy_is_where_the_gates_are(autonomy, gates, fits):
    found = of_skill(
        autonomy_level=autonomy,
        approval_gates=[{"step_n": n, "approval_type": "artifact"} for n in gates],
    )
    assert found == ([] if fits else ["SK-4"])


def test_sk4_an_effect_needs_a_gate_that_permits_it():
    changes = {
        "act_phase": act(*GATED),
        "autonomy_level": "90%",
        "approval_gates": [{"step_n": 2, "approval_type": "artifact"}],
    }
    assert "SK-4" in of_skill(**changes)
    assert rules_of(a_skill(**changes).violations()) == {"L0-03"}


def test_sk5_every_skill_can_fail():
    assert of_skill(observe_phase=SKILL["observe_phase"] | {"failure_modes": []}) == ["SK-5"]


@pytest.mark.parametrize(("interval", "passes"), [(None, False), (601, False), (600, True)])
def test_sk6_a_crash_repeats_nothing(interval, passes):
    phase = act(STEP, idempotent=False, checkpoint_interval_seconds=interval)
    assert of_skill(act_phase=phase) == ([] if passes else ["SK-6"])


def run(**changes):
    return examples.evidence("sandbox_run", examples.sandbox_run()["report"] | changes)


@pytest.mark.parametrize(
    "report",
    [
        run(scenarios={"happy_path": "passed"}),
        run(scenarios="passed"),
        run(outputs_match_schema=False),
        run(all_events_audited="yes"),
        run() | {"sha256": "0" * 64},
    ],
    ids=["four missing", "no scenarios", "outputs", "events", "digest"],
)
def test_sk7_the_sandbox_run_is_proven(report):
    assert of_skill(test_evidence=without("sandbox_run", report)) == ["SK-7"]


@pytest.mark.parametrize("scenario", skill_checks.SCENARIOS)
def test_sk7_every_scenario_must_have_passed(scenario):
    scenarios = examples.sandbox_run()["report"]["scenarios"] | {scenario: "failed"}
    assert of_skill(test_evidence=without("sandbox_run", run(scenarios=scenarios))) == ["SK-7"]


def test_sk7_and_sk8_without_evidence_nothing_is_proven():
    assert of_skill(test_evidence=[]) == ["SK-7", "SK-8"]


@pytest.mark.parametrize(
    ("basis_points", "passes"), [(8_001, True), (8_000, False), (True, False), ("9000", False)]
)
def test_sk8_coverage_is_over_four_fifths(basis_points, passes):
    report = examples.evidence("coverage", {"coverage_bp": basis_points})
    assert of_skill(test_evidence=without("coverage", report)) == ([] if passes else ["SK-8"])


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "Use AKIAIOSFODNN7EXAMPLE to look around."},
        {"output_schema": SKILL["output_schema"] | {"default": {"password": "hunter22x"}}},
    ],
)
def test_sk8_no_secret_is_written_down(changes):
    assert of_skill(**changes) == ["SK-8"]


RISKY = {
    "an external API": {"act_phase": act(STEP | {"type": "api_call"})},
    "shared writes": {"act_phase": act(STEP | {"type": "database_write"})},
    "personal data": {
        "data_access": [SKILL["data_access"][0] | {"classification": "restricted_pii"}]
    },
    "its own word": {"think_phase": SKILL["think_phase"] | {"risk": "high"}},
}


@pytest.mark.parametrize(("reason", "changes"), RISKY.items(), ids=RISKY)
def test_sk9_a_risky_skill_needs_a_verdict(reason, changes):
    skill = a_skill(**changes)
    (missing,) = [c for c in skill_checks.checks(skill, unique=True) if not c.passed]
    assert (missing.code, missing.mode) == ("SK-9", "judgement")
    assert reason in missing.detail
    passed = skill.model_copy(update={"verdicts": (verdict("SK-9"),)})
    assert failed(skill_checks.checks(passed, unique=True)) == []
    refused = skill.model_copy(update={"verdicts": (verdict("SK-9", "fail"),)})
    assert failed(skill_checks.checks(refused, unique=True)) == ["SK-9"]


def test_sk9_writing_data_is_risky():
    access = [SKILL["data_access"][0] | {"mode": "write"}]
    assert skill_checks.risky(a_skill(data_access=access)) == ("shared writes",)


@pytest.mark.parametrize(
    ("days", "classification", "kept"),
    [(3650, "public", True), (3651, "public", False), (31, "restricted_pii", False)],
)
def test_data_is_kept_no_longer_than_the_industry_allows(days, classification, kept):
    access = [SKILL["data_access"][0] | {"retention_days": days, "classification": classification}]
    found = skill_checks.breaches(a_skill(data_access=access), an_industry())
    assert rules_of(found) == (set() if kept else {"L0-06"})


def test_an_unknown_industry_allows_no_data():
    assert rules_of(skill_checks.breaches(a_skill(), None)) == {"L0-06"}
    assert skill_checks.breaches(a_skill(data_access=[]), None) == ()


BROKEN_SKILLS = {
    "L0-01": {"act_phase": act(STEP | {"target": "approvals/grant"})},
    "L0-02": {"goal_schema": {"type": "goal"}},
    "L0-03": {"act_phase": act(*GATED), "approval_gates": []},
    "L0-04": {"tool_requirements": ["*"]},
    "L0-05": {"observe_phase": SKILL["observe_phase"] | {"logged_events": ["skill.started"]}},
    "L0-06": {"data_access": [SKILL["data_access"][0] | {"fields": ["all"]}]},
}


@pytest.mark.parametrize(("principle", "changes"), BROKEN_SKILLS.items(), ids=BROKEN_SKILLS)
def test_a_skill_keeps_the_principles(principle, changes):
    assert rules_of(a_skill(**changes).violations()) == {principle}


def test_an_input_takes_only_what_is_declared():
    schema = {k: v for k, v in SKILL["input_schema"].items() if k != "additionalProperties"}
    assert rules_of(a_skill(input_schema=schema).violations()) == {"L0-04"}


# --- industries ----------------------------------------------------------------------------------


def of_industry(**changes):
    industry = an_industry(**changes).model_copy(update={"verdicts": (verdict("IN-5"),)})
    return failed(industry_checks.checks(industry))


INDUSTRY = catalogue.healthcare()


@pytest.mark.parametrize("body", [catalogue.healthcare, catalogue.marketing])
def test_the_industries_of_the_story_pass(body):
    assert of_industry(**dict.fromkeys(("terminology_ref", "embeddings_ref")) | body()) == []


def test_in1_each_regulation_comes_down_to_rules():
    regulation = INDUSTRY["regulations"][0] | {"requirements": []}
    assert of_industry(regulations=[regulation]) == ["IN-1"]


def test_in2_something_is_forbidden():
    assert of_industry(cannot_do=[]) == ["IN-2"]


@pytest.mark.parametrize(
    ("classification", "passes"),
    [("public", True), ("internal", True), ("confidential", False), ("restricted_pii", False)],
)
def test_in3_what_is_sensitive_is_masked(classification, passes):
    data = {"name": "x", "classification": classification, "max_retention_days": 9}
    assert of_industry(data_classes=[data]) == ([] if passes else ["IN-3"])


def test_in3_some_class_of_data_is_named():
    assert of_industry(data_classes=[]) == ["IN-3"]


def index(**changes):
    report = INDUSTRY["test_evidence"][0]["report"] | changes
    return [examples.evidence("knowledge_index", report)]


@pytest.mark.parametrize(
    "evidence",
    [[], index(terminology_ref="elsewhere"), index(chunks=999), index(sources=4), index(terms="x")],
)
def test_in4_references_resolve(evidence):
    assert of_industry(test_evidence=evidence) == ["IN-4"]


def test_in4_asks_nothing_of_an_industry_without_knowledge():
    assert of_industry(terminology_ref=None, embeddings_ref=None, test_evidence=[]) == []


def test_in5_the_vision_guardian_is_always_asked():
    assert failed(industry_checks.checks(an_industry())) == ["IN-5"]


BROKEN_INDUSTRIES = [
    ("L0-01", {"governance_agent_id": "engagement_governor:u-1"}),
    ("L0-03", {"publication_gate": False}),
    ("L0-04", {"allowed_data_sources": ["*"]}),
    ("L0-04", {"cannot_do": ["any"]}),
]


@pytest.mark.parametrize(("principle", "changes"), BROKEN_INDUSTRIES)
def test_an_industry_keeps_the_principles(principle, changes):
    assert rules_of(an_industry(**changes).violations()) == {principle}


def test_a_draft_is_only_warned_of_what_certification_asks():
    industry = an_industry(regulations=[], cannot_do=[])
    assert industry.violations() == ()
    assert industry.warnings == ("L0-02: cannot_do is empty", "L0-02: regulations is empty")
    assert an_industry(code="PL", regulations=[]).warnings == ()


# --- job roles -----------------------------------------------------------------------------------

CERTIFIED = a_skill().model_copy(update={"status": Status.CERTIFIED})
KNOWN = an_industry().model_copy(update={"status": Status.CERTIFIED})
ROLE = catalogue.healthcare_content_writer(KNOWN.id, [ID.format(2)])


def of_role(industry=KNOWN, skills=(CERTIFIED,), **changes):
    return failed(job_role_checks.checks(a_role(KNOWN, **changes), industry, skills))


def test_the_role_of_the_story_passes():
    checks = job_role_checks.checks(a_role(), KNOWN, [CERTIFIED])
    assert [check.code for check in checks] == [f"JR-{n}" for n in range(1, 10)]
    assert failed(checks) == []


def test_jr1_the_industry_is_known_and_certified():
    assert of_role(industry=an_industry()) == ["JR-1"]
    assert of_role(industry=None) == ["JR-1", "JR-7"]


@pytest.mark.parametrize(
    "skill",
    [None, a_skill(), CERTIFIED.model_copy(update={"industry_code": "MK"})],
    ids=["missing", "pending", "another industry"],
)
def test_jr2_the_skills_are_certified_and_of_the_industry(skill):
    assert of_role(skills=[skill]) == ["JR-2"]


def test_jr2_a_skill_of_the_platform_fits_everywhere():
    assert of_role(skills=[CERTIFIED.model_copy(update={"industry_code": "PL"})]) == []


@pytest.mark.parametrize("count", [0, 11])
def test_jr2_one_to_ten_skills(count):
    assert of_role(required_skills=[ID.format(2)] * count, skills=[CERTIFIED] * count) == ["JR-2"]


def test_jr3_the_role_may_use_what_its_skills_need():
    assert of_role(tool_authorizations=ROLE["tool_authorizations"][1:]) == ["JR-3"]
    wild = [ROLE["tool_authorizations"][0] | {"tool_id": "*"}]
    tools = [*ROLE["tool_authorizations"], *wild]
    assert of_role(tool_authorizations=tools) == ["JR-3"]


@pytest.mark.parametrize(
    ("action", "passes"),
    [("wordpress", True), ("wordpress.publish", True), ("wordpressed", False), ("other", False)],
)
def test_jr4_a_gate_stands_before_every_tool_that_writes(action, passes):
    gate = ROLE["confirmation_gates"][0] | {"action": action}
    assert of_role(confirmation_gates=[gate]) == ([] if passes else ["JR-4"])


@pytest.mark.parametrize(
    ("count", "manager", "complexity", "passes"),
    [
        (1, False, "simple", True),
        (1, True, "simple", False),
        (3, True, "moderate", True),
        (3, False, "moderate", False),
        (3, True, "complex", False),
        (4, True, "complex", True),
        (5, True, "complex", True),
    ],
)
def test_jr5_a_team_has_a_manager(count, manager, complexity, passes):
    found = of_role(agent_count=count, requires_manager=manager, coordination_complexity=complexity)
    assert found == ([] if passes else ["JR-5"])


def test_jr6_the_boundaries_are_drawn():
    assert "JR-6" in of_role(can_do=ROLE["can_do"][:4])
    assert "JR-6" in of_role(cannot_do=ROLE["cannot_do"][:2])
    assert "JR-6" in of_role(cannot_do=ROLE["cannot_do"][1:])


def test_jr7_expertise_needs_knowledge():
    ignorant = KNOWN.model_copy(update={"terminology_ref": None})
    assert of_role(industry=ignorant) == ["JR-7"]
    assert of_role(industry=ignorant, expertise_level="generic") == []


def test_jr8_the_boundaries_are_proven():
    assert of_role(test_evidence=[]) == ["JR-8"]
    assert of_role(test_evidence=[examples.evidence("boundary_tests", {"allowed": "x"})]) == [
        "JR-8"
    ]


def test_jr8_the_report_is_not_taken_at_its_word():
    claimed = examples.boundary_tests(
        "Redesign the logo", "Prescribe medication and its dosage", "Plan a party"
    )
    assert of_role(test_evidence=[claimed]) == ["JR-8"]
    report = ROLE["test_evidence"][0]["report"]
    wrong = report | {"prohibited": report["prohibited"] | {"outcome": "allow"}}
    assert of_role(test_evidence=[examples.evidence("boundary_tests", wrong)]) == ["JR-8"]


SENSITIVE = [
    ({"sensitivity": ["legal"]}, CERTIFIED, "legal"),
    (
        {},
        CERTIFIED.model_copy(
            update={
                "data_access": a_skill(
                    data_access=[SKILL["data_access"][0] | {"classification": "restricted_pii"}]
                ).data_access
            }
        ),
        "pii",
    ),
    (
        {"confirmation_gates": [ROLE["confirmation_gates"][0] | {"approval_type": "financial"}]},
        CERTIFIED,
        "money",
    ),
]


@pytest.mark.parametrize(("changes", "skill", "reason"), SENSITIVE)
def test_jr9_a_sensitive_role_needs_the_governor(changes, skill, reason):
    role = a_role(KNOWN, **changes)
    assert job_role_checks.sensitive(role, [skill]) == (reason,)
    assert failed(job_role_checks.checks(role, KNOWN, [skill])) == ["JR-9"]


def test_jr9_finance_is_money_and_education_is_for_children():
    role = a_role()
    assert job_role_checks.sensitive(role.model_copy(update={"industry_code": "FN"}), []) == (
        "money",
    )
    assert job_role_checks.sensitive(role.model_copy(update={"industry_code": "ED"}), []) == (
        "child_facing",
    )


def test_the_role_uses_only_data_that_its_industry_knows():
    assert job_role_checks.breaches(KNOWN, [CERTIFIED]) == ()
    assert rules_of(job_role_checks.breaches(None, [CERTIFIED])) == {"L0-06"}
    assert rules_of(job_role_checks.breaches(KNOWN, [None])) == {"L0-07"}


BROKEN_ROLES = [
    ("L0-01", {"requires_manager": True}),
    (
        "L0-01",
        {"confirmation_gates": [ROLE["confirmation_gates"][0] | {"approver_role": "manager"}]},
    ),
    ("L1-JOBROLE-01", {"required_skills": []}),
    ("L0-02", {"required_skills": [ID.format(2)] * 11}),
    ("L0-02", {"cannot_do": [*ROLE["cannot_do"], "Check Health Claims"]}),
    ("L0-03", {"confirmation_gates": []}),
    ("L0-04", {"can_do": [*ROLE["can_do"], "any"]}),
]


@pytest.mark.parametrize(("principle", "changes"), BROKEN_ROLES)
def test_a_role_keeps_the_principles(principle, changes):
    assert rules_of(a_role(**changes).violations()) == {principle}


def test_a_role_is_warned_of_what_it_lacks():
    role = a_role(can_do=ROLE["can_do"][:1], cannot_do=ROLE["cannot_do"][:1])
    assert role.violations() == ()
    assert [warning.partition(":")[0] for warning in role.warnings] == [
        "L0-02",
        "L0-02",
        "W-ROLE-01",
    ]
    assert a_role(required_skills=[ID.format(2)] * 3).warnings == ()


# --- evidence ------------------------------------------------------------------------------------


def test_evidence_is_named_whatever_its_order():
    run, coverage = (TestEvidence.model_validate(e) for e in SKILL["test_evidence"])
    assert evidence_ref([run, coverage], []) == evidence_ref([coverage, run], [])
    assert evidence_ref([run], []) != evidence_ref([run], [verdict("SK-9")])
