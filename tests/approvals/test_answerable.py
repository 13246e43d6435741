"""A question that nobody can answer is refused when it is asked, and says who is missing."""

import pytest

from functions.approvals.create_approval import create_approval
from functions.approvals.delegate_approval import delegate_approval
from functions.identity.get_me import get_me
from functions.identity.withdraw_role import withdraw_role
from shared.actors import PLATFORM, Role
from shared.approvals.rules.people import People, unanswerable
from shared.documents import Query
from shared.identity.models import Member
from tests.approvals.questions import EXAMPLE, approval, others
from tests.conftest import NOON


def member(id, *roles):
    return Member(id=id, roles=roles, decides=True, seen_at=NOON)


ASHA, BEN = member("asha", Role.GOVERNOR), member("ben", Role.GOVERNOR)
DEPUTY = member("dev", Role.DEPUTY_GOVERNOR)
KEPT = {"roles": ["governor"]}


def lacking(*people, own=(), tenant=PLATFORM, steps=None, **asked):
    given = {"chain": {"name": "own", "steps": [KEPT, *steps]}} if steps else {}
    new = approval(tenant=tenant, **given | asked)
    return unanswerable(new, People(platform=people, own=own), new.parties | new.askers)


def test_whoever_has_a_governor_can_ask():
    assert lacking(ASHA) == lacking() == []
    assert lacking(tenant="acme", governor_scope="engagement", gate="step") == []


@pytest.mark.parametrize("type", ["financial", "constitutional"])
def test_the_only_governors_own_money_question_is_for_nobody(type):
    own = {"type": type, "gate": "change", "on_behalf_of": "asha"}
    assert lacking(ASHA, DEPUTY, **own) == [
        "step 1 asks governor, and there is nobody else",
    ]
    assert lacking(ASHA, BEN, **own) == []


def test_what_a_deputy_may_answer_can_be_asked_by_the_only_governor():
    own = {"gate": "step", "on_behalf_of": "asha"}
    assert lacking(ASHA, DEPUTY, **own) == []


@pytest.mark.parametrize(
    ("step", "who"),
    [
        ({"roles": ["governor"], "mode": "quorum", "quorum": 10}, "governor for 10 votes"),
        ({"roles": ["governor"]}, "governor"),
        ({"principals": ["nobody.at.all"]}, "nobody.at.all"),
        ({"roles": ["deputy_governor"]}, "deputy_governor"),
        ({"roles": ["genesis"], "principals": ["nobody"], "mode": "all"}, "genesis, nobody"),
    ],
)
def test_a_step_that_has_nobody_says_who_is_missing(step, who):
    assert lacking(ASHA, steps=[step], gate="step") == [
        f"step 2 asks {who}, and there is nobody else"
    ]


@pytest.mark.parametrize(
    "step",
    [
        *({"roles": ["genesis"]}, {"principals": ["dev"]}, {"roles": ["deputy_governor"]}),
        {"roles": ["governor", "deputy_governor"], "mode": "quorum", "quorum": 2},
        {"roles": ["governor", "deputy_governor"], "mode": "all"},
    ],
)
def test_a_step_that_has_somebody_else_is_asked(step):
    assert lacking(ASHA, BEN, DEPUTY, steps=[step], gate="step") == []


def test_nobody_gives_two_votes_whoever_is_counted_first():
    both = {"principals": ["asha", "ben"]}
    assert lacking(ASHA, BEN, steps=[both, {"principals": ["ben"]}], gate="step") != []
    assert lacking(ASHA, BEN, DEPUTY, steps=[both, {"principals": ["dev"]}], gate="step") == []


# --- over HTTP, where sign-ins are seen ----------------------------------------------------------


def ask(world, status, **changes):
    body = EXAMPLE | {"subject": others()} | changes
    answer = world.call(create_approval, "/v1/approvals", body, as_="service")
    assert answer.status_code == status, answer.data
    return answer.json


def test_where_nobody_signed_in_yet_nothing_is_judged(world):
    ask(world, 201, on_behalf_of="whoever")


def test_only_those_who_exist_are_asked_for(world):
    for account in ("governor", "agent_orchestrator"):
        world.call(get_me, "/v1/me", as_=account)
    refused = ask(world, 422, on_behalf_of="nobody.platform")
    assert refused["violations"][0]["rule"] == "unknown_principal"
    ask(world, 422, on_behalf_of="a\nb")
    ask(world, 201, on_behalf_of="agent_orchestrator.platform")
    ask(world, 201)
    money = {"type": "financial", "gate": "budget", "on_behalf_of": "governor.platform"}
    refused = ask(world, 422, **money)
    assert refused["violations"][0]["rule"] == "nobody_can_answer"
    assert "governor" in refused["detail"]


def test_it_is_handed_only_to_somebody_who_may_decide(world):
    for account in ("governor", "viewer"):
        world.call(get_me, "/v1/me", as_=account)
    path = f"/v1/approvals/{ask(world, 201, gate='step')['id']}/delegate"
    body = {"reason": "I am travelling until tomorrow."}

    def hand(to):
        return world.call(delegate_approval, path, body | {"to": to}, as_="governor")

    for to in ("nobody.platform", "viewer.platform", "deputy_governor.platform"):
        refused = hand(to)
        assert refused.status_code == 422
        assert refused.json["violations"][0]["rule"] == "unknown_principal"
    world.call(get_me, "/v1/me", as_="deputy_governor")
    taken = {"role": "deputy_governor", "reason": "They left the company last week."}
    where = "/v1/admin/users/deputy_governor.platform/roles/withdraw"
    world.call(withdraw_role, where, taken, as_="admin")
    assert hand("deputy_governor.platform").status_code == 422
    world.call(get_me, "/v1/me", as_="systems_architect")
    assert hand("systems_architect").status_code == 200


def test_the_roster_notes_each_person_once_a_day(world):
    writes = []
    commit = world.ports.documents.commit
    world.ports.documents.commit = lambda batch: writes.extend(batch) or commit(batch)
    for _ in range(3):
        world.call(get_me, "/v1/me", as_="governor")
    world.call(get_me, "/v1/me", as_="genesis")
    assert [one.key.id for one in writes] == ["governor.platform"]
    [kept] = world.ports.documents.find(PLATFORM, Query(Member.collection))
    assert (kept.data["roles"], kept.data["decides"]) == (["governor"], True)
