from shared.agents.actions import probing
from shared.agents.events.releases import ReleaseProbeDue
from shared.agents.models.agents import Agent
from shared.agents.models.releases import Release, ReleaseWatch
from shared.agents.rules import probes, releases
from shared.agents.rules.releases import PROBE_TIMEOUT_S
from shared.constitution import amended
from shared.outside import Probe
from shared.reaction import ReactionCall, reaction


@reaction(due=ReleaseProbeDue)
def probe_release(call: ReactionCall, event: ReleaseProbeDue, probe: Probe) -> None:
    """
    Look at a release from outside, and count.

    The look comes before the transaction, which may have to be run again. A promise that is kept twice
    counts once: the tally knows which look comes next. No release is judged by one look. A release that is ready gets its traffic, and its
    first quarter of an hour in service begins, in the commit that says so.
    """
    look = probe.look(event.release_id, timeout_s=PROBE_TIMEOUT_S)
    with call.transaction() as txn:
        before = txn.get_or_none(ReleaseWatch, releases.watch_id(event.release_id, event.profile))
        if before is None or before.outcome is not None or before.probes != event.probe:
            return
        release = txn.get(Release, event.release_id)
        watch = releases.tallied(before, look, at=call.now)
        if release.state in {"failed", "rolled_back"}:
            watch = watch.model_copy(update={"outcome": "unhealthy"})
        agent = txn.get(Agent, watch.agent_id) if probes.news(before, watch) else None
        if agent is not None and not probes.present(agent, release):
            watch = watch.model_copy(update={"outcome": "unhealthy"})
        txn.save(watch)
        if watch.outcome is None:
            probing.promise(txn, release, watch, at=call.now + releases.PROBE_EVERY)
        else:
            release = txn.save(releases.ended(release, watch), probes.watched(release, watch))
            if watch.outcome == "healthy" and watch.profile == "readiness":
                probing.put_in_service(txn, release, at=call.now)
        told = probes.told(agent, watch) if agent else None
        if agent is not None and told is not None:
            txn.save(amended(agent, health_status=told.status), told)
