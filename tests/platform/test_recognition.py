"""A public operation that looks who asks, and refuses nobody for what they show."""

import pytest

from functions.platform.get_health import get_health
from functions.platform.probe_services import probe_services
from shared.edge.delivery import run


@pytest.fixture
def seen(world):
    run(probe_services.declared, world.ports)
    return world


def checks(world, **given):
    answer = world.call(get_health, "/v1/health", **given)
    assert answer.status_code == 200
    return answer.json["checks"]


@pytest.mark.parametrize("account", ["viewer", "governor", "infrastructure_engineer"])
def test_who_may_see_the_checks_does(seen, account):
    assert {one["name"] for one in checks(seen, as_=account)} >= {"store", "audit_log"}


@pytest.mark.parametrize("account", [None, "customer_admin@acme", "customer_user@globex"])
def test_others_see_whether_it_is_well(seen, account):
    assert checks(seen, as_=account) is None


@pytest.mark.parametrize("token", ["Bearer x", "Basic x", "Bearer " + "a" * 9000, "x"])
def test_a_bad_token_is_none(seen, token):
    assert checks(seen, headers={"Authorization": token}) is None


def test_a_forged_one_is_none(seen):
    token = seen.sign_in.token("viewer", seen.now)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    assert checks(seen, headers={"Authorization": f"Bearer {forged}"}) is None


def test_the_token_that_the_gateway_adds_says_nothing_of_who_asks(seen):
    gateway = {"Authorization": f"Bearer {seen.sign_in.service_token('gateway', seen.now)}"}
    assert checks(seen, headers=gateway) is None
    person = f"Bearer {seen.sign_in.token('viewer', seen.now)}"
    assert checks(seen, headers=gateway | {"X-Forwarded-Authorization": person})
