"""Keep what the first screen shows in step with agents and approvals; again changes nothing."""

from shared.agents.models.agents import Agent
from shared.approvals.models.approvals import Approval
from shared.mobile.models.dashboard import AgentCard, DashboardTotals, OpenApproval
from shared.mobile.rules import totals
from shared.reaction import ReactionCall
from shared.store import Transaction


def follow_agent(call: ReactionCall) -> None:
    """Bring the card of an agent, and the counts it is part of, to where the agent is."""
    with call.transaction() as txn:
        agent = txn.get(Agent, call.subject_id)
        before = txn.get_or_none(AgentCard, agent.id)
        after = totals.of_agent(agent, before)
        if after == before:
            return
        counts = _counts(txn, agent.id)
        txn.save(after)
        moved = totals.moved(counts, before, after)
        if moved != counts:
            txn.save(moved)


def follow_approval(call: ReactionCall, approval_id: str) -> None:
    """
    Count an approval while it waits for an answer, and no longer.

    Its agent's card may not be there yet, as the two are heard of on different topics; then it is made here.
    """
    with call.transaction() as txn:
        approval = txn.get(Approval, approval_id)
        known = txn.get_or_none(OpenApproval, approval.id)
        if approval.open is (known is not None):
            return
        more = 1 if approval.open else -1
        about = approval.agent_id
        card = txn.get_or_none(AgentCard, about) if about else None
        agent = txn.get_or_none(Agent, about) if about and card is None and approval.open else None
        counts = {totals.shard(approval.id): totals.pending(_counts(txn, approval.id), more)}
        if agent is not None:
            card, shard = totals.of_agent(agent, None), totals.shard(agent.id)
            before = counts[shard] if shard in counts else _counts(txn, agent.id)
            counts[shard] = totals.moved(before, None, card)
        if known is not None:
            txn.delete(known)
        else:
            txn.create(totals.opened(approval))
        for counted in counts.values():
            txn.save(counted)
        if card is not None:
            txn.save(totals.waiting(card, more))


def _counts(txn: Transaction, id: str) -> DashboardTotals:
    shard = totals.shard(id)
    return txn.get_or_none(DashboardTotals, shard) or DashboardTotals(id=shard)
