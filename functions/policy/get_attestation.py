from shared.actors import Scope
from shared.entity import DecisionId
from shared.operation import Call, operation
from shared.policy.actions.attestations import attestation
from shared.policy.models.attestations import PolicyAttestation


@operation(
    "GET",
    "/v1/policy/attestations/{decision_id}",
    scopes={Scope.POLICY_READ},
    audited=False,
)
def get_attestation(call: Call, decision_id: DecisionId) -> PolicyAttestation:
    """
    Show how something was decided: by which rules, why, and what would make it pass, in words.

    The id is the one that a refusal says as `decision_id`, and every answer to a change as `X-Decision-ID`. Customers
    see what was decided about themselves, without what the rules looked at.
    """
    id = decision_id.rpartition(".")[2]
    with call.transaction() as txn:
        return attestation(txn, id, whole=call.actor.of_the_platform)
