"""The first screen: what it counts is true, and it costs the same however much there is."""

from itertools import permutations

import pytest

from functions.mobile.follow_agent import follow_agent
from functions.mobile.follow_decision import follow_decision
from functions.mobile.follow_request import follow_request
from functions.mobile.get_dashboard import get_dashboard
from functions.mobile.list_agent_cards import AgentCardQuery, list_agent_cards
from functions.mobile.list_approval_cards import CardQuery, list_approval_cards
from functions.mobile.list_seed_cards import SeedCardQuery, list_seed_cards
from functions.mobile.remember_veto import remember_veto
from functions.mobile.veto_on_phone import veto_on_phone
from shared.actors import PLATFORM, Role
from shared.agents.models.agents import Agent
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.vetoes import Veto
from shared.documents import Key, Query, Write
from shared.edge.keys import verify_ed25519
from shared.edge.meter import Metered, doing
from shared.evidence import state_hash
from shared.mobile.actions.following import TOTALS
from shared.mobile.models.dashboard import AgentCard, DashboardTotals, OpenApproval, RecentVetoes
from shared.mobile.models.queue import SignedVeto
from shared.mobile.rules import totals
from tests import golden
from tests.mobile.phone import OBJECTION, Phone, approved, asked, stored

READ_MODELS = (DashboardTotals, AgentCard, OpenApproval)


def agent_id(n):
    return f"00000000-0000-4000-8000-{n:012x}"


@pytest.fixture
def put_agent(documents, reacting):
    """Put an agent into the store as its area would, and let the reaction see it."""
    example = golden.read(golden.file_of(golden.PRESENT, Agent)).data

    def put(n, status="deployed", health="healthy", *, heard=True):
        data = example | {
            "id": agent_id(n),
            "name": f"Agent {n}",
            "industry_code": "HC",
            "status": status,
            "health_status": health,
            "deployed_version": "1.0.0",
            "created_at": "2026-01-01T12:00:00.000Z",
        }
        data["audit"] = {"n": 1, "head": "0" * 64, "state_hash": state_hash(data)}
        documents.commit([Write(Key(PLATFORM, Agent.collection, data["id"]), data)])
        if heard:
            follow_agent(reacting(f"agents/{data['id']}"), None)

    return put


def dashboard(call_as, at=0):
    return get_dashboard(call_as(Role.GOVERNOR, at=at))


def test_an_empty_platform_is_well_and_says_nothing_it_does_not_know(call_as):
    empty = dashboard(call_as)
    assert (empty.active_agents_count, empty.pending_approvals_count) == (0, 0)
    assert (empty.oldest_pending_at, empty.budget, empty.recent_vetoes) == (None, None, ())
    assert empty.seeds.match_rate_bp is None
    assert empty.system_health.status == "healthy"


def test_agents_in_service_are_counted_as_they_come_and_go(call_as, put_agent):
    for n in range(6):
        put_agent(n)
    put_agent(6, status="draft", health=None)
    put_agent(0, status="suspended", health="suspended")
    put_agent(1, health="degraded")
    seen = dashboard(call_as)
    assert seen.active_agents_count == 5
    assert seen.system_health.status == "degraded"
    put_agent(0)
    put_agent(1)
    seen = dashboard(call_as)
    assert (seen.active_agents_count, seen.system_health.status) == (6, "healthy")


def test_an_event_that_comes_twice_counts_once(call_as, put_agent, reacting):
    put_agent(0)
    put_agent(0)
    approval = asked(call_as)
    for _ in range(2):
        follow_request(reacting(f"approvals/{approval.id}"), None)
    seen = dashboard(call_as)
    assert (seen.active_agents_count, seen.pending_approvals_count) == (1, 1)
    assert seen.oldest_pending_at == approval.requested_at


def test_what_is_decided_waits_no_longer_in_whichever_order_it_is_heard(call_as, reacting):
    first, second = asked(call_as), asked(call_as, at=1)
    for one in (first, second):
        follow_request(reacting(f"approvals/{one.id}"), None)
    approved(call_as, first)
    follow_decision(reacting(f"approvals/{first.id}"), None)
    seen = dashboard(call_as)
    assert (seen.pending_approvals_count, seen.oldest_pending_at) == (1, second.requested_at)
    third = asked(call_as)
    approved(call_as, third)
    follow_decision(reacting(f"approvals/{third.id}"), None)
    follow_request(reacting(f"approvals/{third.id}"), None)
    assert dashboard(call_as).pending_approvals_count == 1


def test_an_agents_card_says_what_waits_for_the_governor(call_as, put_agent, reacting):
    put_agent(1)
    approval = asked(call_as, agent_id=agent_id(1))
    follow_request(reacting(f"approvals/{approval.id}"), None)
    (card,) = list_agent_cards(call_as(Role.GOVERNOR), AgentCardQuery()).items
    assert (card.pending_items, card.availability, card.industry) == (1, "available", "HC")
    put_agent(1, status="suspended", health="suspended")
    approved(call_as, approval)
    follow_decision(reacting(f"approvals/{approval.id}"), None)
    (card,) = list_agent_cards(call_as(Role.GOVERNOR), AgentCardQuery()).items
    assert (card.pending_items, card.availability) == (0, "unavailable")
    assert list_agent_cards(call_as(Role.GOVERNOR), AgentCardQuery(status="draft")).items == ()


def test_the_order_in_which_an_agent_and_its_question_are_heard_of_makes_no_difference(
    call_as, put_agent, reacting, documents
):
    """The two come on different topics; what they leave is the same in all orders, and heard of twice."""

    def cards():
        found = [documents.find(PLATFORM, Query(kind.collection)) for kind in READ_MODELS]
        return [snapshot.data for snapshots in found for snapshot in snapshots]

    def heard(approval, *which):
        for reaction in which:
            reaction(reacting(f"agents/{agent_id(1)}" if reaction is follow_agent else about), None)

    approval = asked(call_as, agent_id=agent_id(1))
    about = f"approvals/{approval.id}"
    put_agent(1, heard=False)
    ends = []
    for order in permutations([follow_agent, follow_request, follow_request, follow_agent]):
        for kind in READ_MODELS:
            for one in documents.find(PLATFORM, Query(kind.collection)):
                documents.commit([Write(one.key, None)])
        heard(approval, *order)
        ends.append(cards())
    assert all(end == ends[0] for end in ends)
    (card,) = [one for one in ends[0] if "pending_items" in one]
    assert card["pending_items"] == 1
    assert sum(one.get("active_agents", 0) for one in ends[0]) == 1
    assert sum(one.get("pending_approvals", 0) for one in ends[0]) == 1
    approved(call_as, approval)
    heard(approval, follow_decision, follow_request, follow_agent, follow_decision)
    assert [
        one for one in cards() if one.get("pending_approvals") or one.get("pending_items")
    ] == []


def test_the_last_ten_vetoes_are_shown_the_newest_first(call_as, reacting):
    phone = Phone(call_as).register()
    for minute in range(12):
        approval = asked(call_as, at=minute)
        body = phone.sign(approval, "veto", at=minute, **OBJECTION)
        veto = veto_on_phone(phone.call(minute), approval.id, SignedVeto(**body), verify_ed25519)
        for _ in range(2):
            remember_veto(reacting(f"vetoes/{veto.id}"), VetoRecorded.of(veto))
    recent = dashboard(call_as).recent_vetoes
    assert len(recent) == 10
    assert recent[0].veto_id == veto.id
    assert [one.decided_at for one in recent] == sorted(
        (one.decided_at for one in recent), reverse=True
    )
    assert stored(call_as, Veto, veto.id).approval_id == recent[0].approval_id


def test_vetoes_of_one_instant_stand_in_one_order(call_as):
    example = golden.read(golden.file_of(golden.PRESENT, Veto)).data
    both = [Veto.from_stored(example | {"id": agent_id(n)}) for n in (1, 2)]
    shown = []
    for order in permutations(both):
        recent = RecentVetoes(id="recent")
        for veto in order:
            recent = totals.remembered(recent, veto)
        shown.append([one.veto_id for one in recent.vetoes])
    assert shown[0] == shown[1]


def reads_of_a_dashboard(call_as, documents):
    meter = Metered(documents)
    with doing("dashboard"):
        get_dashboard(call_as(Role.GOVERNOR, documents=meter))
    return meter.most["dashboard"].reads


def test_a_dashboard_costs_the_same_with_ten_agents_and_with_five_hundred(call_as, documents):
    def count(agents):
        for n in range(agents):
            card = AgentCard(
                id=agent_id(n),
                name="A",
                industry="HC",
                status="deployed",
                availability="available",
                health="healthy",
                version="1.0.0",
                created_at=call_as(Role.GOVERNOR).now,
            )
            key = Key(PLATFORM, DashboardTotals.collection, TOTALS.place(card.id))
            found = documents.get(key)
            before = (
                DashboardTotals.model_validate(found.data) if found else DashboardTotals(id=key.id)
            )
            moved = totals.moved(before, None, card).model_dump(mode="json")
            place = Key(PLATFORM, AgentCard.collection, card.id)
            documents.commit([Write(key, moved), Write(place, card.model_dump(mode="json"))])
        return reads_of_a_dashboard(call_as, documents)

    few, many = count(10), count(500)
    assert few == many
    assert many <= 8
    assert len(documents.find(PLATFORM, Query(AgentCard.collection, limit=1000))) == 500
    assert dashboard(call_as).active_agents_count == 510


def test_what_is_read_at_once_is_counted_one_by_one_and_what_is_named_twice_once(documents):
    meter = Metered(documents)
    some = [Key(PLATFORM, AgentCard.collection, agent_id(n)) for n in (1, 2, 1)]
    with doing("some"):
        assert meter.get_all(some) == [None] * 3
    assert meter.most["some"].reads == 2


def test_open_requests_are_listed_by_when_their_time_runs_out(call_as):
    late = asked(call_as, window_min=300, approval_class="agent.deploy:HC:OTHER")
    soon = asked(call_as, window_min=30)
    done = asked(call_as)
    approved(call_as, done)
    found = list_approval_cards(call_as(Role.GOVERNOR, at=2), CardQuery(limit=1))
    assert [one.approval_id for one in found.items] == [soon.id]
    assert found.items[0].age_s == 120
    rest = list_approval_cards(call_as(Role.GOVERNOR), CardQuery(cursor=found.next_cursor))
    assert [one.approval_id for one in rest.items] == [late.id]
    assert list_approval_cards(call_as(Role.GOVERNOR), CardQuery(type="financial")).items == ()


def test_seeds_are_listed_with_their_figures(call_as):
    found = list_seed_cards(call_as(Role.GOVERNOR), SeedCardQuery(status="active"))
    assert (found.items, found.next_cursor, found.metrics.match_rate_bp) == ((), None, None)
