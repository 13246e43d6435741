from shared.agents.models import Agent, HealthStatusChanged
from shared.agents.parts import Profile
from shared.agents.releases import ReleaseWatch, watch_id
from shared.reaction import Reaching, reaction
from shared.waiting import Wait

PROFILES: tuple[Profile, ...] = ("readiness", "watch")


@reaction(on=HealthStatusChanged)
def wake_release(call: Reaching, _: HealthStatusChanged) -> None:
    """Wake the workflow that waits for the end of a watch over a release."""
    with call.transaction() as txn:
        agent = txn.get(Agent, call.subject_id)
        names = [watch_id(agent.release_id, p) for p in PROFILES if agent.release_id]
        found = [(txn.peek(ReleaseWatch, name), txn.peek(Wait, name)) for name in names]
        for watch, waiting in found:
            if watch is not None and watch.outcome is not None and waiting is not None:
                call.workflows.wake(waiting.url)
                txn.delete(waiting)
