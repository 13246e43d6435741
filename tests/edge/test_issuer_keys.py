"""Tokens of services (OIDC), verified with keys that their issuer publishes over a real socket."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.actors import Role
from shared.edge import auth, jws
from shared.edge.auth import Authenticator, InvalidToken, KeySource
from shared.errors import ProviderDown
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
def now():
    """The time, which a test may move."""
    return [NOW]


@pytest.fixture
def authenticator(keys, documents, now):
    return Authenticator(
        project="p",
        addressed=API.__eq__,
        people=keys,
        services=keys,
        documents=documents,
        clock=lambda: now[0],
    )


@pytest.fixture
def verified(monkeypatch):
    """Each verification of a signature."""
    verified, verify = [], jws.verify

    def counted(token, key):
        verified.append(token.claims["sub"])
        verify(token, key)

    monkeypatch.setattr(jws, "verify", counted)
    return verified


@pytest.fixture
def identify(authenticator):
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
    with pytest.raises(InvalidToken):
        identify(token("old", OLD, **claims))


def test_a_key_that_is_new_is_found_and_one_that_is_gone_is_not(identify, provider, keys, later):
    identify(token("old", OLD))
    provider.replies = [published(new=NEW)]
    later(keys, seconds=2)

    assert identify(token("new", NEW)).id == "service:workflows"
    with pytest.raises(InvalidToken, match="a key we do not know"):
        identify(token("old", OLD))


def test_a_known_name_with_another_key_is_forged(identify):
    with pytest.raises(InvalidToken):
        identify(token("old", NEW))


def test_strangers_cannot_make_us_ask_without_end(identify, provider):
    for n in range(20):
        with pytest.raises(InvalidToken):
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


def test_a_token_is_verified_once_and_again_after_a_while(identify, verified, monkeypatch):
    good = token("old", OLD)
    assert len({identify(good) for _ in range(5)}) == 1
    assert len(verified) == 1
    monkeypatch.setattr(auth, "REMEMBERED_S", -1.0)
    identify(good)
    assert len(verified) == 2


def test_a_remembered_token_still_expires(identify, now):
    good = token("old", OLD)
    identify(good)
    now[0] = NOW + timedelta(hours=1, seconds=31)
    with pytest.raises(InvalidToken, match="expired"):
        identify(good)


def test_a_remembered_token_does_not_outlive_its_key(identify, provider, keys, later):
    good = token("old", OLD)
    identify(good)
    provider.replies = [published(new=NEW)]
    later(keys, minutes=61)
    with pytest.raises(InvalidToken, match="a key we do not know"):
        identify(good)


def test_a_remembered_token_is_held_to_the_key_that_has_its_name_now(
    identify, provider, keys, later
):
    good = token("old", OLD)
    identify(good)
    provider.replies = [published(old=NEW)]
    later(keys, minutes=61)
    with pytest.raises(InvalidToken, match="not valid"):
        identify(good)


def test_what_was_refused_is_not_remembered_and_so_many_tokens_are(
    identify, authenticator, verified, monkeypatch
):
    monkeypatch.setattr(auth, "MOST_REMEMBERED", 3)
    for n in range(5):
        with pytest.raises(InvalidToken):
            identify(token("old", NEW, sub=f"forged-{n}"))
        identify(token("old", OLD, sub=str(n)))
    assert len(authenticator._remembered) == 3
    verified.clear()
    for n in (4, 3, 2, 0):
        identify(token("old", OLD, sub=str(n)))
    assert verified == ["0"], "the one that was verified first had gone"


def test_a_token_that_differs_in_one_letter_is_another(identify):
    good = token("old", OLD)
    identify(good)
    # The last letter of a signature of 256 bytes holds two bits; the first holds six.
    head, _, signature = good.rpartition(".")
    bent = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    with pytest.raises(InvalidToken):
        identify(bent)


@pytest.mark.parametrize("bits", [1024, 1536])
def test_keys_that_are_too_short_for_rs256_are_none(identify, provider, bits):
    short = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    provider.replies = [published(short=short)]
    with pytest.raises(ProviderDown):
        identify(jws.sign({"iss": "https://accounts.google.com"}, short, "short"))


def test_of_several_keys_those_that_can_be_read_count(identify, provider):
    odd = [{"kty": "OKP", "kid": "ed", "x": "AA"}, 5, {"kty": "RSA", "kid": "no", "n": "AA"}]
    provider.replies = [Reply(200, {"keys": [*odd, *published(old=OLD).body["keys"]]})]
    assert identify(token("old", OLD)).id == "service:workflows"
