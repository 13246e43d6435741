from datetime import timedelta

from shared.observability import Enforcing
from shared.policy.actions import standing
from shared.reaction import ReactionCall, reaction
from shared.release import VERSION


@reaction(every=timedelta(minutes=5))
def ship_policy_bundles(call: ReactionCall, enforcing: Enforcing) -> None:
    """
    Put the policy bundles of a new release in force, once.

    What lies in their place later and is something else never comes into force by itself.
    """
    offered = enforcing.offered()
    with call.transaction() as txn:
        standing.ship(txn, release=VERSION, rules=offered, by=call.actor.id, at=call.now)
