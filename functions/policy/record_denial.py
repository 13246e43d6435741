from shared.actors import PLATFORM
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.policy.actions.alerts import fresh
from shared.policy.actions.attestations import attestation, entered
from shared.policy.actions.denials import recorded
from shared.policy.events.alerts import PolicyAlerted
from shared.reaction import ReactionCall, reaction


@reaction(on=PolicyDenied)
def record_denial(call: ReactionCall, event: PolicyDenied) -> None:
    """
    Put a denial into the list of all tenants', where whoever looks into them finds it.

    What policies have somebody told of it is kept in the tenant that it was decided in.
    """
    with call.transaction() as txn:
        entry = txn.get(Entry, call.causation_id or "")
        own = entry.id == event.decision_id
        # What was asked for others is kept by itself.
        shown = (
            entered(entry, whole=True) if own else attestation(txn, event.decision_id, whole=True)
        )
    decision = shown.decision
    if decision and (decision.alerts or decision.notes):
        tenant = str(decision.input["resource"]["owner_tenant_id"])
        with call.within(tenant, "its policies were asked, whoever was denied") as txn:
            for one in fresh(txn, decision, decision.evaluated_at):
                txn.create(one, PolicyAlerted.of(one))
    with call.within(PLATFORM, "staff look through the denials of all tenants") as txn:
        txn.create(recorded(entry, shown, event, call))
