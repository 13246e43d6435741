"""The checks of stages 3 to 5, each passing and failing."""

import pytest

from local.story import blueprints
from shared.agents.models.agents import Agent
from shared.agents.models.blueprint import Blueprint
from shared.agents.rules import checks
from shared.agents.rules.checks import Submission
from shared.agents.rules.composition import Composition
from shared.agents.rules.submission import drafted
from shared.genesis.examples import evidence
from tests.agents import catalogue
from tests.agents.test_completeness import ROLE, SKILLS
from tests.conftest import NOON

AGENT_ID = "44444444-4444-4444-8444-444444444444"
OTHER_ID = "55555555-5555-4555-8555-555555555555"
PARTS = Composition(
    catalogue.industry(),
    ROLE,
    tuple(s.model_copy(update={"version_hash": "0" * 64}) for s in catalogue.skills()),
)


def agent(**changes):
    asked = blueprints.agent(ROLE.model_dump(mode="json"))
    names = ("scope_boundaries", "required_capabilities", "data_access_requirements")
    specification = {name: asked.pop(name) for name in (*names, "external_systems")}
    return Agent.model_validate(
        asked
        | {
            "id": AGENT_ID,
            "tenant_id": "platform",
            "created_at": NOON,
            "updated_at": NOON,
            "industry_code": "HC",
            "workflow_id": OTHER_ID,
            "specification": specification,
            "initiated_by": "agent_orchestrator",
        }
        | changes
    )


def submission(change=lambda body: None, *, graph=None, **changes):
    body = blueprints.blueprint(ROLE.model_dump(mode="json"), SKILLS)
    change(body)
    blueprint = Blueprint.model_validate(body)
    whose = agent(**changes)
    return Submission(
        agent=whose,
        manifest=drafted(whose, None, blueprint.manifest, asked_by="asker", by="author", at=NOON),
        parts=PARTS,
        me_wow=blueprint.me_wow,
        plan=blueprint.deployment_plan,
        evidence=blueprint.test_evidence,
        graph=graph or {AGENT_ID: ()},
    )


REVIEWS = (checks.certification, checks.architecture, checks.ethics)


def failed(given):
    return {c.code for review in REVIEWS for c in review(given) if c.passed is False}


def test_the_story_s_blueprint_fails_nothing_and_leaves_the_judgements_open():
    given = submission()
    assert failed(given) == set()
    asked = {c.code for review in REVIEWS for c in review(given) if c.passed is None}
    assert asked == {code for codes in catalogue.JUDGED.values() for code in codes}


def manifest(**changes):
    return lambda body: body["manifest"].update(changes)


def both_rights(**changes):
    def change(body):
        for part in (body["me_wow"], body["manifest"]):
            part["decision_rights"] = part["decision_rights"] | changes

    return change


def in_manifest(*path, value):
    def change(body):
        here = body["manifest"]
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = value

    return change


def sandbox(**report):
    def change(body):
        kept = [e for e in body["test_evidence"] if e["kind"] != "sandbox_run"]
        body["test_evidence"] = [*kept, evidence("sandbox_run", report)] if report else kept

    return change


def ran(**report):
    def change(body):
        kept = [e for e in body["test_evidence"] if e["kind"] != "integration_tests"]
        body["test_evidence"] = [*kept, evidence("integration_tests", report)] if report else kept

    return change


def dependency():
    return {
        "depends_on": [
            {"agent_id": OTHER_ID, "kind": "soft", "version_range": "^1", "when_absent": "waits"}
        ]
    }


def personal(body):
    access = dict(body["manifest"]["data_access"][0])
    access |= {"classification": "restricted_pii", "retention_days": 3650}
    body["manifest"]["data_access"].append(access)


ROLLBACK = {"deployment_failure": True, "late_incident": True}
AUTONOMOUS = [
    *blueprints.blueprint(ROLE.model_dump(mode="json"), SKILLS)["me_wow"]["decision_rights"][
        "autonomous"
    ]
]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda body: body["me_wow"].pop("self_critique"), {"CERT-1"}),
        (in_manifest("capabilities", "tools", 0, "justified_by", value="fun"), {"CERT-2"}),
        (in_manifest("capabilities", "models", value=["*"]), {"CERT-2"}),
        (in_manifest("capabilities", "tools", 0, "tool_id", value="shell"), {"CERT-2"}),
        (
            manifest(decision_rights={"autonomous": [], "requires_approval": []}),
            {"CERT-3"},
        ),
        (in_manifest("approval_policy", "gates", value=[]), {"CERT-4"}),
        (in_manifest("safety", "evolution_triggers", value=["scope_expansion"]), {"CERT-5"}),
        (in_manifest("purpose", "expected_approvals_per_day", value=30), {"CERT-6"}),
        (lambda body: body["me_wow"].update(interfaces=[]), {"CERT-1", "ARCH-1"}),
        (sandbox(), {"ARCH-1"}),
        (sandbox(traced=False, accessed=[]), {"ARCH-1"}),
        (sandbox(traced=True, accessed=["payroll"]), {"ARCH-1"}),
        (manifest(**dependency()), {"ARCH-3"}),
        (ran(), {"ARCH-5"}),
        (ran(rollback=ROLLBACK, passed=["publish-without-approval-is-refused"]), {"ARCH-5"}),
        (ran(rollback=ROLLBACK | {"data_consistency": True}, passed=[]), {"ARCH-5"}),
        (ran(rollback="all of it", passed="yes"), {"ARCH-5"}),
        (lambda body: body["deployment_plan"].update(rollback=[]), {"ARCH-5"}),
        (lambda body: body["deployment_plan"].update(rollback_plan_ref="another"), {"ARCH-5"}),
        (
            both_rights(
                requires_approval=[{"decision": "wordpress.publish", "approval_type": "artifact"}]
            ),
            {"CERT-4", "ETH-2"},
        ),
        (
            lambda body: body["me_wow"]["auditability"].update(logged_events=["skill.started"]),
            {"CERT-1", "ETH-3"},
        ),
        (personal, {"CERT-2", "ETH-4"}),
    ],
)
def test_what_is_wrong_fails_its_checks_and_no_other(change, codes):
    assert failed(submission(change)) == codes


def test_the_story_s_uncertifiable_agent_fails_what_it_says():
    body = blueprints.uncertifiable(ROLE.model_dump(mode="json"), SKILLS)
    given = submission(lambda own: own.update(body))
    found = {c.code for c in checks.certification(given) if c.passed is False}
    assert found == set(blueprints.UNCERTIFIABLE)


def test_a_decision_on_both_lists_is_bounded_by_neither():
    change = both_rights(autonomous=[*AUTONOMOUS, "wordpress.publish"])
    assert failed(submission(change)) == {"CERT-1", "CERT-3"}


def test_what_cannot_be_undone_needs_an_approval():
    def change(body):
        body["manifest"]["capabilities"]["integrations"][0]["operations"][0]["reversibility"] = (
            "irreversible"
        )
        both_rights(autonomous=[*AUTONOMOUS, "wordpress.publish"], requires_approval=[])(body)

    assert "ARCH-4" in failed(submission(change))


def test_a_circle_of_dependencies_is_rejected():
    def depends(body):
        manifest(**dependency())(body)
        about = {"name": "other", "direction": "read", "kind": "sync", "contract_ref": "c"}
        body["me_wow"]["interfaces"].append(about | {"counterpart": OTHER_ID})

    graph = {AGENT_ID: (OTHER_ID,), OTHER_ID: (AGENT_ID,)}
    edges = ({"agent_id": OTHER_ID, "kind": "soft"},)
    assert failed(submission(depends, depends_on=edges, graph=graph)) == {"ARCH-3"}
    assert failed(submission(depends, depends_on=edges)) == set()


def test_a_manifest_without_its_hash_is_not_certified():
    given = submission()
    forged = given.manifest.model_copy(update={"manifest_hash": "f" * 64})
    assert failed(Submission(**{**vars(given), "manifest": forged})) == {"CERT-1"}


def test_the_alignment_score_takes_off_for_what_is_wrong():
    passed = [checks.auto(f"ETH-{n}", ()) for n in range(1, 6)]
    assert checks.alignment_score(agent(), passed) == 100
    without_vision = [checks.auto("ETH-1", ("off",)), *passed[1:]]
    assert checks.alignment_score(agent(), without_vision) == 76
    deceptive = [passed[0].model_copy(update={"patterns": ("scope_creep",)}), *passed[1:]]
    assert checks.alignment_score(agent(), deceptive) == 80
    assert checks.alignment_score(agent(trial_mode_sandbox_url=None), passed) == 94
    assert checks.alignment_score(agent(), []) == 60
