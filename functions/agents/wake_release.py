from shared.agents.events.releases import ReleaseWatched
from shared.outside import Workflows
from shared.reaction import ReactionCall, reaction
from shared.waiting import Wait


@reaction(on=ReleaseWatched, repeatable=True)
def wake_release(call: ReactionCall, event: ReleaseWatched, workflows: Workflows) -> None:
    """Wake the workflow that waits until the health of a release is certain."""
    if event.profile == "readiness" and event.watch_outcome == "healthy":
        return
    with call.transaction() as txn:
        waiting = txn.get_or_none(Wait, event.workflow_id)
        if waiting is not None:
            workflows.wake(waiting.url)
