"""Whatever people write, to whichever operation, no entry, promise or message holds it to the letter."""

import json
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from local.story.client import Client
from shared.edge.catalog import operations
from shared.edge.queue import Delivery
from shared.entity import Printed, Shown
from shared.evidence import Entry
from shared.files import Content
from shared.promises import Due
from tests.contracts.members import leaves, members
from tests.contracts.test_masking import parts
from tests.e2e.counting import platform_in
from tests.kernel.test_masking import PROSE, SECRETS
from tests.mobile.phone import WORDS, Phone
from tests.rehearsals import rehearse, scene

pytestmark = pytest.mark.slow

EVIDENCE = {Entry.collection, Due.collection, Delivery.collection}
FREE = {get_args(Shown)[1], get_args(Printed)[1]}
"""What declares a text to be free."""

CERTIFIED = {
    *(
        f"genesis.{verb}_{what}"
        for verb in ("create", "revise")
        for what in ("industry", "job_role", "skill")
    ),
    "agents.create_agent",
    "agents.submit_me_wow",
}
"""What these make holds no personal data, or is not certified; evidence has its name, and no other text of it."""


class Careless(Client):
    """Somebody who writes into every text what does not belong there."""

    told: set[str] = set()

    def send(self, account, method, path, headers=None, **content):
        body = content.get("json")
        op = next(
            (o for o in operations() if o.method == method and o.pattern.fullmatch(path)), None
        )
        if op and body and op.id not in CERTIFIED:
            (kind,) = op.in_body.values()
            signed = "device" in body or "items" in body
            # What the platform's records say of an agent is asked to the letter, or refused.
            signed |= str(body.get("approval_class", "")).startswith("agent.reactivate:")
            content["json"] = body if signed else careless(kind, body)
            if op.id == "policy.create_policy":
                # What is read as a language takes it as a comment.
                content["json"] = {**body, "source": f"{body['source']}\n# {PROSE}"}
            if op.id == "policy.publish_policy_bundle" and "modules" in body:
                told = {path: f"{rules}\n# {PROSE}" for path, rules in body["modules"].items()}
                content["json"] = {**body, "modules": told}
            self.told |= {op.id} if PROSE in json.dumps(content["json"]) else set()
        return super().send(account, method, path, headers, **content)


def careless(kind: Any, value: Any, said: tuple[Any, ...] = ()) -> Any:
    """Return a request with something in each of its free texts that is nobody's business."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return careless(inner[0], value, (*inner[1:], *said))
    if origin in {Union, UnionType}:
        for option in inner:
            value = careless(option, value, said)
        return value
    if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict):
        hints = get_type_hints(kind, include_extras=True)
        names = {field.alias or name: name for name, field in kind.model_fields.items()}
        return {n: careless(hints[names[n]], v) if n in names else v for n, v in value.items()}
    if origin is tuple and isinstance(value, list):
        return [careless(inner[0], one) for one in value]
    free = kind is str and isinstance(value, str) and FREE & {*said}
    return fitting(value, min(limits(said), default=4000)) if free else value


def fitting(text, longest):
    longer = f"{text} {PROSE}"
    return longer if len(longer) <= longest else text


def limits(said):
    each = (part for one in said for part in (one, *getattr(one, "metadata", ())))
    return [part.max_length for part in each if hasattr(part, "max_length")]


def signed_carelessly(sign):
    def signed(phone, approval, verb, **changes):
        for name in {*WORDS} - {"category"} & {*changes}:
            said = changes[name]
            changes[name] = f"{said} {PROSE}" if isinstance(said, str) else [*said, PROSE]
        return sign(phone, approval, verb, **changes)

    return signed


class Watched:
    """All that was written."""

    def __init__(self):
        self.evidence, self.others = [], []

    def committed(self, writes):
        for write in writes:
            written = self.evidence if write.key.collection in EVIDENCE else self.others
            written.append(f"{write.key.collection} {json.dumps(write.data)}")


def roll_back(client):
    """Take a release back by hand: in a pipeline its workflow does, and says nothing of people's."""
    (agent, *_) = client.get("viewer", "/v1/agents", status="deployed")["items"]
    client.sign_in("governor")
    reason = {"trigger": "governor_override", "scope": "full", "reason": "it writes about doses"}
    client.post("governor", f"/v1/agents/{agent['id']}/rollback", reason)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    platform, watched = platform_in(tmp_path_factory.mktemp("careless")), Watched()
    platform.documents.on_commit(watched.committed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene, "Client", Careless)
        patch.setattr(Phone, "sign", signed_carelessly(Phone.sign))
        rehearse(platform)
    roll_back(Careless(platform.address, platform.secret))
    scene.until(platform.idle)
    platform.stop()
    return watched


@pytest.mark.parametrize("secret", SECRETS)
def test_no_evidence_holds_a_secret_to_the_letter(watched, secret):
    assert not next((text for text in watched.evidence if secret in text), None)


@pytest.mark.parametrize("secret", SECRETS)
def test_what_evidence_is_about_may_hold_it(watched, secret):
    """Else the other test would say nothing."""
    assert any(secret in text for text in watched.others)


def test_evidence_holds_it_masked(watched):
    assert any("k***@example.com" in text and "****1111" in text for text in watched.evidence)


def test_every_operation_that_takes_free_text_was_told_some(watched):
    assert takes_free_text() - Careless.told - CERTIFIED == set()


def takes_free_text():
    return {
        op.id
        for op in operations()
        for kind in op.in_body.values()
        if kind is not Content and op.mutates
        for leaf in leaves(kind)
        for part in parts(leaf.kind, set())
        for _, text in members(part)
        if FREE & {*text.said}
    }
