"""Whoever acts on an approval holds it to the whole question that its own record asks."""

import ast
from pathlib import Path

import pytest

from shared.approvals.models.approvals import ApprovalStatus
from tests.parsed import every, parsed

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file.relative_to(ROOT)
    for folder in ("functions", "shared")
    for file in (ROOT / folder).rglob("*.py")
)
THEIR_OWN = ("functions/approvals/", "shared/approvals/")
"""Where approvals are asked, answered and shown; nothing is done there that was approved, but by `late`."""

NO_ACT = {
    "functions/agents/end_unstarted.py": "it ends a run, whatever was approved",
    "functions/agents/get_pipeline.py": "it shows",
    "functions/agents/get_workflow.py": "it shows",
    "functions/agents/withdraw_approval.py": "it closes what is asked",
    "functions/mobile/approve_on_phone.py": "it answers",
    "functions/mobile/get_approval_detail.py": "it shows",
    "functions/mobile/list_approval_cards.py": "it shows",
    "functions/mobile/notify_auto_approval.py": "it tells",
    "functions/mobile/notify_escalation.py": "it tells",
    "functions/mobile/remind_veto.py": "it tells",
    "functions/mobile/request_changes_on_phone.py": "it answers",
    "functions/mobile/veto_on_phone.py": "it answers",
    "functions/mobile/tell_author.py": "it tells",
    "functions/precedents/count_answers.py": "it counts",
    "functions/precedents/count_requests.py": "it counts",
    "functions/precedents/judge_seeds.py": "it counts",
    "functions/precedents/predict_approval.py": "it counts",
    "functions/precedents/replay_precedent_seed.py": "it counts",
    "shared/agents/actions/vetoes.py": "it undoes",
    "shared/learning/actions/support.py": "it looks for what rules rest on",
    "shared/mobile/actions/following.py": "it shows",
    "shared/platform/actions/figures.py": "it counts",
    "shared/precedents/actions/reading.py": "it looks for noes",
    "shared/precedents/actions/reopening.py": "it asks again",
}
"""Who reads an approval and does nothing that one permits; a new one is reviewed by being written here."""

READS = {"all", "count", "find", "first", "get", "get_all", "named", "get_or_none"}
HOLDS = {"answers", "consume"}


def calls(file):
    tree = parsed((ROOT / file).read_text())
    return [node for node in every(tree) if isinstance(node, ast.Call)]


def reads(file):
    """Say whether a file reads approvals."""
    for call in calls(file):
        match call:
            case ast.Call(func=ast.Attribute(attr=verb), args=[ast.Name(id="Approval"), *_]) if (
                verb in READS
            ):
                return True
    return False


def held(file):
    """Return with what a file holds an approval to its question."""
    return {
        call.func.attr
        for call in calls(file)
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "binding"
        and call.func.attr in HOLDS
    }


HELD_BY = {
    "functions/agents/settle_stage.py": "shared/agents/actions/results.py",
    "functions/agents/undo_release.py": "shared/agents/actions/returning.py",
    "shared/agents/actions/releasing.py": "shared/agents/actions/releasing.py",
    "functions/agents/resume_agent.py": "functions/agents/resume_agent.py",
    "functions/policy/carry_policy_approval.py": "shared/policy/actions/policies.py",
    "shared/policy/actions/bundles.py": "shared/policy/actions/bundles.py",
    "shared/policy/actions/policies.py": "shared/policy/actions/policies.py",
    "functions/budgets/carry_approval.py": "shared/budgets/actions/changing.py",
}
"""Who acts on an approval, and where it is held to the question."""


@pytest.fixture(scope="module")
def readers():
    return {str(file) for file in FILES if not str(file).startswith(THEIR_OWN) and reads(file)}


def test_whoever_acts_on_an_approval_holds_it_to_its_question(readers):
    unknown = {file for file in readers if (file in NO_ACT) == (file in HELD_BY)}
    assert not unknown, f"{unknown} read approvals: what do they do then?"
    assert not {file for file in readers & HELD_BY.keys() if not held(HELD_BY[file])}


def test_nobody_is_named_who_reads_none(readers):
    assert {*NO_ACT, *HELD_BY} == readers


def test_an_approval_is_used_up_in_one_place():
    """It says so to the letter: `status=ApprovalStatus.CONSUMED` stands there alone."""
    assert ApprovalStatus.CONSUMED in ApprovalStatus
    using = [
        str(file) for file in FILES if "status=ApprovalStatus.CONSUMED" in (ROOT / file).read_text()
    ]
    assert using == ["shared/approvals/rules/binding.py"]
