"""Tokens of services (OIDC), verified with keys that their issuer publishes over a real socket."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.edge import auth
from shared.edge.auth import Authenticator, Forged, KeySource
from shared.errors import ProviderDown
from shared.identity import Role
from tests.edge.provider import Reply

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
API = "https://api.example"
OLD, NEW = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def published(**keys):
    def jwk(kid, key):
        public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return public | {"kid": kid, "alg": "RS256", "use": "sig"}

    return Reply(200, {"keys": [jwk(kid, key) for kid, key in keys.items()]})


def token(kid, key, **claims):
    now = int(NOW.timestamp())
    whole = {
        "iss": "https://accounts.google.com",
        "aud": API,
        "sub": "1234",
        "email": "workflows@p.iam.gserviceaccount.com",
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
    }
    return jwt.encode(whole | claims, key, "RS256", headers={"kid": kid})


@pytest.fixture
def keys(provider, pauses):
    provider.replies = [published(old=OLD)]
    return KeySource(f"{provider.address}/oauth2/v3/certs", sleep=pauses.append)


@pytest.fixture
def identify(keys, documents):
    authenticator = Authenticator(
        project="p",
        addressed=API.__eq__,
        people=keys,
        services=keys,
        documents=documents,
        clock=lambda: NOW,
    )

    def identify(token):
        return authenticator.identify({"Authorization": f"Bearer {token}"}, revoked_within_s=60)

    return identify


@pytest.fixture
def later(monkeypatch):
    """Let time pass for what is remembered."""

    def later(keys, **how_long):
        keys._read_at -= timedelta(**how_long).total_seconds()

    return later


def test_a_service_is_who_its_token_says(identify, provider):
    actor = identify(token("old", OLD))

    assert (actor.id, actor.roles) == ("service:workflows", {Role.SERVICE})
    assert [seen.path for seen in provider.seen] == ["/oauth2/v3/certs"]
    assert "Authorization" not in provider.seen[0].headers


def test_keys_are_asked_for_once_an_hour(identify, provider, keys, later):
    for _ in range(3):
        identify(token("old", OLD))
    assert len(provider.seen) == 1
    later(keys, minutes=61)
    identify(token("old", OLD))
    assert len(provider.seen) == 2


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example"},
        {"iss": "https://evil.example"},
        {"email": "workflows@q.iam.gserviceaccount.com"},
        {"email_verified": False},
        {"exp": int(NOW.timestamp()) - 31},
        {"iat": int(NOW.timestamp()) + 31},
    ],
)
def test_a_token_for_somebody_else_is_forged(identify, claims):
    with pytest.raises(Forged):
        identify(token("old", OLD, **claims))


def test_a_key_that_is_new_is_found_and_one_that_is_gone_is_not(identify, provider, keys, later):
    identify(token("old", OLD))
    provider.replies = [published(new=NEW)]
    later(keys, seconds=2)

    assert identify(token("new", NEW)).id == "service:workflows"
    with pytest.raises(Forged, match="a key we do not know"):
        identify(token("old", OLD))


def test_a_known_name_with_another_key_is_forged(identify):
    with pytest.raises(Forged):
        identify(token("old", NEW))


def test_strangers_cannot_make_us_ask_without_end(identify, provider):
    for n in range(20):
        with pytest.raises(Forged):
            identify(token(f"stranger-{n}", NEW))
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503),
        Reply(404),
        Reply(cut=True),
        Reply(200, b"<html>"),
        Reply(200, []),
        Reply(200, {"keys": 1}),
        Reply(200, {"keys": []}),
        Reply(200, {"keys": [{"kty": "RSA", "kid": "old", "n": "!", "e": "!"}]}),
    ],
)
def test_without_keys_nobody_is_let_in_and_nobody_is_called_a_forger(identify, provider, reply):
    provider.replies = [reply]

    with pytest.raises(ProviderDown):
        identify(token("old", OLD))


@pytest.mark.parametrize("reply", [Reply(503), Reply(200, b"<html>")])
def test_while_the_issuer_is_down_the_last_keys_stay_good(identify, provider, keys, later, reply):
    identify(token("old", OLD))
    provider.replies = [reply]
    later(keys, hours=5)

    assert identify(token("old", OLD)).id == "service:workflows"
    with pytest.raises(ProviderDown):
        identify(token("new", NEW))
    later(keys, hours=2)
    with pytest.raises(ProviderDown):
        identify(token("old", OLD))


def test_an_issuer_that_is_down_is_left_alone(identify, provider):
    provider.replies = [Reply(503)]
    for _ in range(5):
        with pytest.raises(ProviderDown):
            identify(token("old", OLD))
    assert len(provider.seen) == 12, "three requests of four attempts each, then none"


def test_keys_may_also_be_in_a_file(tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text(json.dumps(published(old=OLD).body))

    public = KeySource(str(file)).key("old")
    assert public.public_numbers() == OLD.public_key().public_numbers()
    assert auth.KEYS_FOR_S < auth.KEYS_KEPT_S
