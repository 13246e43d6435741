"""
What a function sees behind Cloud Run: the token of whoever called, whose signature was verified and removed.

It is believed there, in that one header, and nowhere else.
"""

import pytest

from shared.actors import Role
from shared.edge.auth import SIGNATURE_REMOVED, Authenticator, InvalidToken, KeySource
from shared.edge.settings import Settings
from tests.edge.test_issuer_keys import API, NOW, OLD, published, token


def stripped(whole):
    return ".".join([*whole.split(".")[:2], SIGNATURE_REMOVED])


@pytest.fixture
def authenticator(provider, documents):
    provider.replies = [published(old=OLD)]
    keys = KeySource(f"{provider.address}/oauth2/v3/certs")

    def authenticator(*, behind_cloud_run=True):
        return Authenticator(
            project="p",
            addressed=API.__eq__,
            people=keys,
            services=keys,
            documents=documents,
            clock=lambda: NOW,
            behind_cloud_run=behind_cloud_run,
        )

    return authenticator


def identify(authenticator, **headers):
    named = {name.replace("_", "-"): f"Bearer {value}" for name, value in headers.items()}
    return authenticator.identify(named, revoked_within_s=60)


@pytest.mark.parametrize(
    ("account", "id", "role"),
    [
        ("workflows", "service:workflows", Role.SERVICE),
        ("genesis", "genesis", Role.GENESIS),
        ("systems-architect", "systems_architect", Role.SYSTEMS_ARCHITECT),
        ("vision-guardian", "vision_guardian", Role.VISION_GUARDIAN),
    ],
)
def test_who_cloud_run_let_in_is_who_the_token_says(authenticator, provider, account, id, role):
    """Workflows and foundational agents call functions directly: none of them comes through the gateway."""
    shown = token("old", OLD, email=f"{account}@p.iam.gserviceaccount.com")
    actor = identify(authenticator(), Authorization=stripped(shown))
    assert (actor.id, actor.roles) == (id, {role})
    assert provider.seen == []


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example"},
        {"iss": "https://evil.example"},
        {"iss": "https://securetoken.google.com/p", "aud": "p"},
        {"email": "workflows@q.iam.gserviceaccount.com"},
        {"email_verified": False},
        {"exp": int(NOW.timestamp()) - 31},
    ],
)
def test_what_it_says_is_checked_all_the_same(authenticator, claims):
    with pytest.raises(InvalidToken):
        identify(authenticator(), Authorization=stripped(token("old", OLD, **claims)))


def test_without_cloud_run_in_front_an_unsigned_token_is_forged(authenticator):
    with pytest.raises(InvalidToken):
        identify(authenticator(behind_cloud_run=False), Authorization=stripped(token("old", OLD)))


def test_what_the_gateway_forwards_needs_its_signature(authenticator):
    shown = stripped(token("old", OLD))
    with pytest.raises(InvalidToken):
        identify(authenticator(), X_Forwarded_Authorization=shown, Authorization=shown)


def test_a_header_that_cloud_run_did_not_verify_needs_its_signature(authenticator):
    shown = stripped(token("old", OLD))
    with pytest.raises(InvalidToken):
        identify(authenticator(), X_Serverless_Authorization=shown, Authorization=shown)


@pytest.mark.parametrize("name", ["gateway", "pubsub", "scheduler", "builder", "unlisted"])
def test_who_is_not_listed_is_nobody_who_asks(authenticator, name):
    shown = token("old", OLD, email=f"{name}@p.iam.gserviceaccount.com")
    for given in (shown, stripped(shown)):
        with pytest.raises(InvalidToken, match="asks nothing of any operation"):
            identify(authenticator(), Authorization=given)


def test_only_cloud_run_is_cloud_run():
    deployed = {"ENVIRONMENT": "prod", "K_SERVICE": "agents-get-agent"}
    assert Settings(deployed).behind_cloud_run
    assert not Settings({"ENVIRONMENT": "prod"}).behind_cloud_run
    assert not Settings({"K_SERVICE": "agents-get-agent"}).behind_cloud_run
