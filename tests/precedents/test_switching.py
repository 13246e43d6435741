"""A tenant sees every rule that decides in it, and switches it off there; what a rule holds is found, all of it."""

import pytest

from functions.approvals.create_veto import Objection, create_veto
from functions.precedents.deprecate_precedent_seed import Deprecation, deprecate_precedent_seed
from functions.precedents.get_deciding_seed import get_deciding_seed
from functions.precedents.judge_seeds import judge_seeds
from functions.precedents.list_deciding_seeds import list_deciding_seeds
from functions.precedents.match_precedent_seeds import match_precedent_seeds
from functions.precedents.reopen_held_approvals import reopen_held_approvals
from functions.precedents.reopen_held_here import reopen_held_here
from functions.precedents.reopen_more_here import reopen_more_here
from functions.precedents.switch_deciding_seed import SwitchingHere, switch_deciding_seed
from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.documents import Condition, Key, Query, Write
from shared.errors import IntegrityHold, NotFound
from shared.evidence import Entry
from shared.precedents.events import HeldHereDue, SeedDeprecated, SeedSwitchedHere
from shared.precedents.models.seeds import TenantSeedSwitch
from shared.queries import Paging
from tests.precedents.conftest import heard, vetoed
from tests.precedents.samples import active, draft, in_service, request, validated

WHY = "We look at every publication ourselves."
OTHER = "88888888-8888-4888-8888-888888888888"
IRREVERSIBLE = {"reversibility": ("reversible", "irreversible")}


def switch(call_as, seed, on, tenant="acme", at=0):
    call = call_as(Role.CUSTOMER_ADMIN, tenant=tenant, at=at)
    return switch_deciding_seed(call, seed.seed_id, SwitchingHere(on=on, reason=WHY))


def listed(call_as, tenant="acme", **query):
    call = call_as(Role.CUSTOMER_ADMIN, tenant=tenant)
    return list_deciding_seeds(call, Paging(**query))


def status_of(call_as, asked):
    with call_as(Role.SERVICE, tenant=asked.tenant_id).transaction() as txn:
        return txn.get(Approval, asked.id).status


def test_a_tenant_switches_a_rule_off_for_itself_at_once(call_as, ask, kept):
    in_service(call_as)
    seed = kept(active())
    assert ask(tenant="acme").seed_id == "GEN-005"
    for on in (False, False, True):
        shown = switch(call_as, seed, on)
        assert (shown.on, shown.switched_by, shown.reason) == (on, "customer_admin", WHY)
        assert (ask(tenant="acme").seed_id == "GEN-005") is on
        assert ask(tenant="globex").seed_id == "GEN-005"
        found = match_precedent_seeds(call_as(Role.SERVICE, tenant="acme"), request())
        assert (found.decides == "GEN-005") is on
    assert [one.rule for one in found.candidates[0].reasons if not one.passed] == []
    with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
        told = txn.find(Entry, action="seed.switched_here").items
    assert sorted(one.data["on"] for one in told) == [False, True]
    assert {one.decision_context.rationale for one in told} == {WHY}


def test_the_dry_run_says_that_the_tenant_does_not_let_it(call_as, kept):
    in_service(call_as)
    switch(call_as, kept(active()), on=False)
    found = match_precedent_seeds(call_as(Role.SERVICE, tenant="acme"), request())
    (against,) = [one for one in found.candidates[0].reasons if not one.passed]
    assert (against.rule, against.detail) == ("switch_here", "acme does not let it decide")


def test_a_tenant_sees_what_decides_in_it_and_nothing_of_the_others(call_as, kept):
    here = kept(active())
    there = kept(active(id=OTHER, number=6, ceiling={"tenants": ("globex", "initech")}))
    kept(validated(draft(id="77777777-7777-4777-8777-777777777777"), number=7))
    (shown,) = listed(call_as).items
    assert (shown.id, shown.seed_id, shown.on, shown.reason) == (here.id, "GEN-005", True, None)
    assert shown.coverage == here.coverage
    assert shown.conditions == here.conditions
    assert "globex" not in shown.model_dump_json()
    assert get_deciding_seed(call_as(Role.CUSTOMER_ADMIN, tenant="acme"), here.seed_id) == shown
    assert [one.id for one in listed(call_as, tenant="globex").items] == [here.id, there.id]
    for act in (
        lambda call: get_deciding_seed(call, there.seed_id),
        lambda call: switch_deciding_seed(call, there.seed_id, SwitchingHere(on=False, reason=WHY)),
    ):
        with pytest.raises(NotFound):
            act(call_as(Role.CUSTOMER_ADMIN, tenant="acme"))


def test_the_list_goes_on_over_rules_that_decide_elsewhere(call_as, kept):
    kept(active(number=5, ceiling={"tenants": ("globex", "initech")}))
    seed = kept(active(id=OTHER, number=6))
    first = listed(call_as, limit=1)
    assert first.items == ()
    second = listed(call_as, limit=1, cursor=first.next_cursor)
    assert [one.id for one in second.items] == [seed.id]
    assert second.next_cursor is None


def test_a_switch_of_a_tenant_that_somebody_removed_does_not_switch_on(
    call_as, ask, kept, documents
):
    in_service(call_as)
    seed = kept(active())
    switch(call_as, seed, on=False)
    place = Key("acme", TenantSeedSwitch.collection, TenantSeedSwitch.id_of("acme", seed.id))
    documents.commit([Write(place, None)])
    with pytest.raises(IntegrityHold):
        ask(tenant="acme")


def test_what_a_rule_holds_in_a_tenant_that_switches_it_off_is_asked_again(
    call_as, ask, kept, reacting
):
    in_service(call_as)
    seed = kept(active(ceiling=IRREVERSIBLE))
    held = ask(tenant="acme", reversibility="irreversible")
    elsewhere = ask(tenant="globex", reversibility="irreversible")
    switch(call_as, seed, on=False, at=1)
    told = SeedSwitchedHere(seed=seed.id, on=False, reason=WHY)
    place = f"tenant_seed_switches/acme.{seed.id}"
    reopen_held_here(reacting(place, tenant="acme", at=2), told)
    assert (status_of(call_as, held), status_of(call_as, elsewhere)) == ("pending", "approved")


def test_what_a_rule_holds_stays_where_it_was_switched_on_again(call_as, ask, kept, reacting):
    in_service(call_as)
    seed = kept(active(ceiling=IRREVERSIBLE))
    held = ask(tenant="acme", reversibility="irreversible")
    for on in (False, True):
        switch(call_as, seed, on=on)
    told = SeedSwitchedHere(seed=seed.id, on=False, reason=WHY)
    reopen_held_here(reacting(f"tenant_seed_switches/acme.{seed.id}", tenant="acme", at=2), told)
    assert status_of(call_as, held) == "approved"


def test_however_a_rule_ends_what_it_holds_is_asked_again(call_as, ask, kept, reacting):
    in_service(call_as)
    seed = kept(active(ceiling=IRREVERSIBLE))
    held = ask(tenant="acme", reversibility="irreversible")
    after = deprecate_precedent_seed(call_as(Role.GOVERNOR), seed.id, Deprecation(reason=WHY))
    reopen_held_approvals(reacting(f"precedent_seeds/{seed.id}", at=1), SeedDeprecated.of(after))
    assert status_of(call_as, held) == "pending"


def test_the_third_objection_asks_again_about_what_is_held(
    call_as, ask, kept, read, reacting, entries
):
    in_service(call_as)
    seed = kept(active(ceiling=IRREVERSIBLE))
    held = [
        ask(tenant=tenant, reversibility="irreversible")
        for tenant in ("acme", "globex", "initech", "umbrella")
    ]
    for one in held[:3]:
        objection = Objection(approval_id=one.id, category="safety", explanation=WHY)
        create_veto(call_as(Role.GOVERNOR, tenant=one.tenant_id, own="platform", at=1), objection)
        heard(reacting, judge_seeds, vetoed(one), "-", tenant=one.tenant_id)
    after = read(seed)
    assert after.status == "deprecated"
    assert len(entries("seed.deprecated")) == 1
    reopen_held_approvals(reacting(f"precedent_seeds/{seed.id}", at=2), SeedDeprecated.of(after))
    assert [status_of(call_as, one) for one in held] == ["vetoed"] * 3 + ["pending"]


@pytest.mark.slow
def test_however_much_is_held_in_a_tenant_all_of_it_is_asked_again(
    call_as, ask, kept, reacting, documents
):
    in_service(call_as)
    seed = kept(active(ceiling=IRREVERSIBLE))
    for _ in range(230):
        ask(tenant="acme", reversibility="irreversible")
    switch(call_as, seed, on=False, at=1)
    told = SeedSwitchedHere(seed=seed.id, on=False, reason=WHY)
    place, looks = f"tenant_seed_switches/acme.{seed.id}", 1
    reopen_held_here(reacting(place, tenant="acme", at=2), told)
    more = Query("dues", (Condition("action", "==", HeldHereDue.traits.action),))
    while promised := documents.find("acme", more):
        documents.commit([Write(one.key, None) for one in promised])
        reopen_more_here(reacting(place, tenant="acme", at=2 + looks), HeldHereDue())
        looks += 1
    statuses = {
        row.data["status"] for row in documents.find(None, Query(Approval.collection, limit=1000))
    }
    assert (statuses, looks) == ({"pending"}, 3)
