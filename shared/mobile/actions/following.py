"""Fold what the first screen shows: bring it to where agents and approvals are; again changes nothing."""

from shared.agents.models.agents import Agent
from shared.approvals.models.approvals import Approval
from shared.mobile.models.dashboard import AgentCard, DashboardTotals, OpenApproval
from shared.mobile.rules import totals
from shared.projection import Fold
from shared.tallies import Tally

TOTALS = Tally(DashboardTotals, shards=4)
"""The agents and approvals of a tenant are counted in so many documents."""


def follow_agent(call: Fold) -> None:
    """Bring the card of an agent, and the counts it is part of, to where the agent is."""
    with call.transaction() as txn:
        agent = txn.get(Agent, call.subject_id)
        before = txn.get_or_none(AgentCard, agent.id)
        after = totals.of_agent(agent, before)
        if after == before:
            return
        counts = TOTALS.of(txn, agent.id)
        txn.save(after)
        TOTALS.keep(txn, counts, totals.moved(counts, before, after))


def follow_approval(call: Fold, approval_id: str) -> None:
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
        counted = [approval.id, *([agent.id] if agent else [])]
        before = {TOTALS.place(id): TOTALS.of(txn, id) for id in counted}
        after, place = dict(before), TOTALS.place(approval.id)
        after[place] = totals.pending(after[place], more)
        if agent is not None:
            card, place = totals.of_agent(agent, None), TOTALS.place(agent.id)
            after[place] = totals.moved(after[place], None, card)
        if known is not None:
            txn.delete(known)
        else:
            txn.create(totals.opened(approval))
        for place, shard in after.items():
            TOTALS.keep(txn, before[place], shard)
        if card is not None:
            txn.save(totals.waiting(card, more))
