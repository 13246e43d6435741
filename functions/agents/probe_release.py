from shared.agents import probing, releases
from shared.agents.models import Agent
from shared.agents.releases import (
    PROBE_TIMEOUT_S,
    Release,
    ReleaseProbeDue,
    ReleaseWatch,
    ReleaseWatched,
)
from shared.constitution import amended
from shared.reaction import Reaching, reaction


@reaction(due=ReleaseProbeDue)
def probe_release(call: Reaching, event: ReleaseProbeDue) -> None:
    """
    Look at a release from outside, and count.

    The look comes before the transaction, which may have to be run again. A promise that is kept twice
    counts once: the tally knows which look comes next.
    """
    healthy, took_ms = call.probe.healthy(event.release_id, timeout_s=PROBE_TIMEOUT_S)
    with call.transaction() as txn:
        watch = txn.peek(ReleaseWatch, releases.watch_id(event.release_id, event.profile))
        if watch is None or watch.outcome is not None or watch.probes != event.probe:
            return
        release = txn.get(Release, event.release_id)
        agent = txn.get(Agent, watch.agent_id)
        after = releases.tallied(watch, healthy=healthy, took_ms=took_ms, at=call.now)
        if release.state in {"failed", "rolled_back"}:
            after = after.model_copy(update={"outcome": "unhealthy"})
        txn.save(after)
        if after.outcome is None:
            due = ReleaseProbeDue(release_id=release.id, profile=event.profile, probe=after.probes)
            txn.announce(due, at=call.now + releases.PROBE_EVERY, about=release)
        else:
            watched = ReleaseWatched(
                agent_id=agent.id,
                profile=after.profile,
                watch_outcome=after.outcome,
                probes=after.probes,
                failures=after.failures,
            )
            txn.save(releases.ended(release, after), watched)
        told = probing.told(agent, after)
        if told is not None:
            txn.save(amended(agent, health_status=told.status), told)
