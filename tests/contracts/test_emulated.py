"""Nothing of the emulated sign-in is deployed, and what is deployed knows no token that nobody signed."""

import base64
import json

import pytest

from infra.archive import PACKAGES, ROOT, SINGLE
from local.accounts import SignIn
from local.emulators import Missing, auth_emulator
from shared.edge.auth import InvalidToken
from shared.edge.ports import connect
from shared.edge.settings import FIREBASE_KEYS, Settings
from tests.conftest import NOON

TOLD = {
    "PROJECT": "demo-tests",
    "ENVIRONMENT": "dev",
    "AUTH": "firebase",
    "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099",
}
"""What somebody would set who wants a function to believe the emulator."""


def part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.fixture
def person():
    at = int(NOON.timestamp())
    return {
        "iss": "https://securetoken.google.com/demo-tests",
        "aud": "demo-tests",
        "sub": "customer_admin.acme",
        "iat": at,
        "exp": at + 3600,
        "auth_time": at,
        "tenant": "acme",
        "roles": ["customer_admin"],
        "email_verified": True,
    }


@pytest.fixture
def identify(tmp_path, documents, monkeypatch):
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    sign_in = SignIn(Settings({**TOLD, "ENVIRONMENT": "local", "DATA": str(tmp_path)}))
    sign_in.publish()
    keys = str(tmp_path / "keys" / "sign-in.jwks")
    settings = Settings({**TOLD, "PEOPLE_KEYS": keys, "SERVICE_KEYS": keys})
    identify = connect(settings, lambda: NOON, documents).identify

    def shown(token):
        return identify({"Authorization": f"Bearer {token}"}, revoked_within_s=0)

    shown.sign_in = sign_in
    return shown


@pytest.mark.parametrize(
    "head",
    [{"alg": "none", "typ": "JWT"}, {"alg": "none"}, {"alg": "RS256"}, {"alg": "RS256", "kid": ""}],
)
def test_a_token_that_nobody_signed_is_refused_whatever_a_deployment_is_told(
    identify, person, head
):
    assert identify(identify.sign_in.signed(person, NOON)).tenant == "acme", (
        "it is good but for that"
    )
    with pytest.raises(InvalidToken):
        identify(f"{part(head)}.{part(person)}.")


def test_what_is_deployed_believes_firebases_keys_whatever_it_is_told():
    settings = Settings(TOLD)
    assert settings.people_keys == FIREBASE_KEYS
    assert not settings.local


def test_what_is_deployed_knows_nothing_of_the_emulator():
    """It is not in the archive, and nothing in the archive has a word for it."""
    assert not {"local", "infra", "tests", "build"} & {*PACKAGES, *SINGLE}
    code = [file for one in PACKAGES for file in (ROOT / one).rglob("*.py")]
    for file in (*code, *(ROOT / one for one in SINGLE)):
        text = file.read_text(encoding="utf-8")
        for word in (
            "FIREBASE_AUTH_EMULATOR",
            "firebase_admin",
            "firebase-admin",
            "identitytoolkit",
            "securetoken",
        ):
            named = word in text
            issuer = word == "securetoken" and file.name in {"auth.py", "settings.py"}
            assert issuer or not named, f"{file} names {word}"


def test_the_emulator_never_runs_for_a_project_that_could_be_one():
    with (
        pytest.raises(Missing, match=r"is called demo-…, not waooaw-prod"),
        auth_emulator("waooaw-prod"),
    ):
        pass
