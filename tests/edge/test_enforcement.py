"""Governed or not running: whatever is unplugged stops every change, and whatever is plugged in again lets it go on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest

from shared.actors import PLATFORM, Actor, Role
from shared.deciding import Finding, denial
from shared.documents import Key, Query, Write
from shared.edge.bundles import BundleSet
from shared.edge.canary import canary
from shared.edge.enforcement import PLACE, LiveEnforcement
from shared.edge.keys import FileSigner
from shared.edge.meter import Metered, doing
from shared.enforcing import Enforcement
from shared.errors import EnforcementUnavailable, StoreUnavailable
from shared.evidence import Entry
from shared.operation import Call
from shared.policy.actions import standing
from shared.policy.events.standing import BundleActivated
from shared.policy.models.outages import Outage
from shared.policy.models.sets import PolicySet
from shared.policy.models.standing import STANDING, Freeze, Freezing, PolicyStanding
from shared.release import VERSION
from shared.violations.models import OpenedViolation
from tests.conftest import NOON, trusting, whole

SELECTION = {"*": ["rbac"], "agents": ["governor_role"], "prompt": ["ai_safety"]}


def rules(text="package rbac", **more):
    modules = {"rbac/rbac.rego": text, "ai_safety/ai_safety.rego": "package ai_safety", **more}
    return BundleSet(modules, SELECTION, {"limits": {}})


FIRST, SECOND = rules(), rules("package rbac # edited")
FEWER = BundleSet({"rbac/rbac.rego": "package rbac"}, SELECTION, {"limits": {}})
REASON = "The incident is looked into before anything else happens."


class FakeEngine:
    """Allows administrators and nobody else; `allowing` bundles allow whatever they are asked."""

    version = "fake/1"

    def __init__(self, of):
        self.digest, self.selection = of.digest, of.selection
        self.allowing, self.denying, self.broken = set(), False, None
        self.asked, self.held = 0, {}

    def evaluate(self, bundles, document):
        self.asked += 1
        if self.broken:
            raise self.broken
        return {name: self._found(name, document) for name in bundles}

    def _found(self, name, document):
        roles = document.get("subject", {}).get("roles", ())
        if name in self.allowing or ("admin" in roles and not self.denying):
            return Finding(allow=True)
        return denial(name, "no_rule", "no rule allows this")


class World:
    """One process, and everything that can be unplugged from it."""

    def __init__(self, documents, folder):
        self.signer = FileSigner(folder / "writer.pem")
        self.documents, self.key = documents, folder / "writer.pem"
        self.lies = FIRST
        self.engines = []
        self.starts = None
        self.trusted = trusting(self.signer)
        self.live = LiveEnforcement(
            shipped=self._lying,
            engine=self._started,
            canary=canary,
            key=self.signer.lost,
            documents=documents,
            signer=self.signer,
            trusted=self._trusted,
        )

    @property
    def engine(self):
        return self.engines[-1]

    def _trusted(self, *signed):
        return self.trusted(*signed)

    def _started(self, of):
        if self.starts:
            raise self.starts
        self.engines.append(FakeEngine(of))
        return self.engine

    def _lying(self):
        if self.lies is None:
            raise EnforcementUnavailable("policies/ is gone; restore it", rule="bundle_missing")
        return self.lies

    def at(self, seconds):
        return self.live.state(NOON + timedelta(seconds=seconds))

    def found(self, seconds):
        state = self.at(seconds)
        return state.level, state.rule


@pytest.fixture
def world(documents, tmp_path):
    return World(documents, tmp_path)


@pytest.fixture
def calling(world):
    """Make calls in the world: of a role, at a time in minutes."""

    def make(role=Role.SERVICE, at=0.0):
        return Call(
            actor=Actor(id=role.value, tenant=PLATFORM, roles=frozenset({role})),
            now=NOON + timedelta(minutes=at),
            tenant=PLATFORM,
            operation="tests.call",
            correlation_id="00000000-0000-4000-8000-000000000001",
            documents=world.documents,
            signer=world.signer,
        )

    return make


@pytest.fixture
def ship(world, calling):
    def shipped(at=0.0, release=VERSION):
        call = calling(at=at)
        with call.transaction() as txn:
            standing.ship(
                txn, release=release, rules=world.live.offered(), by="release", at=call.now
            )

    return shipped


@pytest.fixture
def freeze(calling):
    def frozen(on, at=0.0, role=Role.GOVERNOR):
        call = calling(role, at)
        with call.transaction() as txn:
            before = txn.get(PolicyStanding, STANDING)
            return Freeze.of(standing.freeze(txn, before, Freezing(on=on, reason=REASON), call))

    return frozen


@pytest.fixture
def activate(calling):
    """Put another set in force as people do: signed, under an approval, at a time in minutes."""

    def activated(of, at, *, kept=True):
        call = calling(Role.ADMIN, at)
        with call.transaction() as txn:
            before = txn.get(PolicyStanding, STANDING)
            changes = {"bundle": of.digest, "since": call.now, "approval_id": "an-approval"}
            if kept:
                standing.keep(txn, whole(of))
            told = BundleActivated(before=before.bundle, bundle=of.digest, release=VERSION)
            txn.save(before.model_copy(update=changes), told)

    return activated


def test_all_is_well_once_the_release_brought_its_bundles(world, ship):
    assert world.found(0) == ("off", "bundle_missing")
    ship()
    assert world.found(5) == ("effective", None)
    assert world.at(5).bundle == FIRST.digest
    assert world.live.engine(NOON + timedelta(seconds=5)) is world.engine


def test_a_record_that_is_put_back_to_what_it_once_was_holds_everything_up(
    world, ship, freeze, activate
):
    ship()
    for change in (lambda: freeze(True), lambda: activate(SECOND, 1)):
        before = world.documents.get(PLACE)
        change()
        now = world.documents.get(PLACE)
        assert world.found(60)[0] == "effective"
        world.documents.commit([Write(PLACE, before.data, now.revision)])
        assert world.found(120) == ("off", "standing_rolled_back")
        put_back = world.documents.get(PLACE)
        world.documents.commit([Write(PLACE, now.data, put_back.revision)])
        assert world.found(180)[0] == "effective"


def test_rules_that_did_not_end_are_told_of_and_the_others_decide(world, ship):
    ship()
    world.at(0)
    world.engine.held["ai_safety"] = "the rules of ai_safety did not end; go back"
    assert world.found(31) == ("degraded", "endless")
    assert world.at(31).says == world.engine.held["ai_safety"]
    assert world.live.engine(NOON + timedelta(seconds=31)) is world.engine


def test_while_rules_of_people_are_busy_the_others_are_looked_at_and_decide(world, ship):
    ship()
    world.at(0)
    evaluate = world.engine.evaluate

    def busy(bundles, document):
        if "ai_safety" in bundles:
            raise EnforcementUnavailable("too many wait", rule="engine_busy")
        return evaluate(bundles, document)

    world.engine.evaluate = busy
    assert world.found(31) == ("degraded", "engine_busy")
    world.engine.denying = True
    assert world.found(62) == ("off", "canary_allowed")


def test_nobody_waits_for_a_look_at_rules_that_take_long(world, ship, freeze):
    ship()
    world.at(0)
    evaluate, asked, let = world.engine.evaluate, Event(), Event()

    def slowly(bundles, document):
        if "ai_safety" in bundles:
            asked.set()
            assert let.wait(60)
        return evaluate(bundles, document)

    world.engine.evaluate = slowly
    with ThreadPoolExecutor(3) as threads:
        looking = threads.submit(world.found, 31)
        try:
            assert asked.wait(60)
            assert threads.submit(world.found, 59).result(10) == ("effective", None)
            waits = [threads.submit(world.at, 60)]
            freeze(True, at=0.9)
            waits.append(threads.submit(world.at, 58))
            for one in waits:
                with pytest.raises(TimeoutError):
                    one.result(0.1)
        finally:
            let.set()
        assert looking.result(60) == ("effective", None)
        assert [one.result(60).frozen for one in waits] == [True, True]


def test_rules_in_force_that_are_not_kept_any_more_are_kept_again(world, ship):
    ship()
    place = Key(PLATFORM, PolicySet.collection, FIRST.digest)
    kept = world.documents.get(place)
    world.documents.commit([Write(place, None, kept.revision)])
    ship(at=5)
    assert world.documents.get(place).data == kept.data


def test_a_look_holds_for_half_a_minute(world, ship):
    ship()
    for seconds in range(30):
        world.at(seconds)
    assert world.engine.asked == 4
    world.at(30)
    assert world.engine.asked == 8


def test_a_look_reads_what_is_in_force_and_its_last_entry_and_nothing_else(world, ship, freeze):
    ship()
    freeze(True)
    metered = Metered(world.documents)
    world.live._documents = metered
    with doing("a request"):
        assert world.found(0)[0] == "effective"
    assert metered.most["edge.enforcement"].reads == 2
    assert metered.most["a request"].reads == 0


def test_a_clock_that_goes_back_is_looked_at_again(world, ship):
    ship()
    world.at(3600)
    world.engine.allowing = {"rbac"}
    assert world.found(0) == ("off", "canary_allowed")


def unplug_folder(world):
    world.lies = None


def delete_module(world):
    world.lies = FEWER


def edit_byte(world):
    world.lies = SECOND


def lose_key(world):
    world.key.rename(world.key.with_suffix(".away"))


def change_key(world):
    lose_key(world)
    world.key.write_bytes(world.key.with_suffix(".away").read_bytes()[:-1])


def distrust(world):
    world.trusted = lambda *_: False


def allow_all(world):
    world.engine.allowing = {"rbac", "governor_role", "ai_safety"}


def allow_one(world):
    world.engine.allowing = {"governor_role"}


def allow_a_rare_one(world):
    world.engine.allowing = {"ai_safety"}


def deny_all(world):
    world.engine.denying = True


def ask_nothing(world):
    world.engine.selection = {}


def lose_engine(world):
    world.engine.broken = EnforcementUnavailable("there is no engine any more")


def break_engine(world):
    world.engine.broken = RuntimeError("a defect")


def sign_nothing(world):
    def sign(_):
        raise PermissionError("no")

    world.live._signer = type("Dead", (), {"sign": staticmethod(sign)})()


def forge_standing(world):
    found = world.documents.get(PLACE)
    world.documents.commit([Write(PLACE, {**found.data, "release": "9.9.9"}, found.revision)])


def forge_signature(world):
    entry = entry_of(world)
    world.documents.commit([Write(entry.key, {**entry.data, "sig": "A" * 86}, entry.revision)])


def forget_entry(world):
    entry = entry_of(world)
    world.documents.commit([Write(entry.key, None, entry.revision)])


def forget_standing(world):
    found = world.documents.get(PLACE)
    world.documents.commit([Write(PLACE, None, found.revision)])


def entry_of(world):
    head = world.documents.get(PLACE).data["audit"]["entry"]
    return world.documents.get(Key(PLACE.tenant, Entry.collection, head))


@pytest.mark.parametrize(
    ("unplug", "rule"),
    [
        (unplug_folder, "bundle_missing"),
        (delete_module, "bundle_missing"),
        (forget_standing, "bundle_missing"),
        (edit_byte, "bundle_unsigned"),
        (forge_standing, "bundle_unsigned"),
        (forge_signature, "bundle_unsigned"),
        (forget_entry, "bundle_unsigned"),
        (lose_key, "key_missing"),
        (change_key, "key_missing"),
        (distrust, "key_missing"),
        (sign_nothing, "key_missing"),
        (allow_all, "canary_allowed"),
        (allow_one, "canary_allowed"),
        (allow_a_rare_one, "canary_allowed"),
        (deny_all, "canary_allowed"),
        (ask_nothing, "canary_allowed"),
        (lose_engine, "engine_missing"),
        (break_engine, "engine_missing"),
    ],
)
def test_whatever_is_unplugged_stops_every_change_within_half_a_minute(world, ship, unplug, rule):
    ship()
    assert world.found(0) == ("effective", None)
    unplug(world)
    assert world.found(30) == ("off", rule)
    with pytest.raises(EnforcementUnavailable) as refused:
        world.live.engine(NOON + timedelta(seconds=30))
    (violation,) = refused.value.violations
    assert violation.rule == rule
    assert refused.value.retry_after_s == 30
    assert len(refused.value.detail) > 20, "it says in words what is wrong"


def test_an_engine_that_does_not_start_stops_every_change(world, ship, caplog):
    ship()
    world.starts = ImportError("no such library")
    assert world.found(0) == ("off", "engine_missing")
    assert "enforcement is off" in caplog.text
    world.starts = EnforcementUnavailable("a bundle does not parse", rule="bundle_missing")
    assert world.found(5) == ("off", "bundle_missing")
    world.starts = None
    assert world.found(10) == ("effective", None)


def test_what_is_plugged_in_again_goes_on_by_itself_within_five_seconds(world, ship):
    ship()
    world.at(0)
    world.lies = SECOND
    assert world.found(30) == ("off", "bundle_unsigned")
    world.lies = FIRST
    assert world.found(34) == ("off", "bundle_unsigned")
    assert world.found(35) == ("effective", None)
    assert world.at(35).since == NOON + timedelta(seconds=35)


def test_what_was_edited_or_deleted_is_named(world, ship):
    ship()
    world.at(0)
    world.lies = SECOND
    assert "rbac/rbac.rego of policies/ is not what was put in force" in world.at(30).says
    world.lies = FEWER
    assert "ai_safety/ai_safety.rego of policies/ is gone" in world.at(60).says
    world.lies = rules(**{"rbac/more.rego": "package rbac"})
    assert "rbac/more.rego of policies/ is not what was put in force" in world.at(90).says


def test_what_people_put_in_force_is_run_from_the_store_at_once(world, ship, activate):
    ship()
    world.at(0)
    activate(SECOND, at=1)
    assert world.found(60) == ("effective", None)
    assert world.at(60).bundle == SECOND.digest
    assert world.engine.digest == SECOND.digest
    world.lies = None
    assert world.found(90) == ("effective", None), "what lies beside the code decides nothing now"


def test_the_rules_before_are_tolerated_for_a_minute(world, ship, activate):
    ship()
    world.at(0)
    activate(SECOND, at=1, kept=False)
    assert world.found(60) == ("degraded", "bundle_stale")
    assert world.live.engine(NOON + timedelta(seconds=60)).digest == FIRST.digest
    assert world.found(119) == ("degraded", "bundle_stale")
    assert world.found(125) == ("off", "bundle_missing")


def test_rules_that_were_changed_in_the_store_are_not_those_in_force(world, ship, activate):
    ship()
    activate(SECOND, at=1)
    place = Key(PLATFORM, PolicySet.collection, SECOND.digest)
    found = world.documents.get(place)
    changed = {
        **found.data,
        "modules": {**found.data["modules"], "rbac/rbac.rego": "package rbac\n\ndecision"},
    }
    world.documents.commit([Write(place, changed, found.revision)])
    assert world.found(60) == ("off", "bundle_missing")


def test_what_a_release_brought_once_does_not_come_again(world, ship):
    ship()
    world.lies = SECOND
    ship(at=5)
    assert world.documents.get(PLACE).data["bundle"] == FIRST.digest
    assert world.found(600) == ("off", "bundle_unsigned")


def test_a_new_release_brings_its_own_and_takes_nothing_that_people_put_in_force(
    world, ship, activate
):
    ship(release="0.1.9")
    world.lies = SECOND
    assert world.found(0) == ("effective", None)
    assert world.at(0).bundle == FIRST.digest, (
        "those in force decide until the release brings its own"
    )
    ship(at=5)
    assert world.at(600).bundle == SECOND.digest
    activate(FIRST, at=20)
    world.lies = FEWER
    ship(at=25, release="0.9.0")
    assert world.documents.get(PLACE).data["bundle"] == FIRST.digest


def test_a_freeze_is_seen_within_five_seconds_elsewhere(world, ship, freeze):
    ship()
    world.at(0)
    assert not world.at(4).frozen
    freeze(on=True)
    assert world.at(4).frozen is False, "what was read four seconds ago"
    state = world.at(5)
    assert (state.frozen, state.freeze_reason) == (True, REASON)
    assert state.level == "effective", "a frozen platform is governed"
    freeze(on=False, at=1)
    assert not world.at(70).frozen


def test_a_freeze_is_set_once_and_says_who_and_why(ship, freeze):
    ship()
    first = freeze(on=True)
    assert (first.on, first.reason, first.by) == (True, REASON, "governor")
    again = freeze(on=True, at=1, role=Role.VISION_GUARDIAN)
    assert again == first, "who froze it first is kept"


def test_a_store_that_does_not_answer_is_not_taken_for_well(world, ship, monkeypatch):
    ship()
    world.at(0)

    def down(_):
        raise StoreUnavailable("down")

    monkeypatch.setattr(world.live, "_documents", type("Down", (), {"get": staticmethod(down)})())
    with pytest.raises(StoreUnavailable):
        world.at(6)


# --- what is told afterwards -------------------------------------------------------------------------


def test_a_key_that_is_away_for_twenty_seconds_is_noticed_at_once_and_told_afterwards(
    world, ship, calling
):
    ship()
    assert world.found(1) == ("effective", None)
    lose_key(world)
    assert world.found(6) == ("off", "key_missing")
    world.found(20)
    world.key.with_suffix(".away").rename(world.key)
    assert world.found(26) == ("effective", None)
    [outage] = told(world, calling, 1)
    assert (outage.rule, outage.seconds, outage.over, outage.processes) == (
        "key_missing",
        20,
        True,
        1,
    )
    assert outage.says == "the file of the writer key is gone; restore it"
    [lapsed] = [one for one in entries(world) if one.action == "policy.enforcement_lapsed"]
    assert lapsed.severity == "critical"
    [violation] = world.documents.find(PLATFORM, Query(OpenedViolation.collection))
    assert "Nothing could change" in violation.data["finding"]["description"]
    assert told(world, calling, 2) == [outage], "it is told once"


def test_one_cause_that_several_processes_saw_is_one_outage_and_another_cause_another(
    world, ship, calling
):
    ship()
    others = [World(world.documents, world.key.parent) for _ in range(2)]
    everybody = [world, *others]
    for one in everybody:
        one.at(0)
        one.lies = SECOND
    for one in everybody:
        one.found(30)
    world.lies, world.trusted = FIRST, lambda *_: False
    assert world.found(40) == ("off", "key_missing")
    assert told(world, calling, 1) == []
    for one in everybody:
        one.lies, one.trusted = FIRST, trusting(one.signer)
        assert one.found(70)[0] == "effective"
    seen = {one.rule: (one.seconds, one.processes) for one in told(world, calling, 2)}
    assert seen == {"bundle_unsigned": (40, 3), "key_missing": (30, 1)}


def test_what_a_process_saw_that_is_asked_nothing_more_is_told_as_not_seen_to_be_over(
    world, ship, calling
):
    ship()
    world.at(0)
    world.engine.denying = True
    world.found(30)
    assert told(world, calling, 2) == []
    [outage] = told(world, calling, 3)
    assert (outage.rule, outage.over, outage.seconds) == ("canary_allowed", False, 0)


def test_what_cannot_be_kept_is_kept_with_the_next_look_and_keeps_nobody_from_looking(
    world, ship, calling, monkeypatch
):
    ship()
    world.at(0)
    world.lies = SECOND
    with monkeypatch.context() as broken:
        broken.setattr(world.documents, "commit", raising)
        assert world.found(30) == ("off", "bundle_unsigned")
        world.lies = FIRST
        assert world.found(40) == ("effective", None)
    assert told(world, calling, 1) == []
    world.at(70)
    assert [one.seconds for one in told(world, calling, 2)] == [10]


def test_a_platform_on_which_nothing_was_ever_in_force_has_no_outage(world, ship, calling):
    assert world.found(0) == ("off", "bundle_missing")
    ship()
    world.at(5)
    assert told(world, calling, 1) == []


def raising(_):
    raise StoreUnavailable("the store is away")


def entries(world):
    return [Entry.from_stored(one.data) for one in world.documents.find(None, Query("events"))]


def told(world, calling, at):
    """Let the minute's watch tell what there is, and return all outages that were told."""
    call = calling(at=at)
    well = Enforcement(level="effective", since=call.now)
    with call.transaction() as txn:
        standing.watch(txn, well, None, call)
    found = world.documents.find(PLATFORM, Query(Outage.collection))
    return [Outage.from_stored(one.data) for one in found]
