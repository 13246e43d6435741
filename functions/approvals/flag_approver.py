from collections.abc import Mapping
from typing import Any

from shared.approvals.events.lifecycle import ApprovalGranted
from shared.approvals.models.records import Canary
from shared.precedents.events import SeedsSwitched
from shared.precedents.models.seeds import SWITCH, SeedSwitch
from shared.reaction import ReactionCall, reaction
from shared.violations.actions.opening import open_violation
from shared.violations.models import Finding
from shared.violations.rules.lifecycle import opened


@reaction(on=ApprovalGranted)
def flag_approver(call: ReactionCall, event: ApprovalGranted) -> None:
    """
    Flag whoever approved what had to be refused, and stop all seeds until that is looked into.

    What was approved is nothing: no agent and no workflow waits for it.
    """
    if event.agent_id is not None:
        # What must be refused is about no agent.
        return
    with call.transaction() as txn:
        if txn.get_or_none(Canary, call.subject_id) is None:
            return
        switch = txn.get_or_none(SeedSwitch, SWITCH)
        finding = Finding(
            type="constitutional",
            code="CONSTITUTIONAL-VIOLATION",
            severity="high",
            description="A request whose own evidence speaks against it was approved.",
            actor_id=event.approvers[-1],
            entity_id=call.subject,
            automatic_response="paused",
        )
        violation = opened(
            finding, tenant=call.tenant, occasion="canary", by=call.actor.id, at=call.now
        )
        open_violation(txn, violation)
        if switch is not None and not switch.on:
            return
        why = "A request that had to be refused was approved."
        off = {"on": False, "reason": why, "switched_by": call.actor.id}
        told = SeedsSwitched(on=False, reason=why)
        if switch is not None:
            txn.save(switch.model_copy(update=off), told)
        else:
            txn.create(_switch(call, off), told)


def _switch(call: ReactionCall, set_to: Mapping[str, Any]) -> SeedSwitch:
    return SeedSwitch(
        id=SWITCH,
        tenant_id=call.tenant,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id="governor",
        **set_to,
    )
