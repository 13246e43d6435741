from datetime import timedelta

from shared.observability import Enforcing
from shared.outside import Backlogs
from shared.policy.actions import standing
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(minutes=1))
def watch_enforcement(call: ReactionCall, enforcing: Enforcing, backlogs: Backlogs) -> None:
    """
    Open a violation where nothing may change, tell of outages, and freeze the platform while evidence does not get out.

    What any process saw is told once it is over, however short it was, with its cause and how long it lasted. While the
    writer key is missing nothing can be entered, and health and the log alone say so. A freeze of its own it ends by
    itself, one of people never.
    """
    state = enforcing.state(call.now)
    if state.rule == "key_missing":
        return
    oldest_at = backlogs.backlog().oldest_at
    with call.transaction() as txn:
        standing.watch(txn, state, oldest_at, call)
