from shared.actors import Scope
from shared.answers import Created
from shared.operation import Call, operation
from shared.policy.actions import policies
from shared.policy.events.policies import PolicyDrafted
from shared.policy.models.policies import Policy, PolicySource, PolicyView
from shared.policy.rules import policies as rules


@operation("POST", "/v1/policies", scopes={Scope.POLICIES_WRITE})
def create_policy(call: Call, body: PolicySource) -> Created[PolicyView]:
    """
    Write a policy of one's own tenant, as a draft.

    It is read, checked and laid out; each mistake is told with its line and column. The same name and version again
    is the draft written anew; what was in force stays as it is, and gets another version. A policy restricts what
    the platform allows, and never allows more. What it may say, and what it sees: `docs/policies.md`.
    """
    read = rules.said(body.source)
    id = rules.policy_id(call.tenant, read.name, read.version)
    with call.transaction() as txn:
        found = txn.get_or_none(Policy, id)
        before = policies.settled(txn, found) if found else None
        after = rules.drafted(
            body.source,
            before,
            id=id,
            tenant=call.tenant,
            by=call.actor,
            at=call.now,
            known=policies.kept(txn),
        )
        told = PolicyDrafted.of(after)
        after = txn.save(after, told) if before else txn.create(after, told)
    return Created(f"/v1/policies/{after.id}", PolicyView.of(after))
