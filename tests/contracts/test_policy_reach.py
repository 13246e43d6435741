"""What the policies of tenants are asked about follows from the operations, and locks nobody out of what ends harm."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.policy.activate_policy import activate_policy
from functions.policy.carry_policy_approval import carry_policy_approval
from functions.policy.create_policy import create_policy
from local import acts
from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.edge.catalog import operations
from shared.policy.actions.policies_in_force import tenant_rules
from shared.policy.models.policies import PolicySource
from shared.policy.rules.acts import OWN

NOTHING = """\
policy nothing version 1.0.0 {
  rule base when true allow
  rule all when action.name != "x" deny "nothing at all"
  test "nothing" { given {"action": {"name": "budgets.put_budget"}} expect deny by all }
}
"""


@pytest.fixture
def nothing(call_as, reacting):
    """Have a policy in force that denies everything."""
    policy = create_policy(
        call_as(Role.CUSTOMER_ADMIN, tenant="acme"), PolicySource(source=NOTHING)
    ).result
    asked = activate_policy(call_as(Role.CUSTOMER_ADMIN, tenant="acme"), policy.id).result.asking
    id = asked.approval_id
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        digest = txn.get(Approval, id).action_digest
    approve_approval(
        call_as(Role.GOVERNOR, tenant="acme", own="platform"), id, Agreement(expected_digest=digest)
    )
    carry_policy_approval(reacting(f"approvals/{id}", tenant="acme"), None)


def test_what_policies_know_of_operations_is_what_these_declare():
    assert acts.FILE.read_text() == acts.written(), "run: make docs"


def test_a_policy_of_a_tenant_forbids_everything_but_what_goes_on_in_a_freeze_and_its_own_end(
    nothing, call_as
):
    wrong = []
    for op in (one for one in operations() if one.mutates):
        with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
            said = tenant_rules(txn, {"action": {"name": op.id, "operation": op.acts}})
        asked = not op.in_freeze and op.area not in OWN
        if any(one.denies for one in said.values()) is not asked:
            wrong.append(op.id)
    assert not wrong, (
        f"a tenant's policy is asked about these, or is not, against their word: {wrong}"
    )
