"""Stage 7: one approval, one release, watched before and after it gets any traffic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.agents.assign_version import VersionRequest, assign_version
from functions.agents.create_release import ReleaseRequest, create_release
from functions.agents.fail_workflow import Breakdown, fail_workflow
from functions.agents.get_agent_activity import get_agent_activity
from functions.agents.get_agent_health import get_agent_health
from functions.agents.get_pipeline import get_pipeline
from functions.agents.get_release import get_release
from functions.agents.probe_release import probe_release
from functions.agents.rollback_agent import RollbackRequest, rollback_agent
from functions.agents.wake_release import wake_release
from shared.actors import Role
from shared.agents.events.releases import ReleaseProbeDue, ReleaseWatched
from shared.agents.models.parts import Released
from shared.agents.models.releases import Release, ReleaseWatch
from shared.agents.rules import pipeline, releases
from shared.agents.rules.releases import tallied
from shared.approvals.models.approvals import Approval
from shared.documents import Query
from shared.errors import ApprovalMismatch, ApprovalRequired, Conflict, NotFound
from shared.evidence import Entry
from shared.manifests.models.manifests import Manifest
from shared.outside import Look
from shared.platform.models.incidents import Incident
from shared.promises import Due
from shared.queries import Paging
from tests import answered
from tests.agents.catalogue import CALLBACK, Kept
from tests.conftest import NOON

OTHER = "99999999-9999-4999-8999-999999999999"


def get(story, kind, id):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.get_or_none(kind, id)


def version(story, manifest_hash=None, at=0.0):
    body = VersionRequest(manifest_hash=manifest_hash or story.run().manifest_hash)
    return assign_version(story.service(at), story.agent_id, body)


def release(story, at=0.0, workflow_id=None):
    body = ReleaseRequest(workflow_id=workflow_id or story.workflow_id)
    return answered.body(create_release(story.service(at), story.agent_id, body)).release


def health(story, at=0.0):
    return get_agent_health(story.service(at), story.agent_id)


def take_back(story, at=0.0, trigger="deployment_failure", role=Role.SERVICE, **more):
    body = RollbackRequest(trigger=trigger, reason="it was not healthy at all", **more)
    return rollback_agent(story.call_as(role, at=at), story.agent_id, body)


def dues(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.find(Due).items


def keep_promises(story, reacting, until=None):
    """Keep every promise of a probe of one kind, twice each, and return the minute of the last."""
    seen, of, minutes = set(), story.agent().release_id, 0
    while True:
        due = [d for d in dues(story) if d.id not in seen and d.data.get("release_id") == of]
        due = [d for d in due if d.data["profile"] != until]
        if not due:
            return minutes
        for promise in due:
            seen.add(promise.id)
            minutes = max(minutes, (promise.at - NOON).total_seconds() / 60)
            event = ReleaseProbeDue.model_validate(promise.data)
            probe_release(reacting(promise.entity, at=minutes), event, story.probe)
            probe_release(reacting(promise.entity, at=minutes), event, story.probe)


def released(story):
    story.to_stage(7)
    version(story)
    return release(story).id


def ready(story, reacting):
    made = released(story)
    return made, keep_promises(story, reacting, until="watch")


def deployed(story, reacting):
    made = released(story)
    at = keep_promises(story, reacting)
    story.settle(7, at=at)
    return made, at


# --- making a release ----------------------------------------------------------------------------


def test_a_release_uses_up_its_approval_and_binds_the_manifest(story):
    story.to_stage(7)
    assert version(story) == version(story)
    made = release(story)
    assert (made.state, made.traffic_percent, made.release_version) == ("deploying", 0, "1.0.0")
    assert get(story, Approval, made.approval_id).status == "consumed"
    manifest = get(story, Manifest, story.agent_id)
    assert (manifest.status, manifest.manifest_hash) == ("deployed", made.manifest_hash)
    assert [a.kind for a in manifest.approvals] == ["genesis", "architecture", "ethics", "governor"]
    assert story.agent().release_state == "deploying"


def test_asking_for_the_release_again_makes_no_second_one(story):
    made = released(story)
    assert release(story).id == made


def test_nothing_is_released_without_an_approval_or_a_version(story):
    story.to_stage(6)
    with pytest.raises(ApprovalRequired):
        release(story)


def test_a_manifest_without_a_version_is_not_released(story):
    story.to_stage(7)
    with pytest.raises(Conflict, match="with a version"):
        release(story)


def test_a_version_is_for_the_manifest_that_was_reviewed(story):
    story.to_stage(7)
    with pytest.raises(ApprovalMismatch):
        version(story, "f" * 64)
    with pytest.raises(Conflict, match="another workflow"):
        release(story, workflow_id=OTHER)


def test_an_approval_for_another_manifest_releases_nothing(story, call_as):
    story.to_stage(7)
    version(story)
    with call_as(Role.ADMIN).transaction() as txn:
        before = txn.get(Manifest, story.agent_id)
        txn.save(before.model_copy(update={"manifest_hash": "f" * 64}), Kept())
    with pytest.raises(ApprovalMismatch):
        release(story)


# --- watching ------------------------------------------------------------------------------------


def woken(story, reacting, made, profile, outcome):
    event = ReleaseWatched(
        agent_id=story.agent_id,
        workflow_id=story.workflow_id,
        profile=profile,
        watch_outcome=outcome,
        probes=1,
        failures=0,
    )
    wake_release(reacting(f"releases/{made}"), event, story.workflows)


def test_five_good_probes_in_a_row_make_it_ready_and_put_it_in_service(story, reacting):
    made, at = ready(story, reacting)
    assert at == 4
    kept = get_release(story.service(), story.agent_id, made)
    assert kept.watched("readiness").probes == 5
    assert (kept.state, kept.traffic_percent) == ("live", 100)
    with story.call_as(Role.ADMIN).transaction() as txn:
        told = txn.find(Entry, order="eseq", entity=f"releases/{made}").items
    assert [entry.action for entry in told] == [
        "release.created",
        "release.watched",
        "release.routed",
    ]
    assert kept.audit.n == 3


def test_the_workflow_sleeps_until_the_health_is_certain(story, reacting, workflows):
    made = released(story)
    assert health(story).wait_s == 30 * 60 + releases.SPARE_S
    woken(story, reacting, made, "readiness", "healthy")
    assert workflows.woken == []
    for profile, outcome in (
        ("readiness", "unhealthy"),
        ("watch", "healthy"),
        ("watch", "unhealthy"),
    ):
        woken(story, reacting, made, profile, outcome)
    assert workflows.woken == [CALLBACK] * 3


def test_what_it_waits_for_still_takes_as_long_as_the_watches_last(story, reacting):
    assert release_answer(story).wait_s == 30 * 60 + releases.SPARE_S
    at = keep_promises(story, reacting, until="watch")
    assert (health(story, at).profile, health(story, at).wait_s) == (
        "deployment",
        15 * 60 + releases.SPARE_S,
    )
    at = keep_promises(story, reacting)
    assert (health(story, at).outcome, health(story, at).wait_s) == ("healthy", 0)
    assert release_answer(story, at).wait_s == 0


def release_answer(story, at=0.0):
    if story.workflow_id == "":
        story.to_stage(7)
        version(story)
    body = ReleaseRequest(workflow_id=story.workflow_id)
    return answered.body(create_release(story.service(at), story.agent_id, body))


def test_a_second_request_begins_no_second_watch(story):
    released(story)
    release(story, at=1)
    assert len([d for d in dues(story) if d.action == ReleaseProbeDue.traits.action]) == 1


def test_what_never_answers_gets_no_traffic(story, reacting, probe):
    made = released(story)
    probe.failing.add(made)
    assert keep_promises(story, reacting) == 15
    kept = get(story, Release, made)
    assert (kept.watched("readiness").outcome, kept.traffic_percent) == ("unhealthy", 0)
    assert story.agent().health_status == "unhealthy"
    assert (health(story, 15).outcome, health(story, 15).wait_s) == ("unhealthy", 0)


def test_one_miss_is_told_once(story, reacting, probe):
    made = released(story)
    probe.failing.add(made)
    probe_release(
        reacting(f"releases/{made}"),
        ReleaseProbeDue(release_id=made, profile="readiness", probe=0),
        probe,
    )
    assert story.agent().health_status == "degraded"
    seen = health(story)
    assert (seen.profile, seen.probes, seen.failures) == ("deployment", 1, 1)


def test_no_traffic_before_it_is_ready_and_no_watch_before_traffic(story):
    made = get(story, Release, released(story))
    with pytest.raises(Conflict, match="not ready"):
        releases.routed(made, 100)
    with pytest.raises(Conflict, match="begins when traffic does"):
        releases.watching(made, "watch", NOON)


def test_a_release_belongs_to_its_agent(story, reacting):
    made, _ = ready(story, reacting)
    first = story.agent_id
    story.agent_id = story.create(name="Another").id
    with pytest.raises(NotFound):
        get_release(story.service(), story.agent_id, made)
    assert get_release(story.service(), first, made).id == made


def looked(profile, looks):
    """Look once a minute as long as the watch runs, and return it."""
    watch = ReleaseWatch(
        id=f"r:{profile}",
        release_id=OTHER,
        agent_id=OTHER,
        profile=profile,
        started_at=NOON,
        deadline_at=NOON + releases.LENGTH,
    )
    for n, saw in enumerate(looks):
        status = {"well": 200, "unwell": 503}.get(saw)
        watch = tallied(watch, Look(saw, 5, status), at=NOON + n * releases.PROBE_EVERY)
        if watch.outcome is not None:
            break
    return watch


SAW = st.sampled_from(["well"] * 6 + ["unwell", "silent", "unreachable"])


@given(st.lists(SAW, min_size=16, max_size=16))
def test_a_release_in_service_is_judged_by_several_failed_looks_and_never_by_one(looks):
    watch = looked("watch", [*looks, "well"])
    shown = looks[: watch.probes]
    row = "".join("." if saw == "well" else "x" for saw in shown)
    lost = "xxx" in row or shown.count("unwell") >= 3
    assert watch.outcome == ("unhealthy" if lost else "healthy")
    if watch.failures == 1:
        assert watch.outcome == "healthy"
    assert [one.saw for one in watch.failed_looks] == [s for s in shown if s != "well"][-10:]


def test_a_watch_that_would_end_with_a_failed_look_goes_on_until_it_knows():
    assert looked("watch", ["well"] * 15 + ["silent"]).outcome is None
    assert looked("watch", ["well"] * 15 + ["silent", "well"]).outcome == "healthy"
    assert looked("watch", ["well"] * 15 + ["silent"] * 3).outcome == "unhealthy"
    most = NOON + releases.LENGTH + 2 * releases.PROBE_EVERY
    assert releases.remaining_s(looked("watch", ["well"] * 15 + ["silent"] * 2), most) > 60


def test_the_evidence_says_what_the_looks_saw(story, reacting, probe, documents):
    made, _ = ready(story, reacting)
    probe.failing.add(made)
    keep_promises(story, reacting)
    kept = get(story, Release, made).watched("watch")
    assert [(one.saw, one.status) for one in kept.failed_looks] == [("unwell", 503)] * 3
    assert health(story).failed_looks == kept.failed_looks
    found = [s.data for s in documents.find(None, Query(Entry.collection))]
    (ended,) = [
        e["data"] for e in found if e["action"] == "release.watched" and e["data"]["failures"]
    ]
    assert [one["saw"] for one in ended["failed_looks"]] == ["unwell"] * 3
    told = [e["data"] for e in found if e["action"] == "health.status"]
    assert {one["saw"] for one in told if one["status"] == "critical"} <= {"unwell"}


@given(st.lists(SAW, max_size=15))
def test_readiness_takes_five_in_a_row(looks):
    watch = looked("readiness", looks)
    if watch.outcome == "healthy":
        assert watch.consecutive == 5
    else:
        row = "".join("1" if saw == "well" else "0" for saw in looks)
        assert "11111" not in row


# --- in service ----------------------------------------------------------------------------------


def test_a_healthy_quarter_of_an_hour_puts_the_agent_in_service(story, reacting):
    made, at = deployed(story, reacting)
    agent = story.agent()
    assert (agent.status, agent.release_state, agent.external_id) == (
        "deployed",
        "live",
        "AGT-HC-001",
    )
    assert (agent.version, agent.deployed_version, agent.creation_stage) == ("1.0.0", "1.0.0", None)
    assert agent.version_history[0].release_id == made
    assert story.run().status == "completed"
    assert agent.watched_closely(story.call_as(at=at).now)
    assert not agent.watched_closely(story.call_as(at=at + 7 * 24 * 60).now)
    seen = health(story, at)
    assert (seen.status, seen.profile, seen.outcome) == ("healthy", "elevated", "healthy")
    assert story.settle(7, at=at).result == "passed"


def test_the_next_agent_gets_the_next_number(story, reacting):
    deployed(story, reacting)
    story.create = lambda at=0.0, make=story.create: make(at, name="Second")
    deployed(story, reacting)
    assert story.agent().external_id == "AGT-HC-002"


def test_its_life_can_be_read_newest_first(story, reacting, call_as):
    deployed(story, reacting)
    page = get_agent_activity(call_as(Role.GOVERNOR), story.agent_id, Paging(limit=2))
    assert page.items[0].action == "agent.state_changed"
    assert page.items[0].data["to"] == "deployed"
    more = Paging(limit=100, cursor=page.next_cursor)
    rest = get_agent_activity(call_as(Role.GOVERNOR), story.agent_id, more)
    assert rest.items[-1].action == "agent.created"


def test_a_release_that_is_neither_in_service_nor_taken_back_settles_nothing(story):
    released(story)
    with pytest.raises(Conflict, match="neither"):
        story.settle(7)


# --- taking it back ------------------------------------------------------------------------------


def test_a_first_release_that_fails_leaves_nothing_routed(story):
    made = released(story)
    done = take_back(story)
    assert (done.outcome, done.restored_version) == ("rolled_back", None)
    assert get(story, Release, made).state == "failed"
    assert get(story, Manifest, story.agent_id).status == "suspended"
    agent = story.agent()
    assert (agent.status, agent.release_state) == ("certified", "failed")
    answer = story.settle(7)
    assert (answer.result, answer.next_stage) == ("rolled_back", None)
    assert story.run().status == "rolled_back"
    assert story.agent().status == "certified"


def incidents(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return [(one.title, one.owner) for one in txn.find(Incident).items]


def test_what_was_approved_and_never_came_into_service_is_somebodys(story, reacting):
    released(story)
    for _ in range(2):
        take_back(story)
    assert incidents(story) == [("Approved, and not in service", story.run().initiated_by)]


def test_what_served_and_is_taken_back_is_whose_who_took_it_back(story, reacting):
    _, at = deployed(story, reacting)
    take_back(story, at=at, trigger="incident", role=Role.GOVERNOR)
    assert incidents(story) == []


def test_what_was_approved_and_whose_workflow_broke_down_is_somebodys(story):
    released(story)
    for _ in range(2):
        fail_workflow(story.service(), story.workflow_id, Breakdown(reason="HTTP 500"))
    assert incidents(story) == [("Approved, and not in service", story.run().initiated_by)]


def test_taking_back_twice_changes_nothing(story):
    released(story)
    first = take_back(story)
    audit = story.agent().audit
    assert take_back(story) == first
    assert story.agent().audit == audit


def test_a_release_that_is_taken_back_ends_its_watch(story, reacting):
    made = released(story)
    take_back(story)
    keep_promises(story, reacting)
    assert get(story, ReleaseWatch, f"{made}:readiness").outcome == "unhealthy"
    failed = get(story, Release, made)
    with pytest.raises(Conflict, match="is failed"):
        releases.watching(failed, "watch", NOON)
    with pytest.raises(Conflict, match="gets no traffic"):
        releases.routed(failed, 100)


def test_the_governor_takes_back_what_is_in_service(story, reacting):
    _, at = deployed(story, reacting)
    take_back(story, at=at, trigger="governor_override", role=Role.GOVERNOR)
    agent = story.agent()
    assert (agent.status, agent.release_state, agent.health_status) == (
        "suspended",
        "failed",
        "suspended",
    )
    assert agent.version_history[0].rolled_back_at is not None
    assert agent.deployed_version is None
    seen = get_pipeline(story.call_as(Role.VIEWER), story.agent_id)
    assert (seen.outcome, seen.because) == ("rolled_back", agent.suspended_reason)


def test_with_a_version_before_it_that_one_is_in_service_again(story, reacting):
    made, at = deployed(story, reacting)
    with story.call_as(Role.ADMIN, at=at).transaction() as txn:
        agent, newer = story_agent(txn, story), txn.get(Release, made)
        second = newer.model_copy(update={"id": OTHER, "release_version": "1.1.0", "audit": None})
        entry = Released(
            version="1.1.0", release_id=OTHER, deployed_at=NOON, approver="a", reason="evolved"
        )
        history = (*agent.version_history, entry)
        changes = {"release_id": OTHER, "version_history": history, "deployed_version": "1.1.0"}
        txn.create(second, Kept())
        txn.save(agent.model_copy(update=changes), Kept())
    with pytest.raises(Conflict, match="only version to go back to"):
        take_back(story, at=at, target_version="0.9.0")
    done = take_back(story, at=at, trigger="incident", target_version="1.0.0")
    assert (done.from_version, done.restored_version) == ("1.1.0", "1.0.0")
    assert get(story, Release, OTHER).state == "rolled_back"
    assert get(story, Release, made).traffic_percent == 100
    agent = story.agent()
    assert (agent.status, agent.release_id, agent.deployed_version) == ("deployed", made, "1.0.0")
    with pytest.raises(Conflict, match="classification of a change"):
        version(story)


def story_agent(txn, story):
    from shared.agents.models.agents import Agent

    return txn.get(Agent, story.agent_id)


def test_an_agent_without_a_release_has_nothing_to_take_back(story):
    story.create()
    with pytest.raises(Conflict, match="no release"):
        take_back(story)


def test_a_workflow_that_breaks_down_takes_its_release_back(story):
    made = released(story)
    run = fail_workflow(story.service(), story.workflow_id, Breakdown(reason=""))
    assert (run.status, get(story, Release, made).state) == ("failed", "failed")
    agent = story.agent()
    assert (agent.status, agent.release_state, agent.creation_stage) == (
        "certified",
        "failed",
        None,
    )


def test_traffic_on_what_is_not_ready_breaks_the_constitution(story):
    made = get(story, Release, released(story))
    assert made.violations() == ()
    routed = made.model_copy(update={"traffic_percent": 100, "state": "failed"})
    assert {violation.rule for violation in routed.violations()} == {"L0-03", "L0-07"}
    with pytest.raises(Conflict, match="still runs"):
        releases.ended(made, releases.watching(made, "readiness", NOON))


def test_a_pipeline_that_completed_is_whole(story, reacting):
    deployed(story, reacting)
    assert pipeline.percent(story.run()) == 100


def test_traffic_goes_to_the_agent_s_present_release_only(story, reacting):
    made = released(story)
    with story.call_as(Role.ADMIN).transaction() as txn:
        agent = story_agent(txn, story)
        txn.save(agent.model_copy(update={"manifest_hash": "f" * 64}), Kept())
    keep_promises(story, reacting)
    kept = get(story, Release, made)
    assert (kept.watched("readiness").outcome, kept.traffic_percent) == ("unhealthy", 0)
