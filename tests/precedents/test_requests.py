"""Who may ask what of seeds, over HTTP."""

import pytest

from functions.learning.create_seed_draft import create_seed_draft
from functions.precedents.activate_precedent_seed import activate_precedent_seed
from functions.precedents.list_precedent_seeds import list_precedent_seeds
from functions.precedents.revoke_precedent_seed import revoke_precedent_seed
from functions.precedents.switch_precedent_seeds import switch_precedent_seeds
from functions.precedents.validate_precedent_seed import validate_precedent_seed
from shared.learning.examples import DEPLOY_AGAIN
from tests.precedents.samples import ID

SEED = f"/v1/precedent-seeds/{ID}"
WHY = {"reason": "An incident is looked into."}
DECISIONS = [
    (activate_precedent_seed, f"{SEED}/activate", None),
    (revoke_precedent_seed, f"{SEED}/revoke", WHY),
    (switch_precedent_seeds, "/v1/precedent-seeds/switch", WHY | {"on": False}),
]


@pytest.mark.parametrize(("act", "path", "body"), DECISIONS)
def test_what_decides_on_seeds_takes_a_sign_in_of_the_last_five_minutes(world, act, path, body):
    late = world.call(act, path, body, as_="governor", signed_in_min_ago=6)
    assert (late.status_code, late.json["max_age_s"]) == (401, 300)
    assert late.json["violations"][0]["rule"] == "step_up_required"
    in_time = world.call(act, path, body, as_="governor", signed_in_min_ago=4)
    assert in_time.status_code in {200, 404}


@pytest.mark.parametrize("account", ["admin", "deputy_governor", "customer_admin", "genesis"])
@pytest.mark.parametrize(("act", "path", "body"), DECISIONS)
def test_nobody_else_decides_on_seeds(world, act, path, body, account):
    assert world.call(act, path, body, as_=account).status_code == 403


def test_the_vision_guardian_does_not_stop_all_seeds(world):
    act, path, body = DECISIONS[2]
    assert world.call(act, path, body, as_="vision_guardian").status_code == 403


def test_only_genesis_validates(world):
    review = {"outcome": "approve", "rationale": "It was looked at."}
    path = f"{SEED}/validate"
    answer = world.call(validate_precedent_seed, path, review, as_="governor")
    assert answer.status_code == 403


def test_a_customer_does_not_see_the_platforms_seeds(world):
    answer = world.call(list_precedent_seeds, "/v1/precedent-seeds", as_="customer_admin")
    assert answer.status_code == 403


def test_the_eleventh_draft_of_a_day_is_refused(world):
    answers = [
        world.call(create_seed_draft, "/v1/seeds", {"rule": DEPLOY_AGAIN}, as_="governor")
        for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert answers[-1].json["code"] == "rate_limited"
    assert answers[-1].headers["Retry-After"]


@pytest.mark.parametrize(
    "change",
    [
        {"approval_class": "*"},
        {"approval_class": "agent.deploy:*:x"},
        {"approval_class": "agent*"},
        {"veto_window_hours": 1},
        {"rationale": "too short"},
        {"conditions": [{"id": "a", "fact": "f", "operator": "like", "value": "x"}]},
        {"scope_ceiling": DEPLOY_AGAIN["scope_ceiling"] | {"actions": []}},
    ],
)
def test_a_rule_has_a_shape(world, change):
    body = {"rule": DEPLOY_AGAIN | change}
    answer = world.call(create_seed_draft, "/v1/seeds", body, as_="governor")
    assert answer.status_code == 422
