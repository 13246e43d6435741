"""No forged, replayed, stale or foreign decision counts, and none leaves more than its own refusal."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
import pytest

from functions.approvals.create_approval import create_approval
from local.server import application
from local.story import acts
from local.story.client import Client, Refused
from shared.documents import Query
from tests.approvals.questions import CALLBACK, WHY, another, request
from tests.conftest import CALLBACKS, NOON
from tests.e2e.conftest import platform
from tests.kernel.test_auth import STRANGER
from tests.kernel.test_auth import person as token_of
from tests.rehearsals.scene import to_the_governor, until

__all__ = ["platform"]

REFUSALS = {"auth.failed", "policy.denied"}


@dataclass
class Court:
    """A platform with two open questions, one of each of two customers, and one of the platform."""

    world: Any
    web: Any
    asked: dict[str, Any]

    def token(self, account, *, minutes_ago=0.0):
        return self.world.sign_in.token(account, self.world.now - timedelta(minutes=minutes_ago))

    def governor(self, **claims):
        """Return a token like the Governor's, but for the claims and the key that are given."""
        whole = {"sub": "governor.platform", "tenant": "platform", "roles": ["governor"]}
        return token_of(self.world, **whole | claims)

    def send(self, path, body=None, token=None, method="POST", **headers):
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = body if isinstance(body, (str, bytes)) else json.dumps(body or {})
        kind = headers.pop("Content-Type", "application/json")
        return self.web.open(path, method=method, data=data, headers=headers, content_type=kind)

    def decide(self, token, verb="approve", of="platform", body=None, **more):
        one = self.asked[of]
        words = {"expected_digest": one["action_digest"]} if verb == "approve" else {"reason": WHY}
        return self.send(f"/v1/approvals/{one['id']}/{verb}", body or words, token, **more)

    def written(self):
        """Return everything that is stored, but for the streams of callers and what came on them."""
        rows = self.world.ports.documents._rows(
            "select tenant, collection, id, data from documents", ()
        )
        kept = {}
        for tenant, collection, id, data in rows:
            entry = json.loads(data) if collection == "events" else {}
            own = entry.get("entity", "").startswith("principals/")
            if collection == "principals" or own:
                assert not own or entry["action"] in {*REFUSALS, "auth.logout"}
                continue
            kept[tenant, collection, id] = data
        return kept

    def refusals(self):
        found = self.world.ports.documents.find(None, Query("events"))
        return [one.data for one in found if one.data["action"] in REFUSALS]


@pytest.fixture
def court(world):
    def ask(tenant, **changes):
        body = request(**changes).model_dump(mode="json", exclude_none=True)
        headers = {"X-Tenant-ID": tenant}
        answer = world.call(create_approval, "/v1/approvals", body, as_="service", headers=headers)
        assert answer.status_code == 201, answer.data
        return answer.json

    asked = {"platform": ask("platform", callback_url=CALLBACK)}
    asked["other"] = ask("platform", subject={"typ": "stage/v1", "stage": 5})
    for tenant in ("acme", "globex"):
        asked[tenant] = ask(tenant, governor_scope="engagement", gate="step")
    return Court(world, application(world.ports).test_client(), asked)


STAFF = {"sub": "somebody", "tenant": "platform"}
UNKNOWN = "11111111-1111-4111-8111-111111111111"

FORGERIES = {
    # Who it is not.
    "no token at all": (401, lambda c: c.decide(None)),
    "garbage for a token": (401, lambda c: c.decide("x.y.z")),
    "signed by a stranger's key": (401, lambda c: c.decide(c.governor(key=STRANGER))),
    "a key that nobody published": (401, lambda c: c.decide(c.governor(kid="unknown"))),
    "no signature": (401, lambda c: c.decide(c.governor().rpartition(".")[0] + ".")),
    "alg none": (401, lambda c: c.decide(jwt.encode({"sub": "governor"}, "", "none"))),
    "a changed body under an old signature": (401, lambda c: c.decide(_swapped(c))),
    "a token of another project": (401, lambda c: c.decide(c.governor(aud="elsewhere"))),
    "a token that is over": (401, lambda c: c.decide(c.governor(exp=int(NOON.timestamp()) - 60))),
    "a sign-in of twenty minutes ago": (
        401,
        lambda c: c.decide(c.token("governor", minutes_ago=20)),
    ),
    "a veto after a sign-in of six minutes ago": (
        401,
        lambda c: _veto(c, c.token("governor", minutes_ago=6)),
    ),
    # Who may not.
    "the service that asked": (403, lambda c: c.decide(c.token("service"))),
    "an administrator": (403, lambda c: c.decide(c.token("admin"))),
    "a deputy whom nobody named": (403, lambda c: c.decide(c.token("deputy_governor"))),
    "a foundational agent that is not asked": (403, lambda c: c.decide(c.token("genesis"))),
    "a veto of a deputy": (403, lambda c: _veto(c, c.token("deputy_governor"))),
    "a delegation to oneself by a stranger": (
        403,
        lambda c: _verb(c, "delegate", {"to": "vision_guardian", "reason": WHY}, "vision_guardian"),
    ),
    "a withdrawal of somebody else's request": (
        403,
        lambda c: _verb(c, "cancel", {"reason": WHY}, "governor"),
    ),
    # Of another tenant.
    "a customer decides for the platform": (
        404,
        lambda c: c.decide(c.token("customer_admin@acme")),
    ),
    "a customer decides for another customer": (
        404,
        lambda c: c.decide(c.token("customer_admin@acme"), of="globex"),
    ),
    "a customer vetoes another customer's": (
        404,
        lambda c: _veto(c, c.token("customer_admin@acme"), of="globex"),
    ),
    "the platform's Governor decides for a customer": (
        403,
        lambda c: c.decide(c.token("governor"), of="acme"),
    ),
    "a Governor who names another tenant": (
        403,
        lambda c: c.decide(c.token("governor"), **{"X-Tenant-ID": "acme"}),
    ),
    # About something else.
    "the digest of another question": (
        403,
        lambda c: c.decide(c.token("governor"), body=_digest(c.asked["other"])),
    ),
    "the digest of nothing": (
        403,
        lambda c: c.decide(c.token("governor"), body={"expected_digest": "f" * 64}),
    ),
    "no digest": (422, lambda c: c.decide(c.token("governor"), body={"comment": "Yes."})),
    "an approval that does not exist": (
        404,
        lambda c: c.send(
            f"/v1/approvals/{UNKNOWN}/approve", {"expected_digest": "f" * 64}, c.token("governor")
        ),
    ),
    "an old version": (412, lambda c: c.decide(c.token("governor"), **{"If-Match": '"stale"'})),
    # In another way.
    "with GET": (405, lambda c: c.decide(c.token("governor"), method="GET")),
    "with PUT": (405, lambda c: c.decide(c.token("governor"), method="PUT")),
    "as a form": (
        415,
        lambda c: c.decide(
            c.token("governor"), **{"Content-Type": "application/x-www-form-urlencoded"}
        ),
    ),
    "a decision said twice in one body": (
        400,
        lambda c: c.decide(c.token("governor"), body=_twice(c.asked["platform"])),
    ),
    "a member that smuggles in who decided": (
        422,
        lambda c: c.decide(
            c.token("governor"), body=_digest(c.asked["platform"]) | {"decided_by": "governor"}
        ),
    ),
    "a verb that there is not": (404, lambda c: c.decide(c.token("governor"), verb="consume")),
    # Callbacks.
    "a callback at a stranger's address": (
        422,
        lambda c: _ask(c, "https://elsewhere.example/callbacks/c"),
    ),
    "a callback beside ours": (422, lambda c: _ask(c, CALLBACKS[:-1] + ".evil/callbacks/c")),
    "a callback that climbs out": (422, lambda c: _ask(c, CALLBACKS + "callbacks/../../x")),
    "a question that nobody may put": (403, lambda c: _ask(c, CALLBACK, "governor")),
}


def _swapped(court):
    head, _, signature = court.token("viewer").split(".")
    return f"{head}.{court.token('governor').split('.')[1]}.{signature}"


def _digest(asked):
    return {"expected_digest": asked["action_digest"]}


def _twice(asked):
    one = json.dumps(_digest(asked))[1:-1]
    return f"{{{one}, {one}}}"


def _verb(court, verb, body, account):
    return court.decide(court.token(account), verb=verb, body=body)


def _veto(court, token, of="platform"):
    body = {"approval_id": court.asked[of]["id"], "category": "safety", "explanation": WHY}
    return court.send("/v1/vetoes", body, token)


def _ask(court, callback, account="service"):
    body = another().model_dump(mode="json", exclude_none=True) | {"callback_url": callback}
    return court.send("/v1/approvals", body, court.token(account))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_and_leaves_nothing_but_its_refusal(court, name):
    status, attempt = FORGERIES[name]
    before, heard = court.written(), len(court.refusals())
    answer = attempt(court)
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/problem+json"
    assert court.written() == before
    told = len(court.refusals()) - heard
    assert told == 1 if status == 403 else told <= 1


def test_a_decision_sent_again_decides_nothing_more(court):
    token, key = court.token("governor"), {"Idempotency-Key": "k1"}
    first = court.decide(token, **key)
    assert first.status_code == 200
    before = court.written()
    again = court.decide(token, **key)
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["X-Audit-Entry"] == first.headers["X-Audit-Entry"]
    assert court.decide(token).json["decision_version"] == 1
    assert court.decide(token, of="other", **key).json["code"] == "idempotency_key_reused"
    assert court.decide(token, "reject", **key).json["code"] == "idempotency_key_reused"
    assert court.decide(token, "reject").json["decided"] == "approve"
    assert court.written() == before


def test_somebody_elses_key_opens_nobodys_answer(court):
    key = {"Idempotency-Key": "k1"}
    assert court.decide(court.token("governor"), **key).status_code == 200
    answer = court.decide(court.token("customer_admin@acme"), **key)
    assert answer.status_code == 404
    assert court.decide(court.token("viewer"), **key).status_code == 403


def test_a_decision_after_its_time_is_stale(court):
    court.world.now = NOON + timedelta(hours=4)
    before = court.written()
    answer = court.decide(court.token("governor"))
    assert (answer.status_code, answer.json["code"]) == (410, "expired")
    assert court.written() == before


def test_a_sign_in_that_was_ended_decides_nothing(court):
    token = court.token("governor")
    court.world.now = NOON + timedelta(seconds=10)
    court.send("/v1/auth/logout", {"all_devices": True}, court.token("governor"))
    court.world.ports.identify.__self__._known.clear()
    before = court.written()
    assert court.decide(token).status_code == 401
    assert court.written() == before


@pytest.mark.slow
def test_a_callback_decides_nothing_however_it_is_sent(platform):
    """The address of a callback wakes; it carries no decision, not even with the right token."""
    client = Client(platform.address, platform.secret)
    agent_id, asked = to_the_governor(client, acts.certify_parts(client, lambda _: None), "A")
    (wait,) = [s for s in platform.documents.find(None, Query("waits")) if s.key.id == asked["id"]]
    url = wait.data["url"].removeprefix(platform.settings.api)
    attempts = [
        ("governor", url, {"status": "approved"}),
        ("customer_admin@acme", url, {}),
        ("service", url[:-4] + "ffff", {}),
    ]
    for account, path, body in attempts:
        with pytest.raises(Refused) as refused:
            client.post(account, path, body)
        assert refused.value.status in {403, 404}
    client.post("service", url, {"status": "approved", "decision": "approve"})
    until(platform.idle)
    assert client.get("governor", f"/v1/approvals/{asked['id']}")["status"] == "pending"
    assert acts.pipeline(client, agent_id)["stages"][5]["result"] == "running"
