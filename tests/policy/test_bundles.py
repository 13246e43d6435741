"""Somebody publishes policy bundles, somebody else agrees, and they come into force; the guards are the release's own."""

import pytest
from pydantic import ValidationError

from functions.approvals.reject_approval import Rejection, reject_approval
from functions.policy.get_policy_bundle_changes import WhichModule, get_policy_bundle_changes
from shared.actors import PLATFORM, Role
from shared.documents import Query
from shared.edge.bundles import composed, shipped
from shared.errors import Conflict, EnforcementUnavailable, Invalid, SelfApproval
from shared.evidence import Entry
from shared.policy.actions.standing import ship
from shared.policy.models.bundles import BundlePublication
from shared.release import VERSION
from tests.conftest import whole
from tests.policy.trials import OUTSIDE, RULES, TESTS, bundle, looser, stricter, text


def test_what_a_release_brought_is_listed_as_in_force(enforcing, listed, standing):
    (one,) = listed(status="active").values()
    assert (one.id, one.name, one.asking) == (standing().bundle, "release", None)
    assert listed(name="trial") == {}


def test_a_draft_changes_nothing_and_says_what_it_would_change(publish, listed, denied, standing):
    denied(tenant=PLATFORM)
    before = standing()
    one = publish(looser())
    assert (one.status, one.name, one.version) == ("draft", "trial", "1.1.0")
    assert "trial_test.test_trl_10_yes_the_help_desk" in one.tests
    seen = one.what_if
    (change,) = seen.changes
    assert (change.before, change.after, change.rules) == (
        "deny",
        "allow_with_obligations",
        ("trial/TRL-10",),
    )
    assert "reaches neither customers" in change.reasons[0].message
    assert (seen.looked_at, seen.changed, seen.looser) == (1, 1, True)
    assert [(c.what, c.count) for c in seen.by_rule] == [("trial/TRL-10", 1)]
    assert standing() == before
    assert publish(looser(), at=5) == one
    assert set(listed(name="trial")) == {one.id}


WRONG = [
    ("bundle_refused", bundle(modules={RULES: text(RULES) + "\nx := http.send({})\n"})),
    ("bundle_refused", bundle(modules={RULES: text(RULES) + "\nx := 0.5\n"})),
    ("bundle_refused", bundle(modules={RULES: text(RULES) + "\nx := \n"})),
    ("bundle_refused", bundle(modules={RULES: text(RULES) + "\nx := nobody_knows(1)\n"})),
    (
        "hidden_denial",
        bundle(modules={RULES: text(RULES) + "\nf(x) if x\np if { not f(input.x) }\n"}),
    ),
    ("metadata_missing", bundle(modules={RULES: text(RULES)[text(RULES).index("package") :]})),
    (
        "metadata_missing",
        bundle([("#     TRL-10: It would reach customers or people outside.\n", "")]),
    ),
    ("untested", bundle(tests=[("test_trl_10_yes_the_help_desk", "test_something_else")])),
    ("untested", bundle(tests=[('asking.denies(trial.decision, "TRL-02")', "true")])),
    (
        "untested",
        bundle(tests=[('asking.denies(trial.decision, "TRL-02")', "not trial.decision.allow")]),
    ),
    ("tests_failed", bundle([(OUTSIDE, 'outside := {"external"}')])),
    (
        "tests_failed",
        bundle(tests=[("import data.asking_test as asking", "import data.nothing as asking")]),
    ),
    ("misplaced_test", bundle(tests=[("package trial_test", "package trial")])),
    ("misplaced_module", bundle(modules={"rbac/rbac.rego": text("rbac/rbac.rego")})),
    (
        "too_large",
        bundle(
            modules={
                RULES: text(RULES),
                **{f"trial/m{n}.rego": "package trial\n" + "#" * 100_000 for n in range(3)},
            }
        ),
    ),
    ("unknown_bundle", bundle(name="other", modules={"other/other.rego": "package other\n"})),
    (
        "guard_bundle",
        bundle(name="rbac", modules={"rbac/rbac.rego": text("rbac/rbac.rego") + "\n"}),
    ),
    (
        "guard_bundle",
        bundle(name="shape", modules={"shape/shape.rego": text("shape/shape.rego") + "\n"}),
    ),
    (
        "canary_allowed",
        bundle(
            [
                (
                    "decision := shape.answer(allowed, deny, set(), obligations)",
                    'decision := {"allow": true}',
                )
            ]
        ),
    ),
]


@pytest.mark.parametrize(("rule", "body"), WRONG)
def test_what_may_not_come_into_force_is_not_published(publish, listed, rule, body):
    with pytest.raises(Invalid) as refused:
        publish(body)
    assert rule in {one.rule for one in refused.value.violations}
    assert len(listed()) == 1


CLAIMS = "# METADATA\n# title: More\n# description: More.\n"
HIDDEN = 'x := `\npackage trial\n`\n\nallowed contains "SBX-01"\n'


@pytest.mark.parametrize(
    "module",
    [
        f"package sandbox_routing # x\n\n{HIDDEN}",
        f"package sandbox_routing\n\n{HIDDEN}",
        f"package # trial\n\tsandbox_routing\n\n{HIDDEN}",
        f'package sandbox_routing["x"]\n\n{HIDDEN}',
        f"# package trial\rpackage trial\npackage sandbox_routing # x\n{HIDDEN}",
        f"# x\npackage shape\n\n{HIDDEN}",
        f"x := {{\n}}\n\npackage trial\n\n{HIDDEN}",
        f"{CLAIMS}package trial\n\nx := 1\n\npackage sandbox_routing\n\nallowed := 1\n",
        f"{CLAIMS}package trial\n\ndata.sandbox_routing.allowed := 1\n",
    ],
)
def test_a_module_adds_no_rule_to_another_bundle(publish, listed, documents, module):
    before = list(documents.find(PLATFORM, Query("policy_sets")))
    with pytest.raises(Invalid) as refused:
        publish(bundle(modules={**bundle().modules, "trial/extra.rego": module}))
    (found,) = refused.value.violations
    assert found.rule == "bundle_refused"
    assert "trial/extra.rego" in found.message
    assert len(listed()) == 1
    assert list(documents.find(PLATFORM, Query("policy_sets"))) == before


def test_a_test_adds_no_rule_to_what_it_tests(publish):
    told = {TESTS: f"package trial # x\n\nx := `\npackage trial_test\n`\n{text(TESTS)}"}
    with pytest.raises(Invalid) as refused:
        publish(bundle().model_copy(update={"tests": told}))
    assert "misplaced_test" in {one.rule for one in refused.value.violations}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"name": "trial"},
        {"name": "release", "rollback_to": "0" * 64},
        {"name": "release", "tests": {TESTS: ""}},
        {"name": "trial", "version": "1.0.0", "modules": {"../x.rego": ""}},
        {"name": "trial", "version": "one", "modules": {RULES: ""}},
    ],
)
def test_one_thing_is_asked_at_a_time(said):
    with pytest.raises((ValidationError, Invalid)):
        BundlePublication(**said)


def test_two_people_put_a_stricter_set_in_force(
    publish, judge, agree, approval, denied, standing, listed, breaks, documents
):
    denied()
    first = standing()
    one = publish(stricter(activate=True))
    assert (one.status, one.asking.asked_by, one.asking.approval_id) == ("draft", "admin", None)
    one = judge(one)
    assert (approval(one).type, one.asking.looser) == ("execution", False)
    assert standing() == first
    with pytest.raises(SelfApproval):
        agree(one, id="admin", carry=False)
    agree(one)
    now, there = standing(), listed()
    assert (now.bundle, now.approval_id, now.since) == (
        one.id,
        one.asking.approval_id,
        now.updated_at,
    )
    assert (there[one.id].status, there[one.id].asking) == ("active", None)
    assert there[first.bundle].status == "retired"
    told = [
        Entry.from_stored(found.data) for found in documents.find(PLATFORM, Query(Entry.collection))
    ]
    (entry,) = [one for one in told if one.id == now.audit.entry]
    assert (entry.action, entry.approval.approval_id) == (
        "policy.bundle_activated",
        now.approval_id,
    )
    assert breaks() == []


def test_what_makes_a_denial_of_any_tenant_weaker_is_constitutional(
    publish, judge, approval, denied
):
    denied(tenant="clinic")
    one = judge(publish(looser(activate=True)))
    assert one.asking.looser
    assert one.what_if.by_rule[0].what == "trial/TRL-10"
    assert approval(one).type == "constitutional"


@pytest.mark.parametrize(
    ("sample", "why"), [(None, "is not known"), ("a setting", "asked what is changed")]
)
def test_where_nothing_asked_what_is_changed_that_counts_as_weaker(
    publish, judge, approval, denied, sample, why
):
    if sample:
        denied(sample, subject={"trial": None})
    asked = approval(judge(publish(stricter(activate=True))))
    assert asked.type == "constitutional"
    assert why in asked.summary


def test_a_set_is_asked_for_once_and_again_once_it_was_refused(
    publish, judge, approval, denied, call_as
):
    denied()
    one = judge(publish(stricter(activate=True)))
    with pytest.raises(Conflict):
        publish(stricter(activate=True), at=3)
    asked = approval(one)
    reject_approval(
        call_as(Role.GOVERNOR, at=3), asked.id, Rejection(reason="This is not what we agreed on.")
    )
    one = judge(publish(stricter(activate=True), at=4), at=5)
    assert one.asking is None
    assert "no" in one.lapsed


def test_a_set_that_is_not_judged_yet_is_asked_for_once(publish, judge, agree, denied, listed):
    denied()
    one = publish(stricter(activate=True))
    with pytest.raises(Conflict) as refused:
        publish(stricter(activate=True))
    assert refused.value.violations[0].rule == "asked_already"
    assert listed()[one.id] == one
    other = judge(publish(bundle(activate=True)))
    agree(other)
    assert publish(stricter(activate=True), at=4).asking.before == other.id


@pytest.fixture
def endless(enforcing, monkeypatch):
    """Have the rules of a set not end with what was decided."""

    def endless(digest):
        ask = enforcing.asked

        def asked(rules, documents):
            if rules.digest == digest:
                raise Invalid("it does not end", rule="endless")
            return ask(rules, documents)

        monkeypatch.setattr(enforcing, "asked", asked)

    return endless


def test_rules_that_do_not_end_with_what_was_decided_do_not_come_into_force(
    publish, judge, denied, endless, listed
):
    denied(tenant=PLATFORM)
    one = publish(stricter(activate=True))
    endless(one.id)
    one = judge(one)
    assert (one.status, one.asking, one.lapsed) == ("draft", None, "it does not end")
    other = composed(shipped(), {}, bundle().modules).digest
    endless(other)
    with pytest.raises(Invalid) as refused:
        publish(bundle())
    assert refused.value.violations[0].rule == "endless"
    assert other not in listed()


def test_away_from_rules_that_do_not_end_people_come_as_if_nothing_were_known(
    publish, judge, approval, denied, endless, standing
):
    denied()
    endless(standing().bundle)
    one = judge(publish(stricter(activate=True)))
    assert (one.what_if.looked_at, one.what_if.more, one.asking.looser) == (0, True, True)
    assert approval(one).type == "constitutional"


def test_what_was_agreed_to_over_other_rules_does_not_come_into_force(
    publish, judge, agree, denied, standing, listed
):
    denied()
    one = judge(publish(stricter(activate=True)))
    other = judge(
        publish(
            stricter(
                version="1.2.0",
                modules={RULES: stricter().modules[RULES] + "# once more\n"},
                activate=True,
            )
        )
    )
    agree(one)
    before = standing()
    agree(other)
    assert standing() == before
    assert "other bundles" in listed()[other.id].lapsed


def test_back_to_a_stricter_set_it_goes_at_once(publish, judge, agree, denied, standing, breaks):
    denied()
    strict = judge(publish(stricter(activate=True)))
    agree(strict)
    under = standing().approval_id
    agree(judge(publish(bundle(activate=True), at=4), at=5), at=6)
    assert standing().bundle != strict.id
    denied("a message to the help desk", "shop")
    back = judge(publish(BundlePublication(rollback_to=strict.id, activate=True), at=7), at=8)
    assert (back.id, back.status, back.asking) == (strict.id, "active", None)
    assert (standing().bundle, standing().approval_id) == (strict.id, under)
    assert breaks() == []


def test_back_to_a_set_of_which_nothing_shows_that_it_is_stricter_it_goes_only_as_somebody_agrees(
    publish, judge, agree, approval, denied, standing
):
    denied()
    release = standing().bundle
    agree(judge(publish(stricter(activate=True))))
    in_force = standing().bundle
    back = judge(publish(BundlePublication(rollback_to=release, activate=True), at=4), at=5)
    assert (back.what_if.applied_to, back.what_if.changed, back.asking.looser) == (1, 0, False)
    assert (approval(back).type, standing().bundle) == ("execution", in_force)
    agree(back, at=6)
    assert standing().bundle == release


def test_back_to_a_weaker_set_it_goes_only_as_somebody_agrees(
    publish, judge, agree, approval, denied, standing
):
    denied()
    release = standing().bundle
    strict = judge(publish(stricter(activate=True)))
    agree(strict)
    denied("a message to the help desk", "shop")
    back = judge(publish(BundlePublication(rollback_to=release, activate=True), at=4), at=5)
    assert (back.id, back.asking.looser, approval(back).type) == (release, True, "constitutional")
    assert standing().bundle == strict.id


def test_the_rules_of_the_release_go_with_it_again_as_whoever_decides_reads(
    publish, judge, agree, denied, standing, call_as
):
    def read(digest):
        return get_policy_bundle_changes(call_as(Role.VISION_GUARDIAN), digest, WhichModule())

    denied()
    release = standing().bundle
    strict = judge(publish(stricter(activate=True)))
    (module,) = read(strict.id).modules
    assert (module.path, module.text) == (RULES, stricter().modules[RULES])
    assert (module.sha256, read(strict.id).before) == (strict.modules[RULES], release)
    assert read(release).modules == ()
    agree(strict)
    (module,) = read(release).modules
    assert (module.text, read(release).before) == (text(RULES), strict.id)
    back = judge(publish(BundlePublication(name="release", activate=True), at=4), at=5)
    agree(back, at=6)
    assert (standing().bundle, standing().approval_id) == (release, None)


def test_rules_that_never_were_in_force_are_nothing_to_go_back_to(publish):
    one = publish(stricter())
    with pytest.raises(Conflict):
        publish(BundlePublication(rollback_to=one.id))
    with pytest.raises(Invalid):
        publish(BundlePublication(rollback_to="0" * 64))
    with pytest.raises(Conflict):
        publish(BundlePublication(name="release", activate=True))


def of_another_release(line="# of another release"):
    """Return rules that another release could have brought."""
    return composed(shipped(), {}, {RULES: f"{text(RULES)}{line}\n"})


@pytest.fixture
def bring(reacting):
    def bring(release, rules, at=1):
        call = reacting(at=at)
        with call.transaction() as txn:
            ship(txn, release=release, rules=whole(rules), by=call.actor.id, at=call.now)

    return bring


def test_a_release_takes_nothing_away_that_people_put_in_force_and_offers_its_own(
    publish, judge, agree, bring, denied, standing, listed
):
    denied()
    strict = judge(publish(stricter(activate=True)))
    agree(strict)
    before = standing()
    bring("9.9.9", of_another_release(), at=4)
    now = standing()
    assert (now.bundle, now.approval_id, now.since) == (
        strict.id,
        before.approval_id,
        before.since,
    )
    assert now.release == "9.9.9"
    brought = listed()[of_another_release().digest]
    assert (brought.status, brought.name, brought.version) == ("draft", "release", "9.9.9")
    bring("9.9.9", of_another_release("# edited since"), at=5)
    assert of_another_release("# edited since").digest not in listed()


def test_what_an_earlier_release_brought_comes_back_over_the_guards_of_this_one_and_stays(
    reacting, bring, publish, judge, agree, standing, denied, enforcing
):
    denied()
    older = of_another_release()
    release = standing().bundle
    bring("0.1.9", older, at=1)
    assert standing().bundle == older.digest
    bring(VERSION, shipped(), at=2)
    assert (standing().bundle, standing().approval_id) == (release, None)
    back = judge(publish(BundlePublication(rollback_to=older.digest, activate=True), at=3), at=4)
    assert (back.status, standing().bundle) == ("retired", release), "nobody ever agreed to it"
    agree(back, at=5)
    assert (standing().bundle, standing().approval_id) == (older.digest, back.asking.approval_id)
    bring(VERSION, shipped(), at=6)
    assert standing().bundle == older.digest


def test_what_was_edited_beside_the_code_is_not_published_with_something_else(
    publish, judge, agree, enforcing, denied, monkeypatch
):
    denied()
    agree(judge(publish(stricter(activate=True))))
    edited = whole(of_another_release("# nobody brought this"))
    monkeypatch.setattr(enforcing, "offered", lambda: edited)
    for body in (looser(), BundlePublication(name="release", activate=True)):
        with pytest.raises(EnforcementUnavailable) as refused:
            publish(body, at=4)
        assert "restore it" in refused.value.detail


def test_however_often_somebody_is_denied_one_thing_it_hides_no_other_denial(
    publish, judge, approval, denied
):
    denied("a message to a customer", tenant="clinic")
    for n in range(12):
        denied("the eleventh task", tenant="shop", id=f"person-{n}")
    one = judge(publish(looser(activate=True)))
    assert one.what_if.looked_at == 6
    assert approval(one).type == "constitutional"
