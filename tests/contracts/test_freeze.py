"""What a freeze lets through: what ends harm, decides, keeps evidence or only answers, and nothing else."""

from shared.edge.catalog import operations
from tests.proofs.test_replay import ANSWERS_ONLY

WHY = {
    "decides": {
        *("approvals.add_evidence", "approvals.approve_approval", "approvals.cancel_approval"),
        *("approvals.create_approval", "approvals.defer_approval", "approvals.delegate_approval"),
        *("approvals.escalate_approval", "approvals.reject_approval"),
        *("approvals.request_approval_changes", "approvals.withdraw_refusal"),
        *("mobile.approve_on_phone", "mobile.request_changes_on_phone"),
    },
    "objects": {
        *("approvals.create_veto", "mobile.attach_document", "mobile.sync_vetoes"),
        *("approvals.veto_approval", "mobile.upload_document", "mobile.veto_on_phone"),
    },
    "suspends": {"agents.cancel_workflow", "agents.fail_workflow", "agents.suspend_agent"},
    "revokes": {
        *("identity.end_sessions", "identity.log_out", "identity.withdraw_role"),
        *("mobile.unregister_device", "precedents.deprecate_precedent_seed"),
        *(
            "budgets.revoke_mandate",
            "precedents.revoke_precedent_seed",
            "precedents.switch_deciding_seed",
            "precedents.switch_precedent_seeds",
        ),
    },
    "keeps evidence": {"audit.append_entries", "policy.end_tool_use"},
    "freezes": {"policy.set_freeze"},
    "only answers": ANSWERS_ONLY,
    "answers that it is frozen": {"policy.evaluate_act"},
}


def test_a_freeze_lets_through_what_is_listed_and_nothing_else():
    let_through = {op.id for op in operations() if op.in_freeze}
    listed = set().union(*WHY.values())
    assert let_through == listed, (
        "in_freeze is for what ends harm, decides, keeps evidence or changes nothing; list it here with the reason"
    )


def test_what_only_reads_says_nothing_of_a_freeze():
    assert not [op.id for op in operations() if op.in_freeze and not op.mutates]
