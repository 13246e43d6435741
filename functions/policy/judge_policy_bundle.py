from shared.observability import Enforcing
from shared.policy.actions import bundles
from shared.policy.events.bundles import BundlesAsked
from shared.reaction import ReactionCall, reaction


@reaction(on=BundlesAsked)
def judge_policy_bundle(call: ReactionCall, event: BundlesAsked, enforcing: Enforcing) -> None:
    """Find out what a set would change of what was decided lately in any tenant, and ask who is to agree to it."""
    del event
    with call.transaction() as txn:
        bundles.judge(txn, call, enforcing, call.subject_id)
